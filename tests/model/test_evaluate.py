"""Expressions over columns: R's arithmetic, comparisons and missing values."""

from __future__ import annotations

import numpy as np
import pytest

from mmtriage.formula import parse_expression
from mmtriage.formula.signatures import SIGNATURES
from mmtriage.model.evaluate import Evaluator
from mmtriage.model.functions import FUNCTIONS
from mmtriage.model.values import Value
from tests.model.tables import factor, logical, numeric, table

nan = float("nan")
DATA = table(
    numeric("x", [1, -2, None, 4]),
    factor("f", ["a", "b", None, "b"]),
    factor("f2", ["b", "b", "b", "c"]),
    factor("digits", ["1", "2", "10", "x"]),
    logical("l", [True, False, None, True]),
    logical("m", [False, None, False, None]),
    numeric("T", [1, 2, 3, 4]),
    numeric("my x", [1, 2, 3, 4]),
)


def evaluate(text: str) -> Value:
    return Evaluator(DATA, text).evaluate(parse_expression(text))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x + 1", [2, -1, nan, 5]),
        ("-x^2", [-1, -4, nan, -16]),
        ("x %% 3", [1, 1, nan, 1]),
        ("x %/% 3", [0, -1, nan, 1]),
        ("x / 0", [np.inf, -np.inf, nan, np.inf]),
        ("log(x)", [0, nan, nan, np.log(4)]),
        ("`my x` * pi", [np.pi, 2 * np.pi, 3 * np.pi, 4 * np.pi]),
        ("T + F", [1, 2, 3, 4]),
        ("l + 1", [2, 1, nan, 2]),
        ("as.numeric(f)", [1, 2, nan, 2]),
        ("sqrt(abs(x))", [1, np.sqrt(2), nan, 2]),
    ],
)
def test_arithmetic(text: str, expected: list[float]) -> None:
    value = evaluate(text)
    assert value.kind == "numeric"
    np.testing.assert_allclose(value.data, expected)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x > 0", [1, 0, nan, 1]),
        ("x != 4", [1, 1, nan, 0]),
        ("0 <= x", [1, 0, nan, 1]),
        ("x == '4'", [0, 0, nan, 1]),
        ("x == 'four'", [0, 0, nan, 0]),
        ("f == 'b'", [0, 1, nan, 1]),
        ("'b' == f", [0, 1, nan, 1]),
        ("f != 'b'", [1, 0, nan, 0]),
        ("f == 'nowhere'", [0, 0, nan, 0]),
        ("f == f2", [0, 1, nan, 0]),
        ("digits == 10", [0, 0, 1, 0]),
        ("f %in% c('a', 'z')", [1, 0, 0, 0]),
        ("!(f %in% 'a')", [0, 1, 1, 1]),
        ("x %in% c(-2, 4:6)", [0, 1, 0, 1]),
        ("l == TRUE", [1, 0, nan, 1]),
        ("l & m", [0, 0, 0, nan]),
        ("l | m", [1, nan, nan, 1]),
        ("l && x > 0 || m", [1, nan, nan, 1]),
        ("!l", [0, 1, nan, 0]),
        ("is.na(x)", [0, 0, 1, 0]),
        ("!is.na(f)", [1, 1, 0, 1]),
        ("ordered(f) > 'a'", [0, 1, nan, 1]),
        ("'a' < ordered(f)", [0, 1, nan, 1]),
        ("ordered(f) >= 'nowhere'", [nan, nan, nan, nan]),
        ("x %in% seq(-2, 4, by = 3)", [1, 1, 0, 1]),
        ("x > mean(x, na.rm = TRUE)", [0, 0, nan, 1]),
        ("as.logical(x - 1)", [0, 1, nan, 1]),
        ("f == NA", [nan, nan, nan, nan]),
        ("x %in% NA", [0, 0, 1, 0]),
        ("ifelse(x, TRUE, FALSE)", [1, 1, nan, 1]),
    ],
)
def test_conditions(text: str, expected: list[float]) -> None:
    value = evaluate(text)
    assert value.kind == "logical"
    np.testing.assert_array_equal(value.data, expected)


@pytest.mark.parametrize(
    ("text", "levels", "codes"),
    [
        ("factor(x)", ("-2", "1", "4"), [1, 0, -1, 2]),
        ("factor(x, levels = c(4, 1))", ("4", "1"), [1, -1, -1, 0]),
        ("factor(f, labels = c('A', 'B'))", ("A", "B"), [0, 1, -1, 1]),
        ("factor(f, levels = c('b', 'a'), labels = c('B', 'A'))", ("B", "A"), [1, 0, -1, 0]),
        ("factor(l)", ("FALSE", "TRUE"), [1, 0, -1, 1]),
        ("interaction(f, f2)", ("a.b", "b.b", "b.c"), [0, 1, -1, 2]),
        ("I(f)", ("a", "b"), [0, 1, -1, 1]),
    ],
)
def test_factors(text: str, levels: tuple[str, ...], codes: list[int]) -> None:
    value = evaluate(text)
    assert value.kind == "factor"
    assert value.levels == levels
    assert value.data.tolist() == codes


def test_splines_leave_missing_rows_missing() -> None:
    value = evaluate("ns(x, df = 2)")
    assert np.isnan(value.data).any(axis=1).tolist() == [False, False, True, False]


def test_every_function_of_the_table_is_computed() -> None:
    assert set(FUNCTIONS) == set(SIGNATURES)
