"""Null directions: planted ones are found and leave the likelihood as it is; healthy designs have none."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from mmtriage.arrays import Array
from mmtriage.data.table import Table
from mmtriage.engine.linear.identifiability import NullDirection, null_directions
from mmtriage.engine.linear.moments import component_gram
from tests.engine.designs import ZOO, Case, case_of, zoo_case
from tests.model.tables import factor, numeric, table
from tests.oracle import dense_fit

GROUPS, ROWS = 12, 8


def planted_table(scale: float = 1.0, shift: float = 0.0) -> Table:
    """12 groups of 8 rows; `x` and the columns constant within groups can be put on any scale and origin."""
    rng = np.random.default_rng(3)
    n = GROUPS * ROWS
    g = np.repeat(np.arange(GROUPS), ROWS)
    relabeled = rng.permutation(GROUPS)[g]
    replicated = np.minimum(np.arange(n), n - 2)
    x = shift + scale * rng.normal(size=n)
    return table(
        numeric("y", rng.normal(size=n) + rng.normal(size=GROUPS)[g]),
        numeric("x", x),
        numeric("other_unit", 2.0 * x - 3.0 * scale),
        numeric("nought", np.zeros(n)),
        numeric("two", shift + scale * (g % 2)),
        numeric("three", shift + scale * (g % 3)),
        factor("g", [f"g{code:02d}" for code in g]),
        factor("again", [f"a{code:02d}" for code in relabeled]),
        factor("h", [f"h{code}" for code in np.tile(np.arange(ROWS), GROUPS)]),
        factor("row", [f"r{code:03d}" for code in range(n)]),
        factor("nearly", [f"r{code:03d}" for code in replicated]),
        factor("t", [f"t{code % 2}" for code in range(n)]),
    )


DEPENDENT = ("deficient columns", "a column of zeros")  # of the zoo: dependent columns within a term


@dataclass(frozen=True, slots=True)
class Planted:
    """What a design cannot tell: how many directions, over which terms, with the residual, absorbed by X."""

    formula: str
    count: int
    terms: tuple[int, ...]
    residual: bool = False
    absorbed: bool = False


PLANTED = {
    "a slope constant in its groups, of two values": Planted("y ~ 1 + (1 + two | g)", 1, (0,)),
    "the same beside a crossed factor": Planted("y ~ two + (1 + two | g) + (1 | h)", 1, (0,)),
    "an intercept beside all levels of a factor": Planted("y ~ 1 + (1 | g) + (0 + t | again)", 1, (0, 1)),
    "a term twice": Planted("y ~ x + (1 | g) + (1 | again)", 1, (0, 1)),
    "an intercept in two terms of one factor": Planted("y ~ x + (1 | g) + (1 + x | again)", 1, (0, 1)),
    "a slope in two units": Planted("y ~ x + (1 + x + other_unit | g)", 1, (0,)),
    "a slope of zeros": Planted("y ~ x + (1 + x + nought | g) + (1 | h)", 1, (0,)),
    "a level for every row": Planted("y ~ x + (1 | row)", 1, (0,), residual=True),
    "cells of one row": Planted("y ~ x + (1 | g) + (1 | g:h)", 1, (0,), residual=True),
    "the grouping factor among the fixed effects": Planted("y ~ g + x + (1 | g)", 1, (0,), absorbed=True),
    "absorbed, though a slope is not": Planted("y ~ g + (1 | again) + (0 + x | g)", 1, (0,), absorbed=True),
}
HEALTHY = {
    "a slope constant in its groups, of three values": "y ~ 1 + (1 + three | g)",
    "two values without an intercept's covariance": "y ~ 1 + (1 + two || g)",
    "one row of 95 replicated": "y ~ x + (1 | nearly)",
    "the factor fixed, its slope random": "y ~ g + (0 + x | g)",
    "crossed": "y ~ x + (1 + x | g) + (1 + x | h)",
}


def null_of(case: Case) -> tuple[NullDirection, ...]:
    return null_directions(case.problem, component_gram(case.problem))


def assert_is(planted: Planted, found: tuple[NullDirection, ...]) -> None:
    assert len(found) == planted.count
    assert {t for direction in found for t in direction.terms} == set(planted.terms)
    assert any(direction.includes_residual for direction in found) is planted.residual
    assert all(direction.absorbed is planted.absorbed for direction in found)
    largest = [max(abs(part.coefficient) for part in direction.parts) for direction in found]
    assert largest == pytest.approx([1.0] * len(found), rel=1e-6)  # of equals the last is 1


@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_direction_is_found(name: str) -> None:
    planted = PLANTED[name]
    assert_is(planted, null_of(case_of(planted_table(), planted.formula)))


@pytest.mark.parametrize("name", PLANTED)
def test_moving_along_a_null_direction_leaves_the_criterion_as_it_is(name: str) -> None:
    """Dense, in the user's columns: V + eps dV has the REML criterion of V, sigma profiled."""
    case = case_of(planted_table(), PLANTED[name].formula)
    rng = np.random.default_rng(2)
    raw = [rng.normal(size=(len(F), len(F))) + 2.0 * np.eye(len(F)) for F in case.raw]
    sigmas = [F @ F.T for F in raw]
    expected = criterion(case, sigmas, 1.0)
    for direction in null_of(case):
        residual = 1.0
        moved = [S.copy() for S in sigmas]
        for part in direction.parts:
            if part.term is None:
                residual += 0.1 * part.coefficient
            else:
                moved[part.term][part.a, part.b] += 0.1 * part.coefficient
                moved[part.term][part.b, part.a] = moved[part.term][part.a, part.b]
        assert criterion(case, moved, residual) == pytest.approx(expected, abs=1e-7)


