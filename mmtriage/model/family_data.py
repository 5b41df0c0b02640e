"""A response in its family: what the family computes of these data, at one mean after another.

What does not depend on the mean is found once: the saturated part of the likelihood, which rows are 0 or 1,
which counts are zero, whether weights are all one. What is left is computed in the order of operations of
`families.py`, so that it is the same to the last bit, and without guards against NumPy's warnings: the loop
that asks has one (`numpy.errstate`) around it all.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cached_property

import numpy as np

from mmtriage.arrays import Array
from mmtriage.model.densities import DENSITIES
from mmtriage.model.families import Family
from mmtriage.model.likelihoods import excess

_Residuals = Callable[[Array], Array]  # mu -> the deviance of a weight of one


class FamilyData:
    """The data of a model with the family they are of; y, weights and trials are (n,), as are all results."""

    def __init__(self, family: Family, y: Array, weights: Array, trials: Array | None) -> None:
        self.family = family
        self.y = y
        self.weights = weights
        self.trials = trials
        bare, density = family.link.bare, DENSITIES[family.name]
        self.mean = bare.inverse
        self._slope, self.bend = bare.slope, bare.curvature
        self._slope_is_mean = family.link.name == "log"  # exp is its own derivative, within the same bounds
        self._theta = math.nan if family.theta is None else family.theta
        self._variance, self._variance_slope = density.variance, density.variance_slope
        self._profile = density.profile
        self._has_weights = bool(np.any(weights != 1.0))
        self._residuals = _SPECIAL.get(family.name, _any)(self)

    def slope(self, eta: Array, mu: Array) -> Array:
        """Give d mu / d eta, where mu is the mean of eta."""
        return mu if self._slope_is_mean else self._slope(eta)

    def variance(self, mu: Array) -> Array:
        """V(mu)."""
        return self._variance(mu, self._theta)

    def variance_slope(self, mu: Array) -> Array:
        """dV / d mu."""
        return self._variance_slope(mu, self._theta)

    def deviance(self, mu: Array) -> Array:
        """Each row's part of the deviance: `Family.deviance`."""
        residuals = self._residuals(mu)
        return self.weights * residuals if self._has_weights else residuals

    def criterion(self, mu: Array, deviance: Array) -> float:
        """Give `Family.criterion`, where `deviance` are the residuals of mu."""
        total = float(deviance.sum())
        if self._profile is not None:
            return self._profile(total, self.y, self.weights)[0]
        if self._deviance_is_in_it and math.isfinite(total) and self._has_mean(mu):
            return self._saturated + total
        return self.family.criterion(self.y, mu, self.weights, self.trials)

    def _has_mean(self, mu: Array) -> bool:
        """Tell whether every mean is in range, none being NaN: `Family.has_mean`."""
        lowest, highest = self._mean_range
        return bool(mu.min() >= lowest and mu.max() <= highest)

    @cached_property
    def _mean_range(self) -> tuple[float, float]:
        return self.family.distribution.mean_range

    @cached_property
    def _deviance_is_in_it(self) -> bool:
        """Whether A is the deviance and a constant: not for rounded counts, or weights used otherwise."""
        if self._has_weights and DENSITIES[self.family.name].surplus is not None:
            return False
        counted = self.family.counted(self.y, self.weights, self.trials)
        return np.array_equal(counted.y, self.y) and np.array_equal(counted.weights, self.weights)

    @cached_property
    def _saturated(self) -> float:
        return self.family.saturated(self.y, self.weights, self.trials)


def _any(of: FamilyData) -> _Residuals:
    """The deviance of any distribution."""
    density, y, theta = DENSITIES[of.family.name].deviance, of.y, of._theta
    return lambda mu: density(y, mu, theta)


def _binomial(of: FamilyData) -> _Residuals:
    """Of 0 and 1 one logarithm a row is enough."""
    y = of.y
    ones, zeros = np.flatnonzero(y == 1), np.flatnonzero(y == 0)
    if len(ones) + len(zeros) < len(y):
        return _any(of)

    def residuals(mu: Array) -> Array:
        result = np.empty_like(mu)
        result[ones] = np.log(mu.take(ones))
        result[zeros] = np.log1p(-mu.take(zeros))
        result *= -2
        return result

    return residuals


def _poisson(of: FamilyData) -> _Residuals:
    """Of a count of zero no logarithm."""
    positive = np.flatnonzero(of.y != 0)
    seen = of.y[positive]

    def residuals(mu: Array) -> Array:
        result = mu.copy()
        result[positive] = excess(seen, mu.take(positive))
        result *= 2
        return result

    return residuals


_SPECIAL: dict[str, Callable[[FamilyData], _Residuals]] = {"binomial": _binomial, "poisson": _poisson}
