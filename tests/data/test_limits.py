"""Tables have a limit in bytes: stored, unpacked, and as cells in memory."""

from __future__ import annotations

import bz2
import gzip
import lzma
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from mmtriage.data import foreseen
from mmtriage.data.arrow_sizes import unpacked_bytes
from mmtriage.data.read_table import read_table
from mmtriage.data.reading import Reading
from mmtriage.errors import DataError
from mmtriage.system.limited import BLOCK

TABLE = b"y,x,g\n" + b"1,2,a\n3,4,b\n" * 500
SMALL = Reading(max_bytes=1000)


def zipped(content: bytes) -> bytes:
    path = Path("t.zip")
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("t.csv", content)
    return path.read_bytes()


@pytest.fixture(autouse=True)
def directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(
    "pack", [bytes, gzip.compress, bz2.compress, lzma.compress, zipped], ids=lambda pack: pack.__name__
)
def test_the_limit_holds_for_what_comes_out(pack: Callable[[bytes], bytes]) -> None:
    """1.46 MB of gzip once took 7.7 GB."""
    Path("t").write_bytes(pack(TABLE))
    with pytest.raises(DataError) as caught:
        read_table("t", SMALL)
    assert (caught.value.message, caught.value.where) == (
        "the table has more than 1 kB, and no more are read",
        "t",
    )
    assert caught.value.hint == "Give fewer rows or columns, or another limit: --max-bytes N."
    assert read_table("t", Reading(max_bytes=len(TABLE))).n_rows == 1000


def test_the_limit_holds_for_what_comes_out_of_a_workbook() -> None:
    with zipfile.ZipFile("t.xlsx", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("xl/worksheets/sheet1.xml", b" " * 1_000_000)
    assert Path("t.xlsx").stat().st_size < 2_000
    with pytest.raises(DataError, match="the table has more than 100 kB, and no more are read"):
        read_table("t.xlsx", Reading(max_bytes=100_000))


def test_the_limit_holds_for_what_a_parquet_file_says_of_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    """A hundred million equal numbers are a file of some kilobytes."""
    parquet = pytest.importorskip("pyarrow.parquet")
    pyarrow = pytest.importorskip("pyarrow")
    parquet.write_table(pyarrow.table({"a": [1.0] * 100_000, "b": [2.0] * 100_000}), "t.parquet")
    assert Path("t.parquet").stat().st_size < 10_000
    with pytest.raises(DataError) as caught:
        read_table("t.parquet", Reading(max_bytes=1_000_000))
    assert caught.value.message == "the table has 100,000 rows of 2 columns: more than 1 MB"
    assert read_table("t.parquet", Reading(max_bytes=1_600_000)).n_rows == 100_000
    monkeypatch.setattr(foreseen, "free_memory", lambda: 1_000_000.0)
    with pytest.raises(DataError, match=r"to read 100,000 rows of 2 columns takes 4 MB of memory, and 1 MB"):
        read_table("t.parquet")


@pytest.mark.parametrize("written", ["lz4", "zstd", "uncompressed", "stream"])
def test_the_limit_holds_for_what_the_batches_of_an_arrow_file_say(written: str) -> None:
    """A file of 30 kB, sixty million rows of zeros, took 3 GB before anything was said."""
    pyarrow, feather = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.feather")
    zeros, word = pyarrow.array([0.0] * 20_000), pyarrow.array(["a" * 40] * 20_000)
    table = pyarrow.table({"y": zeros, "s": word, "f": pyarrow.array(["b"] * 20_000).dictionary_encode()})
    if written == "stream":
        options = pyarrow.ipc.IpcWriteOptions(compression="zstd")
        with pyarrow.ipc.new_stream("t", table.schema, options=options) as stream:
            stream.write_table(table)
    else:
        feather.write_feather(table, "t", compression=written, chunksize=7_000)
    size = 20_000 * (8 + 40 + 4 + 4)  # numbers, words and where each begins, codes
    content = Path("t").read_bytes()
    assert size < unpacked_bytes(content) < 1.001 * size + 100
    with pytest.raises(DataError, match=r"the table has more than 1\.1 MB, and no more are read"):
        read_table("t", Reading(max_bytes=size))
    assert read_table("t", Reading(max_bytes=2 * size)).n_rows == 20_000


def test_a_damaged_arrow_file_has_the_size_of_what_is_whole() -> None:
    feather, pyarrow = pytest.importorskip("pyarrow.feather"), pytest.importorskip("pyarrow")
    feather.write_feather(pyarrow.table({"y": [0.0] * 1000}), "t", compression="zstd", chunksize=100)
    content = Path("t").read_bytes()
    for cut in range(0, len(content), 7):
        assert 0 <= unpacked_bytes(content[:cut]) <= 8_000
        assert unpacked_bytes(content[:cut] + b"\xff" * 7 + content[cut + 7 :]) >= 0


def test_what_comes_out_is_left_while_it_comes_out(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("t.gz").write_bytes(gzip.compress(b"a,b\n" * (4 * BLOCK)))
    read: list[int] = []
    real = gzip.GzipFile.read

    def counted(self: gzip.GzipFile, size: int = -1) -> bytes:
        read.append(size)
        return real(self, size)

    monkeypatch.setattr(gzip.GzipFile, "read", counted)
    with pytest.raises(DataError, match="more than"):
        read_table("t.gz", Reading(max_bytes=100_000))
    assert read == [BLOCK]


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="needs /dev/zero")
def test_a_device_without_an_end_is_no_text() -> None:
    with pytest.raises(DataError, match="this is not a text file: it contains a NUL byte"):
        read_table("/dev/zero")


def test_the_free_memory_is_the_limit_where_the_user_says_none(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("t").write_bytes(TABLE)
    monkeypatch.setattr(foreseen, "free_memory", lambda: 50_000.0)
    with pytest.raises(DataError, match=r"more than 4\.\d kB, and no more are read, as the memory that is"):
        read_table("t")
    assert read_table("t", Reading(max_bytes=10_000)).n_rows == 1000


def test_cells_of_their_own_need_more_than_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("t").write_bytes(TABLE)
    monkeypatch.setattr(foreseen, "free_memory", lambda: 200_000.0)
    with pytest.raises(DataError) as caught:
        read_table("t")
    assert caught.value.message == (
        "to read 1,001 rows of 3 columns takes 276 kB of memory, and 200 kB are free"
    )


def test_a_pipe_without_an_end_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    class Standard:
        class buffer:  # noqa: N801
            read = staticmethod(lambda size: b"1,2\n" * (size // 4))

    monkeypatch.setattr(sys, "stdin", Standard)
    with pytest.raises(DataError, match="the table has more than 3 MB"):
        read_table("-", Reading(max_bytes=3_000_000))
