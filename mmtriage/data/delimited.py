"""From delimited text to columns.

There is one meaning and two speeds. The `csv` module defines the meaning: every mistake is found and named
there, with its line. Large files that are plain go through a faster reader (`bulk`); a table that it stumbles
over goes back to the slow path, which knows what to say.
"""

from __future__ import annotations

import csv
import io
import itertools
from collections.abc import Collection, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass

import numpy as np

from mmtriage.arrays import Index
from mmtriage.data.bulk import bulk_columns, is_large, is_regular
from mmtriage.data.convert import Numerals, column_from_text, na_strings_of, number
from mmtriage.data.foreseen import refuse_too_many_cells
from mmtriage.data.header import (
    named_row_numbers,
    nameless,
    names_of,
    refuse_duplicates,
    refuse_no_rows,
    titled,
)
from mmtriage.data.plain_text import PlainText, plain_text
from mmtriage.data.reading import Reading
from mmtriage.data.source import Source
from mmtriage.data.table import Column, Found, Punctuation, by_name
from mmtriage.errors import DataError, OptionError

SEPARATORS = (",", "\t", ";", "|", " ")  # in order of preference
SEPARATOR_NAMES = {",": "comma", "\t": "tab", ";": "semicolon", "|": "vertical bar", " ": "space"}
TAB_IN_WORDS = {"\\t": "\t", "tab": "\t"}  # a shell makes it hard to type one
SAMPLE_RECORDS = 50  # of the beginning of a file, from which the separator is sniffed
SAMPLE_CHARACTERS = 1 << 16  # they are looked for no further than this

Record = tuple[int, list[str]]  # line on which it starts, its fields


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """The first record, understood."""

    names: tuple[str, ...]  # one per column; "" for a column without a name
    has_row_names: bool  # rows carry one field more than the header, as written by R's write.table
    separator: str
    line: int  # of the file, on which they stand


def read(source: Source, reading: Reading) -> Found:
    """All columns of a delimited text, in file order."""
    na_strings = na_strings_of(reading.na_values)
    plain = plain_text(source, reading)
    text = plain.text
    if not text or text.isspace():
        what = "standard input" if source.name == "-" else "the file"
        raise DataError(
            f"{what} is empty", where=source.name, hint="Give a table with a line of column names."
        )
    separator, header_line = _separator(text, plain, reading), plain.lines_above + 1
    header = _read_header(text, separator, source.name)
    if plain.is_as_stored and reading.decimal in (None, ".") and reading.thousands is None:
        first = _first_of_many(source, text, header)
        if first is not None:
            del plain, text  # as large as the file
            if found := bulk_columns(source.content, separator, header.names, first, na_strings):
                return Found(
                    columns=by_name(found),
                    layout=Punctuation(separator, "."),
                    header_line=header_line,
                )
            plain = plain_text(source, reading)
            text = plain.text
    if reading.max_bytes is None:
        refuse_too_many_cells(text.count("\n"), len(header.names), source.name)
    rows = _checked_rows(text, header, source.name)
    columns, decimal = _columns(rows, header, na_strings, source.name, reading)
    return Found(
        columns=by_name(columns),
        layout=Punctuation(separator, decimal, plain.encoding),
        header_line=header_line,
        notes=plain.notes,
    )


def _separator(text: str, plain: PlainText, reading: Reading) -> str:
    """What the user says, or the file's first line, or what cuts the text best."""
    if reading.sep is not None:
        return TAB_IN_WORDS.get(reading.sep, reading.sep)
    return plain.separator or _sniffed(text)


def _records(text: str, separator: str, source: str) -> Iterator[Record]:
    """Every record that is not blank; a file that ends with empty lines has no empty rows."""
    reader = csv.reader(
        io.StringIO(text, newline=""), delimiter=separator, strict=True, skipinitialspace=separator == " "
    )
    start = 1
    while True:
        try:
            fields = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise _quoting_error(str(error), f"{source}, line {start}", separator) from None
        if len(fields) > 1 or (fields and fields[0].strip()):
            yield start, fields
        start = reader.line_num + 1


def _first_records(text: str, separator: str, source: str, count: int) -> list[Record]:
    """So many records, or all; the rest of a long text is left alone where that is possible."""
    beginning = text[:SAMPLE_CHARACTERS]
    with suppress(DataError):  # it may end within quotes
        records = list(itertools.islice(_records(beginning, separator, source), count + 1))
        if len(records) > count:
            return records[:count]
    return list(itertools.islice(_records(text, separator, source), count))


def _quoting_error(message: str, where: str, separator: str) -> DataError:
    if "field larger" in message:
        limit = f"{csv.field_size_limit():,}"
        what, hint = (
            f"a field is longer than {limit} characters",
            'Look for a quote (") that is never closed.',
        )
    elif "unexpected end" in message:
        what, hint = (
            'a quote (") is opened but never closed',
            "Close it, or double it if it belongs to the text.",
        )
    else:
        what = 'there is text between a closing quote (") and the next separator'
        hint = f'{_separated_by(separator)} A quote inside a quoted field is written twice ("").'
    return DataError(what, where=where, hint=hint)


