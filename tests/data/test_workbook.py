"""Sheets of workbooks: they mean what they would mean saved as CSV."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from mmtriage.data.read_table import read_table
from mmtriage.data.reading import Reading
from mmtriage.data.table import Sheet, Table
from mmtriage.errors import DataError, InputError, OptionError
from mmtriage.formula import parse_formula
from mmtriage.model.design import build_design
from mmtriage.model.spec import ModelSpec
from tests.data.reading import cells, facts, same, write
from tests.data.workbooks import workbook

ROWS: list[list[Any]] = [["y", "g", "ok"], [1.5, "a", True], [2, "b", False], [0.1 + 0.2, "a", None]]


def table_of(directory: Path, rows: Sequence[Sequence[Any]], **options: Any) -> Table:
    return read_table(write(directory, workbook({"Data": rows}), "d.xlsx"), Reading(**options))


def test_a_sheet_means_what_its_csv_means(tmp_path: Path) -> None:
    text = f"y,g,ok\n1.5,a,TRUE\n2,b,FALSE\n{0.1 + 0.2!r},a,\n"
    assert same(table_of(tmp_path, ROWS), read_table(write(tmp_path, text)))


def test_cells_with_errors_and_empty_cells_are_missing(tmp_path: Path) -> None:
    table = table_of(tmp_path, [["y", "g"], ["#N/A", "a"], [2, None], ["NA", "b"], [None, None], [-99, "b"]])
    assert cells(table.columns["y"]) == [None, 2, None, -99]
    assert cells(table.columns["g"]) == ["a", None, "b", "b"]
    missing = table_of(tmp_path, [["y", "g"], [-99, "a"], [2, "b"]], na_values=("-99",))
    assert cells(missing.columns["y"]) == [None, 2]


def test_days_are_no_numbers_and_disturb_nobody(tmp_path: Path) -> None:
    table = table_of(tmp_path, [["y", "when"], [1, "DAY 43831"], [2, "DAY 43832"]])
    assert list(table.columns) == ["y"]
    assert table.unusable == {"when": "dates or times"}


def test_rows_above_the_names_are_left_out_and_rows_keep_their_numbers(tmp_path: Path) -> None:
    rows: list[list[Any]] = [["Trial of 2019", None], [None, None], ["y", "g"], [1, "a"], [2, "b"]]
    table = table_of(tmp_path, rows, skip=1)
    assert (table.row_name(0), table.header_line) == ("row 4", 3)
    with pytest.raises(DataError) as caught:
        table_of(tmp_path, rows)
    assert caught.value.hint == "Leave it out: --skip 1."


@pytest.mark.parametrize(("asked", "expected"), [("Raw data", 1), ("2", 1), ("1", 2), ("Long", 2)])
def test_a_sheet_is_chosen_by_name_or_number(tmp_path: Path, asked: str, expected: float) -> None:
    path = write(tmp_path, workbook({"Long": [["y"], [2]], "Raw data": [["y"], [1]]}), "d.xlsx")
    assert cells(read_table(path, Reading(sheet=asked)).columns["y"]) == [expected]


def test_a_choice_among_sheets_is_said(tmp_path: Path) -> None:
    path = write(tmp_path, workbook({"A": [["y"], [2]], "B": [["y"], [1]]}), "d.xlsx")
    table = read_table(path)
    assert table.layout == Sheet("A")
    assert table.notes == ("read from sheet `A`, the first of `A`, `B`; --sheet names another",)
    assert read_table(path, Reading(sheet="A")).notes == ()


@pytest.mark.parametrize(
    ("rows", "options", "expected"),
    [
        ([], {}, ["the sheet is empty", "d.xlsx, sheet `Data`", "Name another one with --sheet."]),
        (
            [["y", "g"]],
            {},
            [
                "the file has a line of column names but no rows",
                "d.xlsx, sheet `Data`",
                "The first line is read as names; the rows of data must follow it.",
            ],
        ),
        (
            [["y", "y"], [1, 2]],
            {},
            ["two columns are called `y`: columns 1 and 2", "d.xlsx, sheet `Data`", "Rename one of them."],
        ),
        (
            [["y", None, "g"], [1, 2, "a"]],
            {},
            ["column 2 has values but no name", "d.xlsx, sheet `Data`", "Name it in the first line."],
        ),
        (
            [[1, 2], [3, 4]],
            {},
            [
                "the first line holds numbers (`1`), not column names",
                "d.xlsx, sheet `Data`",
                "Add a first line that names the columns.",
            ],
        ),
        (ROWS, {"sheet": "data"}, ["`d.xlsx` has no sheet `data`", "option --sheet", "Did you mean `Data`?"]),
        (
            ROWS,
            {"sheet": "7"},
            ["`d.xlsx` has no sheet `7`", "option --sheet", "The sheets are: `Data`."],
        ),
        (
            ROWS,
            {"sep": ";"},
            ["it means nothing for a workbook", "option --sep", "Leave it out: it speaks of texts."],
        ),
    ],
    ids=["empty", "no-rows", "twins", "nameless", "numbers", "typo", "too-far", "sep"],
)
def test_a_sheet_that_cannot_be_read_says_why(
    tmp_path: Path, rows: list[list[Any]], options: dict[str, Any], expected: list[str]
) -> None:
    with pytest.raises(InputError) as caught:
        table_of(tmp_path, rows, **options)
    assert facts(caught.value, tmp_path / "d.xlsx") == expected


def test_a_damaged_workbook_says_so(tmp_path: Path) -> None:
    path = write(tmp_path, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "d.xls")
    with pytest.raises(DataError, match="the workbook cannot be read"):
        read_table(path)


def test_without_the_extra_a_workbook_names_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "python_calamine", None)
    with pytest.raises(DataError) as caught:
        table_of(tmp_path, ROWS)
    assert facts(caught.value, tmp_path / "d.xlsx") == [
        "reading a workbook needs python-calamine, which is not installed",
        "d.xlsx",
        "Install it: pip install python-calamine (the extra `files` of mmtriage brings it).",
    ]


def test_a_text_has_no_sheets(tmp_path: Path) -> None:
    with pytest.raises(OptionError) as caught:
        read_table(write(tmp_path, "a,b\n1,2\n"), Reading(sheet="Data"))
    assert facts(caught.value, tmp_path) == [
        "it means nothing for a text table",
        "option --sheet",
        "Leave it out: it speaks of workbooks.",
    ]


def test_numbers_written_for_people_are_named_without_options_of_texts(tmp_path: Path) -> None:
    table = table_of(tmp_path, [["y", "g"], [1, "a"], ["$ 12", "a"], ["$ 13", "b"]])
    with pytest.raises(DataError) as caught:
        build_design(table, parse_formula("y ~ 1 + (1 | g)"), ModelSpec())
    assert caught.value.hint == "Take signs like % off in the file; if these are names, say so: --factor y."
