"""Rung 2's steps to compound symmetry and autoregression, and between structures."""

from __future__ import annotations

import numpy as np
import pytest

from mmtriage.formula import parse_formula
from mmtriage.formula.edit import drop_bar_term, make_bar
from mmtriage.formula.structured import UNSTRUCTURED
from mmtriage.ladder.emitted.r_call import r_restart
from mmtriage.ladder.emitted.r_glmmtmb import r_glmmtmb
from mmtriage.ladder.search_down import Tried, walked_down
from mmtriage.ladder.structured_steps import other_structures, structures_of_levels
from mmtriage.ladder.workbench import Workbench
from mmtriage.model.spec import ModelSpec
from mmtriage.options import TriageOptions
from tests.engine.structures.covariances import LEVELS
from tests.model.tables import design, factor, numeric, table


def steps(formula: str, levels: list[str]) -> list[tuple[str, int | None]]:
    """Formulas of the steps from the first term, and how many parameters less they have."""
    rng = np.random.default_rng(1)
    n = 120
    data = table(
        numeric("y", rng.normal(size=n)),
        numeric("x", rng.normal(size=n)),
        factor("g", [f"{code}" for code in rng.integers(0, 10, n)]),
        factor("f", [levels[code] for code in rng.integers(0, len(levels), n)]),
    )
    made = design(data, formula)
    (term,) = made.random
    if term.bar.structure == UNSTRUCTURED:
        made_of = structures_of_levels(made.formula, term)
    else:
        made_of = other_structures(made.formula, term, has_residual=True)
    return [(s.formula.to_text(), None if s.removal is None else s.removal.df) for s in made_of]


NAMES, TIMES, UNEQUAL = ["a", "b", "c", "d"], ["1", "2", "3", "4"], ["1", "2", "4", "8"]


@pytest.mark.parametrize("bar", ["(0 + f | g)", "(1 + f | g)"])
def test_all_levels_of_a_factor_may_share_a_correlation(bar: str) -> None:
    assert steps(f"y ~ {bar}", NAMES) == [("y ~ 1 + cs(0 + f | g)", 10 - LEVELS - 1)]


def test_levels_at_equal_distances_may_follow_one_another() -> None:
    assert steps("y ~ (0 + f | g)", TIMES) == [("y ~ 1 + cs(0 + f | g)", 5), ("y ~ 1 + ar1(0 + f | g)", 8)]
    assert len(steps("y ~ (0 + f | g)", UNEQUAL)) == 1


@pytest.mark.parametrize("bar", ["(0 + f | g)", "(x + f | g)", "(x | g)", "(1 | g)"])
def test_two_levels_or_other_columns_have_no_such_step(bar: str) -> None:
    assert steps(f"y ~ {bar}", NAMES[:2] if bar == "(0 + f | g)" else NAMES) == []


def test_a_structured_term_may_lose_its_correlation_or_have_one_variance() -> None:
    without = " + ".join(f'(0 + dummy(f, "{level}") | g)' for level in NAMES)
    assert steps("y ~ cs(0 + f | g)", NAMES) == [
        (f"y ~ 1 + {without}", 1),
        ("y ~ 1 + cs(0 + f | g, hom = TRUE)", LEVELS - 1),
    ]
    assert steps("y ~ ar1(0 + f | g)", NAMES) == [("y ~ 1 + (1 | g:f)", 1)]
    assert steps("y ~ ar1(1 + f | g)", NAMES) == [("y ~ 1 + diag(1 + f | g, hom = TRUE)", 1)]
    assert steps("y ~ diag(1 + x | g, hom = TRUE)", NAMES) == []


@pytest.mark.parametrize(("has_residual", "count"), [(True, 0), (False, 2)])
def test_one_row_in_each_cell_tells_no_variance_from_the_residuals(has_residual: bool, count: int) -> None:
    g, f = np.repeat(np.arange(8), 4), np.tile(np.arange(4), 8)
    data = table(
        numeric("y", np.random.default_rng(1).normal(size=32)),
        factor("g", [f"{code}" for code in g]),
        factor("f", [NAMES[code] for code in f]),
    )
    made = design(data, "y ~ cs(0 + f | g)")
    found = other_structures(made.formula, made.random[0], has_residual=has_residual)
    assert len(list(found)) == count


