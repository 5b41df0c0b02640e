"""The day that a table's file says of itself, in its own bytes.

Not what the file system says: that is the day of a download or of a checkout, and of the same bytes the same
report is to be made tomorrow, and on another machine. Workbooks and archives have a date; so have the files
of SPSS, Stata and SAS, whose reader finds it (`data/labelled.py`). A text has none.
"""

from __future__ import annotations

import datetime
import io
import re
import zipfile

GZIP = b"\x1f\x8b"
ABOUT_WORKBOOKS = {  # member that says when a workbook was saved -> how
    "docProps/core.xml": re.compile(rb"<dcterms:modified[^>]*>(\d{4}-\d\d-\d\d)"),
    "meta.xml": re.compile(rb"<dc:date>(\d{4}-\d\d-\d\d)"),
}
MOST_BYTES = 100_000  # of such a member: it is a page of XML
NO_YEAR = 1980  # the first of a zip archive: what packs reproducibly writes no other


def of_gzip(stored: bytes) -> str | None:
    """When the file was last changed before it was packed; many leave it out."""
    seconds = int.from_bytes(stored[4:8], "little") if stored.startswith(GZIP) else 0
    return datetime.datetime.fromtimestamp(seconds, datetime.UTC).date().isoformat() if seconds else None


def of_member(member: zipfile.ZipInfo) -> str | None:
    """The same of a file in a zip archive, by the clock of whoever packed it."""
    year, month, day = member.date_time[:3]
    return f"{year}-{month:02}-{day:02}" if year > NO_YEAR else None


def of_workbook(content: bytes) -> str | None:
    """When a workbook of Excel's or OpenDocument's was last saved; those before 2007 do not say it here."""
    try:
        archive = zipfile.ZipFile(io.BytesIO(content))
        for name, pattern in ABOUT_WORKBOOKS.items():
            if name in archive.namelist():
                with archive.open(name) as opened:
                    found = pattern.search(opened.read(MOST_BYTES))
                return None if found is None else found[1].decode()
    except (zipfile.BadZipFile, NotImplementedError, EOFError, OSError, ValueError, RuntimeError):
        return None  # whoever reads the sheet says what is wrong with the file
    return None
