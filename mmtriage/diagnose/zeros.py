"""Zero-inflation (MM502): more zeros than the fitted model makes.

The model is simulated from: new random effects, their means, and from each mean whether the count is zero,

    P(y = 0) = exp(-mu)                        Poisson
    P(y = 0) = (theta / (theta + mu))^theta    negative binomial

Of the other counts nothing is needed. The observed number of zeros is judged by its place among the
simulated ones; in 1,050 healthy Poisson fits it never lay outside.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mmtriage.arrays import Array, Index
from mmtriage.diagnose.finding import Finding, Said, finding, not_assessed
from mmtriage.diagnose.fitted import Fitted
from mmtriage.engine.estimates import Fit
from mmtriage.model.design import Design
from mmtriage.model.families import family_of
from mmtriage.model.linear_predictor import linear_predictor

SIMULATIONS = 400  # the smallest p is 1/401: all of them have fewer zeros than were observed
BY_CHANCE = 0.005  # of a healthy model; with new random effects fewer
MATERIAL = 1.1  # observed zeros per expected one


def zero_inflated(fitted: Fitted) -> Sequence[Said]:
    """MM502 of a model of counts."""
    reason = why_not_assessed(fitted.design)
    if reason is not None:
        return [not_assessed("MM502", reason)]
    observed = int(np.sum(fitted.design.y == 0))
    found = zero_inflation(observed, simulated_zeros(fitted.design, fitted.fit, seed=fitted.seed))
    return [] if found is None else [found]


def why_not_assessed(design: Design) -> str | None:
    """Why a model of counts cannot be simulated from; None where it can."""
    if design.weights is not None and np.any(design.weights != 1):
        return "nothing can be simulated from prior weights"
    return None


def simulated_zeros(design: Design, fit: Fit, *, seed: int, simulations: int = SIMULATIONS) -> Index:
    """Numbers of zeros (simulations,) in data simulated from a fit, its random effects drawn anew."""
    family = family_of(design.spec)
    if fit.nb_theta is not None:
        family = family.with_theta(fit.nb_theta)
    generator = np.random.default_rng(seed)
    mean = linear_predictor(design, fit.beta)
    roots = [_root(S) for S in fit.covariances]
    zeros = np.empty(simulations, dtype=np.int64)
    for i in range(simulations):
        eta = mean.copy()
        for term, root in zip(design.random, roots, strict=True):
            b = generator.normal(size=(len(term.levels), len(root))) @ root.T
            eta += np.sum(term.Z * b[term.codes], axis=1)
        mu = family.link.inverse(eta)
        zeros[i] = np.sum(generator.random(len(mu)) < family.chance_of_zero(mu))
    return zeros


def zero_inflation(observed: int, simulated: Index) -> Finding | None:
    """MM502 from the observed number of zeros and simulated ones."""
    expected = float(np.mean(simulated))
    p_value = (1 + int(np.sum(simulated >= observed))) / (1 + len(simulated))
    if p_value > BY_CHANCE or observed < MATERIAL * expected:
        return None
    low, high = np.quantile(simulated, (0.025, 0.975))
    message = (
        f"{observed:,} counts are zero where the fitted model makes {expected:.4g} (95 % between {low:.4g} "
        f"and {high:.4g} in {len(simulated)} simulations)"
    )
    return finding(
        "MM502",
        message,
        observed=observed,
        expected=expected,
        p_value=p_value,
        simulations=len(simulated),
        threshold=MATERIAL,
        p_threshold=BY_CHANCE,
    )


def _root(covariance: Array) -> Array:
    """R (k, k) with R R' = S, for any S of full rank or not."""
    values, vectors = np.linalg.eigh(covariance)
    root: Array = vectors * np.sqrt(np.maximum(values, 0.0))
    return root
