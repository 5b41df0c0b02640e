"""What a fit says: lme4's conventions, held to lme4's numbers at lme4's theta."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mmtriage.engine.algebra.theta import factors_of_theta, lme4_theta
from mmtriage.engine.estimates import Fit, correlation, largest_sd_change, largest_shift
from mmtriage.engine.linear.model import fit_at
from tests.engine.designs import ZOO, golden_design, zoo_case
from tests.golden_cases import golden_cases

SMALL = [case.id for case in golden_cases().values() if case.expected["nobs"] <= 1000]


def golden_fit(case_id: str) -> Fit:
    """Our description of the model at lme4's theta."""
    case = golden_design(case_id)
    theta = np.array(list(golden_cases()[case_id].expected["default"]["theta"].values()))
    raw = factors_of_theta(theta, case.problem.widths)
    return fit_at(case.problem, case.problem.basis.relative_factor(raw))


@pytest.mark.parametrize("case_id", SMALL)
def test_information_criteria_count_as_lme4_does(case_id: str) -> None:
    expected = golden_cases()[case_id].expected["default"]
    fit = golden_fit(case_id)
    assert fit.criterion == pytest.approx(expected["criterion"], abs=1e-6)
    assert fit.df == expected["df"]
    assert fit.log_likelihood == pytest.approx(expected["logLik"], abs=1e-6)
    assert fit.aic == pytest.approx(expected["AIC"], abs=1e-6)
    assert fit.bic == pytest.approx(expected["BIC"], abs=1e-6)


@pytest.mark.parametrize("case_id", SMALL)
def test_estimates_are_in_the_users_units(case_id: str) -> None:
    expected = golden_cases()[case_id].expected["default"]
    fit = golden_fit(case_id)
    assert fit.beta == pytest.approx(list(expected["fixef"].values()), rel=1e-6, abs=1e-9)
    assert fit.se == pytest.approx(list(expected["se"].values()), rel=1e-5)
    assert fit.sigma == pytest.approx(expected["sigma"], rel=1e-6)
    for covariance, term in zip(fit.covariances, expected["varcorr"].values(), strict=True):
        sd, _ = correlation(covariance)
        assert sd == pytest.approx(list(term["stddev"].values()), rel=1e-5, abs=1e-7 * fit.sigma)


@pytest.mark.parametrize("case_id", ["sleepstudy_slope", "orthodont", "machines_factor_slope_int"])
def test_correlations_are_those_of_lme4(case_id: str) -> None:
    expected = golden_cases()[case_id].expected["default"]["varcorr"]
    for covariance, term in zip(golden_fit(case_id).covariances, expected.values(), strict=True):
        _, matrix = correlation(covariance)
        np.testing.assert_allclose(matrix, term["corr"], atol=1e-6)


def test_a_correlation_with_a_zero_variance_is_not_a_number() -> None:
    sd, matrix = correlation(np.diag([4.0, 0.0]))
    assert sd.tolist() == [2.0, 0.0]
    np.testing.assert_array_equal(matrix, [[1.0, np.nan], [np.nan, np.nan]])


@pytest.mark.parametrize("name", ZOO)
def test_theta_goes_to_factors_and_back(name: str) -> None:
    case = zoo_case(name)
    theta = lme4_theta(case.raw)
    back = factors_of_theta(theta, case.problem.widths)
    for L, F in zip(back, case.raw, strict=True):
        np.testing.assert_allclose(L @ L.T, F @ F.T, atol=1e-12)
        assert np.all(np.diag(L) >= 0)
    assert lme4_theta(back) == pytest.approx(theta, abs=1e-12)


def test_theta_of_a_singular_covariance_is_inside_lme4s_bounds() -> None:
    F = np.array([[1.0, 0.0, 0.0], [2.0, 0.0, 0.0], [-1.0, 3.0, 0.0]])
    (L,) = factors_of_theta(lme4_theta([F]), [3])
    np.testing.assert_allclose(L @ L.T, F @ F.T, atol=1e-12)
    assert np.all(np.diag(L) >= 0.0)


def test_a_given_theta_is_kept_to_the_last_bit() -> None:
    case = zoo_case("slope")
    theta = np.array([0.1, -0.2, 0.3])
    assert fit_at(case.problem, case.factors, theta).theta is theta


def test_shares_are_those_of_an_average_row() -> None:
    """tr(Z S Z') / n over that of all terms and the residual, variances in the response's units."""
    case = zoo_case("crossed")
    fit = fit_at(case.problem, case.factors)
    n = len(case.design.y)
    parts = [
        np.einsum("ia,ab,ib->", term.Z, S, term.Z) / n
        for term, S in zip(case.design.random, fit.covariances, strict=True)
    ]
    assert fit.shares == pytest.approx(np.array(parts) / (sum(parts) + fit.sigma**2))


def test_the_largest_shift_is_in_the_references_standard_errors() -> None:
    fit = golden_fit("sleepstudy_slope")
    assert largest_shift(fit.beta + fit.se * [0.1, -0.7], fit) == pytest.approx(0.7)
    assert largest_shift(np.zeros(0), replace(fit, beta=np.zeros(0), vcov=np.zeros((0, 0)))) == 0.0
    lost = replace(fit, vcov=np.zeros_like(fit.vcov))  # far from any optimum a curvature may have no digits
    assert largest_shift(fit.beta + 1.0, lost) == np.inf


def test_the_largest_change_of_an_sd_is_relative_to_the_references() -> None:
    fit = golden_fit("sleepstudy_slope")
    wider = replace(fit, covariances=(fit.covariances[0] * np.array([[1.21, 1.1], [1.1, 1.0]]),))
    assert largest_sd_change(wider, fit) == pytest.approx(0.1)
    assert largest_sd_change(fit, fit) == 0.0
    assert largest_sd_change(replace(fit, sigma=0.8 * fit.sigma), fit) == pytest.approx(0.2)


def test_where_the_reference_has_zero_the_change_is_relative_to_sigma() -> None:
    """Dyestuff2: a batch SD of 0.3 sigma where the optimum has none."""
    case = golden_design("dyestuff2")
    none, some = (fit_at(case.problem, [np.array([[ratio]])]) for ratio in (0.0, 0.3))
    assert largest_sd_change(some, none) == pytest.approx(0.3)
    assert largest_sd_change(none, some) == pytest.approx(1.0)
