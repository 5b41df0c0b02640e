"""The likelihood by sampling, against integrals that are known."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import log_ndtr

from mmtriage.arrays import Array
from mmtriage.deadline import NEVER
from mmtriage.engine.generalized.sampling import _by_tempering, sampled_criterion
from tests.engine.glmms import glmm_of, glmm_table, place_at
from tests.glmm_oracle import brute_force_loglik

SURE = 4.0  # standard errors


@pytest.mark.parametrize("times", [1.0, 10.0])  # Laplace's Gaussian serves; it does not
@pytest.mark.parametrize(("family", "link"), [("binomial", "logit"), ("poisson", "log")])
def test_the_likelihood_is_that_of_the_integral(family: str, link: str, times: float) -> None:
    model = glmm_of(glmm_table(family, link), "y ~ x + (1 | g)", family=family, link=link, nagq=1)
    problem, raw = model.problem, tuple(times * L for L in model.raw)
    exact = -2.0 * brute_force_loglik(model.dense, times * model.theta, model.beta)
    value, error = sampled_criterion(problem, place_at(problem, raw, model.beta), seed=1)
    assert error < 0.5
    assert abs(value + problem.saturated(problem.family) - exact) < SURE * error


@pytest.mark.parametrize("steepness", [1.0, 1e4])
def test_an_orthant_has_its_share_however_sharp_its_edge(steepness: float) -> None:
    """E[Phi(a u)] = 1/2 for every a: ten of them, of which none hangs on another."""

    def log_likelihood(u: Array) -> Array:
        return np.asarray(np.sum(log_ndtr(steepness * u), axis=0))

    log_mean, error = _by_tempering(log_likelihood, 10, np.random.default_rng(2), NEVER)
    assert error < 0.5
    assert abs(-2.0 * log_mean - 20.0 * np.log(2.0)) < SURE * error


def test_an_integral_that_is_not_reached_has_no_error() -> None:
    _, error = _by_tempering(lambda u: np.full(u.shape[1], -np.inf), 2, np.random.default_rng(3), NEVER)
    assert error == np.inf
