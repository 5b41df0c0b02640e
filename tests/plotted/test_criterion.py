"""Profiles and slices against lme4's confint, brute force, and the criterion itself."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.interpolate import PchipInterpolator
from scipy.optimize import minimize

from mmtriage.engine.algebra.theta import factors_of_theta
from mmtriage.engine.comparison import Comparison
from mmtriage.engine.linear.model import LinearModel
from mmtriage.plotted import criterion
from mmtriage.plotted.compute import plot_data_of
from mmtriage.plotted.criterion import criterion_curves
from mmtriage.plotted.plot_data import CriterionCurve
from tests.plotted.fitted import cbpp, comparison, out_of_time, sleep

CHI2_95 = 3.8414588


def curves(of: Comparison) -> list[CriterionCurve]:
    found = list(criterion_curves(of))
    assert not [item for item in found if isinstance(item, str)]
    return [item for item in found if isinstance(item, CriterionCurve)]


def crossings(curve: CriterionCurve) -> tuple[float, float]:
    """Where the line of the plot is at the 95 % quantile."""
    root = np.sign(np.array(curve.values) - curve.optimum) * np.sqrt(np.maximum(curve.rises, 0.0))
    low, high = PchipInterpolator(root, curve.values)([-np.sqrt(CHI2_95), np.sqrt(CHI2_95)])
    return float(low), float(high)


def test_profiles_give_the_intervals_of_confint() -> None:
    """lme4 1.1-31: confint(lmer(Reaction ~ Days + (Days | Subject), sleepstudy, REML = FALSE))."""
    found = {curve.columns: crossings(curve) for curve in curves(sleep(reml=False))}
    assert found["(Intercept)",] == pytest.approx((14.3815, 37.7160), rel=2e-3)
    assert found["Days",] == pytest.approx((3.80116, 8.75337), rel=2e-3)
    assert found["(Intercept)", "Days"] == pytest.approx((-0.48150, 0.68499), abs=2e-3)


def test_a_point_of_a_profile_is_the_least_criterion_there_is() -> None:
    """Nelder-Mead over the other parameters, sigma among them, with the SD of the slope held."""
    of = sleep()
    curve = next(c for c in curves(of) if c.columns == ("Days",))
    problem = of.prepared.model
    assert isinstance(problem, LinearModel)
    for value, rise in list(zip(curve.values, curve.rises, strict=True))[::5]:

        def held(free: np.ndarray, value: float = value) -> float:
            first, rho, log_sigma = free[0], np.tanh(free[1]), free[2]
            sd = value / np.exp(log_sigma)
            theta = np.array([first, rho * sd, sd * np.sqrt(1.0 - rho**2)])
            at = problem.evaluate(problem.basis.relative_factor(factors_of_theta(theta, (2,))))
            lag = np.log(problem.sigma(at)) - log_sigma
            return float(at.criterion + problem.nu * (np.exp(2.0 * lag) - 2.0 * lag - 1.0))

        start = np.array([0.9, 0.1, np.log(25.0)])
        best = minimize(
            held, start, method="Nelder-Mead", options={"xatol": 1e-8, "fatol": 1e-9, "maxfev": 4000}
        )
        assert rise == pytest.approx(best.fun - of.optimum_fit.criterion, abs=1e-5)


def test_a_profile_ends_at_the_model_without_the_effect() -> None:
    """Calendar years: without random intercepts the criterion is 42.609 higher, without slopes 42.837."""
    of = comparison("sleepstudy_year.csv", "Reaction ~ Year + (Year | Subject)")
    intercept, slope = (c for c in curves(of) if not c.is_correlation)
    for curve, expected in ((intercept, 42.608962), (slope, 42.836815)):
        assert curve.values[0] == pytest.approx(0.0, abs=1e-4 * curve.optimum)
        assert curve.rises[0] == pytest.approx(expected, abs=0.01)
        assert curve.lme4_rise == pytest.approx(of.gap)
    assert all(before < after for before, after in zip(slope.values, slope.values[1:], strict=False))


def test_a_variance_of_zero_is_followed_upwards_only() -> None:
    of = comparison("Dyestuff2.csv", "Yield ~ 1 + (1 | Batch)")
    (curve,) = curves(of)
    assert curve.optimum == curve.values[0] == 0.0
    assert curve.bounds == (0.0,)
    assert list(curve.rises) == sorted(curve.rises)
    assert curve.rises[-1] >= criterion.TOP


def test_a_generalized_model_is_profiled_over_its_fixed_effects() -> None:
    """The criterion at a profile's end is below that of the same SD beside the optimum's fixed effects."""
    of = cbpp()
    (curve,) = curves(of)
    sd, rise = curve.values[-1], curve.rises[-1]
    problem = of.prepared.model
    held = problem.criterion(*problem.place(np.array([sd]), of.optimum_fit.beta, None))
    optimized = minimize(
        lambda beta: problem.criterion(*problem.place(np.array([sd]), beta, None)),
        of.optimum_fit.beta,
        method="BFGS",
    )
    assert curve.kind == "profile"
    assert rise == pytest.approx(optimized.fun - of.optimum_fit.criterion, abs=1e-4)
    assert rise < held - of.optimum_fit.criterion


def test_a_large_model_has_slices_with_everything_else_at_the_optimum(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    of = sleep()
    profiles = {curve.columns: curve for curve in curves(of)}
    monkeypatch.setattr(criterion, "PROFILED_WORK", 0)
    problem, fit = of.prepared.model, of.optimum_fit
    assert isinstance(problem, LinearModel)
    for curve in curves(of):
        assert curve.kind == "slice"
        S = np.array(fit.covariances[0])
        value = curve.values[-1]
        if curve.is_correlation:
            S[0, 1] = S[1, 0] = value * np.sqrt(S[0, 0] * S[1, 1])
        else:
            j = ("(Intercept)", "Days").index(curve.columns[0])
            ratio = value / np.sqrt(S[j, j])
            S[j, :] *= ratio
            S[:, j] *= ratio
        template = np.asarray(np.linalg.cholesky(S) / fit.sigma, dtype=np.float64)
        at = problem.evaluate(problem.basis.relative_factor([template]))
        lag = np.log(problem.sigma(at) / fit.sigma)
        rise = at.criterion + problem.nu * (np.exp(2.0 * lag) - 2.0 * lag - 1.0) - fit.criterion
        assert curve.rises[-1] == pytest.approx(rise, abs=1e-8)
        profile = profiles[curve.columns]
        below = np.interp(value, profile.values, profile.rises)
        assert curve.rises[-1] > below - 0.3  # of a straight line between two points of a convex curve


def test_a_model_that_is_not_identifiable_is_flat() -> None:
    of = comparison("crossed_maximal.csv", "y ~ cond + (1 + cond | subject) + (1 + cond | item)")
    found = list(criterion_curves(of))
    flat = next(c for c in found if isinstance(c, CriterionCurve) and c.group == "subject")
    assert sum(rise < 1e-6 for rise in flat.rises) > 2  # where on the flat part they are, rounding decides
    assert "the data cannot determine this model" in str(found[-1])


def test_what_a_time_budget_leaves_undone_is_said() -> None:
    found = plot_data_of(out_of_time(sleep()), [])
    assert found.criterion == ()
    assert found.levels == ()
    assert len(found.effects) == 2  # they need no evaluation
    assert [note.partition(":")[2].strip() for note in found.notes] == [
        "the fitted lines are not plotted",
        "the criterion is plotted along 0 of 3 covariance parameters",
        "the random effects are not plotted",
    ]
