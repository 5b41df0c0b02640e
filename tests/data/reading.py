"""Helpers of the data tests."""

from pathlib import Path
from typing import Any

import numpy as np

from mmtriage.data.read_table import read_table
from mmtriage.data.reading import Reading
from mmtriage.data.table import Column, Table
from mmtriage.errors import MmtriageError


def write(directory: Path, content: str | bytes, name: str = "d.csv") -> Path:
    path = directory / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def facts(error: MmtriageError, path: Path) -> list[str | None]:
    """Message, place and hint of an error, with the temporary path shortened to its name."""
    parts = (error.message, error.where, error.hint)
    return [part and part.replace(str(path), path.name).replace(str(path.parent), "DIR") for part in parts]


def cells(column: Column) -> list[str | float | None]:
    """The column as a list, missing values as None and factors by their labels."""
    missing = column.is_missing
    if column.kind == "factor":
        return [
            None if gone else column.levels[code] for code, gone in zip(column.values, missing, strict=True)
        ]
    return [None if gone else float(value) for value, gone in zip(column.values, missing, strict=True)]


def column_of(directory: Path, *values: str, **options: Any) -> Column:
    """Column `v` of a table of two columns."""
    text = "".join(f"{value},1\n" for value in values)
    return read_table(write(directory, f"v,w\n{text}"), Reading(**options)).columns["v"]


def same(left: Table, right: Table) -> bool:
    """Whether two tables have the same columns, bit by bit."""
    return list(left.columns) == list(right.columns) and all(
        a.kind == b.kind and a.levels == b.levels and np.array_equal(a.values, b.values, equal_nan=True)
        for a, b in zip(left.columns.values(), right.columns.values(), strict=True)
    )
