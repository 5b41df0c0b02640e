"""Tables in archives."""

import bz2
import gzip
import io
import lzma
import zipfile
from pathlib import Path

import pytest

from mmtriage.data.read_table import read_table
from mmtriage.errors import DataError
from tests.data.reading import facts, same, write

TEXT = b"y,g\n1,a\n2,b\n"


def zipped(**members: bytes) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return packed.getvalue()


@pytest.mark.parametrize(
    "content",
    [
        bz2.compress(TEXT),
        lzma.compress(TEXT),
        gzip.compress(TEXT),
        zipped(**{"d.csv": TEXT}),
        zipped(**{"d/": b"", "d/d.csv": TEXT, "__MACOSX/d/._d.csv": b"x", "d/.DS_Store": b"x"}),
        zipped(**{"d.csv.gz": gzip.compress(TEXT)}),
    ],
    ids=["bz2", "xz", "gz", "zip", "zip-of-a-mac", "gz-in-zip"],
)
def test_a_packed_table_is_the_table(tmp_path: Path, content: bytes) -> None:
    table = read_table(write(tmp_path, content, "d.packed"))
    assert same(table, read_table(write(tmp_path, TEXT)))


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (
            zipped(**{"a.csv": TEXT, "b.csv": TEXT}),
            [
                "the zip archive holds 2 files, not one table: `a.csv`, `b.csv`",
                "d.zip",
                "Unpack it, and give one of them.",
            ],
        ),
        (zipped(), ["the zip archive holds no file", "d.zip", "Give the table itself."]),
        (
            zipped(**{"d.csv": TEXT})[:-30],
            [
                "the zip archive cannot be unpacked: File is not a zip file",
                "d.zip",
                "The file may be cut short; copy it anew.",
            ],
        ),
        (
            bz2.compress(TEXT)[:-9],
            [
                "the bzip2 data cannot be unpacked: "
                "Compressed file ended before the end-of-stream marker was reached",
                "d.zip",
                "The file may be cut short; copy it anew.",
            ],
        ),
        (
            lzma.compress(TEXT)[:-9],
            [
                "the xz data cannot be unpacked: "
                "Compressed file ended before the end-of-stream marker was reached",
                "d.zip",
                "The file may be cut short; copy it anew.",
            ],
        ),
    ],
    ids=["two", "none", "cut-zip", "cut-bz2", "cut-xz"],
)
def test_an_archive_that_cannot_be_read_says_why(tmp_path: Path, content: bytes, expected: list[str]) -> None:
    path = write(tmp_path, content, "d.zip")
    with pytest.raises(DataError) as caught:
        read_table(path)
    assert facts(caught.value, path) == expected


def test_what_r_saves_is_named_with_the_lines_that_write_a_table(tmp_path: Path) -> None:
    path = write(tmp_path, gzip.compress(b"X\n\x00\x00\x00\x03"), "d.rds")
    with pytest.raises(DataError) as caught:
        read_table(path)
    assert facts(caught.value, path) == [
        "this is an R data file, not a text table",
        "d.rds",
        'In R:\n    d <- readRDS("d.rds")\n    write.csv(d, "d.csv", row.names = FALSE)',
    ]
