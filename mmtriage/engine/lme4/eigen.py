"""Eigen 3.3's products and Cholesky factor of small dense matrices, in its own order of operations.

It is Eigen as it was compiled for R's packages, without vector instructions.

Eigen multiplies matrices in panels of rows, whose height depends on the level-1 cache (`PANEL_ROWS`), so
beyond some 800 rows the last digits of lme4 itself differ between machines. From 32 columns it factors in
blocks; there our last digits may differ.
"""

from __future__ import annotations

import math

import numpy as np

from mmtriage.arrays import Array
from mmtriage.engine.lme4.checks import DOWNDATED

Matrix = list[list[float]]  # small; Python's floats are as exact as NumPy's and faster one at a time

PANEL_ROWS = 816  # Eigen's kc for a level-1 cache of 32 KB, as where the golden references were made
BLOCKED_FROM = 32  # columns from which Eigen's Cholesky is blocked


def gram(columns: Array) -> Array:
    """Lower triangle of the columns' cross-products (p, p), panel by panel."""
    p, n = columns.shape
    sums = np.zeros((p, p))
    for i in range(p):
        for start, stop in panels(n):
            products = columns[: i + 1, start:stop] * columns[i, start:stop]
            sums[i, : i + 1] += np.add.accumulate(products, axis=1)[:, -1]
    return sums


def panels(depth: int) -> list[tuple[int, int]]:
    """Eigen's evaluateProductBlockingSizesHeuristic: as few panels as fit the cache, of about one height."""
    height = PANEL_ROWS
    rest = depth % height
    if depth > height and rest:
        height -= 8 * ((height - 1 - rest) // (8 * (depth // height + 1)))
    return [(start, min(start + height, depth)) for start in range(0, depth, height)]


def cholesky(S: Array) -> Matrix:
    """The lower factor of S (p, p), of which the lower triangle is used, like Eigen's LLT."""
    if len(S) >= BLOCKED_FROM:
        return _blocked_cholesky(S)
    L: Matrix = S.tolist()
    for k, row in enumerate(L):
        pivot = row[k]
        if k:
            squares = row[0] * row[0]
            for r in row[1:k]:
                squares += r * r
            pivot -= squares
        if pivot <= 0.0:  # false for NaN, here as there
            raise np.linalg.LinAlgError(DOWNDATED)
        row[k] = pivot = math.sqrt(pivot)
        for below in L[k + 1 :]:
            s = below[k]
            for j in range(k):
                s -= below[j] * row[j]
            below[k] = s / pivot
    return L


def _blocked_cholesky(S: Array) -> Matrix:
    try:
        rows: Matrix = np.linalg.cholesky(S).tolist()
    except np.linalg.LinAlgError:
        raise np.linalg.LinAlgError(DOWNDATED) from None
    return rows


def solve_fixed(RX: Matrix, left: list[float]) -> list[float]:
    """beta (p,) from RX RX' beta = left, RX lower triangular."""
    p = len(left)
    beta = list(left)
    for i in range(p):
        beta[i] /= RX[i][i]
        for k in range(i + 1, p):
            beta[k] -= beta[i] * RX[k][i]
    for i in range(p - 1, -1, -1):
        if i + 1 < p:
            taken = RX[i + 1][i] * beta[i + 1]
            for k in range(i + 2, p):
                taken += RX[k][i] * beta[k]
            beta[i] -= taken
        beta[i] /= RX[i][i]
    return beta
