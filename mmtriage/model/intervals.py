"""The intervals of R's `cut`: where they end, which one a number is in, and what they are called."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from mmtriage.arrays import Array, Index

WIDENED = 1000.0  # R moves the outer break points out by this part of the range, to keep the extremes
MOST_DIGITS = 12  # R tries up to so many before it gives up on telling break points apart


def cut_points(x: Array, count: int) -> Array:
    """The ends of `count` intervals of equal length over the range of x, (count + 1,)."""
    present = x[np.isfinite(x)]
    low, high = (float(present.min()), float(present.max())) if present.size else (0.0, 0.0)
    width = high - low
    if width == 0:
        margin = (abs(low) or 1.0) / WIDENED
        return _steps(low - margin, high + margin, count)
    breaks = _steps(low, high, count)
    breaks[0], breaks[-1] = low - width / WIDENED, high + width / WIDENED
    return breaks


def _steps(first: float, last: float, count: int) -> Array:
    """R's `seq.int(first, last, length.out = count + 1)`."""
    steps = first + (last - first) / count * np.arange(count + 1.0)
    steps[-1] = last
    return np.asarray(steps)


def interval_of(x: Array, breaks: Array, *, right: bool, closed: bool) -> Index:
    """The interval of each number, from 0, and -1 outside all of them, (n,).

    Args:
        right: intervals hold their upper end, not the lower one.
        closed: the outermost end that would be left out belongs to its interval.
    """
    codes = np.searchsorted(breaks, x, side="left" if right else "right").astype(np.int64) - 1
    last = len(breaks) - 2
    outside = np.isnan(x) | (codes < 0) | (codes > last)
    codes = np.where(outside, -1, codes)
    if closed:
        codes[x == (breaks[0] if right else breaks[-1])] = 0 if right else last
    return codes


def interval_labels(breaks: Array, digits: int, *, right: bool, closed: bool) -> tuple[str, ...]:
    """R's names: "(0,10]", with as many digits as tell the break points apart."""
    for wanted in range(digits, max(MOST_DIGITS, digits) + 1):
        ends = [_significant(float(end), wanted) for end in breaks]
        if all(one != two for one, two in pairwise(ends)):
            break
    else:
        return tuple(str(i) for i in range(1, len(breaks)))
    opening, closing = ("(", "]") if right else ("[", ")")
    labels = [f"{opening}{low},{high}{closing}" for low, high in pairwise(ends)]
    if closed and right:
        labels[0] = "[" + labels[0][1:]
    elif closed:
        labels[-1] = labels[-1][:-1] + "]"
    return tuple(labels)


def _significant(value: float, digits: int) -> str:
    """C's `%g`, with R's names of the infinities."""
    if not np.isfinite(value):
        return " Inf" if value > 0 else "-Inf"  # as formatC() has them
    return f"{value + 0.0:.{digits}g}"
