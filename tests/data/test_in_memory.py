"""Data frames: the types they declare are kept."""

from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pytest

from mmtriage.data.in_memory import table_from_frame
from mmtriage.data.reading import Reading
from mmtriage.errors import DataError, FormulaError
from mmtriage.formula import parse_expression
from mmtriage.model.evaluate import Evaluator
from tests.data.reading import cells


@pytest.mark.parametrize(
    ("values", "kind", "expected"),
    [
        ([1, 2], "numeric", [1, 2]),
        (np.array([1.5, np.nan], dtype=np.float32), "numeric", [1.5, None]),
        (pd.array([1, None], dtype="Int64"), "numeric", [1, None]),
        (pd.array([1.5, None], dtype="Float64"), "numeric", [1.5, None]),
        ([True, False], "logical", [1, 0]),
        (pd.array([True, None], dtype="boolean"), "logical", [1, None]),
        (np.array([True, None], dtype=object), "logical", [1, None]),
        (np.array([1, Decimal("2.5"), None], dtype=object), "numeric", [1, 2.5, None]),
        (["b", None, "a"], "factor", ["b", None, "a"]),
        (np.array(["1", "2"], dtype=object), "factor", ["1", "2"]),  # a frame says what it is
        (np.array(["b", 1, True], dtype=object), "factor", ["b", "1", "True"]),
        (pd.array(["b", None], dtype="string"), "factor", ["b", None]),
        (pd.Categorical(["b", None], categories=["b", "a"]), "factor", ["b", None]),
        (pd.Categorical([2.5, 1]), "factor", ["2.5", "1"]),
        (pd.Categorical([True, False]), "factor", ["True", "False"]),
    ],
    ids=str,
)
def test_frame_columns_keep_their_types(values: object, kind: str, expected: list[object]) -> None:
    column = table_from_frame(pd.DataFrame({"v": values})).columns["v"]
    assert (column.kind, cells(column)) == (kind, expected)


def test_a_frame_can_name_factors_and_has_a_hash_of_its_content() -> None:
    frame = pd.DataFrame({"g": [2, 1], 7: [1.0, 2.0]}, index=[5, 5])
    table = table_from_frame(frame, Reading(factors={"g": None}))
    assert table.columns["g"].levels == ("1", "2")
    assert list(table.columns) == ["g", "7"]
    assert (table.source, table.n_rows) == ("<data frame>", 2)
    assert table.sha256 == table_from_frame(frame, Reading(factors={"g": None})).sha256
    assert table.sha256 != table_from_frame(frame).sha256


@pytest.mark.parametrize(
    ("frame", "expected"),
    [
        pytest.param(pd.DataFrame({"a": []}), ["the table has no rows", "<data frame>", None], id="no-rows"),
        pytest.param(
            pd.DataFrame(index=[1]), ["the table has no columns", "<data frame>", None], id="no-columns"
        ),
        pytest.param(
            pd.DataFrame([[1, 2]], columns=["a", "a"]),
            ["two columns are called `a`", "<data frame>", "Rename one of them."],
            id="duplicates",
        ),
        pytest.param(
            pd.DataFrame([[1]], columns=pd.MultiIndex.from_tuples([("a", "b")])),
            ["the columns have several header rows", "<data frame>", "Flatten the column names."],
            id="multi-index",
        ),
    ],
)
def test_a_frame_that_cannot_be_used_says_why(frame: pd.DataFrame, expected: list[str | None]) -> None:
    with pytest.raises(DataError) as caught:
        table_from_frame(frame)
    assert [caught.value.message, caught.value.where, caught.value.hint] == expected


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        (pd.array(["2020-01-01"] * 2, dtype="datetime64[ns]"), "values of type datetime64[ns]"),
        ([1j, 2j], "complex numbers"),
        ([[1], "a"], "a value of type list"),
    ],
    ids=["dates", "complex", "lists"],
)
def test_a_column_that_no_model_can_use_disturbs_only_those_who_use_it(values: Any, problem: str) -> None:
    table = table_from_frame(pd.DataFrame({"y": [1.0, 2.0], "odd": values}))
    assert list(table.columns) == ["y"]
    assert table.unusable == {"odd": problem}
    with pytest.raises(FormulaError) as caught:
        Evaluator(table, "odd").evaluate(parse_expression("odd"))
    assert caught.value.message == f"`odd` holds {problem}, which no model can use"
