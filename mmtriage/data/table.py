"""The table: named columns of numbers, logicals and factors.

`Column` and `Table` are all that the rest of the program knows about the user's data.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
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
    is_ordered: bool = False  # of a factor: R codes it by polynomials
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
    """A text: how it separates fields and writes numbers."""

    separator: str
    decimal: str
    encoding: str = "UTF-8"


@dataclass(frozen=True, slots=True)
class Sheet:
    """A sheet of a workbook."""

    name: str


@dataclass(frozen=True, slots=True)
class Labelled:
    """A file of SPSS, Stata or SAS, whose values may have labels."""

    kind: Literal["sav", "dta", "sas7bdat"]
    encoding: str | None = None  # that the user names
    factors: tuple[str, ...] = ()  # columns of which all values have labels
    ordered: tuple[str, ...] = ()  # those of them that the file calls ordinal


@dataclass(frozen=True, slots=True)
class ArrowFile:
    """A file of Arrow's."""

    kind: Literal["parquet", "feather", "stream"]


def by_name(columns: Iterable[Column]) -> dict[str, Column]:
    """The columns, each under its name."""
    return {column.name: column for column in columns}


Layout = Punctuation | Sheet | Labelled | ArrowFile


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Found:
    """What a reader has found in a source."""

    columns: Mapping[str, Column]
    layout: Layout | None = None  # None: it was no file
    header_line: int = 0  # of the file, counted from 1, that names the columns; 0: no line does
    notes: tuple[str, ...] = ()  # what must be known of how it was read
    unusable: Mapping[str, str] = field(default_factory=dict)  # column of the source -> why it is not here
    dated: str | None = None  # the day that the file says of itself (`data/own_date.py`)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Table:
    """Columns of equal length, in file order."""

    columns: Mapping[str, Column]
    n_rows: int
    source: str  # as the user wrote it: a path, "-", or one of IN_MEMORY
    sha256: str  # of the bytes read
    reading: Reading = PLAINLY  # how the user had it read
    layout: Layout | None = None  # these are as in `Found`
    header_line: int = 0
    notes: tuple[str, ...] = ()
    unusable: Mapping[str, str] = field(default_factory=dict)
    member: str | None = None  # the file within the zip archive that was read
    dated: str | None = None

    @property
    def first_row(self) -> int:
        """What a spreadsheet or an editor calls the first row: the number of the lines down to it."""
        return self.header_line + 1

    def row_name(self, row: int) -> str:
        """A row, counted from 0, as a spreadsheet or an editor numbers it."""
        return f"row {self.first_row + row}"
