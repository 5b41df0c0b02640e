"""What each distribution computes: variance, deviance, and the part A(mu) of lme4's criterion.

A is what lme4 calls `aic`: -2 log-likelihood at mu with these definitions (1.1-31, compiled code), where
phi = deviance / W and W = sum w:

    binomial            -2 sum (w/m) log dbinom(round(m y), round(m), mu), m = w, or trials if any exceeds 1
    poisson             -2 sum w log dpois(y, mu), infinite if a y is not a whole number
    Gamma               -2 sum w log dgamma(y, shape 1/phi, scale mu phi) + 2
    inverse.gaussian    W (log(2 pi phi) + 1) + 3 sum w log y + 2
    gaussian            n (log(2 pi deviance/n) + 1) + 2 - sum log w
    negative.binomial   2 sum [w (y + theta) log(mu + theta) - y log mu + ...]: in lme4, and so here, the
                        weights multiply only this first product

Every distribution has its unit deviance d, with d' = -2 (y - mu) / V(mu). Beside it stands a saturated
likelihood, -2 log f at mu = y, where the scale is fixed, or the profile of A over the scale phi where it is
estimated. What is known of a distribution without arithmetic is in `model/distributions.py`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from mmtriage.arrays import Array
from mmtriage.model.distributions import NEGATIVE_BINOMIAL
from mmtriage.model.likelihoods import (
    binomial_saturated,
    excess,
    gamma_saturated,
    gamma_saturated_slope,
    negative_binomial_saturated,
    poisson_saturated,
)
from mmtriage.model.links import EPSILON
from mmtriage.model.simulation import (
    Drawn,
    clumped_counts,
    counts,
    gamma_amounts,
    inverse_gaussian_amounts,
    normal,
    shares_of_successes,
)

_WHOLE = 1e-7  # R's dpois: |x - round(x)| beyond this share of max(1, |x|) is not a whole number

_OfMu: TypeAlias = Callable[[Array, float], Array]  # (mu, theta)
_OfBoth: TypeAlias = Callable[[Array, Array, float], Array]  # (y, mu, theta)
_Profile: TypeAlias = Callable[[float, Array, Array], tuple[float, float]]  # (deviance, y, weights)
_Weighted: TypeAlias = Callable[[Array, Array, Array, float], Array]  # (y, mu, weights, theta)


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """What lme4's density is given where it wants whole numbers; all (n,)."""

    y: Array
    weights: Array
    trials: Array


def _as_given(y: Array, weights: Array, trials: Array) -> Counted:
    return Counted(y=y, weights=weights, trials=trials)


@dataclass(frozen=True, slots=True, kw_only=True)
class Density:
    """The functions of one distribution; arrays are (n,), theta is NaN where there is none."""

    variance: _OfMu
    variance_slope: _OfMu
    deviance: _OfBoth  # of a weight of one
    deviance_slope: _OfBoth  # d/dmu
    start: Callable[[Array, Array], Array]  # (y, weights) -> mu
    draw: Drawn
    # Where the scale is estimated: A and dA/d deviance.
    profile: _Profile | None = None
    # Where the scale is fixed: (y, counted, weights, theta) -> -2 log f at mu = y.
    saturated: Callable[[Array, Counted, Array, float], float] = lambda *_: math.nan
    counted: Callable[[Array, Array, Array], Counted] = _as_given  # (y, weights, trials)
    # What lme4's use of the weights adds to A beyond the weighted deviance, and its d/dmu.
    surplus: _Weighted | None = None
    surplus_slope: _Weighted | None = None
    # Where the mean alone says how much a response scatters: (mu, trials) -> its fourth standardized moment
    # less the normal one, 3.
    excess_kurtosis: Callable[[Array, Array], Array] = lambda mu, _: np.full_like(mu, np.nan)
    chance_of_zero: _OfMu = lambda mu, _: np.full_like(mu, np.nan)  # of a count


def _binomial_variance(mu: Array, _: float) -> Array:
    return np.maximum(mu * (1 - mu), EPSILON)


