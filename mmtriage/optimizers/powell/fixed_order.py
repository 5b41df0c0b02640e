"""Sums of products whose order is fixed: the same bits on every CPU, and the order of Powell's loops.

A search compares numbers that may differ in their last bits only, so one bit changes its path. A BLAS
chooses its order of summation, and whether a multiplication and an addition are rounded once or twice, by the
CPU that it finds; `np.sum` along a row adds in blocks of eight. Here products are elementwise and then added
one after the other: that is what `np.add.accumulate` does by definition, and `np.add.reduce` along the first
axis of a C-ordered matrix of more than one column, row after row. IEEE arithmetic leaves no freedom after
that. Matrices of one column have at most seven rows here, and the blocks of `np.add.reduce` have eight.

For the dozen points of a search this costs a microsecond more than a BLAS call.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import numpy.typing as npt

from mmtriage.arrays import Array

Mask = npt.NDArray[np.bool_]

_running, _added = np.add.accumulate, np.add.reduce


def total(terms: Array) -> float:
    """The sum of `terms` (k,), from the first to the last."""
    result: float = _running(terms).item(-1)
    return result


def dot(a: Array, b: Array) -> float:
    """a'b, both (k,)."""
    result: float = _running(a * b).item(-1)
    return result


def row_products(A: Array, v: Array) -> Array:
    """A v, (k,), of A (k, l) and v (l,)."""
    products: Array = _running(A * v, 1)[:, -1]
    return products


def combined(weights: Array, rows: Array, onto: Array | None = None) -> Array:
    """`onto` + weights' rows, (l,), of weights (k,) and rows (k, l), `onto` (l,) being the first term."""
    terms = weights[:, None] * rows
    if onto is not None:
        terms[0] += onto
    result: Array = _added(terms, 0)
    return result


def column_sums(terms: Array) -> Array:
    """The sums over the first axis, of (k, ...)."""
    result: Array = _added(terms, 0)
    return result


def mirrored(A: Array, *, upper: bool = False) -> Array:
    """The symmetric matrix (n, n) that has the lower triangle of A, or its upper one."""
    below = lower_triangle(len(A))
    return np.where(below, A.T, A) if upper else np.where(below, A, A.T)


@cache
def lower_triangle(n: int) -> Mask:
    """Which elements of an (n, n) matrix are on or below its diagonal."""
    mask = np.tri(n, dtype=np.bool_)
    mask.flags.writeable = False
    return mask


@cache
def half_square(n: int) -> Array:
    """Weights (n, n) of the lower triangle with which x_i x_j A_ij adds up to x'A x / 2."""
    weights = np.tri(n) - 0.5 * np.eye(n)
    weights.flags.writeable = False
    return weights
