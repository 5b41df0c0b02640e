"""The oracle of GLMMs is checked against lme4 1.1-31 and the integral, before it judges the engine."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mmtriage.arrays import Array
from tests.dense_glmms import golden_glmm
from tests.glmm_oracle import (
    INVERSE,
    SCALED,
    DenseGlmm,
    agq,
    brute_force_loglik,
    criterion,
    deviance_residuals,
    joint_pirls,
    laplace,
    pirls,
    saturated,
    standard_errors,
)
from tests.golden_cases import golden_glmms

# PIRLS of lme4's best fits stops at a relative change of the deviance of 1e-13: the modes are then right to
# 1e-6 or so, and the criterion, of which log|L|^2 is not stationary there, to this.
LME4_NOISE = 2e-6
# Fits that lme4 did not polish, or whose PIRLS stops early: the criterion there is that of `truth`.
BY_TRUTH = {"verbagg": 2e-5, "grouseticks_height": 1e-6}
# glmer(y ~ x + (1 | g), negative.binomial(1.5), weights = weight) on clumped.csv: its deviance function
# at (0.5, 1, 0.3), tolPwrss = 1e-15 (8e-6 lower with 1e-13: Fisher scoring is slow here)
R_WEIGHTED_NB = 2288.776557304262
SMALL = [name for name, case in golden_glmms().items() if case.expected["nobs"] < 300]


@pytest.mark.parametrize("case_id", [name for name in golden_glmms() if name not in BY_TRUTH])
def test_criterion_and_sigma_are_those_of_lme4(case_id: str) -> None:
    glmm = golden_glmm(case_id)
    model, theta, beta, nagq = glmm.model, glmm.theta, glmm.beta, glmm.case.nagq
    assert criterion(model, theta, beta, nagq) == pytest.approx(glmm.best["criterion"], abs=LME4_NOISE)
    mode = pirls(model, theta, beta) if nagq else joint_pirls(model, theta)
    assert mode.sigma == pytest.approx(glmm.best["sigma"], rel=1e-7)
    if nagq == 0:
        assert mode.beta == pytest.approx(beta, abs=1e-6)


@pytest.mark.parametrize("case_id", BY_TRUTH)
def test_where_pirls_stopped_early_in_lme4_the_criterion_is_glmmtmbs(case_id: str) -> None:
    glmm = golden_glmm(case_id)
    truth = glmm.case.expected["truth"]["criterion"]
    assert laplace(glmm.model, glmm.theta, glmm.beta) == pytest.approx(truth, abs=BY_TRUTH[case_id])


@pytest.mark.parametrize("case_id", [name for name in SMALL if golden_glmms()[name].nagq > 0])
def test_standard_errors_are_those_of_lme4(case_id: str) -> None:
    glmm = golden_glmm(case_id)
    ses = standard_errors(glmm.model, glmm.theta, glmm.beta, glmm.case.nagq)
    assert ses == pytest.approx(np.array(list(glmm.best["se"].values())), rel=1e-4)


@pytest.mark.parametrize("case_id", SMALL)
def test_the_best_fit_of_lme4_is_a_stationary_point(case_id: str) -> None:
    """No coordinate moved by 0.02 SE, or 0.5 % of theta, lowers the criterion by more than 1e-8."""
    glmm = golden_glmm(case_id)
    model, theta, beta, nagq = glmm.model, glmm.theta, glmm.beta, glmm.case.nagq
    at_best = criterion(model, theta, beta, nagq)
    moves = [(step, np.zeros(len(beta))) for step in np.diag(0.005 * np.maximum(theta, 0.01))]
    if nagq > 0:
        ses = np.array(list(glmm.best["se"].values()))
        moves += [(np.zeros(len(theta)), step) for step in np.diag(0.02 * ses)]
    for in_theta, in_beta in moves:
        for sign in (-1.0, 1.0):
            moved = criterion(model, theta + sign * in_theta, beta + sign * in_beta, nagq)
            assert moved >= at_best - 1e-8


@pytest.mark.parametrize("name", ["binomial", "trials", "weights", "poisson", "negative.binomial"])
def test_many_quadrature_points_give_the_integral(name: str) -> None:
    model, theta, beta = small_groups(name), np.array([0.9]), np.array([0.3, 0.6])
    exact = -2.0 * brute_force_loglik(model, theta, beta)
    constant = saturated(model, pirls(model, theta, beta).mu)
    assert agq(model, theta, beta, 60) + constant == pytest.approx(exact, abs=1e-8)
    errors = [abs(agq(model, theta, beta, points) + constant - exact) for points in (3, 9, 27)]
    assert errors == sorted(errors, reverse=True)
    assert laplace(model, theta, beta) == pytest.approx(exact, rel=0.02)


@pytest.mark.parametrize("name", ["binomial", "poisson"])
def test_one_quadrature_point_is_laplace(name: str) -> None:
    model, theta, beta = small_groups(name), np.array([0.9]), np.array([0.3, 0.6])
    constant = saturated(model, pirls(model, theta, beta).mu)
    assert agq(model, theta, beta, 1) + constant == pytest.approx(laplace(model, theta, beta), abs=1e-10)


@pytest.mark.parametrize("link", ["logit", "probit", "cauchit", "cloglog"])
def test_quadrature_gives_the_integral_with_every_link_of_the_binomial(link: str) -> None:
    model, theta, beta = small_groups("binomial", link), np.array([0.7]), np.array([0.2, 0.5])
    exact = -2.0 * brute_force_loglik(model, theta, beta)
    constant = saturated(model, pirls(model, theta, beta).mu)
    assert agq(model, theta, beta, 100) + constant == pytest.approx(exact, abs=1e-6)


def test_laplace_of_a_slope_is_near_the_integral_over_the_plane() -> None:
    flat = small_groups("poisson")
    ((codes, Z),) = flat.blocks
    x = flat.X[:, [1]]
    model = replace(flat, blocks=((codes, np.column_stack([Z, x])),))
    theta, beta = np.array([0.6, 0.2, 0.4]), np.array([0.3, 0.6])
    exact = -2.0 * brute_force_loglik(model, theta, beta, reach=9.0, points=181)
    finer = -2.0 * brute_force_loglik(model, theta, beta, reach=9.0, points=241)
    assert exact == pytest.approx(finer, abs=1e-9)
    assert laplace(model, theta, beta) == pytest.approx(exact, rel=0.02)


@pytest.mark.parametrize("case_id", ["cbpp_agq9", "binary_agq15", "poisson_slope_agq7"])
def test_lme4s_quadrature_is_near_the_integral(case_id: str) -> None:
    glmm = golden_glmm(case_id)
    model, theta, beta = glmm.model, glmm.theta, glmm.beta
    exact = -2.0 * brute_force_loglik(model, theta, beta)
    constant = saturated(model, pirls(model, theta, beta).mu)
    assert glmm.best["criterion"] + constant == pytest.approx(exact, abs=1e-3)
    assert agq(model, theta, beta, 80) + constant == pytest.approx(exact, abs=1e-8)


def test_weights_of_a_negative_binomial_enter_as_lme4_has_them() -> None:
    model = replace(golden_glmm("nb").model, nb_theta=1.5, weights=np.tile([0.5, 1.0, 2.0, 1.5], 60))
    assert laplace(model, np.array([0.5]), np.array([1.0, 0.3])) == pytest.approx(R_WEIGHTED_NB, abs=1e-6)


def test_without_random_effects_laplace_is_the_likelihood_of_the_glm() -> None:
    for name in ("binomial", "poisson", "negative.binomial"):
        model, beta = small_groups(name), np.array([0.3, 0.6])
        exact = -2.0 * brute_force_loglik(model, np.zeros(1), beta)
        assert laplace(model, np.zeros(1), beta) == pytest.approx(exact, rel=1e-12)


@pytest.mark.parametrize("case_id", SMALL)
def test_the_mode_has_the_lowest_penalized_deviance_around(case_id: str) -> None:
    glmm = golden_glmm(case_id)
    model, rng = glmm.model, np.random.default_rng(1)
    ZL = model.random_columns(glmm.theta)
    for mode, is_joint in (
        (pirls(model, glmm.theta, glmm.beta), False),
        (joint_pirls(model, glmm.theta), True),
    ):
        lowest = penalized_deviance(model, ZL, mode.u, mode.beta)
        ses = np.array(list(glmm.best["se"].values()))
        for _ in range(10):
            u = mode.u + 0.01 * rng.normal(size=len(mode.u))
            beta = mode.beta + 0.01 * is_joint * ses * rng.normal(size=len(mode.beta))
            assert penalized_deviance(model, ZL, u, beta) > lowest
        assert (mode.sigma != 1.0) is (model.family in SCALED)


def penalized_deviance(model: DenseGlmm, ZL: Array, u: Array, beta: Array) -> float:
    mu = INVERSE[model.link](model.fixed_part(beta) + ZL @ u)
    return float(np.sum(deviance_residuals(model, mu)) + u @ u)


def small_groups(name: str, link: str | None = None) -> DenseGlmm:
    """12 groups of 5 with a covariate; `name` is a family, or binomial with trials or weights."""
    rng = np.random.default_rng(5)
    codes, x = np.repeat(np.arange(12), 5), rng.normal(size=60)
    eta = 0.3 + 0.6 * x + 0.9 * rng.normal(size=12)[codes]
    probability, size = 1.0 / (1.0 + np.exp(-eta)), rng.integers(1, 6, 60).astype(float)
    binary = rng.binomial(1, probability).astype(float)
    hits = rng.binomial(size.astype(int), probability) / size
    counts = rng.poisson(np.exp(eta)).astype(float)
    y, family, weights, trials, nb_theta = {
        "binomial": (binary, "binomial", None, None, None),
        "trials": (hits, "binomial", size, size, None),
        "weights": (hits, "binomial", size, None, None),
        "poisson": (counts, "poisson", None, None, None),
        "negative.binomial": (counts, "negative.binomial", None, None, 1.5),
    }[name]
    return DenseGlmm(
        y=y,
        X=np.column_stack([np.ones(60), x]),
        blocks=((codes, np.ones((60, 1))),),
        family=family,
        link=link or ("logit" if family == "binomial" else "log"),
        weights=weights,
        trials=trials,
        offset=0.1 * x,
        nb_theta=nb_theta,
    )
