"""Where lme4 starts: relative standard deviations of one, or a one-way analysis of variance.

With nothing but intercepts in the random terms, one per grouping factor, lme4 1.1-31 sets

    theta_t = sqrt(v_t / v_e),   v_t = var(group means of y, one per row),   v_e = var(y) - sum_t v_t,

if v_e > 0. It works on the response as it stands in the model frame: no offset, no weights. Where a
variance is nothing but rounding error the start is 1e-9 instead of 0, and the optimizer's path hangs on
it; so means and variances are taken as R takes them: two passes, in long doubles, from the first row to
the last.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from mmtriage.arrays import Array, Index

INTERCEPT = ("(Intercept)",)


def lme4_start(
    y: Array,
    groups: Sequence[str],
    codes: Sequence[Index],
    columns: Sequence[Sequence[str]],
    *,
    template: Array,
) -> Array:
    """theta (m,) at which lme4 starts.

    Args:
        y: the response as it stands in the model frame, (n,).
        groups: the grouping factor of each term, in lme4's order.
        codes: the level of each row, (n,), per term.
        columns: R's names of the columns, per term.
        template: where it starts unless it knows better, (m,).
    """
    one_way = _one_way_start(y, groups, codes, columns)
    return template if one_way is None else one_way


def _one_way_start(
    y: Array, groups: Sequence[str], codes: Sequence[Index], columns: Sequence[Sequence[str]]
) -> Array | None:
    only_intercepts = all(tuple(names) == INTERCEPT for names in columns)
    if not only_intercepts or len(set(groups)) != len(groups):
        return None
    between = np.array([_variance(_row_means(y, levels)) for levels in codes])
    within = _variance(y) - float(_sum(between.astype(np.longdouble)))
    if not within > 0.0:  # false for NaN as well
        return None
    return np.asarray(np.sqrt(between / within))


def _row_means(y: Array, levels: Index) -> Array:
    """R's ave(): the mean of its group for every row, (n,)."""
    counts = np.bincount(levels)
    first = _group_sums(y.astype(np.longdouble), levels, len(counts)) / np.maximum(counts, 1)
    rest = _group_sums(y - first[levels], levels, len(counts)) / np.maximum(counts, 1)
    return (first + rest).astype(np.float64)[levels]


def _variance(x: Array) -> float:
    """R's var(): a mean in two passes, then the sum of squares over n - 1; NaN for a single value."""
    n = len(x)
    if n < 2:
        return float("nan")
    wide = x.astype(np.longdouble)
    first = _sum(wide) / n
    mean = np.float64(first + _sum(wide - first) / n)
    return float(_sum((wide - mean) ** 2) / (n - 1))


def _sum(x: npt.NDArray[np.longdouble]) -> np.longdouble:
    """Add from the first to the last; NumPy's own sum goes in pairs."""
    total: np.longdouble = np.add.accumulate(x)[-1]
    return total


def _group_sums(x: npt.NDArray[np.longdouble], levels: Index, count: int) -> npt.NDArray[np.longdouble]:
    sums = np.zeros(count, dtype=np.longdouble)
    np.add.at(sums, levels, x)
    return sums
