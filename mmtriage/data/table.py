"""The table: named columns of numbers, logicals and factors.

`Column` and `Table` are all that the rest of the program knows about the user's data.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
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
    note: str | None = None  # what whoever uses it must know

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
    encoding: str = "UTF-8"
    lines_above: int = 0  # before the line of column names


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Table:
    """Columns of equal length, in file order."""

    columns: Mapping[str, Column]
    n_rows: int
    source: str  # as the user wrote it: a path, "-", or one of IN_MEMORY
    sha256: str  # of the bytes read
    reading: Reading = PLAINLY  # how the user had it read
    punctuation: Punctuation | None = None  # None: not read from text
    notes: tuple[str, ...] = ()  # what a reader must know of how it was read
    unusable: Mapping[str, str] = field(default_factory=dict)  # column of the source -> why it is not here

    def row_name(self, row: int) -> str:
        """The row as a spreadsheet or an editor numbers it, counted from 0 here: with the lines above it."""
        above = 0 if self.punctuation is None else self.punctuation.lines_above + 1
        return f"row {row + above + 1}"
