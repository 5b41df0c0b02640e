"""The table: named columns of numbers, logicals and factors.

`Column` and `Table` are all that the rest of the program knows about the user's data.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from mmtriage.arrays import Mask
from mmtriage.data.reading import PLAINLY, Reading

ColumnKind = Literal["numeric", "logical", "factor"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Column:
    """One variable of the table; `values` is read-only."""

    name: str
    kind: ColumnKind
    values: npt.NDArray[Any]  # (n_rows,) float64, NaN = missing; of a factor int64 level codes, -1 = missing
    levels: tuple[str, ...] = ()  # of a factor, in order; the first is the reference

    def __post_init__(self) -> None:
        dtype = np.int64 if self.kind == "factor" else np.float64
        values = np.asarray(self.values, dtype=dtype)
        if values.flags.writeable or values.base is not None:  # somebody else may change it
            values = values.copy()
            values.flags.writeable = False
        object.__setattr__(self, "values", values)

    @property
    def is_missing(self) -> Mask:
        """Which rows have no value, (n_rows,)."""
        missing: Mask = self.values < 0 if self.kind == "factor" else np.isnan(self.values)
        return missing


@dataclass(frozen=True, slots=True)
class Punctuation:
    """How a text separates fields and writes numbers."""

    separator: str
    decimal: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Table:
    """Columns of equal length, in file order."""

    columns: Mapping[str, Column]
    n_rows: int
    source: str  # as the user wrote it: a path, "-", or one of IN_MEMORY
    sha256: str  # of the bytes read
    reading: Reading = PLAINLY  # how the user had it read
    punctuation: Punctuation | None = None  # None: not read from text
