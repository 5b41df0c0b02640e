"""MM304, MM308 and MM309: each on one small design, its message read whole."""

from __future__ import annotations

import numpy as np
import pytest

from mmtriage.diagnose.finding import Finding
from mmtriage.diagnose.structure import confounded, constant_slopes
from mmtriage.model.design import Design
from tests.diagnose.generalized import proven
from tests.diagnose.planted import by_code, comparison_of, fitted
from tests.model.tables import design, factor, numeric, table


def findings_of(formula: str) -> dict[str, Finding]:
    made = fitted(comparison_of(formula))
    return by_code([*constant_slopes(made), *confounded(made)])


@pytest.mark.parametrize("formula", ["y ~ x + (1 + x | g)", "y ~ two + (1 | g) + (1 | h)"])
def test_a_design_without_trouble_has_no_findings(formula: str) -> None:
    assert findings_of(formula) == {}


def test_a_constant_slope_of_two_values_is_an_error_with_its_null_direction() -> None:
    found = findings_of("y ~ x + (1 + two | g)")["MM304"]
    assert found.message == (
        "`two` takes one value within each of the 12 levels of `g`; with 2 distinct values overall, `(1 + "
        "two | g)` has a covariance parameter too many: the change -0.5 Cov((Intercept), two | g) +1 "
        "Var(two | g) leaves the likelihood as it is"
    )
    assert (found.severity, found.columns, found.terms) == ("error", ("two",), ("(1 + two | g)",))
    assert found.evidence["null_direction"] == "-0.5 Cov((Intercept), two | g) +1 Var(two | g)"


def test_a_constant_slope_of_three_values_is_a_warning() -> None:
    found = findings_of("y ~ x + (1 + three | g)")["MM304"]
    assert found.message == (
        "`three` takes one value within each of the 12 levels of `g`: this is not a slope; it only lets "
        "the variance between groups change with it"
    )
    assert (found.severity, found.evidence["null_direction"]) == ("warning", None)


def test_a_slope_that_hardly_varies_is_a_warning_with_its_share() -> None:
    found = findings_of("y ~ x + (1 + hardly | g)")["MM304"]
    assert found.message == (
        "`hardly` hardly varies within each of the 12 levels of `g` (share of its variance within groups: "
        "0.00079): this is not a slope; it only lets the variance between groups change with it"
    )
    assert found.severity == "warning"


def test_another_cause_in_the_term_does_not_make_a_constant_slope_an_error() -> None:
    """`three` is constant but identified; what is not are the two units of `x`."""
    found = findings_of("y ~ x + (1 + three + x + twice | g)")
    assert found["MM304"].severity == "warning"
    assert "twice" in str(found["MM308"].evidence["null_direction"])
    assert "three" not in str(found["MM308"].evidence["null_direction"])


@pytest.mark.parametrize(
    ("formula", "groups", "subject", "direction"),
    [
        (
            "y ~ x + (1 | g) + (1 | again)",
            ("g", "again"),
            "`(1 | g)` and `(1 | again)`",
            "-1 Var((Intercept) | g) +1 Var((Intercept) | again)",
        ),
        (
            "y ~ x + (1 + x | g) + (1 | g)",
            ("g",),
            "`(1 + x | g)` and `(1 | g)`",
            "-1 Var((Intercept) | g) in (1 + x | g) +1 Var((Intercept) | g) in (1 | g)",
        ),
        (
            "y ~ x + (1 | g) + (1 | g:h)",
            ("g:h",),
            "`(1 | g:h)` and the residual variance",
            "-1 residual variance +1 Var((Intercept) | g:h)",
        ),
        (
            "y ~ x + (1 + x + nought | g)",
            ("g",),
            "`(1 + x + nought | g)`",
            "+1 Var(nought | g)",
        ),
        (
            "y ~ x + (1 + x + twice | g)",
            ("g",),
            "`(1 + x + twice | g)`",
            "+0.25 Var((Intercept) | g) +0.5 Cov((Intercept), x | g) +1 Var(x | g) -0.25 Cov((Intercept), "
            "twice | g) "
            "-0.5 Cov(x, twice | g) +0.25 Var(twice | g)",
        ),
    ],
    ids=["relabelled", "an intercept twice", "cells of one row", "zeros", "two units"],
)
def test_what_the_design_cannot_tell_apart(
    formula: str, groups: tuple[str, ...], subject: str, direction: str
) -> None:
    found = findings_of(formula)["MM308"]
    assert found.message == (
        f"the design cannot tell apart the components of {subject}: the change {direction} leaves the "
        "likelihood as it is"
    )
    assert (found.severity, found.columns, found.evidence["null_direction"]) == ("error", groups, direction)


def test_a_factor_that_is_fixed_and_random() -> None:
    found = findings_of("y ~ g + x + (1 | g)")["MM309"]
    assert found.message == (
        "`g` is both a fixed effect and the grouping factor of `(1 | g)`: its 12 levels are estimated "
        "freely already, and nothing is left that could tell the variance"
    )
    assert (found.severity, found.columns, found.terms) == ("error", ("g",), ("(1 | g)",))


def test_a_term_that_other_fixed_effects_absorb() -> None:
    found = findings_of("y ~ g + (1 | again)")["MM308"]
    assert found.message == (
        "the fixed effects absorb everything that `(1 | again)` could explain: +1 Var((Intercept) | again) "
        "leaves the likelihood as it is"
    )


def in_a_few(carriers: int, levels: int) -> Design:
    """A slope that varies in some of the groups."""
    rng = np.random.default_rng(4)
    g = np.repeat(np.arange(levels), 6)
    x = np.where(g < carriers, np.tile(np.arange(6.0), levels), g % 7)
    columns = [numeric("y", rng.normal(size=len(g))), numeric("x", x), factor("g", [f"g{i:03d}" for i in g])]
    return design(table(*columns), "y ~ x + (x | g)")


@pytest.mark.parametrize(
    ("carriers", "levels", "is_found"), [(5, 40, True), (8, 40, True), (9, 40, False), (11, 80, False)]
)
def test_a_slope_that_a_few_groups_carry_is_a_warning_with_their_number(
    carriers: int, levels: int, is_found: bool
) -> None:
    found = constant_slopes(fitted(proven(in_a_few(carriers, levels))))
    assert [f.evidence["carriers"] for f in found] == ([carriers] if is_found else [])
    if is_found:
        assert found[0].severity == "warning"
        assert f"varies in {carriers} of the {levels} levels of `g`" in found[0].message
