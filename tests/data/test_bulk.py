"""The fast readers of large texts, Arrow's and that of pandas, read what the csv module reads, or nothing."""

from __future__ import annotations

import csv
import gzip
import io
import subprocess
import sys
from pathlib import Path
from typing import Literal

import numpy as np
import pytest

from mmtriage.data import bulk, by_arrow, by_pandas, delimited
from mmtriage.data.read_table import read_table
from mmtriage.data.reading import Reading
from mmtriage.errors import DataError
from tests.data.reading import cells, facts, same, write

ROOT = Path(__file__).parents[2]
TABLES = [path for name in ("sample_data", "tests") for path in sorted((ROOT / name).rglob("*.csv*"))]
READERS = ("pyarrow", "pandas")
LARGE = 6_000  # rows; here and there one is unlike the others, out of sight of the first


@pytest.fixture(params=READERS)
def reader(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """One of the fast readers; `asked` of it makes it read texts of any size."""
    if request.param == "pandas":
        monkeypatch.setattr(bulk, "has_arrow", lambda: False)
        monkeypatch.delattr(by_arrow, "arrow_columns")
    else:
        pytest.importorskip("pyarrow")
        monkeypatch.delattr(by_pandas, "pandas_columns")
    return monkeypatch


def asked(reader: pytest.MonkeyPatch) -> None:
    reader.setattr(bulk, "BULK_BYTES", 0)
    reader.setattr(bulk, "PANDAS_BYTES", 0)


def must_do(reader: pytest.MonkeyPatch) -> None:
    """It may not leave a text to the csv module."""
    asked(reader)
    reader.setattr(delimited, "_columns", None)


def test_there_are_tables() -> None:
    assert len(TABLES) > 40


@pytest.mark.parametrize("path", TABLES, ids=lambda path: path.name)
def test_every_table_of_ours_is_read_alike(path: Path, reader: pytest.MonkeyPatch) -> None:
    slow = read_table(path)
    asked(reader)
    assert same(slow, read_table(path))


def test_a_large_text_is_left_to_the_csv_module_only_where_it_must(
    tmp_path: Path, reader: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path, "y,g\n" + "1.5,a\n2,b\n" * LARGE)
    must_do(reader)
    assert read_table(path).columns["g"].levels == ("a", "b")


@pytest.mark.parametrize(
    "odd",
    [
        *(
            "oops",
            "NA",
            "",
            " NA ",
            "Inf",
            "-inf",
            "NaN",
            "nan",
            "1e400",
            "1e-400",
            "0x1F",
            "+3",
            " 4 ",
            "6.",
            ".5",
        ),
        *(
            "1_000",
            "1d5",
            "TRUE",
            "true",
            "-99",
            "-99.0",
            " -99",
            '"7"',
            '""',
            '"NA"',
            "9007199254740993",
            "\u0661",
        ),
        *("0.30000000000000004", "1e5", "1E+5", "123456789012345678901234567890", "\xa05", "5\t", "'5'"),
    ],
)
def test_a_cell_that_the_first_rows_do_not_show(tmp_path: Path, odd: str, reader: pytest.MonkeyPatch) -> None:
    rows = ["0.25,x", "-3,y z"] * (LARGE // 2)
    rows[LARGE - 7] = f"{odd},x"
    path = write(tmp_path, "\n".join(["v,g", *rows, ""]))
    slow = read_table(path)
    asked(reader)
    assert same(slow, read_table(path))


@pytest.mark.parametrize("odd", ["-99", "-99.0", " -99", '"-99"', "-98"])
def test_a_number_that_stands_for_missing_is_that_text_and_no_other(
    tmp_path: Path, odd: str, reader: pytest.MonkeyPatch
) -> None:
    """pandas used to take -99.0 for the -99 of --na-values."""
    path = write(tmp_path, "v,g\n" + "0.25,x\n" * 99 + f"{odd},y\n")
    reading = Reading(na_values=("-99",))
    slow = read_table(path, reading)
    asked(reader)
    assert same(slow, read_table(path, reading))


def test_logicals_are_logical(tmp_path: Path, reader: pytest.MonkeyPatch) -> None:
    """They used to be a factor of `True` and `False` in files above four megabytes."""
    path = write(tmp_path, "v,w\n" + "TRUE,1\nFALSE,2\n" * 50)
    must_do(reader)
    assert read_table(path).columns["v"].kind == "logical"


@pytest.mark.parametrize("first", ["NA", "TRUE", "", "x"])
def test_a_column_is_not_what_its_first_rows_say(
    tmp_path: Path, first: str, reader: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path, "v,w\n" + f"{first},1\n" * 200 + "5,2\n7.5,3\n" * 200)
    slow = read_table(path)
    must_do(reader)
    assert same(slow, read_table(path))


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_blank_lines_quoted_lines_and_blocks_of_rows(
    tmp_path: Path, ending: str, reader: pytest.MonkeyPatch
) -> None:
    lines = [
        "",
        '"y, or not",g',
        "1,a",
        "",
        '2,"b ""c"""',
        '3,"d\ne"',
        "NA,a",
        *["4,f", '5,"\u00e9"'] * 300,
        "",
    ]
    path = write(tmp_path, ending.join(lines))
    slow = read_table(path)
    reader.setattr(by_arrow, "BLOCK_BYTES", 700)
    asked(reader)
    fast = read_table(path)
    assert same(slow, fast)
    assert cells(fast.columns["y, or not"])[:4] == [1, 2, 3, None]


def test_a_field_too_long_for_the_csv_module_is_refused_alike(
    tmp_path: Path, reader: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path, "v,g\n1,a\n2," + "x" * 140_000 + "\n" + "3,b\n" * LARGE)
    with pytest.raises(DataError) as slow:
        read_table(path)
    asked(reader)
    with pytest.raises(DataError) as fast:
        read_table(path)
    assert facts(fast.value, path) == facts(slow.value, path)


def test_gzip_and_a_tab(tmp_path: Path, reader: pytest.MonkeyPatch) -> None:
    path = write(tmp_path, gzip.compress(b"v\tg\n1\ta\n2\tb,c\n", mtime=0))
    must_do(reader)
    assert cells(read_table(path).columns["g"]) == ["a", "b,c"]


def test_reading_with_arrow_imports_no_pandas(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    path = write(tmp_path, "y,g\n" + "1.5,a\nNA,b\n" * 120_000)
    code = (
        "import sys; from mmtriage.data.read_table import read_table; "
        f"read_table({str(path)!r}); print('pandas' in sys.modules, 'pyarrow' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "False True\n"


@pytest.mark.parametrize("seed", range(20))
def test_a_fast_reader_reads_what_the_csv_module_reads(
    tmp_path: Path, seed: int, reader: pytest.MonkeyPatch
) -> None:
    random = np.random.default_rng(seed)
    words = [
        ["1", "2.5", "-3e-7", "0.1", "NA", ""],
        ["7", "12", "100000"],
        ["a", "b b", "x,y", 'q"q', "é", "NA", "", " a"],
        ["TRUE", "F", "NA"],
        ["True", "False"],
        ["1", "2", "oops"],
        ["0x1F", "Inf", " 3 ", "nan"],
        ["123456789012345678901234567890", "1"],
    ]
    rows = [[str(random.choice(column)) for column in words] for _ in range(40)]
    text = io.StringIO()
    quotings: tuple[Literal[0, 1, 2], ...] = (csv.QUOTE_MINIMAL, csv.QUOTE_NONNUMERIC, csv.QUOTE_ALL)
    writer = csv.writer(text, quoting=quotings[seed % 3])
    writer.writerows([[f"c{position}" for position in range(len(words))], *rows])
    path = write(tmp_path, text.getvalue())
    slow = read_table(path)
    must_do(reader)
    assert same(slow, read_table(path))


@pytest.mark.parametrize("text", ["a,b\n1,2\n3\n", "a,b\n1,2\n3,4,5\n", 'a,b\n1,2\n3,"4\n'])
def test_a_fast_reader_leaves_mistakes_to_the_slow_path(
    tmp_path: Path, text: str, reader: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path, text)
    with pytest.raises(DataError) as slow:
        read_table(path)
    asked(reader)
    with pytest.raises(DataError) as fast:
        read_table(path)
    assert facts(fast.value, path) == facts(slow.value, path)
