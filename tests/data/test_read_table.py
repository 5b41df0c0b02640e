"""What is read: what R would read, with the types R would give it."""

import gzip
import hashlib
import io
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mmtriage.data.read_table import read_table
from mmtriage.data.reading import Reading
from tests.data.reading import cells, column_of, write


def test_a_table_keeps_the_order_of_the_file_its_rows_and_its_hash(tmp_path: Path) -> None:
    path = write(tmp_path, '"y","g"\n1.5,"b"\n2,"a"\n')
    table = read_table(path)
    assert list(table.columns) == ["y", "g"]
    assert (table.n_rows, table.source) == (2, str(path))
    assert table.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert cells(table.columns["y"]) == [1.5, 2]
    assert cells(table.columns["g"]) == ["b", "a"]
    assert table.columns["g"].levels == ("a", "b")


def test_values_cannot_be_changed(tmp_path: Path) -> None:
    column = column_of(tmp_path, "1", "2")
    with pytest.raises(ValueError, match="read-only"):
        column.values[0] = 3


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (["1", "-2.5", "+3", " 4 ", "1e5", ".5", "6."], [1, -2.5, 3, 4, 1e5, 0.5, 6]),
        (['"1"', '"2"'], [1, 2]),  # quoted numbers are numbers
        (["0x1F", "-0x1F", "0x1p3"], [31, -31, 8]),
        (["1", "NA", "", " NA "], [1, None, None, None]),
        (["1", "NaN", "nan"], [1, None, None]),
        (["1", "Inf", "-inf"], [1, np.inf, -np.inf]),
        (["9007199254740993", "1e400"], [9007199254740992.0, np.inf]),
        (["0.1", "0.30000000000000004"], [0.1, 0.1 + 0.2]),  # to the last bit
    ],
)
def test_numbers_are_read_as_r_does(tmp_path: Path, values: list[str], expected: list[float | None]) -> None:
    column = column_of(tmp_path, *values)
    assert column.kind == "numeric"
    assert cells(column) == expected


@pytest.mark.parametrize(
    "values", [["1_000"], ["1", "2 a"], ["1e"], ["1,5"], ["\u0661"], ["1d5"], ["1L"], ["."]]
)
def test_text_that_python_or_nobody_calls_a_number_is_a_factor(tmp_path: Path, values: list[str]) -> None:
    column = column_of(tmp_path, *[f'"{value}"' for value in values])
    assert column.kind == "factor"
    assert cells(column) == values


@pytest.mark.parametrize(
    ("values", "kind", "expected"),
    [
        (["TRUE", "F", "NA", "T", "FALSE"], "logical", [1, 0, None, 1, 0]),
        (["NA", ""], "logical", [None, None]),  # R: all missing is logical
        (["True", "False"], "factor", ["True", "False"]),
        (["TRUE", "1"], "factor", ["TRUE", "1"]),
    ],
)
def test_only_rs_logical_words_are_logical(
    tmp_path: Path, values: list[str], kind: str, expected: list[object]
) -> None:
    column = column_of(tmp_path, *values)
    assert (column.kind, cells(column)) == (kind, expected)


def test_levels_of_text_come_in_code_point_order_without_surrounding_space(tmp_path: Path) -> None:
    assert column_of(tmp_path, "b", "B", " a", " a", "Z", "é").levels == ("B", "Z", "a", "b", "é")


def test_levels_that_differ_by_surrounding_space_stay_apart_as_in_r(tmp_path: Path) -> None:
    column = column_of(tmp_path, "ctl", "ctl ", "trt", " NA")
    assert column.levels == ("ctl", "ctl ", "trt")
    assert column.is_missing.tolist() == [False, False, False, True]
    assert column.note is not None
    assert "differ by surrounding space only" in column.note


def test_more_strings_can_mean_missing(tmp_path: Path) -> None:
    assert cells(column_of(tmp_path, "1", "-99", "NA", na_values=["-99"])) == [1, None, None]


