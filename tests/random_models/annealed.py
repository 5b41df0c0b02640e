"""Integrals over a standard normal by annealed importance sampling (Neal 2001, Stat. Comput. 11).

E[f(u)], u ~ N(0, I), where f may be tiny but in a corner: walkers start from N(0, I) and move under
N(0, I) f^t while t rises from 0 to 1; each collects the ratios of f^t along its way. It moves by steps that
leave N(0, I) as it is (Neal 1998: u' = sqrt(1 - s^2) u + s z), accepted by the ratio of f^t. It shares no
code and no way of moving with `mmtriage.engine.generalized.sampling`.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from mmtriage.arrays import Array

BATCHES, WALKERS = 8, 250
EFFECTIVE = 0.7  # of the walkers, after a rise of t
MOVES = 20  # between rises
ACCEPTED = 0.3  # of the moves, towards which their size goes
MOST_RISES = 200


def annealed(log_f: Callable[[Array], Array], q: int, numbers: np.random.Generator) -> tuple[float, float]:
    """log E[f(u)] and its standard error; `log_f` is of rows u (N, q), -inf where f is zero.

    The error is that of the mean of independent batches; infinite where t did not come to 1 in one of them.
    """
    logs = np.array([_batch(log_f, q, numbers) for _ in range(BATCHES)])
    if not np.all(np.isfinite(logs)):
        return -np.inf, np.inf
    ratios = np.exp(logs - logs.max())
    mean = float(np.mean(ratios))
    error = float(np.std(ratios, ddof=1)) / np.sqrt(BATCHES) / mean
    return float(logs.max()) + float(np.log(mean)), error


def _batch(log_f: Callable[[Array], Array], q: int, numbers: np.random.Generator) -> float:
    """One estimate of log E[f(u)]; NaN where t does not come to 1."""
    u = numbers.standard_normal((WALKERS, q))
    here, t, total, size = log_f(u), 0.0, 0.0, 0.5
    for _ in range(MOST_RISES):
        rise = _rise(here, 1.0 - t)
        weights = np.exp(rise * (here - here.max()))
        total += rise * float(here.max()) + float(np.log(np.mean(weights)))
        t += rise
        if t >= 1.0:
            return total
        chosen = numbers.choice(WALKERS, WALKERS, p=weights / weights.sum())
        u, here = u[chosen], here[chosen]
        for _ in range(MOVES):
            moved = np.sqrt(1.0 - size**2) * u + size * numbers.standard_normal(u.shape)
            there = log_f(moved)
            taken = t * (there - here) > np.log(numbers.uniform(size=WALKERS))
            u[taken], here[taken] = moved[taken], there[taken]
            size = float(np.clip(size * np.exp(np.mean(taken) - ACCEPTED), 1e-3, 0.99))
    return float("nan")


def _rise(here: Array, most: float) -> float:
    """How far t may rise, at most `most`, so that enough of the walkers count."""
    if not np.isfinite(here.max()):
        return np.nan
    rise = most
    while True:
        ratios = np.exp(rise * (here - here.max()))
        if np.mean(ratios) ** 2 >= EFFECTIVE * np.mean(ratios**2) or rise < 1e-12:
            return rise
        rise *= 0.8
