"""MM401 to MM404, MM406 and MM407: what the end of a fit says, read whole."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from mmtriage.diagnose.convergence import (
    flat_direction,
    gradient_test,
    hessian_test,
    several_optima,
    spent_budget,
    stopped_short,
)
from mmtriage.diagnose.finding import Finding, Said
from mmtriage.diagnose.run_checks import findings_in
from mmtriage.engine.comparison import Comparison, compare_fits
from mmtriage.engine.lme4.checks import ConvergenceCheck
from mmtriage.engine.prepared import prepare
from tests.diagnose.planted import by_code, fitted, golden_comparison
from tests.engine.designs import two_optima_table
from tests.model.tables import design


def findings_of(comparison: Comparison) -> dict[str, Finding]:
    made = fitted(comparison)
    said: list[Said] = [*stopped_short(made), *several_optima(made), *flat_direction(made)]
    said += [*gradient_test(made), *hessian_test(made), *spent_budget(made)]
    return by_code(findings_in(said))


def checked(comparison: Comparison, **check: Any) -> Comparison:
    """The comparison with other results of lme4's checks."""
    assert comparison.lme4 is not None
    base: dict[str, Any] = dict.fromkeys(("statistic", "worst", "eigenvalues"))
    made = ConvergenceCheck(**{**base, "singular": False, "messages": (), "codes": (), **check})
    return replace(comparison, lme4=replace(comparison.lme4, check=made))


def test_a_good_fit_has_no_findings() -> None:
    assert findings_of(golden_comparison("sleepstudy_slope")) == {}


def test_a_fit_that_stopped_short() -> None:
    found = findings_of(golden_comparison("sleepstudy_micro"))["MM403"]
    assert found.message == (
        "the optimizer stopped 40.97 deviance units short of the optimum (1812.232770 instead of 1771.259293)"
    )
    assert found.severity == "error"
    assert found.evidence["gap"] == pytest.approx(40.9735, abs=1e-4)
    assert found.evidence["threshold"] == 0.01


def test_a_fit_that_stopped_with_an_error() -> None:
    comparison = replace(
        golden_comparison("sleepstudy_slope"), lme4=None, lme4_fit=None, lme4_error="no such luck"
    )
    found = findings_of(comparison)["MM403"]
    assert found.message == "lme4's fit stops with an error: no such luck"


def test_a_failed_gradient_test_names_the_worst_parameter() -> None:
    comparison = checked(golden_comparison("sleepstudy_slope"), statistic=0.0123456, worst=2, codes=(-1,))
    found = findings_of(comparison)["MM401"]
    assert found.message == (
        "lme4's gradient test fails: max|grad| = 0.012 (tol = 0.002), in `Subject.Days`; lme4 always blames "
        "component 1"
    )
    assert (found.severity, found.evidence["parameter"]) == ("warning", "Subject.Days")


def test_a_gradient_below_lme4s_tolerance_is_no_finding() -> None:
    assert findings_of(checked(golden_comparison("sleepstudy_slope"), statistic=0.0019, worst=0)) == {}


@pytest.mark.parametrize("code", [-3, -4, -6, 2, 3])
def test_a_failed_hessian_test_has_lme4s_eigenvalues_beside_the_exact_ones(code: int) -> None:
    comparison = checked(
        golden_comparison("sleepstudy_slope"), codes=(code,), eigenvalues=np.array([700.0, 3.0, -0.01])
    )
    exact = comparison.optimum.certificate
    found = findings_of(comparison)["MM402"]
    assert found.message == (
        "lme4's Hessian test fails: eigenvalues from -0.01 to 700 by finite differences; on standardised "
        "columns the exact ones are all positive"
    )
    assert found.evidence["exact_min"] == exact.min_eigenvalue_free
    assert found.evidence["exact_max"] == exact.max_eigenvalue_free
    assert found.evidence["finite_difference"] == (700.0, 3.0, -0.01)


def test_a_flat_direction_is_told_from_a_curved_one_by_the_smallest_exact_eigenvalue() -> None:
    flat = golden_comparison("crossed_maximal")
    found = findings_of(checked(flat, codes=(-3,), eigenvalues=np.array([298.0, -3e-5])))["MM402"]
    assert found.message.endswith("on standardised columns the smallest exact one is zero")


def test_without_free_parameters_there_are_no_exact_eigenvalues_to_show() -> None:
    comparison = checked(golden_comparison("dyestuff2"), codes=(-3,), eigenvalues=np.array([-1.0]))
    found = findings_of(comparison)["MM402"]
    assert found.message == "lme4's Hessian test fails: eigenvalues from -1 to -1 by finite differences"


def test_an_exhausted_budget() -> None:
    comparison = golden_comparison("sleepstudy_slope")
    assert comparison.lme4 is not None
    spent = replace(comparison, lme4=replace(comparison.lme4, status="maxfun", evaluations=1000))
    found = findings_of(spent)["MM404"]
    assert found.message == "nloptwrap ran out of evaluations after 1,000 evaluations"
    assert found.severity == "warning"


def test_several_optima() -> None:
    comparison = compare_fits(prepare(design(two_optima_table(), "y ~ 1 + (1 | g)")), seed=0)
    found = findings_of(comparison)["MM406"]
    assert found.message == (
        "the criterion has at least 2 local optima; the best is at 83.474158, the next at 83.525437"
    )
    assert found.evidence["optima"] == 2


def test_lme4_ends_in_the_lesser_of_two_optima() -> None:
    comparison = compare_fits(prepare(design(two_optima_table(), "y ~ 1 + (1 | g)")), seed=0)
    assert findings_of(comparison)["MM403"].evidence["gap"] == pytest.approx(0.0513, abs=1e-4)


def test_a_residual_variance_that_runs_to_zero() -> None:
    comparison = golden_comparison("sleepstudy_slope")
    endless = replace(comparison, optimum=replace(comparison.optimum, runaway=True))
    found = findings_of(endless)["MM407"]
    assert found.message == (
        "the likelihood rises without end as the residual variance goes to zero: the random effects "
        "reproduce the response exactly"
    )
    assert found.severity == "error"


def test_a_flat_direction_is_named_by_its_largest_parts() -> None:
    comparison = golden_comparison("sleepstudy_slope")
    certificate = replace(comparison.optimum.certificate, flat_directions=(np.array([0.5, -2.0, 1e-5]),))
    flat = replace(comparison, optimum=replace(comparison.optimum, certificate=certificate))
    found = findings_of(flat)["MM407"]
    assert found.message == (
        "the likelihood does not change along the direction -2 (1 + Days | Subject)[2] +0.5 (1 + Days | "
        "Subject)[1] of the relative covariance factors"
    )