def _binomial_variance_slope(mu: Array, _: float) -> Array:
    return np.where(mu * (1 - mu) > EPSILON, 1 - 2 * mu, 0.0)


def _binomial_deviance(y: Array, mu: Array, _: float) -> Array:
    if np.all((y == 0) | (y == 1)):
        return -2 * np.where(y == 1, np.log(mu), np.log1p(-mu))  # the same, in a third of the time
    return 2 * (excess(y, mu) + excess(1 - y, 1 - mu))


def _binomial_slope(y: Array, mu: Array, _: float) -> Array:
    inside = -2 * (y - mu) / (mu * (1 - mu))
    return np.where(y == 0, 2 / (1 - mu), np.where(y == 1, -2 / mu, inside))


def _binomial_excess_kurtosis(mu: Array, trials: Array) -> Array:
    spread = mu * (1.0 - mu)
    return (1.0 - 6.0 * spread) / (np.maximum(trials, 1.0) * spread)


def _whole_successes(y: Array, weights: Array, trials: Array) -> Counted:
    """Shares of whole numbers of trials."""
    m = np.rint(trials)
    seen = np.where(m > 0, np.rint(trials * y) / np.where(m > 0, m, 1.0), 0.0)
    return Counted(y=seen, weights=weights * (m > 0), trials=m)


def _binomial_saturated(_: Array, counted: Counted, weights: Array, __: float) -> float:
    m = counted.trials
    terms = np.where(m > 0, weights / np.where(m > 0, m, 1.0), 0.0)
    return float(np.sum(terms * binomial_saturated(np.rint(m * counted.y), m)))


def _poisson_slope(y: Array, mu: Array, _: float) -> Array:
    return np.where(y == 0, 2.0, -2 * (y - mu) / mu)


def _poisson_saturated(y: Array, counted: Counted, weights: Array, _: float) -> float:
    is_whole = np.abs(y - counted.y) <= _WHOLE * np.maximum(1.0, np.abs(y))
    return float(np.sum(weights * poisson_saturated(counted.y))) if np.all(is_whole) else math.inf


def _gamma_deviance(y: Array, mu: Array, _: float) -> Array:
    return 2 * excess(mu, y) / mu


def _gamma_profile(deviance: float, y: Array, weights: Array) -> tuple[float, float]:
    """With phi = deviance / W: A = W + 2 sum w log y + W saturated(1/phi) + 2."""
    total = float(np.sum(weights))
    shape = float(np.float64(total) / deviance)
    value = total + 2 * float(np.sum(weights * np.log(y))) + total * gamma_saturated(shape) + 2
    return value, -(shape**2) * gamma_saturated_slope(shape)


def _inverse_gaussian_deviance(y: Array, mu: Array, _: float) -> Array:
    return np.square(y - mu) / (y * np.square(mu))


def _inverse_gaussian_profile(deviance: float, y: Array, weights: Array) -> tuple[float, float]:
    total = float(np.sum(weights))
    value = total * (float(np.log(2 * np.pi * deviance / total)) + 1) + 3 * float(np.sum(weights * np.log(y)))
    return value + 2, float(np.float64(total) / deviance)


def _gaussian_profile(deviance: float, y: Array, weights: Array) -> tuple[float, float]:
    n = y.size
    value = n * (float(np.log(2 * np.pi * deviance / n)) + 1) + 2 - float(np.sum(np.log(weights)))
    return value, float(np.float64(n) / deviance)


def _negative_binomial_deviance(y: Array, mu: Array, theta: float) -> Array:
    near = 2 * (excess(y, mu) - excess(y + theta, mu + theta))
    # Far above y + theta the two excesses are mu to all digits, and their difference nothing.
    log_ratio = np.log(y / mu, where=(y > 0) & np.isfinite(mu), out=np.zeros_like(mu))
    far = 2 * (y * log_ratio - (y + theta) * np.log((y + theta) / (mu + theta)))
    return np.where(mu > y + theta, far, near)