@pytest.mark.parametrize(
    "text",
    ["a,b\n1,x\n2,y\n", "a\tb\n1\tx\n2\ty\n", "a;b\n1;x\n2;y\n", "a|b\n1|x\n2|y\n", "a b\n1 x\n2 y\n"],
    ids=["comma", "tab", "semicolon", "bar", "space"],
)
def test_the_separator_is_sniffed(tmp_path: Path, text: str) -> None:
    table = read_table(write(tmp_path, text))
    assert cells(table.columns["a"]) == [1, 2]
    assert cells(table.columns["b"]) == ["x", "y"]


@pytest.mark.parametrize("sep", ["\t", "tab", "\\t"])
def test_a_separator_can_be_given(tmp_path: Path, sep: str) -> None:
    assert list(read_table(write(tmp_path, "a,b\tc\n1\t2\n"), Reading(sep=sep)).columns) == ["a,b", "c"]


def test_a_table_of_one_column_is_a_table(tmp_path: Path) -> None:
    assert cells(read_table(write(tmp_path, "y\n1\n\n2\n")).columns["y"]) == [1, 2]


def test_semicolon_files_may_have_decimal_points(tmp_path: Path) -> None:
    table = read_table(write(tmp_path, "a;b;c\n1.5;x,y;-2e-3\n2.25;z;3\n"))
    assert cells(table.columns["a"]) == [1.5, 2.25]
    assert cells(table.columns["c"]) == [-2e-3, 3]
    assert table.columns["b"].kind == "factor"


def test_semicolon_files_may_have_decimal_commas(tmp_path: Path) -> None:
    table = read_table(write(tmp_path, "a;b;c\n1,5;1.5;1.000,5\n2,25;2;3\n"))
    assert cells(table.columns["a"]) == [1.5, 2.25]
    assert table.columns["b"].kind == "factor"
    assert table.columns["c"].kind == "factor"


@pytest.mark.parametrize(
    "text",
    [
        "\ufeffa,b\n1,x\n2,y\n",
        "a,b\r\n1,x\r\n2,y\r\n",
        "a,b\n1,x\n\n2,y\n\n\n",
        "a,b\n1,x\n2,y",
        ' a , b \n1,"x"\n2,y\n',
        "a,b\nr1,1,x\nr2,2,y\n",  # row names, as write.table(sep = ",") writes them
        "a,b,\n1,x,\n2,y,\n",  # a separator at the end of every line, the first included
    ],
    ids=["bom", "crlf", "blank", "no-final-newline", "header-space", "row-names", "trailing-separator"],
)
def test_everyday_variations_read_alike(tmp_path: Path, text: str) -> None:
    table = read_table(write(tmp_path, text))
    assert list(table.columns) == ["a", "b"]
    assert cells(table.columns["a"]) == [1, 2]
    assert cells(table.columns["b"]) == ["x", "y"]


def test_a_first_column_without_a_name_is_called_x_as_in_r(tmp_path: Path) -> None:
    assert list(read_table(write(tmp_path, '"","a"\n"1",5\n"2",6\n')).columns) == ["X", "a"]


def test_fields_keep_their_separators_newlines_and_quotes(tmp_path: Path) -> None:
    table = read_table(write(tmp_path, 'a,b\n"x,\ny",1\n"say ""hi""",2\n5" pipe,3\n'))
    assert cells(table.columns["a"]) == ["x,\ny", 'say "hi"', '5" pipe']


def test_gzip_is_recognized_by_its_first_bytes(tmp_path: Path) -> None:
    packed = gzip.compress(b"a,b\n1,x\n", mtime=0)
    for name in ("d.csv.gz", "misnamed.csv"):
        assert cells(read_table(write(tmp_path, packed, name)).columns["a"]) == [1]


def test_a_dash_reads_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"a,b\n1,x\n")))
    table = read_table("-")
    assert (table.source, cells(table.columns["b"])) == ("-", ["x"])


def test_parquet_files_are_read_with_their_types(tmp_path: Path) -> None:
    frame = pd.DataFrame({"y": [1.5, 2], "g": pd.Categorical(["b", "a"], categories=["b", "a"])})
    frame.to_parquet(tmp_path / "d.parquet")
    table = read_table(tmp_path / "d.parquet")
    assert table.columns["g"].levels == ("b", "a")
    assert cells(table.columns["y"]) == [1.5, 2]
