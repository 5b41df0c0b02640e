"""Responses drawn at given means mu (n,), one function for each family.

`sigma` is the root of the scale phi, of the families that have one. Prior weights w, times the trials, make
the variance phi V(mu) / w; of a binomial they are the trials; with counts they stand for no distribution, and
are left out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from mmtriage.arrays import Array

LEAST = float(np.finfo(float).tiny)  # a positive response is not drawn as zero


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """What a draw depends on beside the mean; arrays are (n,)."""

    generator: np.random.Generator
    sigma: float = 1.0
    weights: Array | None = None
    trials: Array | None = None  # of `cbind()`
    theta: float = 1.0  # of the negative binomial


class Drawn(Protocol):
    """A response (n,) with means mu (n,)."""

    def __call__(self, mu: Array, at: Circumstances, /) -> Array: ...


def normal(mu: Array, at: Circumstances) -> Array:
    """Draw from the gaussian family."""
    noise = at.generator.normal(size=len(mu)) * at.sigma
    return mu + (noise if at.weights is None else noise / np.sqrt(at.weights))


def shares_of_successes(mu: Array, at: Circumstances) -> Array:
    """Draw shares of successes from the binomial family."""
    weights = np.ones(len(mu)) if at.weights is None else at.weights
    whole = np.maximum(1, np.rint(weights if at.trials is None else at.trials)).astype(np.int64)
    return at.generator.binomial(whole, np.clip(mu, 0.0, 1.0)) / whole


def counts(mu: Array, at: Circumstances) -> Array:
    """Draw from the Poisson family."""
    return at.generator.poisson(mu).astype(np.float64)


def gamma_amounts(mu: Array, at: Circumstances) -> Array:
    """Draw from the Gamma family."""
    shape = _precision(len(mu), at)
    return np.maximum(at.generator.gamma(shape, mu / shape), LEAST)


def inverse_gaussian_amounts(mu: Array, at: Circumstances) -> Array:
    """Draw from the inverse Gaussian family."""
    return np.maximum(at.generator.wald(mu, _precision(len(mu), at)), LEAST)


def clumped_counts(mu: Array, at: Circumstances) -> Array:
    """Draw from the negative binomial family: Poisson counts whose means scatter as gammas of shape theta."""
    clumped = mu * at.generator.gamma(at.theta, size=len(mu)) / at.theta
    return at.generator.poisson(clumped).astype(np.float64)


def _precision(n: int, at: Circumstances) -> Array:
    """w / phi, (n,)."""
    return (np.ones(n) if at.weights is None else at.weights) / at.sigma**2
