"""Ways off S = 0 where rho means nothing: the steepest one, over all correlations."""

from __future__ import annotations

import numpy as np
import pytest

from mmtriage.arrays import Array
from mmtriage.engine.structures.autoregressive import Autoregressive
from mmtriage.engine.structures.compound_symmetry import CompoundSymmetry
from mmtriage.engine.structures.leaving import way_of_all_sds, way_of_one_sd
from mmtriage.engine.structures.scaled import Correlation


def matrix(correlation: Correlation, rho: float) -> Array:
    B, _, _ = correlation.root(correlation.angle(rho))
    return B @ B.T


def symmetric(seed: int, k: int, shift: float) -> Array:
    M = np.random.default_rng(seed).normal(size=(k, k))
    return np.asarray(M + M.T + shift * np.eye(k))


@pytest.mark.parametrize("correlation", [CompoundSymmetry(4), Autoregressive(4)], ids=repr)
@pytest.mark.parametrize("seed", range(5))
def test_of_one_sd_no_correlation_falls_more(correlation: Correlation, seed: int) -> None:
    G = symmetric(seed, 4, 0.0)
    way = way_of_one_sd(G, correlation)
    bounds = correlation.bounds
    assert bounds is not None
    slopes = [float(np.vdot(G, matrix(correlation, rho))) for rho in np.linspace(*bounds, 2001)]
    assert way.slope <= min(slopes) + 1e-12
    assert way.slope == pytest.approx(float(np.vdot(G, matrix(correlation, way.rho))))
    assert way.is_decided


@pytest.mark.parametrize("shift", [-1.0, 1.0, 4.0, 8.0])
@pytest.mark.parametrize("seed", range(3))
def test_of_all_sds_no_random_way_falls_more(seed: int, shift: float) -> None:
    G, correlation = symmetric(seed, 3, shift), CompoundSymmetry(3)
    way = way_of_all_sds(G, correlation)
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(2000):
        d = rng.dirichlet(np.full(3, 0.4))
        rho = rng.uniform(-0.5, 1.0)
        found.append(float(d @ (G * matrix(correlation, rho)) @ d))
    assert way.is_decided
    assert (way.slope < 0.0) == (min(found) < 0.0) or way.slope <= min(found)
    if way.slope < 0.0:
        assert way.slope <= min(found) + 1e-9


def test_an_autoregression_is_decided_where_the_gradient_is_positive_definite() -> None:
    assert way_of_all_sds(symmetric(1, 4, 12.0), Autoregressive(4)).is_decided
    indefinite = np.array([[1.0, 0.6, 0.6], [0.6, 1.0, -0.6], [0.6, -0.6, 1.0]])  # no rho has these signs
    way = way_of_all_sds(indefinite, Autoregressive(3))
    assert (way.slope > 0.0, way.is_decided) == (True, False)


def test_one_column_of_negative_slope_is_a_way_down() -> None:
    G = np.diag([2.0, -1.0, 3.0])
    way = way_of_all_sds(G, CompoundSymmetry(3))
    assert way.slope == pytest.approx(-1.0)
    assert way.direction == pytest.approx([0.0, 1.0, 0.0])
