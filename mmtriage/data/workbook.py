"""Workbooks of Excel and OpenDocument: a sheet means what it would mean saved as CSV.

Cells become text again, so that one set of rules (`data/convert.py`) says which columns are numbers; dates
alone stay dates, which no model can use.
"""

from __future__ import annotations

import datetime
import io
from collections.abc import Collection, Sequence
from typing import Any

import numpy as np

from mmtriage.data.convert import column_from_text, na_strings_of
from mmtriage.data.extra import from_extra
from mmtriage.data.factors import listed
from mmtriage.data.header import named_row_numbers, nameless, names_of, refuse_duplicates, refuse_no_rows
from mmtriage.data.objects import UnusableError, gathered, what_it_is
from mmtriage.data.odd_numbers import MOST_EXACT
from mmtriage.data.own_date import of_workbook
from mmtriage.data.reading import Reading
from mmtriage.data.source import Source
from mmtriage.data.table import Column, Found, Sheet
from mmtriage.errors import DataError, OptionError, did_you_mean

Row = Sequence[Any]  # numbers, logicals, texts and dates; an empty cell is ""


def read(source: Source, reading: Reading) -> Found:
    """All columns of one sheet."""
    sheet, rows, notes = _sheet(source, reading)
    where = f"{source.name}, sheet `{sheet}`"
    numbered = [(line, row) for line, row in enumerate(rows, start=1) if not _is_blank(row)]
    numbered = [(line, row) for line, row in numbered if line > reading.skip]
    if not numbered:
        raise DataError("the sheet is empty", where=where, hint="Name another one with --sheet.")
    (header_line, header), *rest = numbered
    if not rest:
        raise refuse_no_rows(where)
    names = named_row_numbers(names_of([_text(cell) for cell in header], where))
    refuse_duplicates(names, where)
    kept = [position for position, name in enumerate(names) if name]
    for position in sorted({*range(len(names))} - {*kept}):
        if any(row[position] != "" for _, row in rest):
            raise nameless(position, names, [_text(cell) for cell in rest[0][1]], where, header_line)
    na_strings = na_strings_of(reading.na_values)
    columns, unusable = gathered(
        [names[position] for position in kept],
        lambda number, name: _column(name, [row[kept[number]] for _, row in rest], na_strings),
    )
    return Found(
        columns=columns,
        layout=Sheet(sheet),
        header_line=header_line,
        notes=notes,
        unusable=unusable,
        dated=of_workbook(source.content),
    )


def _sheet(source: Source, reading: Reading) -> tuple[str, Sequence[Row], tuple[str, ...]]:
    """The name of the sheet that is meant, its rows, and what is to be said of the choice."""
    with from_extra("python-calamine", source.kind.what, source.name):
        import python_calamine as calamine
    try:
        workbook = calamine.CalamineWorkbook.from_filelike(io.BytesIO(source.content))
        names = workbook.sheet_names
        name = _meant(names, reading.sheet, source.name)
        rows = workbook.get_sheet_by_name(name).to_python(skip_empty_area=False)
    except calamine.CalamineError as error:
        raise DataError(
            f"the workbook cannot be read: {error}",
            where=source.name,
            hint="Is it protected by a password? Save it without one, or as CSV.",
        ) from None
    notes: tuple[str, ...] = ()
    if reading.sheet is None and len(names) > 1:
        notes = (f"read from sheet `{name}`, the first of {listed(names)}; --sheet names another",)
    return name, rows, notes


def _meant(names: Sequence[str], asked: str | None, source: str) -> str:
    """The sheet of this name, or else of this number, counted from 1."""
    if not names:
        raise DataError("the workbook has no sheet", where=source)
    if asked is None or asked in names:
        return names[0] if asked is None else asked
    if asked.isdecimal() and 1 <= int(asked) <= len(names):
        return names[int(asked) - 1]
    hint = did_you_mean(asked, names) or f"The sheets are: {listed(names)}."
    raise OptionError(f"`{source}` has no sheet `{asked}`", where="option --sheet", hint=hint)


def _is_blank(row: Row) -> bool:
    return all(cell == "" or (isinstance(cell, str) and not cell.strip()) for cell in row)


def _column(name: str, values: Sequence[Any], na_strings: Collection[str]) -> Column:
    for value in values:
        if isinstance(value, (datetime.date, datetime.time, datetime.timedelta)):
            raise UnusableError(what_it_is(value))
    cells = [_text(value) for value in values]
    index = {cell: code for code, cell in enumerate(dict.fromkeys(cells))}
    codes = np.array([index[cell] for cell in cells], dtype=np.int64)
    return column_from_text(name, list(index), codes, na_strings)


def _text(cell: Any) -> str:
    """The cell as a CSV file would have it."""
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, float) and cell.is_integer() and abs(cell) <= MOST_EXACT:
        return str(int(cell))
    return str(cell)
