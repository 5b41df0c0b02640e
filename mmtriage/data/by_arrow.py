"""Columns of a large text by Arrow's reader (the extra `files`): several times faster than any other.

It reads what the csv module reads, or nothing: whatever it might read otherwise is left to the slow path, or
comes back as text, of which `column_from_text` decides cell by cell.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Collection, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from mmtriage.arrays import Index
from mmtriage.data.convert import column_from_text, number
from mmtriage.data.odd_numbers import MOST_EXACT
from mmtriage.data.table import Column

BLOCK_BYTES = 1 << 24  # parsed at a time; blocks have dictionaries of their own, which are then made one


def arrow_columns(
    content: bytes,
    separator: str,
    names: Sequence[str],
    header: Sequence[str],
    sample: Sequence[Sequence[str]],
    na_strings: Collection[str],
) -> list[Column] | None:
    """Columns of a text whose quotes and line ends are regular; None where only the csv module knows.

    Args:
        names: of the columns.
        header: the cells of the first record, as they stand there.
        sample: records that follow.
    """
    is_text = [_looks_like_text(cells, na_strings) for cells in zip(*sample, strict=True)]
    while True:  # each time with more columns as text
        table = _table(content, separator, header, is_text, na_strings)
        if isinstance(table, int):
            doubtful = [table]
        elif table is None or table.column_names != list(header):
            return None
        else:
            found = _columns(table, names, is_text, na_strings)
            columns = [column for column in found if column is not None]
            if len(columns) == len(names):
                return columns
            doubtful = [position for position, column in enumerate(found) if column is None]
        if any(is_text[position] for position in doubtful):
            return None
        is_text = [text or position in doubtful for position, text in enumerate(is_text)]


def _looks_like_text(cells: Sequence[str], na_strings: Collection[str]) -> bool:
    known = [cell for cell in cells if cell.strip() not in na_strings]
    return not known or any(number(cell) is None for cell in known)


def _table(
    content: bytes,
    separator: str,
    header: Sequence[str],
    is_text: Sequence[bool],
    na_strings: Collection[str],
) -> Any | int | None:
    """The table; or the column that is not what it was taken for; or None where the text is not regular."""
    import pyarrow
    from pyarrow import csv as reader

    as_text = pyarrow.dictionary(pyarrow.int32(), pyarrow.string())
    as_number = pyarrow.float64()
    types = {name: as_text if text else as_number for name, text in zip(header, is_text, strict=True)}
    try:
        return reader.read_csv(
            pyarrow.BufferReader(content),
            read_options=reader.ReadOptions(use_threads=False, block_size=BLOCK_BYTES),
            parse_options=reader.ParseOptions(delimiter=separator, newlines_in_values=b'"' in content),
            convert_options=reader.ConvertOptions(column_types=types, null_values=sorted(na_strings)),
        )
    except pyarrow.ArrowInvalid as error:
        guilty = re.search(r"In CSV column #(\d+)", str(error))
        return None if guilty is None else int(guilty.group(1))


def _columns(
    table: Any, names: Sequence[str], is_text: Sequence[bool], na_strings: Collection[str]
) -> list[Column | None]:
    """The columns of a table, None where one is not what it was taken for."""
    return [
        (_text if text else _numbers)(name, table.column(position), na_strings)
        for position, (name, text) in enumerate(zip(names, is_text, strict=True))
    ]


def _numbers(name: str, column: Any, na_strings: Collection[str]) -> Column | None:
    """A column of numbers; None where a cell may mean something else to R: `Inf`, `NaN`, -99 for missing."""
    values = _joined(column.chunks, np.float64)
    missing = np.isnan(values)
    as_numbers = [value for value in map(number, na_strings) if value is not None]
    if (
        int(np.count_nonzero(missing)) != column.null_count
        or column.null_count == len(values)
        or not np.all(np.isfinite(values) | missing)
        or any(np.any(values == value) for value in as_numbers)
        or np.any(np.abs(values) >= MOST_EXACT)  # identifiers, maybe
    ):
        return None
    return Column(name=name, kind="numeric", values=values)


def _text(name: str, column: Any, na_strings: Collection[str]) -> Column | None:
    """A column of cells, whatever they turn out to be; None where one is too long for the csv module."""
    chunks = column.unify_dictionaries().chunks
    cells: list[str] = chunks[0].dictionary.to_pylist()
    if max(map(len, cells), default=0) > csv.field_size_limit():
        return None
    codes: Index = _joined([chunk.indices for chunk in chunks], np.int32).astype(np.int64)
    return column_from_text(name, cells, codes, na_strings)


def _joined(chunks: Sequence[Any], dtype: type[np.generic]) -> npt.NDArray[Any]:
    """The values of Arrow's arrays, (n,), NaN where they are missing.

    From the buffers of the arrays: `to_numpy` and `fill_null` would import pandas.
    """
    values = np.concatenate([_filled(chunk, dtype) for chunk in chunks])
    values.flags.writeable = False
    return values


def _filled(chunk: Any, dtype: type[np.generic]) -> npt.NDArray[Any]:
    is_valid, data = chunk.buffers()
    here = slice(chunk.offset, chunk.offset + len(chunk))
    values = np.frombuffer(data, dtype=dtype)[here]
    if not chunk.null_count:
        return values
    bits = np.unpackbits(np.frombuffer(is_valid, dtype=np.uint8), bitorder="little")
    return np.where(bits[here], values, np.nan)
