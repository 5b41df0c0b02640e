"""Log-likelihoods without cancellation: each is its value at mu = y, minus half a deviance.

    -2 log f(y; mu) = saturated(y) + deviance(y, mu)

In this form nothing large is subtracted from anything large, however big the counts are, because

    y log(y/mu) - (y - mu)                           is `excess`: small where mu is near y, exact at y = 0,
    lgamma(x) - (x - 1/2) log x + x - log(2 pi)/2    is `stirling_error`: 1/(12 x) for large x,
    digamma(x) - log x                               is `digamma_error`: -1/(2 x) for large x.

(C. Loader 2000, "Fast and accurate computation of binomial probabilities", is what R's densities follow.)
"""

from __future__ import annotations

import numpy as np
from scipy.special import digamma, gammaln

from mmtriage.arrays import Array

_SERIES_FROM = 10.0  # from here the next term of either series is below rounding
_NEAR = 0.5  # |y / mu - 1| below which log1p keeps digits that log loses
_STIRLING = (1 / 12, -1 / 360, 1 / 1260, -1 / 1680, 1 / 1188, -691 / 360360, 1 / 156)  # x^-1, x^-3, ...
_DIGAMMA = (-1 / 12, 1 / 120, -1 / 252, 1 / 240, -1 / 132, 691 / 32760, -1 / 12)  # x^-2, x^-4, ...
_LOG_2PI = float(np.log(2 * np.pi))


def excess(y: Array, mu: Array) -> Array:
    """y log(y / mu) - (y - mu), (n,), with 0 log 0 = 0; infinite where mu is, NaN where mu < 0 and y != 0."""
    difference = y - mu
    relative = difference / mu
    log_ratio = np.where(np.abs(relative) < _NEAR, np.log1p(relative), np.log(y / mu))
    return np.where((y == 0) | (mu == np.inf), mu, y * log_ratio - difference)


def stirling_error(x: Array) -> Array:
    """What Stirling's formula leaves out of lgamma(x), (n,), for x > 0."""
    result = np.empty_like(x)
    small, large = x[x < _SERIES_FROM], x[x >= _SERIES_FROM]
    result[x < _SERIES_FROM] = gammaln(small) - (small - 0.5) * np.log(small) + small - 0.5 * _LOG_2PI
    result[x >= _SERIES_FROM] = _even_series(_STIRLING, large) / large
    return result


def digamma_error(x: Array) -> Array:
    """digamma(x) - log x, (n,), for x > 0."""
    result = np.empty_like(x)
    small, large = x[x < _SERIES_FROM], x[x >= _SERIES_FROM]
    result[x < _SERIES_FROM] = digamma(small) - np.log(small)
    result[x >= _SERIES_FROM] = -0.5 / large + _even_series(_DIGAMMA, large) / np.square(large)
    return result


def binomial_saturated(successes: Array, trials: Array) -> Array:
    """-2 log dbinom(k; m, k/m), (n,), for whole numbers 0 <= k <= m."""
    result = np.zeros_like(trials)
    inside = (successes > 0) & (successes < trials)  # none in 0/1 data
    k, m = successes[inside], trials[inside]
    correction = stirling_error(m) - stirling_error(k) - stirling_error(m - k)
    result[inside] = _LOG_2PI + np.log(k) + np.log((m - k) / m) - 2 * correction
    return result


def poisson_saturated(y: Array) -> Array:
    """-2 log dpois(y; y), (n,), for y >= 0."""
    result = np.zeros_like(y)
    positive = y[y > 0]
    result[y > 0] = _LOG_2PI + np.log(positive) + 2 * stirling_error(positive)
    return result


def negative_binomial_saturated(y: Array, theta: float) -> Array:
    """-2 log f(y; y, theta), (n,), for y >= 0; it tends to `poisson_saturated` as theta grows."""
    size = np.full_like(y, theta)
    change = np.log1p(y / size) + 2 * (stirling_error(size) - stirling_error(size + y))
    return np.where(y > 0, poisson_saturated(y) + change, 0.0)


def gamma_saturated(shape: float) -> float:
    """-2 (log f + log y) of a gamma density at mu = y, with this shape."""
    error = float(stirling_error(np.array([shape]))[0])
    return _LOG_2PI - float(np.log(shape)) + 2 * error


def gamma_saturated_slope(shape: float) -> float:
    """d gamma_saturated / d shape."""
    return 2 * float(digamma_error(np.array([shape]))[0])


def _even_series(coefficients: tuple[float, ...], x: Array) -> Array:
    """c0 + c1 x^-2 + c2 x^-4 + ..."""
    inverse_square = 1 / np.square(x)
    total = np.zeros_like(x)
    for coefficient in reversed(coefficients):
        total = total * inverse_square + coefficient
    return total
