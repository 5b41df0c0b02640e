"""The reference optimum: where it must end, from where, and what it says of other optima."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from mmtriage.arrays import Array
from mmtriage.engine.linear.moments import component_gram, moment_start
from mmtriage.engine.optimum.faces import NO_FREE, Place
from mmtriage.engine.optimum.found import Optimum, Start
from mmtriage.engine.optimum.protocol import template_factors
from mmtriage.engine.optimum.search import find_optimum, perturbed
from tests.engine.designs import Case, case_of, golden_design, two_optima_table
from tests.golden_cases import golden_cases
from tests.model.tables import factor, numeric, table

SMALL = [case.id for case in golden_cases().values() if case.expected["nobs"] <= 1000]
BOUNDARY = {"dyestuff2", "dyestuff2_ml", "no_group_effect"}


def usual_starts(case: Case) -> list[Start]:
    moments = moment_start(case.problem, component_gram(case.problem))
    starts = [] if moments is None else [Start("moments", moments)]
    return [*starts, Start("template", template_factors(case.problem.basis))]


def reference_from(case: Case, factors: Sequence[Array]) -> Optimum:
    return find_optimum(case.problem, [Start("given", factors)])


@pytest.mark.parametrize("case_id", SMALL)
def test_the_optimum_is_certified_and_no_worse_than_the_best_known(case_id: str) -> None:
    case = golden_design(case_id)
    found = find_optimum(case.problem, usual_starts(case))
    assert found.certificate.certified, found.certificate.reason
    assert found.criterion <= golden_cases()[case_id].expected["truth"]["criterion"] + 1e-6
    assert found.criterion == pytest.approx(case.problem.criterion(found.factors), abs=1e-10)
    assert not found.runaway


@pytest.mark.parametrize("case_id", ["dyestuff2", "dyestuff2_ml"])
def test_a_variance_at_zero_is_exactly_zero(case_id: str) -> None:
    case = golden_design(case_id)
    found = find_optimum(case.problem, usual_starts(case))
    assert found.certificate.ranks == (0,)
    assert np.all(found.factors[0] == 0.0)
    assert [m.value > 0 for m in found.certificate.multipliers] == [True]


def test_a_perfect_correlation_has_rank_one() -> None:
    """The slope of every group is twice its intercept, but for noise: rho = 1 at the optimum."""
    found = find_optimum(*problem_and_starts(correlated_groups()))
    assert found.certificate.certified
    assert found.certificate.ranks == (1,)
    (multiplier,) = found.certificate.multipliers
    assert multiplier.value > 0
    assert np.linalg.svd(found.factors[0], compute_uv=False)[1] < 1e-14


def problem_and_starts(case: Case):  # type: ignore[no-untyped-def]
    return case.problem, usual_starts(case)


def correlated_groups(scale: float = 1.0, shift: float = 0.0) -> Case:
    rng = np.random.default_rng(1)
    g = np.repeat(np.arange(15), 8)
    x = rng.normal(size=len(g))
    b = rng.normal(size=15)
    y = 1.0 + x + b[g] * (1.0 + 2.0 * x) + rng.normal(size=len(g))
    columns = (numeric("y", y), numeric("x", shift + scale * x), factor("g", [f"g{code:02d}" for code in g]))
    return case_of(table(*columns), "y ~ x + (1 + x | g)")


@pytest.mark.parametrize(("scale", "shift"), [(1e-6, 0.0), (1e6, 0.0), (1.0, 2000.0), (1e3, 1e6)])
def test_the_rank_of_the_optimum_does_not_depend_on_units_or_origin(scale: float, shift: float) -> None:
    plain, moved = correlated_groups(), correlated_groups(scale, shift)
    here, there = find_optimum(*problem_and_starts(plain)), find_optimum(*problem_and_starts(moved))
    assert there.certificate.ranks == here.certificate.ranks == (1,)
    # REML in units of x / s: log|X'V^-1 X| grows by 2 log s.
    assert there.criterion - 2.0 * np.log(scale) == pytest.approx(here.criterion, abs=1e-6)


@pytest.mark.parametrize("case_id", ["sleepstudy_slope", "dyestuff", "penicillin", "pastes_nested"])
def test_zero_is_a_saddle_that_is_left(case_id: str) -> None:
    """At theta = 0 every gradient in theta is zero; the multipliers are not."""
    case = golden_design(case_id)
    found = reference_from(case, [np.zeros_like(F) for F in case.factors])
    assert found.descents[0].saddles >= 1
    assert found.descents[0].criterion == pytest.approx(found.criterion, abs=1e-6)
    assert found.criterion <= golden_cases()[case_id].expected["truth"]["criterion"] + 1e-6


def test_a_face_of_rank_one_is_a_saddle_that_is_left() -> None:
    case = golden_design("sleepstudy_slope")
    found = reference_from(case, [np.diag([1.0, 0.0])])
    assert found.certificate.ranks == (2,)
    assert found.criterion <= golden_cases()["sleepstudy_slope"].expected["truth"]["criterion"] + 1e-6


def test_two_optima_are_both_found_and_the_better_one_wins() -> None:
    case = case_of(two_optima_table(), "y ~ 1 + (1 | g)")
    worse = reference_from(case, [np.array([[0.9]])])
    assert worse.descents[0].criterion == pytest.approx(83.5254, abs=1e-4)
    both = find_optimum(case.problem, [Start("high", [np.array([[0.9]])]), Start("low", [np.array([[0.1]])])])
    assert both.optima == pytest.approx((83.4742, 83.5254), abs=1e-4)
    assert both.distinct_optima == 2
    assert both.criterion == pytest.approx(83.4742, abs=1e-4)
    assert both.certificate.ranks == (0,)
    assert both.start == "low"


def test_starts_that_run_into_a_known_optimum_say_so() -> None:
    case = golden_design("sleepstudy_slope")
    found = find_optimum(case.problem, usual_starts(case))
    assert [(d.label, d.joined) for d in found.descents] == [
        ("moments", None),
        ("template", "moments"),
    ]
    assert found.distinct_optima == 1
    assert found.gradients == sum(d.gradients for d in found.descents)


def test_a_start_without_a_criterion_is_passed_over() -> None:
    case = golden_design("dyestuff")
    nowhere = Start("nowhere", [np.array([[np.inf]])])
    found = find_optimum(case.problem, [nowhere, *usual_starts(case)])
    assert "nowhere" not in {d.label for d in found.descents}
    assert found.certificate.certified
    with pytest.raises(np.linalg.LinAlgError, match="no starting point has a finite criterion"):
        find_optimum(case.problem, [nowhere])


def test_a_response_that_groups_reproduce_has_no_optimum_to_certify() -> None:
    """The criterion falls without end as the residual variance goes to zero, until rounding ends it."""
    g = np.repeat(np.arange(6), 4)
    y = np.array([1.0, 4.0, 2.0, 7.0, 3.0, 9.0])[g]
    case = case_of(table(numeric("y", y), factor("g", [str(code) for code in g])), "y ~ 1 + (1 | g)")
    found = find_optimum(case.problem, usual_starts(case))
    assert not found.certificate.certified
    assert found.factors[0][0, 0] > 1e6


def test_the_perturbed_start_hangs_on_its_seed_alone() -> None:
    case = golden_design("sleepstudy_slope")
    place = Place(template_factors(case.problem.basis), NO_FREE)
    one, same, other = (perturbed(case.problem, place, seed).factors[0] for seed in (3, 3, 4))
    assert np.array_equal(one, same)
    assert not np.allclose(one, other)


def test_the_template_is_the_identity_on_independent_columns() -> None:
    case = case_of(
        table(
            numeric("y", [1.0, 2.0, 4.0, 3.0, 7.0, 1.0]),
            numeric("x", [1.0, 2.0, 3.0, 5.0, 8.0, 1.0]),
            numeric("twice", [2.0, 4.0, 6.0, 10.0, 16.0, 2.0]),
            factor("g", list("aabbcc")),
        ),
        "y ~ 1 + (1 + x + twice | g)",
    )
    assert np.array_equal(template_factors(case.problem.basis)[0], np.diag([1.0, 1.0, 0.0]))
