"""The likelihood of a generalized model at one place by sampling, where quadrature has too many dimensions.

L = E[p(y | u)] over u ~ N(0, I). Two ways, the second where the first cannot be trusted:

* importance sampling from the Gaussian that Laplace takes for the whole: the ratios of the joint density to
  N(mode, M^-1) correct the Laplace criterion. Where few of the draws carry the sum, the rest of the mass is
  where none was drawn, and the spread of the ratios says nothing of the error;
* sequential Monte Carlo from the prior (Del Moral, Doucet & Jasra 2006, JRSS B 68): p(y | u)^t with t from 0
  to 1 in steps that leave half of the particles effective; between steps each moves by elliptical slices
  (Murray, Adams & MacKay 2010, AISTATS 9), which need no tuning. Independent replicates give the error.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from mmtriage.arrays import Array, slices
from mmtriage.deadline import Deadline
from mmtriage.engine.generalized.evaluation import GeneralizedEvaluation
from mmtriage.engine.generalized.model import GeneralizedModel
from mmtriage.engine.optimum.faces import Place

SAMPLES = 1000
ENOUGH = 0.1  # of them that have to be effective
MOST_CELLS = 2_000_000  # of rows and draws that are held at once
MOST_MOVED = 200  # of which particles are moved: it takes 0.05 s a row
REPLICATES, PARTICLES = 8, 250
EFFECTIVE = 0.5  # of the particles after a step
MOVES = 5  # of each particle between steps
MOST_STEPS = 60  # in t
BISECTIONS = 40

LogLikelihood = Callable[[Array], Array]  # log p(y | u), (N,), less a constant, of columns u (q, N)


def sampled_criterion(model: GeneralizedModel, place: Place, seed: int) -> tuple[float, float]:
    """-2 log-likelihood at a place, in the criterion's constants, and its standard error in deviance units.

    The error is infinite where no sampler arrives, or would take too long. Raises TimeBudgetError.
    """
    at = model.evaluate(*place)
    numbers = np.random.default_rng(seed)
    value, error = _by_importance(at, numbers)
    if np.isfinite(error) or model.n > MOST_MOVED:
        return value, error
    log_mean, error = _by_tempering(_log_likelihood(at), len(at.modes.u), numbers, model.deadline)
    return at.criterion - at.factor.logdet - at.modes.penalized - 2.0 * log_mean, error


def _by_importance(at: GeneralizedEvaluation, numbers: np.random.Generator) -> tuple[float, float]:
    """The criterion corrected, and its standard error: infinite where too few of the draws count."""
    z = numbers.normal(size=(len(at.modes.u), SAMPLES))
    u = at.modes.u[:, None] + at.factor.backward(z)
    joint = _log_likelihood(at)(u) - 0.5 * np.sum(u * u, axis=0)
    log_mean, share = _log_mean(joint + 0.5 * (np.sum(z * z, axis=0) + at.modes.penalized))
    error = 2.0 * np.sqrt((1.0 / share - 1.0) / SAMPLES) if share > ENOUGH else np.inf
    return at.criterion - 2.0 * log_mean, float(error)


def _by_tempering(
    log_likelihood: LogLikelihood, q: int, numbers: np.random.Generator, deadline: Deadline
) -> tuple[float, float]:
    """log E[p(y | u)] over the prior of u (q,), and the standard error of -2 times it."""
    logs = np.array([_replicate(log_likelihood, q, numbers, deadline) for _ in range(REPLICATES)])
    if not np.all(np.isfinite(logs)):
        return -np.inf, np.inf
    log_mean, share = _log_mean(logs)
    return log_mean, float(2.0 * np.sqrt((1.0 / share - 1.0) / (REPLICATES - 1)))


def _replicate(
    log_likelihood: LogLikelihood, q: int, numbers: np.random.Generator, deadline: Deadline
) -> float:
    """One estimate of log E[p(y | u)]; NaN where t does not come to 1."""
    u = numbers.standard_normal((q, PARTICLES))
    logs, t, total = log_likelihood(u), 0.0, 0.0
    for _ in range(MOST_STEPS):
        deadline.check()
        step = _step(logs, 1.0 - t)
        log_mean, _ = _log_mean(step * logs)
        if not np.isfinite(log_mean):
            return np.nan
        t, total = t + step, total + log_mean
        if t >= 1.0:
            return total
        weights = np.exp(step * logs - log_mean) / PARTICLES
        places = (np.arange(PARTICLES) + numbers.uniform()) / PARTICLES
        chosen = np.minimum(np.searchsorted(np.cumsum(weights), places), PARTICLES - 1)
        u, logs = u[:, chosen], logs[chosen]
        for _ in range(MOVES):
            u, logs = _sliced(u, logs, t, log_likelihood, numbers)
    return np.nan


def _step(logs: Array, most: float) -> float:
    """The largest step of t, at most `most`, after which enough of the particles are effective."""
    if _log_mean(most * logs)[1] >= EFFECTIVE:
        return most
    low, high = 0.0, most
    for _ in range(BISECTIONS):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if _log_mean(middle * logs)[1] >= EFFECTIVE else (low, middle)
    return high


def _sliced(
    u: Array, logs: Array, t: float, log_likelihood: LogLikelihood, numbers: np.random.Generator
) -> tuple[Array, Array]:
    """Each particle moved once along an ellipse through it, within its slice of N(0, I) p(y | u)^t."""
    count = len(logs)
    other = numbers.standard_normal(u.shape)
    height = t * logs + np.log(numbers.uniform(size=count))
    angle = numbers.uniform(0.0, 2.0 * np.pi, count)
    low, high = angle - 2.0 * np.pi, angle.copy()
    moved, reached = u.copy(), logs.copy()
    left = np.arange(count)
    while len(left):
        tried = u[:, left] * np.cos(angle[left]) + other[:, left] * np.sin(angle[left])
        found = log_likelihood(tried)
        accepted = t * found > height[left]
        moved[:, left[accepted]], reached[left[accepted]] = tried[:, accepted], found[accepted]
        left = left[~accepted]
        low[left] = np.where(angle[left] < 0.0, angle[left], low[left])
        high[left] = np.where(angle[left] < 0.0, high[left], angle[left])
        angle[left] = numbers.uniform(low[left], high[left])
        left = left[high[left] - low[left] > np.finfo(float).eps]
    return moved, reached


def _log_mean(logs: Array) -> tuple[float, float]:
    """log of the mean of exp(logs), (N,), and the share of them that is effective (Kish)."""
    highest = float(np.max(logs))
    if not np.isfinite(highest):
        return -np.inf, 0.0
    ratios = np.exp(logs - highest)
    return highest + float(np.log(np.mean(ratios))), float(np.mean(ratios) ** 2 / np.mean(ratios**2))


def _log_likelihood(at: GeneralizedEvaluation) -> LogLikelihood:
    """log p(y | u) less its value where the deviance is zero; -inf where a mean leaves its range."""
    fixed = at.modes.eta - at.pirls.rows.Z @ at.Lambda.times(at.modes.u)
    y, weights = at.pirls.y[:, None], at.pirls.weights[:, None]

    def of_columns(u: Array) -> Array:
        eta = fixed[:, None] + at.pirls.rows.Z @ at.Lambda.times(u)
        mu = at.family.link.inverse(eta)
        deviance = np.sum(at.family.deviance(y, mu, weights), axis=0)
        is_mean = np.isfinite(deviance) & at.family.has_means(mu)
        return np.where(is_mean, -0.5 * deviance, -np.inf)

    at_once = max(1, MOST_CELLS // len(fixed))

    def by_parts(u: Array) -> Array:
        parts = [of_columns(u[:, part]) for part in slices(u.shape[1], at_once)]
        return parts[0] if len(parts) == 1 else np.concatenate(parts)

    return by_parts
