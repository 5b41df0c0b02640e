"""CHOLMOD's simplicial LL' of one grouping factor, in its own order of operations.

With one grouping factor CHOLMOD keeps the order of the levels and puts the effects of a level side by side,
term by term, so that L is one lower triangle (K, K) per level; all G of them are worked on at once, levels
last. CHOLMOD solves with up to three neighboring columns of L together, which decides in which order a sum is
rounded.
"""

from __future__ import annotations

import numpy as np

from mmtriage.arrays import Array, Mask

Order = tuple[tuple[int, ...], ...]


def factor_levels(gram: Array) -> Array:
    """L (K, K, G) with LL' = gram + I per level."""
    L = np.zeros_like(gram)
    for i in range(len(L)):
        for j in range(i):
            s = gram[i, j]
            for t in range(j):
                s = s - L[i, t] * L[j, t]
            L[i, j] = s / L[j, j]
        s = gram[i, i] + 1.0
        for t in range(i):
            s = s - L[i, t] * L[i, t]
        L[i, i] = np.sqrt(s)
    positive = diagonal(L) > 0.0
    if not positive.all():
        _stop_at_first_failure(L, positive)
    return L


def diagonal(L: Array) -> Array:
    """The pivots, (K, G)."""
    return L[range(len(L)), range(len(L))]


def _stop_at_first_failure(L: Array, positive: Mask) -> None:
    """CHOLMOD stops without a word at a pivot that is not positive: from there on, L is 0."""
    level, effect = divmod(int(np.argmin(positive.T)), len(L))
    L[effect, effect, level] = 0.0
    L[effect + 1 :, :, level] = 0.0
    L[:, :, level + 1 :] = 0.0


def forward(L: Array, right: Array) -> Array:
    """L^-1 right, (K, m, G), taking off three columns of four or more entries at once."""
    K = len(L)
    left = list(right)
    solved = np.empty_like(right)
    j = 0
    while j < K:
        stop = j + 3 if K - j >= 4 else j + 1
        for i in range(j, stop):
            s = left[i]
            for t in range(j, i):
                s = s - L[i, t] * solved[t]
            solved[i] = s / L[i, i]
        for i in range(stop, K):
            together = L[i, j] * solved[j]
            for t in range(j + 1, stop):
                together = together + L[i, t] * solved[t]
            left[i] = left[i] - together
        j = stop
    return solved


def backward_order(K: int, *, first: bool) -> Order:
    """In which order the solved elements are taken off each of the K elements of a level in L'^-1.

    Columns are taken in threes from the last; within such a chain the last comes first. Of the first level,
    columns before the fifth are taken alone.
    """
    order = [tuple(range(i + 1, K)) for i in range(K)]
    top = K - 1
    while top >= 0 and not (first and top < 4):
        bottom = max(top - 2, 0)
        for i in range(bottom, top):
            order[i] = (*range(top + 1, K), *range(top, i, -1))
        top = bottom - 1
    return tuple(order)


def backward(L: Array, right: Array, order: Order) -> Array:
    """L'^-1 right, (K, G), the elements taken off in `order`."""
    u = np.empty_like(right)
    for i in range(len(L) - 1, -1, -1):
        s = right[i]
        for t in order[i]:
            s = s - L[t, i] * u[t]
        u[i] = s / L[i, i]
    return u
