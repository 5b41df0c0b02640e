"""Decompositions of columns with many rows: each is one call of LAPACK, begun where the time budget lasts."""

from __future__ import annotations

import numpy as np

from mmtriage.arrays import Array
from mmtriage.deadline import foresee


def triangular_factor(X: Array) -> Array:
    """R of X = Q R, (min(n, p), p): the norms and inner products of X's columns in p rows instead of n."""
    foresee(_operations(X))
    return np.asarray(np.linalg.qr(X, mode="r")) if X.shape[1] else np.empty((0, 0))


def orthonormal_columns(X: Array) -> tuple[Array, Array]:
    """Q (n, p) and R (p, p) of X = Q R."""
    foresee(2 * _operations(X))
    Q, R = np.linalg.qr(X)
    return Q, R


def least_squares(X: Array, y: Array) -> Array:
    """b (p,) or (p, k), the shortest of those for which X b is nearest to y, (n,) or (n, k)."""
    foresee(2 * _operations(X))
    return np.asarray(np.linalg.lstsq(X, y, rcond=None)[0], dtype=np.float64)


def _operations(X: Array) -> float:
    """Of Householder's QR: Golub & Van Loan 2013, Matrix Computations, 5.2."""
    p, n = sorted(X.shape)
    return float(2 * n * p**2)
