"""What is asked of a term's factor, against its defining equations."""

from __future__ import annotations

import numpy as np
import pytest

from mmtriage.engine.structures.covariance_factor import CovarianceFactor, covariance_gradient
from tests.engine.structures.factors import RANKS, random_factor


@pytest.mark.parametrize(("k", "rank", "support"), RANKS)
def test_the_null_space_is_what_the_covariance_could_fill_and_does_not(
    k: int, rank: int, support: int
) -> None:
    F = random_factor(np.random.default_rng(k), k, rank, support)
    N = CovarianceFactor(F, support).null_space(rank)
    assert N.shape == (k, support - rank)
    np.testing.assert_allclose(N.T @ N, np.eye(support - rank), atol=1e-12)
    np.testing.assert_allclose(N.T @ F, 0.0, atol=1e-12)
    assert np.all(N[support:] == 0.0)


def test_singular_values_are_standard_deviations_along_principal_directions() -> None:
    rng = np.random.default_rng(8)
    Q, _ = np.linalg.qr(rng.normal(size=(3, 3)))
    values = CovarianceFactor((Q * [2.0, 0.5, 0.1]) @ Q.T, 3).singular_values
    assert values == pytest.approx([2.0, 0.5, 0.1])


@pytest.mark.parametrize(("k", "rank", "support"), RANKS)
def test_opened_it_varies_along_every_direction_that_the_columns_have(
    k: int, rank: int, support: int
) -> None:
    at = CovarianceFactor(random_factor(np.random.default_rng(k), k, rank, support), support)
    G = at.opened(0.3)
    assert np.linalg.svd(G, compute_uv=False)[support - 1] >= 0.3 - 1e-12
    assert not G[support:].any()
    assert not G[:, support:].any()


@pytest.mark.parametrize(("k", "rank", "support"), [r for r in RANKS if r[1] < r[2]])
def test_a_column_adds_its_square(k: int, rank: int, support: int) -> None:
    rng = np.random.default_rng(k)
    F, column = random_factor(rng, k, rank, support), rng.normal(size=k)
    G = CovarianceFactor(F, support).with_column(column, rank)
    np.testing.assert_allclose(G @ G.T, F @ F.T + np.outer(column, column), atol=1e-12)


def test_the_slope_in_the_covariance_is_divided_out_of_the_slope_in_the_factor() -> None:
    rng = np.random.default_rng(4)
    F, A = rng.normal(size=(3, 3)), rng.normal(size=(3, 3))
    G = A + A.T
    np.testing.assert_allclose(CovarianceFactor(F, 3).covariance_slope(2.0 * G @ F), G, atol=1e-12)


def test_the_slope_in_the_covariance_is_known_where_the_factor_vanishes() -> None:
    """Of the criterion tr(G S) the slope is G, also at S = 0, where the slope in F is 0."""
    G = np.array([[2.0, -1.0], [-1.0, 3.0]])
    (found,) = covariance_gradient([np.zeros((2, 2))], lambda probes: [2.0 * G @ probes[0]])
    np.testing.assert_allclose(found, G, rtol=1e-12)
