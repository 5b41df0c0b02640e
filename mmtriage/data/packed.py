"""Files within files: gzip, bzip2 and xz around a table, and a zip archive of one table."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

from mmtriage.data import arrow_sizes, own_date
from mmtriage.errors import DataError
from mmtriage.system.limited import BLOCK, Limit, OverLimitError, Stream, read_limited

MOST_LAYERS = 3  # one around the other, such as a gzipped text in a zip archive
MEMBERS_SHOWN = 5
ZIP = b"PK\x03\x04"
EMPTY_ZIP = b"PK\x05\x06"
OF_WORKBOOKS = ("[Content_Types].xml", "mimetype")  # members of Excel's and of OpenDocument's archives
OF_THE_SYSTEM = ("__MACOSX", ".")  # how names of folders and files begin that nobody put there by hand

CUT_SHORT = "The file may be cut short; copy it anew."


@dataclass(frozen=True, slots=True, kw_only=True)
class Packing:
    """A way to pack one file."""

    name: str
    begins: bytes
    opened: Callable[[io.BytesIO], Stream]


PACKINGS = (
    Packing(name="gzip", begins=b"\x1f\x8b", opened=gzip.open),
    Packing(name="bzip2", begins=b"BZh", opened=bz2.open),
    Packing(name="xz", begins=b"\xfd7zXZ\x00", opened=lzma.open),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Unpacked:
    """The bytes of a table."""

    content: bytes
    member: str | None = None  # its name in the zip archive, if it came in one
    dated: str | None = None  # the day that the packing has of it


def unpacked(stored: bytes, source: str, limit: Limit) -> Unpacked:
    """Take a table out of whatever is around it; OverLimitError where more comes out than may."""
    found = Unpacked(content=stored)
    for _ in range(MOST_LAYERS):
        packing = next((each for each in PACKINGS if found.content.startswith(each.begins)), None)
        if packing is not None:
            found = replace(
                found,
                content=_without(packing, found.content, source, limit),
                dated=own_date.of_gzip(found.content) or found.dated,
            )
        elif found.content.startswith((ZIP, EMPTY_ZIP)) and not is_workbook(found.content):
            found = _only_member(found.content, source, limit)
        else:
            break
    if _unpacked_by_reader(found.content) > (most := limit(found.content[:BLOCK])):
        raise OverLimitError(most)
    return found


def is_packed(first: bytes) -> bool:
    """Whether what begins like this is packed."""
    return first.startswith((ZIP, EMPTY_ZIP, *(packing.begins for packing in PACKINGS)))


def is_workbook(content: bytes) -> bool:
    """Whether this is a zip archive that a spreadsheet program has written."""
    if not content.startswith(ZIP):
        return False
    try:
        return any(name in OF_WORKBOOKS for name in zipfile.ZipFile(io.BytesIO(content)).namelist())
    except zipfile.BadZipFile:
        return False


def _unpacked_by_reader(content: bytes) -> int:
    """Bytes that the reader of a workbook, an archive too, or of an Arrow file unpacks; else none.

    What a member says of its size is believed: one that says too little cannot be unpacked.
    """
    if is_workbook(content):
        return sum(member.file_size for member in zipfile.ZipFile(io.BytesIO(content)).infolist())
    return arrow_sizes.unpacked_bytes(content)


def _without(packing: Packing, content: bytes, source: str, limit: Limit) -> bytes:
    try:
        return read_limited(packing.opened(io.BytesIO(content)), limit)
    except (OSError, EOFError, ValueError, zlib.error, lzma.LZMAError) as error:
        raise DataError(
            f"the {packing.name} data cannot be unpacked: {error}", where=source, hint=CUT_SHORT
        ) from None


def _only_member(content: bytes, source: str, limit: Limit) -> Unpacked:
    """The one file of an archive, but for what a system puts beside it."""
    try:
        archive = zipfile.ZipFile(io.BytesIO(content))
        members = [member for member in archive.infolist() if _is_users(member)]
        if len(members) != 1:
            raise _not_one([member.filename for member in members], source)
        if members[0].flag_bits & 1:
            raise DataError(
                f"`{members[0].filename}` in the archive is protected by a password",
                where=source,
                hint="Unpack it first, and give the table.",
            )
        with archive.open(members[0]) as opened:
            return Unpacked(
                content=read_limited(opened, limit),
                member=members[0].filename,
                dated=own_date.of_member(members[0]),
            )
    except (zipfile.BadZipFile, NotImplementedError, EOFError, ValueError, zlib.error) as error:
        raise DataError(
            f"the zip archive cannot be unpacked: {error}", where=source, hint=CUT_SHORT
        ) from None


def _is_users(member: zipfile.ZipInfo) -> bool:
    parts = PurePosixPath(member.filename).parts
    return not member.is_dir() and not any(part.startswith(OF_THE_SYSTEM) for part in parts)


def _not_one(names: list[str], source: str) -> DataError:
    if not names:
        return DataError("the zip archive holds no file", where=source, hint="Give the table itself.")
    shown = ", ".join(f"`{name}`" for name in names[:MEMBERS_SHOWN])
    more = ", ..." if len(names) > MEMBERS_SHOWN else ""
    return DataError(
        f"the zip archive holds {len(names)} files, not one table: {shown}{more}",
        where=source,
        hint="Unpack it, and give one of them.",
    )
