"""Comments, which people leave at the end of a line, and powers that are none."""

from __future__ import annotations

import pytest

from mmtriage.formula import parse_formula


@pytest.mark.parametrize(
    "text",
    [
        "y ~ x + (1 | g) # by group",
        "y ~ x + # the predictor\n  (1 | g)",
        "# a model\ny ~ x + (1 | g)#",
        "y ~ x + (1 | g) # it's `odd",
    ],
)
def test_a_comment_is_no_part_of_the_formula(text: str) -> None:
    assert parse_formula(text) == parse_formula("y ~ x + (1 | g)")


def test_a_hash_inside_quotes_is_no_comment() -> None:
    formula = parse_formula("`n #1` ~ I(f == '#') + (1 | g)")
    assert formula.to_text() == '`n #1` ~ I(f == "#") + (1 | g)'


@pytest.mark.parametrize(
    ("text", "count"), [("x^2", 1), ("x^2 + (x^2 | g)", 1), ("(x + z)^2", 0), ("I(x^2)", 0)]
)
def test_a_power_of_one_column_is_the_column_and_said_to_be(text: str, count: int) -> None:
    formula = parse_formula(f"y ~ {text} + (1 | h)")
    note = "`x^2` is `x`: in a formula `^` crosses terms; the power of a column is `I(x^2)`"
    assert formula.notes == (note,) * count
