"""Responses drawn from a family at given means."""

from __future__ import annotations

import numpy as np

from mmtriage.arrays import Array
from mmtriage.model.families import Family

LEAST = float(np.finfo(float).tiny)  # a positive response is not drawn as zero


def draw(
    family: Family,
    mu: Array,
    generator: np.random.Generator,
    sigma: float = 1.0,
    weights: Array | None = None,
    trials: Array | None = None,
) -> Array:
    """A response (n,) with means mu (n,).

    Args:
        sigma: root of the scale phi, of the families that have one.
        weights: prior weights, times the trials: a variance of phi V(mu) / w; of a binomial the trials; of
            counts they stand for no distribution, and are left out.
        trials: of `cbind()`.
    """
    match family.name:
        case "gaussian":
            noise = generator.normal(size=len(mu)) * sigma
            return mu + (noise if weights is None else noise / np.sqrt(weights))
        case "binomial":
            size = trials if trials is not None else np.ones(len(mu)) if weights is None else weights
            whole = np.maximum(1, np.rint(size)).astype(np.int64)
            return generator.binomial(whole, np.clip(mu, 0.0, 1.0)) / whole
        case "poisson":
            return generator.poisson(mu).astype(np.float64)
        case "Gamma":
            shape = _precision(len(mu), sigma, weights)
            return np.maximum(generator.gamma(shape, mu / shape), LEAST)
        case "inverse.gaussian":
            return np.maximum(generator.wald(mu, _precision(len(mu), sigma, weights)), LEAST)
        case _:
            assert family.theta is not None  # the negative binomial
            clumped = mu * generator.gamma(family.theta, size=len(mu)) / family.theta
            return generator.poisson(clumped).astype(np.float64)


def _precision(n: int, sigma: float, weights: Array | None) -> Array:
    """w / phi, (n,)."""
    return (np.ones(n) if weights is None else weights) / sigma**2