def criterion(case: Case, sigmas: list[Array], residual: float) -> float:
    design = case.design
    return dense_fit(design.y, design.X, case.blocks, [S / residual for S in sigmas]).criterion


@pytest.mark.parametrize("name", HEALTHY)
def test_a_design_with_just_enough_in_it_has_none(name: str) -> None:
    assert null_of(case_of(planted_table(), HEALTHY[name])) == ()


@pytest.mark.parametrize("name", [name for name in ZOO if name not in DEPENDENT])
def test_a_healthy_design_has_none(name: str) -> None:
    assert null_of(zoo_case(name)) == ()


@pytest.mark.parametrize("scale", [1e-6, 1e-3, 1e3, 1e6])
@pytest.mark.parametrize("shift", [0.0, 7.0, 1e4])
def test_units_and_origins_do_not_matter(scale: float, shift: float) -> None:
    """x -> (shift + x) scale: the same null spaces, term for term."""
    data = planted_table(scale, shift * scale)
    held = [planted for planted in PLANTED.values() if not is_moved_by_an_origin(planted.formula)]
    healthy = [formula for formula in HEALTHY.values() if not is_moved_by_an_origin(formula)]
    assert len(held) > len(PLANTED) / 2
    assert len(healthy) > len(HEALTHY) / 2
    for planted in held:
        assert_is(planted, null_of(case_of(data, planted.formula)))
    for formula in healthy:
        assert null_of(case_of(data, formula)) == (), formula


def is_moved_by_an_origin(formula: str) -> bool:
    """Whether a slope stands in a block without an intercept: there, another origin is another model."""
    return "||" in formula or "(0 + x" in formula


def test_the_direction_of_a_two_valued_slope_is_named_in_the_users_units() -> None:
    """Groups with `two` = c tell Var(1) + 2 c Cov + c^2 Var(two) only; with c in {0, 1} that is one short."""
    (direction,) = null_of(case_of(planted_table(), "y ~ 1 + (1 + two | g)"))
    assert [(part.a, part.b) for part in direction.parts] == [(1, 0), (1, 1)]
    assert [part.coefficient for part in direction.parts] == pytest.approx([-0.5, 1.0])


def test_a_duplicate_is_one_up_and_one_down() -> None:
    (direction,) = null_of(case_of(planted_table(), "y ~ x + (1 | g) + (1 | again)"))
    assert sorted(part.coefficient for part in direction.parts) == pytest.approx([-1.0, 1.0])


def test_each_direction_speaks_of_one_thing_where_two_are_confounded() -> None:
    """A level for every row and a two-valued slope constant in its groups: one direction for each."""
    found = null_of(case_of(planted_table(), "y ~ 1 + (1 + two | g) + (1 | row)"))
    assert sorted((direction.terms, direction.includes_residual) for direction in found) == [
        ((0,), True),
        ((1,), False),
    ]
