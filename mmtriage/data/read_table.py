"""From what the user named to a table."""

from __future__ import annotations

from pathlib import Path

from mmtriage.data.convert import NA_STRINGS
from mmtriage.data.delimited import read_delimited
from mmtriage.data.factors import apply_factors
from mmtriage.data.in_memory import parquet_columns
from mmtriage.data.reading import PLAINLY, Reading
from mmtriage.data.source import open_source
from mmtriage.data.table import Punctuation, Table
from mmtriage.errors import DataError


def read_table(source: str | Path, reading: Reading = PLAINLY) -> Table:
    """Read CSV, TSV (plain or gzipped) or Parquet from a path, or from standard input for `-`."""
    opened = open_source(source, has_encoding=reading.encoding is not None)
    na_strings = frozenset((*NA_STRINGS, *reading.na_values))
    punctuation: Punctuation | None = None
    notes: tuple[str, ...] = ()
    unusable: dict[str, str] = {}
    if opened.is_parquet:
        columns, unusable = parquet_columns(opened)
    else:
        found, punctuation, notes = read_delimited(opened, reading, na_strings)
        columns = {column.name: column for column in found}
    if not columns:
        raise DataError("no column of the table can be used in a model", where=opened.name)
    return Table(
        columns=apply_factors(columns, reading.factors),
        n_rows=next(iter(columns.values())).values.size,
        source=opened.name,
        sha256=opened.sha256,
        reading=reading,
        punctuation=punctuation,
        notes=notes,
        unusable=unusable,
    )