def _negative_binomial_slope(y: Array, mu: Array, theta: float) -> Array:
    return np.where(y == 0, 2.0, -2 * (y - mu) / mu) / (1 + mu / theta)


def _unweighted(y: Array, _: Array, trials: Array) -> Counted:
    return Counted(y=y, weights=np.ones_like(y), trials=trials)


def _negative_binomial_saturated(y: Array, _: Counted, weights: Array, theta: float) -> float:
    extra = 2 * (weights - 1) * (y + theta) * np.log(y + theta)
    return float(np.sum(negative_binomial_saturated(y, theta) + extra))


def _negative_binomial_surplus(y: Array, mu: Array, weights: Array, theta: float) -> Array:
    extra: Array = (weights - 1) * ((y + theta) * (np.log(mu + theta) - np.log(y + theta)))
    return extra


def _negative_binomial_surplus_slope(y: Array, mu: Array, weights: Array, theta: float) -> Array:
    return 2 * (weights - 1) * (y + theta) / (mu + theta)


DENSITIES: dict[str, Density] = {
    "gaussian": Density(
        variance=lambda mu, _: np.ones_like(mu),
        variance_slope=lambda mu, _: np.zeros_like(mu),
        deviance=lambda y, mu, _: np.square(y - mu),
        deviance_slope=lambda y, mu, _: -2 * (y - mu),
        start=lambda y, _: y,
        draw=normal,
        profile=_gaussian_profile,
    ),
    "binomial": Density(
        variance=_binomial_variance,
        variance_slope=_binomial_variance_slope,
        deviance=_binomial_deviance,
        deviance_slope=_binomial_slope,
        start=lambda y, weights: (weights * y + 0.5) / (weights + 1),
        draw=shares_of_successes,
        counted=_whole_successes,
        saturated=_binomial_saturated,
        excess_kurtosis=_binomial_excess_kurtosis,
    ),
    "poisson": Density(
        variance=lambda mu, _: mu,
        variance_slope=lambda mu, _: np.ones_like(mu),
        deviance=lambda y, mu, _: 2 * excess(y, mu),
        deviance_slope=_poisson_slope,
        start=lambda y, _: y + 0.1,
        draw=counts,
        counted=lambda y, weights, trials: Counted(y=np.rint(y), weights=weights, trials=trials),
        saturated=_poisson_saturated,
        excess_kurtosis=lambda mu, _: 1.0 / mu,
        chance_of_zero=lambda mu, _: np.exp(-mu),
    ),
    "Gamma": Density(
        variance=lambda mu, _: np.square(mu),
        variance_slope=lambda mu, _: 2 * mu,
        deviance=_gamma_deviance,
        deviance_slope=lambda y, mu, _: -2 * (y - mu) / np.square(mu),
        start=lambda y, _: y,
        draw=gamma_amounts,
        profile=_gamma_profile,
    ),
    "inverse.gaussian": Density(
        variance=lambda mu, _: mu**3,
        variance_slope=lambda mu, _: 3 * np.square(mu),
        deviance=_inverse_gaussian_deviance,
        deviance_slope=lambda y, mu, _: -2 * (y - mu) / mu**3,
        start=lambda y, _: y,
        draw=inverse_gaussian_amounts,
        profile=_inverse_gaussian_profile,
    ),
    NEGATIVE_BINOMIAL: Density(
        variance=lambda mu, theta: mu + np.square(mu) / theta,
        variance_slope=lambda mu, theta: 1 + 2 * mu / theta,
        deviance=_negative_binomial_deviance,
        deviance_slope=_negative_binomial_slope,
        start=lambda y, _: y + (y == 0) / 6,
        draw=clumped_counts,
        counted=_unweighted,
        saturated=_negative_binomial_saturated,
        surplus=_negative_binomial_surplus,
        surplus_slope=_negative_binomial_surplus_slope,
        chance_of_zero=lambda mu, theta: np.exp(-theta * np.log1p(mu / theta)),
    ),
}
