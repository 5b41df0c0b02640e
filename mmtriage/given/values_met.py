"""A data frame asked by value: which of its columns is this one, and which factor are these indicators of?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from mmtriage.arrays import Array
from mmtriage.data.convert import as_factor
from mmtriage.data.in_memory import table_from_frame
from mmtriage.data.table import Column

EQUAL = 1e-12  # relative: a column that went through arithmetic and back
MOST_LEVELS = 1000  # of a factor whose indicators are looked for


def same(one: npt.NDArray[Any], other: npt.NDArray[Any]) -> bool:
    """Whether two columns (n,) hold the same numbers."""
    return len(one) == len(other) and bool(
        np.all(np.abs(one - other) <= EQUAL * np.maximum(np.abs(one), np.abs(other)))
    )


def same_partition(one: npt.NDArray[Any], other: npt.NDArray[Any]) -> bool:
    """Whether two labellings (n,) put the same rows together."""
    _, a = np.unique(one, return_inverse=True)
    _, b = np.unique(other, return_inverse=True)
    pairs = len(np.unique(a.astype(np.int64) * (int(b.max(initial=0)) + 1) + b))
    return pairs == int(a.max(initial=-1)) + 1 == int(b.max(initial=-1)) + 1


@dataclass(frozen=True, slots=True)
class Frame:
    """The columns of a data frame; none where a model was made of arrays."""

    columns: Mapping[str, Column]

    @classmethod
    def of(cls, frame: Any, n: int) -> Frame:
        """The columns of a data frame that has a row for each of the model's."""
        if frame is None or len(frame) != n:
            return cls({})
        usable: dict[str, Column] = {}
        for position, name in enumerate(frame.columns):
            if str(name) in usable:
                continue
            try:
                usable.update(table_from_frame(frame.iloc[:, [position]]).columns)
            except Exception:
                continue
        return cls(usable)

    def numeric_like(self, values: Array, name: str) -> str | None:
        """The column that holds these numbers; the one of this name, if several do."""
        found = [n for n, c in self.columns.items() if c.kind != "factor" and same(c.values, values)]
        return name if name in found else next(iter(found), None)

    @property
    def groupings(self) -> list[str]:
        """Columns without gaps, those of text first: a grouping is more likely to be one."""
        whole = [name for name, column in self.columns.items() if not column.is_missing.any()]
        return sorted(whole, key=lambda name: self.columns[name].kind != "factor")

    def labels(self, name: str) -> npt.NDArray[Any]:
        """The values of a column, as labels of groups (n,)."""
        return self.columns[name].values

    def grouping_like(self, groups: Any) -> str | None:
        """The column whose values, or whose levels' rows, are these groups."""
        codes = self.codes_of(groups)
        return next((name for name in self.groupings if same_partition(self.labels(name), codes)), None)

    @staticmethod
    def codes_of(labels: Any) -> npt.NDArray[np.int64]:
        """Labels of any kind as numbers from 0, (n,)."""
        _, codes = np.unique(np.asarray(labels).astype(str), return_inverse=True)
        return codes.astype(np.int64)

    @staticmethod
    def factor_of(name: str, labels: Any) -> Column:
        """A factor of labels of any kind."""
        levels, codes = np.unique(np.asarray(labels).astype(str), return_inverse=True)
        return Column(name=name, kind="factor", values=codes.astype(np.int64), levels=tuple(map(str, levels)))

    def factors_in(self, columns: Mapping[str, Array]) -> Iterator[tuple[Column, list[str]]]:
        """Factors of which some of these columns are indicators, with the names of these.

        The level without an indicator comes first, for it is the reference.
        """
        left = {name: column for name, column in columns.items() if np.all(np.isin(column, (0.0, 1.0)))}
        for known in self.groupings:
            factor = as_factor(self.columns[known])
            if not left or not 2 <= len(factor.levels) <= MOST_LEVELS:
                continue
            level_of = {}
            for name, column in left.items():
                on = np.unique(factor.values[column == 1.0])
                if len(on) == 1 and np.array_equal(factor.values == on[0], column == 1.0):
                    level_of[name] = factor.levels[int(on[0])]
            if len(level_of) < len(factor.levels) - 1 or not level_of:
                continue
            listed = list(level_of.values())
            levels = (*(level for level in factor.levels if level not in listed), *listed)
            place = np.array([levels.index(level) for level in factor.levels])
            yield (
                Column(name=known, kind="factor", values=place[factor.values], levels=levels),
                list(level_of),
            )
            left = {name: column for name, column in left.items() if name not in level_of}
