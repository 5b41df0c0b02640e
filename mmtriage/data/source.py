"""From what the user named (a path or `-`) to the bytes of a table, and what kind of file they are."""

from __future__ import annotations

import hashlib
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from mmtriage.data.file_kinds import NUL, TEXT, FileKind, kind_of, no_text, why_foreign
from mmtriage.data.foreseen import FEWER, most_bytes
from mmtriage.data.packed import is_packed, unpacked
from mmtriage.errors import DataError, did_you_mean
from mmtriage.system.limited import Limit, OverLimitError, read_file_limited, read_limited, size_in_words

TABLE_SUFFIXES = (
    *(".csv", ".tsv", ".txt", ".gz", ".bz2", ".xz", ".zip", ".xlsx", ".xls", ".ods"),
    *(".sav", ".dta", ".sas7bdat", ".parquet", ".feather", ".arrow"),
)
BYTE_ORDER_MARK = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """The bytes of a table, unpacked."""

    name: str  # as the user wrote it
    kind: FileKind
    content: bytes  # unpacked, without a byte order mark
    sha256: str  # of the bytes as stored: what `sha256sum` prints of the file
    member: str | None = None  # of a zip archive, if it came in one
    dated: str | None = None  # the day that its packing has of it


def open_source(name: str | Path, *, has_encoding: bool = False, max_bytes: int | None = None) -> Source:
    """Read a file, or standard input for `-`; what is around a table is recognized by its first bytes.

    Args:
        has_encoding: the user has named one, so that UTF-16 is no stranger.
        max_bytes: of the table, stored and unpacked; None: as the free memory allows.
    """
    source = str(name)
    limit = partial(_limit, source=source, has_encoding=has_encoding, max_bytes=max_bytes)
    with _within_limit(source, max_bytes):
        stored = _stored(source, limit)
        found = unpacked(stored, source, limit)
    foreign = why_foreign(found.content, source, has_encoding=has_encoding)
    if foreign is not None:
        what, hint = foreign
        raise DataError(f"this is {what}, not a text table", where=source, hint=hint)
    return Source(
        name=source,
        kind=kind_of(found.content),
        content=found.content.removeprefix(BYTE_ORDER_MARK),
        sha256=_checksum(stored),
        member=found.member,
        dated=found.dated,
    )


def checksum_of(name: str, *, has_encoding: bool, max_bytes: int | None) -> str:
    """The `sha256` of a file, of which nothing is unpacked or parsed; the arguments are `open_source`'s."""
    limit = partial(_limit, source=name, has_encoding=has_encoding, max_bytes=max_bytes)
    with _within_limit(name, max_bytes):
        return _checksum(_stored(name, limit))


def _checksum(stored: bytes) -> str:
    return hashlib.sha256(stored).hexdigest()


def _stored(source: str, limit: Limit) -> bytes:
    """The bytes of a file as they are stored, or of standard input."""
    if re.match(r"[A-Za-z][\w+.-]*://", source):
        hint = (
            "Download it first, and give the file."
            if not source.startswith("file:")
            else "Give the path alone."
        )
        raise DataError(f"`{source}` is a URL, and only files are read", hint=hint)
    return _read_stdin(limit) if source == "-" else _read_file(_at_home(Path(source)), limit)


@contextmanager
def _within_limit(source: str, max_bytes: int | None) -> Iterator[None]:
    """Where a table is read: one that is too large is refused in words."""
    try:
        yield
    except OverLimitError as error:
        free = "" if max_bytes else ", as the memory that is free allows"
        raise DataError(
            f"the table has more than {size_in_words(error.most)}, and no more are read{free}",
            where=source,
            hint=FEWER,
        ) from None


def _at_home(path: Path) -> Path:
    """The path with a leading `~` as the user's home, as a shell has it where the word is not quoted."""
    try:
        return path if path.exists() else path.expanduser()
    except (OSError, RuntimeError, ValueError):  # no such home, a name too long: it is no file either
        return path


def _limit(first: bytes, *, source: str, has_encoding: bool, max_bytes: int | None) -> int:
    """How many bytes are read of what begins like this; what is no table (/dev/zero) is left at once."""
    is_text = not is_packed(first) and kind_of(first) is TEXT and not has_encoding
    if is_text and NUL in first and why_foreign(first, source, has_encoding=False) is None:
        raise no_text(first, source)
    return most_bytes(first, max_bytes)


def _read_stdin(limit: Limit) -> bytes:
    return read_limited(sys.stdin.buffer, limit)


def _read_file(path: Path, limit: Limit) -> bytes:
    try:
        return read_file_limited(path, limit)
    except FileNotFoundError:
        raise DataError(f"there is no file `{path}`", hint=_missing_hint(path)) from None
    except IsADirectoryError:
        raise DataError(f"`{path}` is a directory, not a table", hint=_directory_hint(path)) from None
    except (OSError, ValueError) as error:  # ValueError: a NUL character in the path
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise DataError(f"`{path}` cannot be read: {reason}") from None


def _missing_hint(path: Path) -> str | None:
    parent = path.parent
    if not parent.is_dir():
        return f"There is no directory `{parent}` either."
    guess = did_you_mean(path.name, sorted(entry.name for entry in parent.iterdir()))
    return guess or f"The directory `{parent}` has no file with a similar name."


def _directory_hint(path: Path) -> str:
    tables = sorted(entry.name for entry in path.iterdir() if entry.suffix.lower() in TABLE_SUFFIXES)
    if not tables:
        return "Give the file that holds the table."
    shown = ", ".join(f"`{name}`" for name in tables[:5])
    return f"Give one file, such as {shown}{', ...' if len(tables) > 5 else '.'}"