def _sniffed(text: str) -> str:
    """The separator that cuts the first records into the most fields of equal number."""
    sample = text[:SAMPLE_CHARACTERS]
    scores = [(_consistency(sample, separator), separator) for separator in SEPARATORS[:-1]]
    best, separator = max(scores, key=lambda scored: scored[0])
    if best[1] > 1:
        return separator
    return " " if _consistency(sample, " ") > (1, 1) else ","


def _consistency(sample: str, separator: str) -> tuple[int, int]:
    """How well a separator fits: (2 rectangular, 1 with row names, 0 ragged; fields in the header)."""
    try:
        records = itertools.islice(_records(sample, separator, "sample"), SAMPLE_RECORDS)
        widths = [len(fields) for _, fields in records]
    except DataError:  # a sample may end within quotes; the table itself is read, and judged, later
        widths = [len(sample.split("\n", 1)[0].split(separator))]
    if len(sample) == SAMPLE_CHARACTERS and len(widths) > 2:
        widths.pop()  # cut short
    rest = set(widths[1:])
    if widths[0] > 1 and rest <= {widths[0]}:
        return 2, widths[0]
    return (1 if rest == {widths[0] + 1} else 0), widths[0]


def _read_header(text: str, separator: str, source: str) -> Header:
    (line, fields), *rows = _first_records(text, separator, source, 3)
    if not rows:
        raise refuse_no_rows(source)
    where = f"{source}, line {line}"
    names = names_of(fields, where)
    has_row_names = all(len(cells) == len(names) + 1 and cells[-1].strip() for _, cells in rows)
    if not has_row_names:
        names = named_row_numbers(names)
    refuse_duplicates(names, where)
    return Header(names=tuple(names), has_row_names=has_row_names, separator=separator, line=line)


def _columns(
    rows: list[list[str]], header: Header, na_strings: Collection[str], source: str, reading: Reading
) -> tuple[list[Column], str]:
    """The columns of all rows as the csv module reads them, and the decimal mark: what a text means."""
    indices: list[dict[str, int]] = []
    codes: list[Index] = []
    for column in zip(*rows, strict=True):
        index: dict[str, int] = {}
        codes.append(np.array([index.setdefault(cell, len(index)) for cell in column], dtype=np.int64))
        indices.append(index)
    numerals = Numerals(
        decimal=reading.decimal or _decimal(header.separator, indices), thousands=reading.thousands
    )
    if numerals.decimal == numerals.thousands:
        raise OptionError(
            f"`{numerals.thousands}` cannot be the decimal mark too",
            where="option --thousands",
            hint="Name the decimal mark with --decimal.",
        )
    columns = []
    for position, name in enumerate(header.names):
        cells = list(indices[position])
        if name:
            columns.append(column_from_text(name, cells, codes[position], na_strings, numerals))
        elif any(cell.strip() for cell in cells):
            raise nameless(position, header.names, rows[0], source, header.line)
    return columns, numerals.decimal


def _checked_rows(text: str, header: Header, source: str) -> list[list[str]]:
    expected = len(header.names) + header.has_row_names
    rows: list[list[str]] = []
    for line, fields in itertools.islice(_records(text, header.separator, source), 1, None):
        if len(fields) != expected:
            if not rows and (title := titled(header.names, fields, source, header.line)) is not None:
                raise title
            raise _ragged(fields, expected, header, f"{source}, line {line}")
        rows.append(fields[1:] if header.has_row_names else fields)
    return rows


def _ragged(fields: list[str], expected: int, header: Header, where: str) -> DataError:
    hint = f"{_separated_by(header.separator)} A field that contains it needs quotes."
    if len(fields) == expected + 1 and not fields[-1].strip():
        hint = "Remove the separator at the end of the line."
    count = f"{len(fields)} field{'s' if len(fields) != 1 else ''}"
    return DataError(f"this row has {count}, but the table has {expected} columns", where=where, hint=hint)


def _separated_by(separator: str) -> str:
    return f"Fields are separated by: {SEPARATOR_NAMES.get(separator, f'`{separator}`')} (--sep changes it)."


def _decimal(separator: str, columns: Iterable[Iterable[str]]) -> str:
    """Files separated by semicolons write 1,5 for 1.5 (R's read.csv2), unless no cell is such a number."""
    if separator != ";":
        return "."
    cells = (cell.strip() for cells in columns for cell in cells)
    comma = Numerals(decimal=",")
    return "," if any("," in cell and number(cell, comma) is not None for cell in cells) else "."


def _first_of_many(source: Source, text: str, header: Header) -> list[list[str]] | None:
    """The first records of a text for a faster reader; None where only the csv module knows what is meant."""
    size, separator = len(source.content), header.separator
    if not is_large(size):
        return None
    if header.has_row_names or not all(header.names) or separator in ";| " or len(header.names) < 2:
        return None
    try:
        first = [fields for _, fields in _first_records(text, separator, source.name, SAMPLE_RECORDS)]
    except DataError:  # there may be another mistake before
        return None
    has_all = all(len(fields) == len(header.names) for fields in first)
    return first if has_all and is_regular(source.content, separator) else None
