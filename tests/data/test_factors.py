"""Factors: labels as R writes them, and the levels the user lists."""

from pathlib import Path

import numpy as np
import pytest

from mmtriage.data.convert import as_factor, first_non_number, number_labels
from mmtriage.data.read_table import read_table
from mmtriage.data.reading import Reading
from mmtriage.data.table import Column
from mmtriage.errors import DataError
from tests.data.reading import cells, column_of, facts, write


def test_numbers_as_a_factor_sort_as_numbers(tmp_path: Path) -> None:
    column = column_of(tmp_path, "10", "9", "NA", "100000", "10", factors={"v": None})
    assert column.levels == ("9", "10", "100000")
    assert cells(column) == ["10", "9", None, "100000", "10"]


@pytest.mark.parametrize(
    ("value", "label"),
    [
        (1e5 + 0.5, "100000.5"),
        (0.1, "0.1"),
        (0.1 + 0.2, "0.3"),
        (1e-4, "1e-04"),
        (0.00012, "0.00012"),
        (1 / 3, "0.333333333333333"),
        (2e10 / 3, "6666666666.66667"),
        (1e22, "1e+22"),
        (-1e10, "-1e+10"),
        (2.0**53, "9007199254740992"),
        (123456789012.0, "123456789012"),
        (np.inf, "Inf"),
        (-np.inf, "-Inf"),
        (np.nan, "NaN"),
    ],
)
def test_labels_of_doubles_are_those_of_as_character(value: float, label: str) -> None:
    assert number_labels(np.array([value])) == [label]


def test_numbers_that_print_alike_are_one_level() -> None:
    column = Column(name="x", kind="numeric", values=np.array([0.3, 0.1 + 0.2, 1.5]))
    assert as_factor(column).levels == ("0.3", "1.5")
    assert list(as_factor(column).values) == [0, 0, 1]


def test_logicals_become_factors_with_the_levels_that_occur() -> None:
    both = Column(name="x", kind="logical", values=np.array([1.0, 0.0, np.nan]))
    one = Column(name="x", kind="logical", values=np.array([1.0, np.nan]))
    assert (as_factor(both).levels, list(as_factor(both).values)) == (("FALSE", "TRUE"), [1, 0, -1])
    assert (as_factor(one).levels, list(as_factor(one).values)) == (("TRUE",), [0, -1])


def test_listed_levels_set_the_order(tmp_path: Path) -> None:
    column = column_of(tmp_path, "low", "high", "", factors={"v": ("low", "mid", "high")})
    assert column.levels == ("low", "mid", "high")
    assert list(column.values) == [0, 2, -1]
    column = column_of(tmp_path, "1", "2.0", factors={"v": ("2", "1.0")})
    assert (column.levels, list(column.values)) == (("2", "1.0"), [1, 0])


@pytest.mark.parametrize(
    ("factors", "expected"),
    [
        pytest.param(
            {"Subjct": None},
            ["there is no column `Subjct`", "option --factor", "Did you mean `Subject`?"],
            id="unknown-column",
        ),
        pytest.param(
            {"dose, Subject": None},
            [
                "there is no column `dose, Subject`",
                "option --factor",
                "Repeat the option: --factor dose --factor Subject.",
            ],
            id="several-in-one",
        ),
        pytest.param(
            {"zzz": None},
            ["there is no column `zzz`", "option --factor", "The columns are: `Subject`, `dose`."],
            id="unlike-any-column",
        ),
        pytest.param(
            {"dose": ("low", "hihg")},
            [
                "values in the data are not among the listed levels: `high` (1 row)",
                "option --factor, column `dose`",
                "Did you mean `hihg`? List every level, or leave rows out with --subset.",
            ],
            id="mistyped-level",
        ),
        pytest.param(
            {"dose": ("zero",)},
            [
                "values in the data are not among the listed levels: `high`, `low` (3 rows)",
                "option --factor, column `dose`",
                "List every level, or leave rows out with --subset.",
            ],
            id="unlisted-levels",
        ),
        pytest.param(
            {"dose": ("low", "high", "low")},
            ["the level `low` is listed twice", "option --factor, column `dose`", "List each level once."],
            id="level-twice",
        ),
    ],
)
def test_a_factor_option_that_does_not_fit_the_data_says_so(
    tmp_path: Path, factors: dict[str, tuple[str, ...] | None], expected: list[str]
) -> None:
    path = write(tmp_path, "Subject,dose\n1,low\n2,low\n3,high\n")
    with pytest.raises(DataError) as caught:
        read_table(path, Reading(factors=factors))
    assert facts(caught.value, path) == expected


def test_what_keeps_a_column_from_being_numeric_can_be_named(tmp_path: Path) -> None:
    assert first_non_number(column_of(tmp_path, "1", "2", "3", "n/a", "4")) == ("n/a", 3)
    assert first_non_number(column_of(tmp_path, "a", "b", "1")) is None
    assert first_non_number(column_of(tmp_path, "1", "2")) is None
