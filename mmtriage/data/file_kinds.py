"""What a file is, by its first bytes: who reads it, or why nobody does."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import PurePath
from typing import Literal

from mmtriage.data.packed import is_workbook
from mmtriage.errors import DataError

Reader = Literal["text", "workbook", "labelled", "arrow"]
Kind = Literal["text", "workbook", "sav", "dta", "sas7bdat", "parquet", "feather", "stream"]

NUL, LINE_END = b"\0", b"\n"
SAVE_AS_CSV = "Save the table as CSV (UTF-8) and give that file."
OLD_STATA = tuple(bytes((version,)) for version in (105, 108, 110, 111, 112, 113, 114, 115))
SAS7BDAT = bytes.fromhex("000000000000000000000000c2ea8160")
# Options of `Reading` that mean something to a reader.
SPEAKS_OF_TEXT = ("sep", "decimal", "thousands", "encoding", "skip", "comment", "na_values")
MEANS: dict[Reader, tuple[str, ...]] = {
    "text": SPEAKS_OF_TEXT,
    "workbook": ("sheet", "skip", "na_values"),
    "labelled": ("encoding",),
    "arrow": (),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class FileKind:
    """A kind of files."""

    name: Kind
    what: str  # in messages: "an SPSS file"
    reader: Reader
    begins: tuple[bytes, ...] = ()


TEXT = FileKind(name="text", what="a text table", reader="text")
WORKBOOK = FileKind(
    name="workbook", what="a workbook", reader="workbook", begins=(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",)
)
BINARY = (
    FileKind(name="parquet", what="a Parquet file", reader="arrow", begins=(b"PAR1",)),
    FileKind(name="feather", what="an Arrow (Feather) file", reader="arrow", begins=(b"ARROW1", b"FEA1")),
    FileKind(name="stream", what="an Arrow stream", reader="arrow", begins=(b"\xff\xff\xff\xff",)),
    FileKind(name="sav", what="an SPSS file", reader="labelled", begins=(b"$FL2", b"$FL3")),
    FileKind(
        name="dta",
        what="a Stata file",
        reader="labelled",
        begins=(
            b"<stata_dta>",
            *(version + order for version in OLD_STATA for order in (b"\x01\x01", b"\x02\x01")),
        ),
    ),
    FileKind(name="sas7bdat", what="a SAS file", reader="labelled", begins=(SAS7BDAT,)),
    WORKBOOK,
)
BEGINNING = 1000  # bytes, in which a page or JSON shows what it is
_JSON = re.compile(rb'[\[{]\s*[{\[]?\s*"[^"]*"\s*:|[\[{]\s*[\[{]')
UTF16 = (b"\xff\xfe", b"\xfe\xff")  # its byte order marks
OTHERS = (  # first bytes -> what the file is, and what to do
    (b"\x28\xb5\x2f\xfd", "a zstd archive", "Unpack it first, or use gzip."),
    (b"%PDF", "a PDF document", SAVE_AS_CSV),
    *((mark, "text in UTF-16", "Say so: --encoding UTF-16.") for mark in UTF16),
)


PAGES = (b"<!doctype html", b"<html", b"<table", b"<?xml", b"<meta")  # also what old programs call .xls


def kind_of(content: bytes) -> FileKind:
    """The kind of a file that is not packed."""
    if is_workbook(content):
        return WORKBOOK
    return next((kind for kind in BINARY if content.startswith(kind.begins)), TEXT)


def no_text(content: bytes, name: str) -> DataError:
    """What to say of bytes that are no text, for there is a NUL byte among them."""
    return DataError(
        "this is not a text file: it contains a NUL byte",
        where=f"{name}, line {content.count(LINE_END, 0, content.find(NUL)) + 1}",
        hint=SAVE_AS_CSV,
    )


def why_foreign(content: bytes, name: str, *, has_encoding: bool) -> tuple[str, str] | None:
    """What a file is that nobody reads here, and what to do; else None.

    Args:
        has_encoding: the user has named one, so that UTF-16 is no stranger.
    """
    if (of_r := _of_r(content, name)) is not None:
        return of_r
    for magic, what, hint in OTHERS:
        if content.startswith(magic) and not (has_encoding and magic in UTF16):
            return what, hint
    beginning = content[:BEGINNING].removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    if beginning.startswith(PAGES):
        return "a page (HTML or XML)", f"Open it in a spreadsheet program or a browser. {SAVE_AS_CSV}"
    if _JSON.match(beginning):
        return "JSON", SAVE_AS_CSV
    return None


def _of_r(content: bytes, name: str) -> tuple[str, str] | None:
    """What R itself has saved: R alone reads it, and two lines of R write a table."""
    path = PurePath("table" if name == "-" else name)
    table = f'write.csv(d, "{path.stem}.csv", row.names = FALSE)'
    if content.startswith(b"X\n\x00\x00"):
        return "an R data file", f'In R:\n    d <- readRDS("{path.as_posix()}")\n    {table}'
    if content.startswith((b"RDX2\n", b"RDX3\n")):
        load = f'd <- get(load("{path.as_posix()}")[1])  # its first object'
        return "an R workspace", f"In R:\n    {load}\n    {table}"
    return None
