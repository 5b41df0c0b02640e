"""MM205: coefficients beyond what a link scale can mean."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mmtriage.deadline import TimeBudgetError
from mmtriage.diagnose.causes import explain_causes
from mmtriage.diagnose.extreme import implausible, standardized, without_column
from mmtriage.diagnose.finding import Finding
from mmtriage.diagnose.judgement import judge
from mmtriage.diagnose.separation import separated
from mmtriage.engine.comparison import Comparison
from mmtriage.engine.estimates import Fit
from mmtriage.model.design import Design
from tests.diagnose.generalized import counts, golden_proven, optimum, proven
from tests.diagnose.planted import by_code, fitted


def with_estimate(comparison: Comparison, beta: float, se: float) -> Comparison:
    """The comparison with another coefficient of `x`."""
    fit = comparison.optimum_fit
    vcov = np.diag([1e-2, se**2])
    return replace(comparison, optimum_fit=replace(fit, beta=np.array([fit.beta[0], beta]), vcov=vcov))


def test_a_separated_level_is_extreme_because_it_is_separated() -> None:
    comparison = golden_proven("toy_separation")
    separation = separated(comparison.prepared.design)
    found = by_code(implausible(fitted(comparison, separation, optimum=optimum)))["MM205"]
    _, explained = explain_causes(judge(comparison, separation), [*separation, found], [])
    assert explained[-1].caused_by == ("MM203",)
    assert found.message.startswith("the coefficient of `periodp4` is implausible on the logit scale: -")
    assert found.message.endswith(
        ", yet without it the fit is 46.32 deviance units worse (Hauck-Donner): test it by a likelihood ratio"
    )
    assert found.evidence["likelihood_ratio"] == pytest.approx(46.32, abs=0.01)


@pytest.mark.parametrize("case_id", ["cbpp", "contraception", "grouseticks_height", "verbagg", "gamma_log"])
def test_ordinary_models_have_no_finding(case_id: str) -> None:
    assert implausible(fitted(golden_proven(case_id))) == []


@pytest.mark.parametrize(
    ("beta", "se", "says"),
    [(8.0, 1.0, None), (14.0, 1.0, "no plausible effect"), (1.0, 7.0, "its interval reaches")],
)
def test_the_limit_holds_for_coefficient_and_interval(beta: float, se: float, says: str | None) -> None:
    def out_of_time(_: Design) -> Fit:
        raise TimeBudgetError("the time budget of 1 s ran out")

    comparison = with_estimate(proven(counts(1)), beta, se)
    found = implausible(fitted(comparison, optimum=out_of_time))
    assert bool(found) is (says is not None)
    if says is not None:
        assert isinstance(found[0], Finding)
        assert says in found[0].message
        assert found[0].caused_by == ()
        assert found[0].evidence["likelihood_ratio"] is None


def test_units_and_origin_of_a_predictor_make_nothing_extreme() -> None:
    design = counts(1)
    far = replace(design, X=np.column_stack([design.X[:, 0], 1e-4 * (design.X[:, 1] + 1e4)]))
    fit = optimum(design)
    assert standardized(far, np.array([1.0, 1e4 * fit.beta[1]])) == pytest.approx(
        standardized(design, np.array([1.0, fit.beta[1]]))
    )


def test_without_column_keeps_the_others() -> None:
    smaller = without_column(counts(1), 1)
    assert (smaller.fixed_names, smaller.assign, smaller.X.shape) == (("(Intercept)",), (0,), (200, 1))
