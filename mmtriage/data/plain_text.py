"""From bytes to the text of a table: its encoding, and the lines that do not belong to it.

Lines above the header, Excel's `sep=;` and comments become blank, so that every line keeps its number: blank
lines are no rows, and a message can name the line that a text editor shows.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from mmtriage.data.file_kinds import NUL, no_text
from mmtriage.data.reading import Reading
from mmtriage.data.source import Source
from mmtriage.data.text_encoding import refuse_unknown_encoding
from mmtriage.errors import DataError

UTF8 = "UTF-8"
WINDOWS = "cp1252"  # what Excel writes in western Europe and America
LINE_END = re.compile(r"\r\n|\n|\r")
EXCEL_SEPARATOR = re.compile(r'"?sep=(.)"?[ \t]*(?:\r\n|\n|\r)')


@dataclass(frozen=True, slots=True, kw_only=True)
class PlainText:
    """The text of a table."""

    text: str
    encoding: str
    lines_above: int  # before the names of columns
    separator: str | None  # that the file itself names
    is_as_stored: bool  # whether the bytes, read as UTF-8, are this text
    notes: tuple[str, ...]


def plain_text(source: Source, reading: Reading) -> PlainText:
    """The text of a source that is text.

    Raises DataError where bytes cannot be decoded or nothing is left, OptionError for an unknown encoding.
    """
    notes: tuple[str, ...] = ()
    if reading.encoding is None:
        text, encoding, notes = _decoded(source)
    else:
        text, encoding = _as_asked(source, reading.encoding), reading.encoding
    as_decoded = text
    text = _without_lines(text, reading.skip, source.name)
    above, separator = reading.skip, None
    if (said := EXCEL_SEPARATOR.match(text, above)) is not None:
        text = "\n" * (above + 1) + text[said.end() :]
        above, separator = above + 1, said[1]
    if reading.comment is not None:
        text = _without_comments(text, reading.comment)
    return PlainText(
        text=text,
        encoding=encoding,
        lines_above=above,
        separator=separator,
        is_as_stored=encoding == UTF8 and text is as_decoded,
        notes=notes,
    )


def _decoded(source: Source) -> tuple[str, str, tuple[str, ...]]:
    """The text, the encoding in which it was read, and what is to be said of that."""
    if NUL in source.content:
        raise no_text(source.content, source.name)
    try:
        return source.content.decode(UTF8), UTF8, ()
    except UnicodeDecodeError as error:
        try:
            text = source.content.decode(WINDOWS)
        except UnicodeDecodeError:
            raise _undecodable(source, error, UTF8) from None
        line = _line_of(source.content, error.start)
        note = f"{source.name} is not UTF-8 (line {line}) and was read as {WINDOWS}; --encoding names another"
        return text, WINDOWS, (note,)


def _as_asked(source: Source, encoding: str) -> str:
    refuse_unknown_encoding(encoding)
    try:
        return source.content.decode(encoding)
    except UnicodeDecodeError as error:
        raise _undecodable(source, error, encoding) from None
    except UnicodeError as error:  # UTF-16 without its mark, say
        raise DataError(f"the text is not {encoding}: {error}", where=source.name) from None


def _undecodable(source: Source, error: UnicodeDecodeError, encoding: str) -> DataError:
    return DataError(
        f"the text is not {encoding}: byte 0x{source.content[error.start]:02x} cannot be decoded",
        where=f"{source.name}, line {_line_of(source.content, error.start)}",
        hint="Name its encoding with --encoding, or save the table as UTF-8.",
    )


def _line_of(content: bytes, position: int) -> int:
    return content.count(b"\n", 0, position) + 1


def _without_lines(text: str, count: int, source: str) -> str:
    """The text with its first lines blank."""
    at = 0
    for number in range(count):
        end = LINE_END.search(text, at)
        if end is None:
            raise DataError(
                f"the file has {number + 1} line{'s' if number else ''}, and {count} were to be left out",
                where=source,
                hint="Give --skip the number of lines above the names of columns.",
            )
        at = end.end()
    return "\n" * count + text[at:] if count else text


def _without_comments(text: str, character: str) -> str:
    """The text without what follows the character on a line, unless that stands within quotes."""
    kept, is_quoted = [], False
    for line in text.splitlines(keepends=True) if character in text else [text]:
        if character not in line and '"' not in line:
            kept.append(line)
            continue
        end = len(line.rstrip("\r\n"))
        for place, found in enumerate(line[:end]):
            if found == '"':
                is_quoted = not is_quoted
            elif found == character and not is_quoted:
                line = line[:place].rstrip() + line[end:]
                break
        kept.append(line)
    return "".join(kept)
