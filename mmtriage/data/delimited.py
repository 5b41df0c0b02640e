"""From delimited text to columns.

There is one meaning and two speeds. The `csv` module defines the meaning: every mistake is found and named
there, with its line. Files above `BULK_BYTES` that are plain go through a faster reader, Arrow's where it is
installed (`by_arrow`), else that of pandas (`by_pandas`); a table that it stumbles over goes back to the slow
path, which knows what to say.
"""

from __future__ import annotations

import csv
import importlib.util
import io
import itertools
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mmtriage.arrays import Index
from mmtriage.data.convert import Numerals, column_from_text, number
from mmtriage.data.plain_text import PlainText, plain_text
from mmtriage.data.reading import Reading
from mmtriage.data.source import Source
from mmtriage.data.table import Column, Punctuation
from mmtriage.errors import DataError, OptionError

BULK_BYTES = 1_000_000  # here Arrow is as fast, its import counted, and soon ten times as fast
PANDAS_BYTES = 4_000_000  # here pandas is twice as fast, its import counted
SEPARATORS = (",", "\t", ";", "|", " ")  # in order of preference
SEPARATOR_NAMES = {",": "comma", "\t": "tab", ";": "semicolon", "|": "vertical bar", " ": "space"}
SAMPLE_RECORDS = 50  # of the beginning of a file, from which the separator is sniffed
SAMPLE_CHARACTERS = 1 << 16  # they are looked for no further than this

Bytes = npt.NDArray[np.uint8]
Record = tuple[int, list[str]]  # line on which it starts, its fields


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """The first record, understood."""

    names: tuple[str, ...]  # one per column; "" for a column without a name
    has_row_names: bool  # rows carry one field more than the header, as written by R's write.table
    separator: str


def read_delimited(
    source: Source, reading: Reading, na_strings: Collection[str]
) -> tuple[list[Column], Punctuation, tuple[str, ...]]:
    """All columns of a delimited text, in file order, how it is punctuated, and what is to be said of it."""
    plain = plain_text(source, reading)
    text = plain.text
    if not text or text.isspace():
        what = "standard input" if source.name == "-" else "the file"
        raise DataError(
            f"{what} is empty", where=source.name, hint="Give a table with a line of column names."
        )
    separator = _separator(text, plain, reading)
    header = _read_header(text, separator, source.name)
    if plain.is_as_stored and reading.decimal in (None, ".") and reading.thousands is None:
        first = _first_of_many(source, text, header)
        if first is not None:
            del plain, text  # as large as the file
            if found := _bulk_columns(source, header, first, na_strings):
                return found, Punctuation(separator, "."), ()
            plain = plain_text(source, reading)
            text = plain.text
    rows = _checked_rows(text, header, source.name)
    columns, decimal = _columns(rows, header, na_strings, source.name, reading)
    return columns, Punctuation(separator, decimal, plain.encoding, plain.lines_above), plain.notes


def _separator(text: str, plain: PlainText, reading: Reading) -> str:
    """What the user says, or the file's first line, or what cuts the text best."""
    if reading.sep is not None:
        return _checked(reading.sep)
    return plain.separator or _sniffed(text)


def _checked(sep: str) -> str:
    """The separator that --sep names; a shell makes it hard to type a tab."""
    separator = {"\\t": "\t", "tab": "\t"}.get(sep, sep)
    if len(separator) != 1 or separator in '"\r\n':
        raise OptionError(
            f"`{sep}` cannot be a separator",
            where="option --sep",
            hint="Give one character, such as `,` or `;`, or `tab`.",
        )
    return separator


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
            raise _quoting_error(str(error), f"{source}, line {start}") from None
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


def _quoting_error(message: str, where: str) -> DataError:
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
        hint = 'A quote inside a quoted field is written twice ("").'
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
        raise DataError(
            "the file has a line of column names but no rows",
            where=source,
            hint="The first line is read as names; the rows of data must follow it.",
        )
    names = [field.strip() for field in fields]
    if all(number(name) is not None for name in names):
        raise DataError(
            f"the first line holds numbers (`{names[0]}`), not column names",
            where=f"{source}, line {line}",
            hint="Add a first line that names the columns.",
        )
    has_row_names = all(len(cells) == len(names) + 1 and cells[-1].strip() for _, cells in rows)
    if not names[0] and not has_row_names and "X" not in names:
        names[0] = "X"  # R's name for the row numbers that write.csv and to_csv put first
    _refuse_duplicates(names, f"{source}, line {line}")
    return Header(names=tuple(names), has_row_names=has_row_names, separator=separator)


def _refuse_duplicates(names: Sequence[str], where: str) -> None:
    for position, name in enumerate(names):
        first = names.index(name)
        if name and first < position:
            raise DataError(
                f"two columns are called `{name}`: columns {first + 1} and {position + 1}",
                where=where,
                hint="Rename one of them.",
            )


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
        decimal=_mark(reading.decimal, "--decimal") or _decimal(header.separator, indices),
        thousands=_mark(reading.thousands, "--thousands"),
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
            raise _nameless(position, header, rows, source)
    return columns, numerals.decimal


