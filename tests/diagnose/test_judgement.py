"""The verdict: each status reached by a case made for it, its thresholds from both sides, its words whole."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mmtriage.diagnose.convergence import stopped_short
from mmtriage.diagnose.finding import Finding, finding
from mmtriage.diagnose.judgement import THRESHOLDS, is_short, judge, refused, status_of
from mmtriage.diagnose.verdict import allowed_gap
from mmtriage.engine.comparison import Comparison
from mmtriage.engine.lme4.checks import SINGULAR_MESSAGE, ConvergenceCheck
from tests.diagnose.planted import fitted, golden_comparison

ERROR = finding("MM308", "components cannot be told apart")


def at_optimum() -> Comparison:
    """Sleepstudy, where lme4's fit is exactly at the optimum."""
    comparison = golden_comparison("sleepstudy_slope")
    return replace(comparison, lme4_fit=comparison.optimum_fit)


def moved(*, gap: float = 0.0, shift: float = 0.0, sd: float = 1.0) -> Comparison:
    """The same with a gap, with fixed effects `shift` SE away, with SDs `sd` times as large."""
    comparison = at_optimum()
    fit = comparison.optimum_fit
    away = replace(
        fit,
        criterion=fit.criterion + gap,
        beta=fit.beta + shift * fit.se,
        covariances=tuple(sd**2 * S for S in fit.covariances),
    )
    return replace(comparison, lme4_fit=away)


def with_check(
    comparison: Comparison, *, codes: tuple[int, ...] = (), code: int = 0, message: str | None = None
) -> Comparison:
    """The same with other words of lme4."""
    assert comparison.lme4 is not None
    check = ConvergenceCheck(
        singular=message == SINGULAR_MESSAGE,
        messages=(),
        codes=codes,
        statistic=None,
        worst=None,
        eigenvalues=None,
    )
    said = () if message is None else (message,)
    return replace(comparison, lme4=replace(comparison.lme4, check=check, code=code, lme4_messages=said))


@pytest.mark.parametrize(
    ("comparison", "short"),
    [
        pytest.param(moved(gap=0.0099), False, id="gap below"),
        pytest.param(moved(gap=0.0101), True, id="gap above"),
        pytest.param(moved(shift=0.049), False, id="shift below"),
        pytest.param(moved(shift=0.051), True, id="shift above"),
        pytest.param(moved(shift=-0.051), True, id="shift downwards"),
        pytest.param(moved(gap=0.0011, sd=1.09), False, id="SD below"),
        pytest.param(moved(gap=0.0011, sd=1.11), True, id="SD above"),
        pytest.param(moved(gap=0.0011, sd=0.89), True, id="SD too small"),
        pytest.param(moved(gap=0.0009, sd=1.5), False, id="SD above on a flat criterion"),
    ],
)
def test_material_means_beyond_a_threshold(comparison: Comparison, short: bool) -> None:
    assert is_short(comparison) is short
    assert status_of(comparison, []) == ("not_converged" if short else "converged")


def test_a_fit_better_than_what_was_proven_leaves_nothing_to_say() -> None:
    """Of a sqrt link with modes of either sign it used to be `not_converged`, -1750 deviance units short."""
    comparison = moved(gap=-5.0, shift=30.0)
    verdict = judge(comparison, [])
    assert verdict.status == "undetermined"
    assert "lme4's fit has a lower criterion than the point that was proven" in verdict.message
    assert status_of(moved(gap=-0.0099), []) == "converged"


@pytest.mark.parametrize("comparison", [moved(gap=0.02), moved(shift=0.06), moved(gap=0.002, sd=1.2)])
def test_whatever_makes_a_fit_short_is_a_finding(comparison: Comparison) -> None:
    """A gap of less than 0.01 with a fixed effect far away used to be `not_converged` without a finding."""
    assert "MM403" in {f.code for f in stopped_short(fitted(comparison))}


@pytest.mark.parametrize(("criterion", "allowed"), [(0.0, 0.01), (-5e6, 0.01), (1e8, 0.1), (-1e8, 0.1)])
def test_a_gap_is_measured_against_the_rounding_of_a_large_criterion(
    criterion: float, allowed: float
) -> None:
    assert allowed_gap(criterion) == pytest.approx(allowed)


def test_converged() -> None:
    verdict = judge(moved(gap=2e-9), [])
    assert (verdict.status, verdict.severity, verdict.codes) == ("converged", "ok", ())
    assert verdict.message == "The fit is at its proven optimum (gap < 1e-6 deviance units)."
    assert verdict.gap == pytest.approx(2e-9, abs=1e-12)
    assert verdict.max_shift_se == 0.0
    assert verdict.thresholds == THRESHOLDS