def negative(formula: str, *, nested: bool = False, seed: int = 0) -> list[Tried]:
    """What rung 2 tries of the formula on responses that are shares of a whole: they sum to zero by group."""
    rng = np.random.default_rng(seed)
    groups, levels, each = 12, 3, 4
    y = rng.normal(size=(groups, levels, 1)) + 0.5 * rng.normal(size=(groups, levels, each))
    y -= y.mean(axis=(1, 2), keepdims=True)
    g, f, _ = (a.ravel() for a in np.meshgrid(*map(np.arange, (groups, levels, each)), indexing="ij"))
    data = table(
        numeric("y", y.ravel()),
        factor("g", [f"{code:02d}" for code in g]),
        factor("f", [f"{a:02d}{b}" if nested else f"{b}" for a, b in zip(g, f, strict=True)]),
    )
    bench = Workbench(data, TriageOptions())
    return walked_down(bench, bench.compare(bench.build(parse_formula(formula))), parse_formula(formula))


def test_where_a_variance_wants_to_be_negative_a_correlation_may_be() -> None:
    """`(1 | g) + (1 | g:f)` is compound symmetry with rho >= 0."""
    (tried,) = negative("y ~ f + (1 | g) + (1 | g:f)")
    comparison = tried.comparison
    assert tried.step.formula.to_text() == "y ~ f + cs(0 + f | g, hom = TRUE)"
    assert tried.step.removal is None  # it has as many parameters
    assert "`(1 | g) + (1 | g:f)` is `cs(0 + f | g, hom = TRUE)`" in tried.step.weakens
    assert comparison.optimum.certificate.certified
    assert comparison.optimum_fit.theta[-1] < -0.3


def test_all_correlations_lead_there_too() -> None:
    steps = [tried.step for tried in negative("y ~ f + (0 + f | g)")]
    found = [step.formula.to_text() for step in steps]
    after = found.index("y ~ f + (1 | g) + (1 | g:f)")
    assert found.index("y ~ f + cs(0 + f | g, hom = TRUE)") > after
    assert found.index("y ~ f + (1 | g:f)") > after  # `diag(0 + f | g, hom = TRUE)`
    assert all(step.removal is not None for step in steps)  # each is a part of it, and tested


def test_levels_that_are_never_met_again_have_no_correlation() -> None:
    assert negative("y ~ 1 + (1 | g) + (1 | g:f)", nested=True) == []


def test_an_intercept_alone_has_no_structure() -> None:
    (bar,) = parse_formula("y ~ cs(1 + x | g)").random
    smaller = drop_bar_term(bar, "x")
    assert smaller is not None
    assert smaller.to_text() == make_bar(bar, intercept=True, terms=()).to_text() == "(1 | g)"


def test_glmmtmb_is_named_where_it_has_the_same_structure() -> None:
    linear, counts = TriageOptions(), TriageOptions(family="poisson", link="log")
    assert r_glmmtmb(linear, "y ~ x + cs(0 + f | g)") == [
        "# by glmmTMB: m <- glmmTMB::glmmTMB(y ~ x + cs(0 + f | g), data = d, REML = TRUE)"
    ]
    assert r_glmmtmb(counts, "y ~ ar1(0 + f | g)")[0].endswith("data = d, family = poisson)")
    for formula in ("y ~ (x | g)", "y ~ cs(0 + f | g, hom = TRUE)", "y ~ ar1(0 + f | g, hom = FALSE)"):
        assert r_glmmtmb(linear, formula) == []


def test_a_restart_takes_what_lme4_moves() -> None:
    assert r_restart(ModelSpec(), "y ~ (x | g)") == 'm <- update(m, start = getME(m, "theta"))'
    assert r_restart(ModelSpec(), "y ~ cs(x | g)") == 'm <- update(m, start = getME(m, "par"))'
