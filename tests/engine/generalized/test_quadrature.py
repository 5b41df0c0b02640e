"""Adaptive quadrature: its nodes, and what its sums must be where the integral is known."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import csr_array

from mmtriage.arrays import Array
from mmtriage.engine.generalized.model import GeneralizedModel
from mmtriage.engine.generalized.quadrature import Quadrature, hermite, quadrature
from tests.engine.glmms import Glmm, glmm_of, glmm_table, place_at
from tests.glmm_oracle import brute_force_loglik

G, N = 5, 20
CODES = np.arange(N) % G


@pytest.mark.parametrize("points", [1, 2, 7, 25, 100])
def test_nodes_and_weights_are_numpys(points: int) -> None:
    nodes, log_weights = hermite(points)
    expected, weights = np.polynomial.hermite_e.hermegauss(points)
    np.testing.assert_array_equal(nodes, expected)
    assert np.exp(log_weights - 0.5 * nodes**2) == pytest.approx(weights / np.sqrt(2.0 * np.pi), rel=1e-12)
    assert np.sum(np.exp(log_weights - 0.5 * nodes**2)) == pytest.approx(1.0, abs=1e-13)


@pytest.mark.parametrize("points", [2, 7, 25])
def test_polynomials_up_to_twice_the_points_are_integrated_exactly(points: int) -> None:
    """The even moments of N(0, 1): 1, 3, 15, ..."""
    nodes, log_weights = hermite(points)
    weights = np.exp(log_weights - 0.5 * nodes**2)
    moment = 1.0
    for half in range(1, points):
        moment *= 2 * half - 1
        assert np.sum(weights * nodes ** (2 * half)) == pytest.approx(moment, rel=1e-9)
        assert np.sum(weights * nodes ** (2 * half - 1)) == pytest.approx(0.0, abs=1e-9 * moment)


def gaussian(points: int, sd: float, u: Array, y: Array, z: Array) -> Quadrature:
    """The criterion of y = z sd u_g + e, whose integral is known and has no error at any number of points."""
    Z = csr_array((z, (np.arange(N), CODES)), shape=(N, G))
    return quadrature(
        points,
        relative_sd=sd,
        penalty=1.0,
        information=np.asarray(np.bincount(CODES, z**2, minlength=G), dtype=float),
        u=u,
        eta=sd * z * u[CODES],
        Z=Z,
        evaluate=lambda eta: ((y - eta) ** 2, y - eta),
    )


@pytest.mark.parametrize("points", [1, 2, 9])
def test_a_normal_response_is_integrated_exactly(points: int) -> None:
    rng = np.random.default_rng(6)
    y, z, sd = rng.normal(size=N), rng.normal(size=N), 0.8
    V = sd**2 * (CODES[:, None] == CODES) * np.outer(z, z) + np.eye(N)
    information = np.bincount(CODES, z**2, minlength=G)
    mode = sd * np.bincount(CODES, z * y, minlength=G) / (1.0 + sd**2 * information)
    found = gaussian(points, sd, mode, y, z)
    expected = np.linalg.slogdet(V)[1] + y @ np.linalg.solve(V, y)
    assert found.criterion == pytest.approx(expected, rel=1e-12)


def test_a_node_on_the_mode_alone_has_laplaces_share_of_the_determinant() -> None:
    rng = np.random.default_rng(6)
    y, z = rng.normal(size=N), rng.normal(size=N)
    found = gaussian(1, 0.8, rng.normal(size=G), y, z)
    np.testing.assert_array_equal(found.logdet_share, np.ones(G))


def case(nagq: int, name: str = "binomial") -> Glmm:
    return glmm_of(glmm_table(name, "logit"), "y ~ x + (1 | g)", family=name, link="logit", nagq=nagq)


def test_points_lead_from_laplace_to_the_integral() -> None:
    model = case(1)
    exact = -2.0 * brute_force_loglik(model.dense, model.theta, model.beta)
    errors = []
    for points in (1, 3, 9, 27):
        problem = case(points).problem
        value = problem.criterion(*place_at(problem, model.raw, model.beta))
        errors.append(abs(value + problem.saturated(problem.family) - exact))
    assert errors == sorted(errors, reverse=True)
    assert errors[-1] < 1e-9


def test_without_variance_all_numbers_of_points_agree() -> None:
    none = (np.zeros((1, 1)),)
    values = []
    for points in (1, 2, 15):
        problem = GeneralizedModel.of(case(points).design)
        at = problem.evaluate(*place_at(problem, none, np.array([0.1, 0.2])))
        values.append(at.criterion + problem.saturated(at.family))
    assert values == pytest.approx([values[0]] * 3, rel=1e-14)
