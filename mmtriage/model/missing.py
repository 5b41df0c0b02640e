"""Which rows are left out for missing values, and what goes with them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from mmtriage.arrays import Mask
from mmtriage.model.values import Value


@dataclass(frozen=True, slots=True, kw_only=True)
class MissingReport:
    """What was left out between the table and the model; every count is of the rows the subset keeps."""

    rows_read: int
    rows_in_subset: int
    rows_used: int
    by_column: tuple[tuple[str, int], ...]  # column of the table, missing values; only where there are any
    by_transform: tuple[tuple[str, int], ...]  # e.g. ("log(x)", 3): no value though its columns have one
    vanished: tuple[tuple[str, tuple[str, ...]], ...]  # factor or grouping, levels that went with the rows

    @property
    def rows_dropped(self) -> int:
        """Rows of the subset that were dropped for missing values."""
        return self.rows_in_subset - self.rows_used


def missing_report(
    *,
    in_subset: Mask,
    used: Mask,
    columns: Mapping[str, Value],
    transforms: Mapping[str, tuple[Value, tuple[str, ...]]],
    factors: Mapping[str, Value],
) -> MissingReport:
    """Count what the rows in `in_subset` but not in `used` took away.

    Args:
        in_subset, used: masks of table rows, (n_rows,).
        columns: the table's columns that the model uses.
        transforms: computed variables, with the names of the columns they are computed from.
        factors: the factors and grouping factors whose levels are watched.
    """
    lacking = {name: value.is_missing & in_subset for name, value in columns.items()}
    produced: list[tuple[str, int]] = []
    for text, (value, sources) in transforms.items():
        explained = np.zeros_like(used)
        for source in sources:
            explained |= lacking[source]
        count = int(np.count_nonzero(value.is_missing & in_subset & ~explained))
        if count:
            produced.append((text, count))
    counts = ((name, int(np.count_nonzero(mask))) for name, mask in lacking.items())
    return MissingReport(
        rows_read=used.size,
        rows_in_subset=int(np.count_nonzero(in_subset)),
        rows_used=int(np.count_nonzero(used)),
        by_column=tuple((name, count) for name, count in counts if count),
        by_transform=tuple(produced),
        vanished=_vanished(factors, in_subset, used),
    )


def _vanished(
    factors: Mapping[str, Value], in_subset: Mask, used: Mask
) -> tuple[tuple[str, tuple[str, ...]], ...]:
    if np.array_equal(in_subset, used):
        return ()
    gone: list[tuple[str, tuple[str, ...]]] = []
    for name, factor in factors.items():
        before = _occurring(factor, in_subset)
        lost = before & ~_occurring(factor, used)
        if lost.any():
            gone.append((name, tuple(factor.levels[i] for i in np.flatnonzero(lost))))
    return tuple(gone)


def _occurring(factor: Value, rows: Mask) -> Mask:
    occurs = np.zeros(len(factor.levels) + 1, dtype=bool)
    occurs[factor.data[rows]] = True  # a missing value, -1, marks the spare last place
    return occurs[:-1]
