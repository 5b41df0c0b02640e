"""From what the user named (a path or `-`) to bytes, and from bytes to text.

Files that are no text at all are recognized by their first bytes, so that the message can say what they are.
"""

from __future__ import annotations

import gzip
import hashlib
import sys
import zlib
from dataclasses import dataclass
from pathlib import Path

from mmtriage.errors import DataError, did_you_mean

TABLE_SUFFIXES = (".csv", ".tsv", ".txt", ".gz", ".parquet")
GZIP = b"\x1f\x8b"
PARQUET = b"PAR1"

SAVE_AS_CSV = "Save the table as CSV (UTF-8) and give that file."
UTF16 = (b"\xff\xfe", b"\xfe\xff")  # its byte order marks
# First bytes -> what the file is, and what to do.
FOREIGN: tuple[tuple[bytes, str, str], ...] = (
    (b"PK\x03\x04", "a zip archive or an Excel workbook", SAVE_AS_CSV),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook", SAVE_AS_CSV),
    (b"$FL2", "an SPSS file", SAVE_AS_CSV),
    (b"<stata_dta>", "a Stata file", SAVE_AS_CSV),
    (b"RDX", "an R workspace", "In R, write the data frame with write.csv(d, file, row.names = FALSE)."),
    (
        b"X\n\x00\x00",
        "an R data file",
        "In R, write the data frame with write.csv(d, file, row.names = FALSE).",
    ),
    (b"BZh", "a bzip2 archive", "Unpack it first, or use gzip."),
    (b"\xfd7zXZ", "an xz archive", "Unpack it first, or use gzip."),
    (b"\x28\xb5\x2f\xfd", "a zstd archive", "Unpack it first, or use gzip."),
    (b"%PDF", "a PDF document", SAVE_AS_CSV),
    *((mark, "text in UTF-16", "Say so: --encoding UTF-16.") for mark in UTF16),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """The bytes of a table, unpacked."""

    name: str  # as the user wrote it
    content: bytes  # unpacked, without a byte order mark
    sha256: str  # of the bytes as stored: what `sha256sum` prints of the file

    @property
    def is_parquet(self) -> bool:
        return self.content.startswith(PARQUET)


def open_source(name: str | Path, *, has_encoding: bool = False) -> Source:
    """Read a file, or standard input for `-`; gzip is recognized by its first bytes.

    Args:
        has_encoding: the user has named one, so that UTF-16 is no stranger.
    """
    source = str(name)
    stored = sys.stdin.buffer.read() if source == "-" else _read_file(Path(name))
    content = _unpacked(stored, source) if stored.startswith(GZIP) else stored
    _refuse_foreign(content, source, has_encoding=has_encoding)
    return Source(
        name=source,
        content=content.removeprefix(b"\xef\xbb\xbf"),
        sha256=hashlib.sha256(stored).hexdigest(),
    )


def _read_file(path: Path) -> bytes:
    try:
        return path.read_bytes()
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


def _unpacked(stored: bytes, source: str) -> bytes:
    try:
        return gzip.decompress(stored)
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(
            f"the gzip data cannot be unpacked: {error}",
            where=source,
            hint="The file may be cut short; copy it anew.",
        ) from None


def _refuse_foreign(content: bytes, source: str, *, has_encoding: bool) -> None:
    for magic, what, hint in FOREIGN:
        if content.startswith(magic) and not (has_encoding and magic in UTF16):
            raise DataError(f"this is {what}, not a text table", where=source, hint=hint)
