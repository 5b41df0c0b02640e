"""Reading the user's table: `read_table` for files and pipes, `table_from_frame` for pandas data frames.

bytes (source) -> fields (delimited) or frame (frame) -> typed columns (convert) -> factors the user asked for
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from mmtriage.data.convert import NA_STRINGS, as_factor, double_label, first_non_number, number_labels
from mmtriage.data.delimited import read_delimited
from mmtriage.data.factors import apply_factors, listed
from mmtriage.data.in_memory import parquet_columns, table_from_frame
from mmtriage.data.source import open_source
from mmtriage.data.table import Column, ColumnKind, Punctuation, Table

__all__ = [
    "NA_STRINGS",
    "Column",
    "ColumnKind",
    "Punctuation",
    "Table",
    "as_factor",
    "double_label",
    "first_non_number",
    "listed",
    "number_labels",
    "read_table",
    "table_from_frame",
]


def read_table(
    source: str | Path,
    *,
    sep: str | None = None,
    na_values: Sequence[str] = (),
    factors: Mapping[str, Sequence[str] | None] | None = None,
) -> Table:
    """Read CSV, TSV (plain or gzipped) or Parquet from a path, or from standard input for `-`.

    Args:
        source: the path, or `-`.
        sep: the separator; None sniffs it.
        na_values: cells that mean "missing", beside `NA` and the empty cell.
        factors: columns to treat as factors, each with its levels in order (first = reference) or None.
    """
    opened = open_source(source)
    na_strings = frozenset((*NA_STRINGS, *na_values))
    punctuation = None
    if opened.is_parquet:
        columns = parquet_columns(opened)
    else:
        found, punctuation = read_delimited(opened, sep=sep, na_strings=na_strings)
        columns = {column.name: column for column in found}
    return Table(
        columns=apply_factors(columns, factors or {}),
        n_rows=next(iter(columns.values())).values.size,
        source=opened.name,
        sha256=opened.sha256,
        punctuation=punctuation,
    )
