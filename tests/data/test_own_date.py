"""The day that a file says of itself: it is the same wherever and whenever the file is read."""

import bz2
import gzip
import io
import os
import zipfile
from pathlib import Path

import pandas as pd
import pyreadstat
import pytest

from mmtriage.data.in_memory import table_from_frame
from mmtriage.data.read_table import read_table
from tests.data.reading import write
from tests.data.workbooks import workbook

TEXT = b"y,g\n1,a\n2,b\n"


def zipped(
    name: str, content: bytes, *, into: bytes = b"", day: tuple[int, int, int] = (2019, 5, 7)
) -> bytes:
    """An archive with one more member."""
    packed = io.BytesIO(into)
    with zipfile.ZipFile(packed, "a") as archive:
        archive.writestr(zipfile.ZipInfo(name, (*day, 12, 0, 0)), content)
    return packed.getvalue()


SAVED = (
    b"<cp:coreProperties><dcterms:created>2001-01-01T00:00:00Z</dcterms:created>"
    b'<dcterms:modified xsi:type="a">2021-03-04T09:00:00Z</dcterms:modified></cp:coreProperties>'
)
SHEET = workbook({"Data": [["y", "g"], [1, "a"], [2, "b"]]})


@pytest.mark.parametrize(
    ("content", "dated"),
    [
        (TEXT, None),
        (bz2.compress(TEXT), None),
        (gzip.compress(TEXT, mtime=1_500_000_000), "2017-07-14"),
        (gzip.compress(TEXT, mtime=0), None),
        (zipped("d.csv", TEXT), "2019-05-07"),
        (zipped("d.csv", TEXT, day=(1980, 1, 1)), None),
        (zipped("d.csv.gz", gzip.compress(TEXT, mtime=0)), "2019-05-07"),
        (zipped("d.csv.gz", gzip.compress(TEXT, mtime=1_500_000_000)), "2017-07-14"),
        (SHEET, None),
        (zipped("docProps/core.xml", SAVED, into=SHEET), "2021-03-04"),
        (zipped("docProps/core.xml", b"no date", into=SHEET), None),
    ],
)
def test_a_file_has_the_day_that_it_says(tmp_path: Path, content: bytes, dated: str | None) -> None:
    path = write(tmp_path, content, "d")
    for moment in (0, 1_700_000_000):  # of the file system, which may be those of two checkouts
        os.utime(path, (moment, moment))
        assert read_table(path).dated == dated


def test_spss_and_stata_write_theirs(tmp_path: Path) -> None:
    frame = pd.DataFrame({"y": [1.0, 2.0]})
    for ending, writer in (("sav", pyreadstat.write_sav), ("dta", pyreadstat.write_dta)):
        path = tmp_path / f"d.{ending}"
        writer(frame, str(path))
        _, described = pyreadstat.read_sav(path) if ending == "sav" else pyreadstat.read_dta(path)
        assert described.modification_time is not None
        assert read_table(path).dated == described.modification_time.date().isoformat()


def test_a_data_frame_has_none() -> None:
    assert table_from_frame(pd.DataFrame({"y": [1.0, 2.0]})).dated is None
