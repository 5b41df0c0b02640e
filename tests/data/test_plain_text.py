"""Encodings, lines that do not belong to a table, and how its numbers are written."""

from __future__ import annotations

from pathlib import Path

import pytest

from mmtriage.data.decorated import decorated_cell
from mmtriage.data.read_table import read_table
from mmtriage.data.reading import Reading
from mmtriage.errors import DataError, InputError
from tests.data.reading import cells, column_of, write


def test_what_is_not_utf_8_is_read_as_windows_writes_it_and_that_is_said(tmp_path: Path) -> None:
    table = read_table(write(tmp_path, "größe,y\n1,ä\n2,b\n".encode("cp1252")))
    assert list(table.columns) == ["größe", "y"]
    assert len(table.notes) == 1
    assert "is not UTF-8 (line 1) and was read as cp1252" in table.notes[0]


@pytest.mark.parametrize("encoding", ["latin-1", "UTF-16", "cp932", "utf-8"])
def test_an_encoding_that_is_named_is_used_in_silence(tmp_path: Path, encoding: str) -> None:
    word = "猫" if encoding == "cp932" else "é"
    path = write(tmp_path, f"a,b\n1,{word}\n2,x\n".encode(encoding))
    table = read_table(path, Reading(encoding=encoding))
    assert cells(table.columns["b"]) == [word, "x"]
    assert table.notes == ()


@pytest.mark.parametrize(
    ("reading", "problem"),
    [
        (Reading(encoding="klingon"), "`klingon` is no encoding of text"),
        (Reading(encoding="base64"), "`base64` is no encoding of text"),
        (Reading(encoding="ascii"), "the text is not ascii: byte 0xc3 cannot be decoded"),
        (Reading(skip=9), "the file has 4 lines, and 9 were to be left out"),
        (Reading(thousands="."), "`.` cannot be the decimal mark too"),
    ],
    ids=["unknown", "no-text", "other-bytes", "skips-all", "twice"],
)
def test_what_cannot_be_read_so_is_refused(tmp_path: Path, reading: Reading, problem: str) -> None:
    path = write(tmp_path, "a,b\n1,é\n2,x\n")
    with pytest.raises(InputError) as caught:
        read_table(path, reading)
    assert caught.value.message == problem


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_lines_above_are_left_out_and_lines_keep_their_numbers(tmp_path: Path, end: str) -> None:
    text = end.join(["A title, with a comma", "and more", "a,b", "1,2", "3,4", ""])
    table = read_table(write(tmp_path, text), Reading(skip=2))
    assert cells(table.columns["a"]) == [1, 3]
    assert table.row_name(0) == "row 4"
    with pytest.raises(DataError) as caught:
        read_table(write(tmp_path, text + f"5{end}"), Reading(skip=2))
    assert (caught.value.where or "").endswith("line 6")


def test_excels_own_line_names_the_separator(tmp_path: Path) -> None:
    table = read_table(write(tmp_path, "sep=;\na;b\n1;2,5\n3;4\n"))
    assert cells(table.columns["b"]) == [2.5, 4]
    assert table.row_name(1) == "row 4"


def test_comments_end_lines_but_not_within_quotes(tmp_path: Path) -> None:
    text = '# exported\na,b # names\n1,"x # y"\n# 2,z\n3,w#\n'
    table = read_table(write(tmp_path, text), Reading(comment="#"))
    assert cells(table.columns["a"]) == [1, 3]
    assert cells(table.columns["b"]) == ["x # y", "w"]


@pytest.mark.parametrize(
    ("text", "problem", "hint"),
    [
        ("My experiment,,\na,b,c\n1,2,3\n", "is a title (`My experiment`)", "Leave it out: --skip 1."),
        ("My experiment\na,b,c\n1,2,3\n", "is a title (`My experiment`)", "Leave it out: --skip 1."),
        ("# exported\na,b,c\n1,2,3\n", "is a comment (`# exported`)", "Say so: --comment '#'"),
    ],
)
def test_a_title_above_the_names_is_named(tmp_path: Path, text: str, problem: str, hint: str) -> None:
    with pytest.raises(DataError) as caught:
        read_table(write(tmp_path, text))
    assert problem in caught.value.message
    assert (caught.value.hint or "").startswith(hint)


def test_marks_within_numbers_can_be_named(tmp_path: Path) -> None:
    path = write(tmp_path, 'a,b\n"1,956.38",2\n"-12,345,678",3\n7,4\n')
    assert cells(read_table(path, Reading(thousands=",")).columns["a"]) == [1956.38, -12345678, 7]
    path = write(tmp_path, "a|b\n1.956,38|2\n7,5|3\n")
    assert cells(read_table(path, Reading(thousands=".", decimal=",")).columns["a"]) == [1956.38, 7.5]


def test_what_is_no_group_of_three_digits_is_no_number(tmp_path: Path) -> None:
    path = write(tmp_path, 'a,b\n"1,95",2\n"12,34,567",3\n')
    assert read_table(path, Reading(thousands=",")).columns["a"].kind == "factor"


@pytest.mark.parametrize(
    "cell", ["1,956.38", "1.956,38", "19.6%", "$12", "€ 3.5", "\u22124.2", "(3.5)", "1 234"]
)
def test_numbers_written_for_people_are_recognized(tmp_path: Path, cell: str) -> None:
    assert decorated_cell(column_of(tmp_path, "1", f'"{cell}"', "2")) == (cell, 1)


@pytest.mark.parametrize("cell", ["a", "1a", "1-2", "2020-01-02", "1.2.3", "S1", "#N/A"])
def test_names_are_not_taken_for_numbers(tmp_path: Path, cell: str) -> None:
    assert decorated_cell(column_of(tmp_path, "1", f'"{cell}"', "19%")) is None


def test_a_few_decorated_cells_are_a_mistake_of_their_own(tmp_path: Path) -> None:
    assert decorated_cell(column_of(tmp_path, *map(str, range(40)), "19%")) is None
