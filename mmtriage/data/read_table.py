"""From what the user named to a table."""

from __future__ import annotations

from pathlib import Path

from mmtriage.data.convert import NA_STRINGS
from mmtriage.data.delimited import read_delimited
from mmtriage.data.factors import apply_factors
from mmtriage.data.in_memory import parquet_columns
from mmtriage.data.reading import PLAINLY, Reading
from mmtriage.data.source import open_source
from mmtriage.data.table import Table


def read_table(source: str | Path, reading: Reading = PLAINLY) -> Table:
    """Read CSV, TSV (plain or gzipped) or Parquet from a path, or from standard input for `-`."""
    opened = open_source(source)
    na_strings = frozenset((*NA_STRINGS, *reading.na_values))
    punctuation = None
    if opened.is_parquet:
        columns = parquet_columns(opened)
    else:
        found, punctuation = read_delimited(opened, sep=reading.sep, na_strings=na_strings)
        columns = {column.name: column for column in found}
    return Table(
        columns=apply_factors(columns, reading.factors),
        n_rows=next(iter(columns.values())).values.size,
        source=opened.name,
        sha256=opened.sha256,
        reading=reading,
        punctuation=punctuation,
    )