def _mark(word: str | None, option: str) -> str | None:
    """A mark within numbers: one character that is no digit, sign or letter."""
    if word is not None and (len(word) != 1 or word.isalnum() or word in '+-"\r\n'):
        raise OptionError(
            f"`{word}` cannot be a mark within numbers",
            where=f"option {option}",
            hint="Give one character, such as `,` or `.`.",
        )
    return word


def _checked_rows(text: str, header: Header, source: str) -> list[list[str]]:
    expected = len(header.names) + header.has_row_names
    rows: list[list[str]] = []
    for line, fields in itertools.islice(_records(text, header.separator, source), 1, None):
        if len(fields) != expected:
            if not rows and (title := _titled(header, fields, source)) is not None:
                raise title
            raise _ragged(fields, expected, header, f"{source}, line {line}")
        rows.append(fields[1:] if header.has_row_names else fields)
    return rows


def _ragged(fields: list[str], expected: int, header: Header, where: str) -> DataError:
    separator = SEPARATOR_NAMES.get(header.separator, f"`{header.separator}`")
    hint = f"Fields are separated by: {separator} (--sep changes it). A field that contains it needs quotes."
    if len(fields) == expected + 1 and not fields[-1].strip():
        hint = "Remove the separator at the end of the line."
    count = f"{len(fields)} field{'s' if len(fields) != 1 else ''}"
    return DataError(f"this row has {count}, but the table has {expected} columns", where=where, hint=hint)


def _nameless(position: int, header: Header, rows: list[list[str]], source: str) -> DataError:
    return _titled(header, rows[0], source) or DataError(
        f"column {position + 1} has values but no name", where=source, hint="Name it in the first line."
    )


def _titled(header: Header, first: Sequence[str], source: str) -> DataError | None:
    """What to say where the names of the columns stand below a title or a comment."""
    words = [name for name in header.names if name]
    if len(words) != 1 or not _are_names(first):
        return None
    mark = words[0][0]
    what, hint = "title", "Leave it out: --skip 1."
    if not mark.isalnum() and mark not in "._":
        what, hint = "comment", f"Say so: --comment '{mark}'; or leave the line out: --skip 1."
    return DataError(
        f"the first line is a {what} (`{words[0]}`), and the names of the columns follow it",
        where=source,
        hint=hint,
    )


def _are_names(cells: Sequence[str]) -> bool:
    """Whether cells could name columns: none is empty, a number or there twice."""
    words = [cell.strip() for cell in cells]
    return all(word and number(word) is None for word in words) and len(set(words)) == len(words)


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
    if size <= (BULK_BYTES if _has_arrow() else PANDAS_BYTES):
        return None
    if header.has_row_names or not all(header.names) or separator in ";| " or len(header.names) < 2:
        return None
    try:
        first = [fields for _, fields in _first_records(text, separator, source.name, SAMPLE_RECORDS)]
    except DataError:  # there may be another mistake before
        return None
    has_all = all(len(fields) == len(header.names) for fields in first)
    return first if has_all and _is_regular(source.content, separator) else None


def _bulk_columns(
    source: Source, header: Header, first: Sequence[Sequence[str]], na_strings: Collection[str]
) -> list[Column] | None:
    """Read the same columns by a faster reader; None where it stumbles."""
    raw, *sample = first
    if _has_arrow():
        from mmtriage.data.by_arrow import arrow_columns

        return arrow_columns(source.content, header.separator, header.names, raw, sample, na_strings)
    from mmtriage.data.by_pandas import pandas_columns

    return pandas_columns(source.content, header.separator, header.names, sample[0], na_strings)


def _has_arrow() -> bool:
    return importlib.util.find_spec("pyarrow") is not None


def _is_regular(content: bytes, separator: str) -> bool:
    """Whether quotes stand where fields begin and end, and every carriage return is half of a line end.

    What other text means is for the csv module to say.
    """
    characters = np.frombuffer(content, dtype=np.uint8)
    if b"\r" in content:
        returns = np.flatnonzero(characters == ord("\r"))
        if not np.all(characters[np.minimum(returns + 1, characters.size - 1)] == ord("\n")):
            return False
    return b'"' not in content or _quotes_are_regular(characters, separator)


def _quotes_are_regular(characters: Bytes, separator: str) -> bool:
    """Opening quotes follow an edge, closing ones precede it; a doubled quote closes and opens at once."""
    at = np.flatnonzero(characters == ord('"'))
    if at.size % 2:
        return False
    opening, closing = at[::2], at[1::2]
    edges = [ord("\n"), ord('"'), ord(separator)]
    before = (opening == 0) | np.isin(characters[opening - 1], edges)
    last = closing == characters.size - 1
    after = last | np.isin(characters[np.minimum(closing + 1, characters.size - 1)], [*edges, ord("\r")])
    return bool(np.all(before) and np.all(after))
