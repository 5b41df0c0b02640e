"""From what the user named to a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from mmtriage.data.convert import NA_STRINGS
from mmtriage.data.delimited import read_delimited
from mmtriage.data.factors import apply_factors
from mmtriage.data.in_memory import parquet_columns
from mmtriage.data.source import open_source
from mmtriage.data.table import Table


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