@pytest.mark.parametrize(
    "comparison",
    [
        with_check(at_optimum(), codes=(-1,)),
        with_check(at_optimum(), codes=(2, 3)),
        with_check(at_optimum(), code=5),
        with_check(at_optimum(), message=SINGULAR_MESSAGE),
    ],
    ids=["gradient", "Hessian", "optimizer's code", "singular"],
)
def test_a_warning_at_the_optimum_is_a_false_alarm(comparison: Comparison) -> None:
    verdict = judge(comparison, [])
    assert (verdict.status, verdict.severity) == ("false_alarm", "info")
    assert verdict.message == (
        "The fit is at its proven optimum (gap < 1e-6 deviance units); lme4's warning is a false alarm."
    )


def test_singular() -> None:
    verdict = judge(golden_comparison("dyestuff2"), [])
    assert (verdict.status, verdict.severity) == ("singular", "warning")
    assert verdict.message == (
        "The fit is at its optimum, and the optimum is singular: a random-effects covariance lies on its "
        "boundary. The optimizer is not to blame."
    )


def test_lme4s_word_singular_is_no_alarm_where_it_is_right() -> None:
    comparison = golden_comparison("dyestuff2")
    assert comparison.lme4 is not None
    assert SINGULAR_MESSAGE in comparison.lme4.lme4_messages
    assert status_of(comparison, []) == "singular"


@pytest.mark.parametrize(
    ("comparison", "distance"),
    [
        (moved(gap=5.0, shift=0.7), "a fixed effect lies 0.7 SE away"),
        (moved(gap=5.0, sd=1.3), "the coefficients hardly move, but a random-effect SD is wrong by 30%"),
        (moved(gap=5.0), "the estimates hardly move (fixed effects by at most 0.00 SE)"),
    ],
    ids=["coefficients", "SDs", "neither"],
)
def test_not_converged_says_what_it_means_for_the_estimates(comparison: Comparison, distance: str) -> None:
    verdict = judge(comparison, [])
    assert (verdict.status, verdict.severity) == ("not_converged", "error")
    assert verdict.message == f"The fit stopped 5 deviance units short of the proven optimum: {distance}."


def test_wrong_standard_errors_are_said_before_wrong_sds() -> None:
    comparison = moved(gap=5.0, sd=1.3)
    assert comparison.lme4_fit is not None
    fit = replace(comparison.lme4_fit, vcov=4.0 * comparison.optimum_fit.vcov)
    assert judge(replace(comparison, lme4_fit=fit), []).message.endswith(
        "the coefficients hardly move, but a standard error is wrong by a factor of 2."
    )


def test_a_fit_that_stops_with_an_error_has_not_converged() -> None:
    error = "Downdated VtV is not positive definite"
    comparison = replace(at_optimum(), lme4=None, lme4_fit=None, lme4_error=error)
    verdict = judge(comparison, [])
    assert (verdict.status, verdict.gap, verdict.max_shift_se) == ("not_converged", None, None)
    assert verdict.message == (
        "lme4's fit stops with an error (Downdated VtV is not positive definite), though the model has a "
        "proven optimum."
    )


def test_without_a_certificate_nothing_is_determined() -> None:
    comparison = at_optimum()
    reason = "Newton decrement 0.3 is above 1e-06 deviance units"
    certificate = replace(comparison.optimum.certificate, certified=False, reason=reason)
    verdict = judge(replace(comparison, optimum=replace(comparison.optimum, certificate=certificate)), [])
    assert (verdict.status, verdict.severity) == ("undetermined", "error")
    assert verdict.message == (
        "The optimum could not be certified (Newton decrement 0.3 is above 1e-06 deviance units); nothing "
        "can be said with confidence."
    )


def test_what_the_data_cannot_determine_comes_before_where_the_fit_ended() -> None:
    verdict = judge(moved(gap=5.0), [ERROR])
    assert (verdict.status, verdict.severity) == ("unidentifiable", "error")
    assert (
        verdict.message == "The data cannot determine some parameter of this model, whatever the optimizer."
    )


@pytest.mark.parametrize("code", ["MM304", "MM406", "MM201"])
def test_a_warning_of_structure_is_not_a_verdict(code: str) -> None:
    assert status_of(at_optimum(), [finding(code, "said", severity="warning")]) == "converged"


def test_what_lme4_refuses_is_unidentifiable_in_the_first_findings_words() -> None:
    findings: list[Finding] = [finding("MM303", "as many levels as rows"), finding("MM101", "scales")]
    verdict = refused(findings)
    assert (verdict.status, verdict.codes) == ("unidentifiable", ("MM303", "MM101"))
    assert verdict.message == (
        "The data cannot determine this model, whatever the optimizer: as many levels as rows."
    )
    assert (verdict.gap, verdict.max_shift_se) == (None, None)


def test_shifts_without_fixed_effects_are_none() -> None:
    comparison = at_optimum()
    fit = replace(comparison.optimum_fit, beta=np.zeros(0), vcov=np.zeros((0, 0)))
    bare = replace(comparison, optimum_fit=fit, lme4_fit=replace(fit, criterion=fit.criterion + 5.0))
    assert judge(bare, []).message == (
        "The fit stopped 5 deviance units short of the proven optimum: the estimates hardly move (fixed "
        "effects by at most 0.00 SE)."
    )
