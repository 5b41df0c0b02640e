"""From S = 0, or from one column alone, where rho means nothing: which way off falls most, over all rho.

With G = d criterion / d S, S = t^2 diag(d) C(rho) diag(d) changes the criterion by t^2 d'M d, M = G o
C(rho) by elements, to first order in t^2. So S = 0 is a local optimum if d'M d > 0 for all d >= 0 and all
rho: if M is strictly copositive. It is where G is positive definite (Schur's product theorem). Else, the
least of d'M d where the d_i sum to one is taken at a d with M_TT d_T = const on its support T (Motzkin &
Straus 1965, Canad. J. Math. 17), so that for few columns all T can be asked. For compound symmetry d'M d is
linear in rho, and its bounds are enough; for an autoregression a grid of rho is asked, which can find a way
down and can exclude none.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from typing import NamedTuple

import numpy as np

from mmtriage.arrays import Array
from mmtriage.engine.structures.scaled import Correlation

MOST_ENUMERATED = 8  # columns of which all subsets are asked: 255 small systems for each rho
GRID = 41  # values of rho, the bounds among them


class Way(NamedTuple):
    """The steepest way off, and whether it is known that there is no steeper one."""

    slope: float  # of the criterion in t^2
    direction: Array  # d (k,), at which the SDs set out
    rho: float
    is_decided: bool


def rhos(correlation: Correlation) -> Array:
    """The grid, from the lower bound to the upper one; zero where there is no rho."""
    return np.zeros(1) if correlation.bounds is None else np.linspace(*correlation.bounds, GRID)


def correlations(correlation: Correlation) -> Iterator[tuple[float, Array]]:
    """rho and C (k, k) over the grid."""
    for rho in rhos(correlation):
        B, _, _ = correlation.root(correlation.angle(float(rho)))
        yield float(rho), B @ B.T


def way_of_one_sd(G: Array, correlation: Correlation) -> Way:
    """Off S = 0 where all SDs are one: the least of tr(G C(rho)), by the grid and Newton's steps from there.

    The trace is linear in rho, or a polynomial of which all roots of the derivative are asked.
    """
    k = len(G)
    candidates = [rho for rho, _ in correlations(correlation)]
    if correlation.bounds is not None:
        sums = [float(np.sum(np.diagonal(G, m)) * (1.0 if m == 0 else 2.0)) for m in range(k)]
        roots = np.asarray(np.polynomial.Polynomial(sums).deriv().roots())
        low, high = correlation.bounds
        candidates += [float(r.real) for r in roots if low < r.real < high]
    slopes = [(float(np.vdot(G, _matrix(correlation, rho))), rho) for rho in candidates]
    slope, rho = min(slopes)
    return Way(slope, np.ones(k), rho, True)


def _matrix(correlation: Correlation, rho: float) -> Array:
    B, _, _ = correlation.root(correlation.angle(rho))
    return B @ B.T


def way_of_all_sds(G: Array, correlation: Correlation) -> Way:
    """Off S = 0 where every column has an SD of its own."""
    k = len(G)
    if float(np.linalg.eigvalsh(G)[0]) > 0.0:
        j = int(np.argmin(np.diag(G)))
        return Way(float(G[j, j]), np.eye(k)[j], 0.0, True)
    best = Way(np.inf, np.eye(k)[0], 0.0, False)
    for rho, C in correlations(correlation):
        slope, d = _least(G * C)
        if slope < best.slope:
            best = Way(slope, d, rho, False)
    return best._replace(is_decided=correlation.is_linear and k <= MOST_ENUMERATED)


def _least(M: Array) -> tuple[float, Array]:
    """The least of d'M d with d >= 0 and sum d = 1, over supports of d; pairs at most of many columns."""
    k = len(M)
    best, at = np.inf, np.eye(k)[0]
    for size in range(1, (k if k <= MOST_ENUMERATED else 2) + 1):
        for T in map(list, combinations(range(k), size)):
            try:
                d = np.linalg.solve(M[np.ix_(T, T)], np.ones(size))
            except np.linalg.LinAlgError:
                continue
            total = float(np.sum(d))
            if total == 0.0 or np.any(d / total < 0.0) or 1.0 / total >= best:
                continue
            best, at = 1.0 / total, np.zeros(k)
            at[T] = d / total
    return best, at


def way_of_a_second_sd(row: Array, j: int, i: int, correlation: Correlation) -> tuple[float, float]:
    """Where column j alone varies: the least of G_ij C_ij(rho) over rho, and that rho; row (k,) is G_i."""
    return min((float(row[j] * C[i, j]), rho) for rho, C in correlations(correlation))
