"""MM205: coefficients beyond what a link scale can mean."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mmtriage.diagnose.extreme import extreme_findings, standardized, without_column
from mmtriage.diagnose.separation import separation_findings
from mmtriage.engine.comparison import Comparison
from tests.diagnose.generalized import counts, golden_reference, optimum, reference_trial
from tests.diagnose.planted import by_code


def with_estimate(comparison: Comparison, beta: float, se: float) -> Comparison:
    """The trial with another coefficient of `x`."""
    fit = comparison.optimum_fit
    vcov = np.diag([1e-2, se**2])
    return replace(comparison, optimum_fit=replace(fit, beta=np.array([fit.beta[0], beta]), vcov=vcov))


def test_a_separated_level_is_extreme_because_it_is_separated() -> None:
    comparison = golden_reference("toy_separation")
    separation = separation_findings(comparison.prepared.design)
    found = by_code(extreme_findings(comparison, separation, lambda design: optimum(design).criterion))[
        "MM205"
    ]
    assert found.caused_by == ("MM203",)
    assert found.message.startswith("the coefficient of `periodp4` is implausible on the logit scale: -")
    assert found.message.endswith(
        ", yet without it the fit is 46.32 deviance units worse (Hauck-Donner): test it by a likelihood ratio"
    )
    assert found.evidence["likelihood_ratio"] == pytest.approx(46.32, abs=0.01)


@pytest.mark.parametrize("case_id", ["cbpp", "contraception", "grouseticks_height", "verbagg", "gamma_log"])
def test_ordinary_models_have_no_finding(case_id: str) -> None:
    assert extreme_findings(golden_reference(case_id), []) == []


@pytest.mark.parametrize(
    ("beta", "se", "says"),
    [(8.0, 1.0, None), (14.0, 1.0, "no plausible effect"), (1.0, 7.0, "its interval reaches")],
)
def test_the_limit_holds_for_coefficient_and_interval(beta: float, se: float, says: str | None) -> None:
    found = extreme_findings(with_estimate(reference_trial(counts(1)), beta, se), [])
    assert bool(found) is (says is not None)
    if says is not None:
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
