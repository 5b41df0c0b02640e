"""Sums of products whose order is fixed: the same bits on every CPU, and the order of Powell's loops.

A search compares numbers that differ in their last bits, so one bit changes its path: after some fifty
evaluations nothing but the end is the same. A BLAS picks its order of summation, and whether it fuses a
multiplication with an addition, by the CPU it finds; `np.sum` along a row adds eight numbers at a time.
Products here are elementwise and then added one after the other, which is what `np.add.accumulate` promises
and what `np.add.reduce` does along the first axis of a C-ordered matrix with more than one column (its inner
loop runs along the rows). IEEE arithmetic leaves no freedom after that.

For the dozen points of a search this costs a microsecond more than a BLAS call, and no more than that.
"""

from __future__ import annotations

from functools import cache

import numpy as np

from mmtriage.optimizers.guard import Array


def total(terms: Array) -> float:
    """The sum of `terms` (k,), from the first to the last."""
    return float(np.add.accumulate(terms).item(-1))


def dot(a: Array, b: Array) -> float:
    """a'b, both (k,)."""
    return float(np.add.accumulate(a * b).item(-1))


def row_products(A: Array, v: Array) -> Array:
    """A v, (k,), of A (k, l) and v (l,)."""
    return np.asarray(np.add.accumulate(A * v, axis=1)[:, -1])


def combined(weights: Array, rows: Array, onto: Array | None = None) -> Array:
    """`onto` + weights' rows, (l,), of weights (k,) and rows (k, l), `onto` (l,) being the first term."""
    terms = weights[:, None] * rows
    if onto is not None:
        terms[0] += onto
    return np.asarray(np.add.reduce(terms, axis=0))


def mirrored(A: Array, *, upper: bool = False) -> Array:
    """The symmetric matrix (n, n) that has the lower triangle of A, or its upper one."""
    below = lower_triangle(len(A))
    return np.where(below, A.T, A) if upper else np.where(below, A, A.T)


@cache
def lower_triangle(n: int) -> Array:
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
