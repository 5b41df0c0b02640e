"""The moves of the fix ladder on formulas."""

from __future__ import annotations

import pytest

from mmtriage.formula import Bar, parse_formula
from mmtriage.formula.edit import (
    add_fixed,
    bar_terms,
    compound_symmetry,
    drop_bar,
    drop_bar_term,
    drop_correlations,
    replace_fixed_variable,
    replace_variable,
    with_random,
)


def bar(text: str) -> Bar:
    (only,) = parse_formula(f"y ~ x + {text}").random
    return only


def texts(bars: tuple[Bar, ...]) -> list[str]:
    return [each.to_text() for each in bars]


def test_a_bar_lists_its_terms() -> None:
    assert bar_terms(bar("(f * x | g)")) == ("1", "f", "x", "f:x")
    assert bar_terms(bar("(0 + x | g)")) == ("x",)


@pytest.mark.parametrize(
    ("before", "label", "after"),
    [
        ("(x + z | g)", "x", "(1 + z | g)"),
        ("(x + z | g)", "1", "(0 + x + z | g)"),
        ("(f * x | g:h)", "f:x", "(1 + f + x | g:h)"),
        ("(0 + x | g)", "x", None),
        ("(1 | g)", "1", None),
        ("(I(x > 3) | g)", "I(x > 3)", "(1 | g)"),
    ],
)
def test_one_term_is_dropped(before: str, label: str, after: str | None) -> None:
    smaller = drop_bar_term(bar(before), label)
    assert (smaller and smaller.to_text()) == after


def test_only_a_term_that_is_there_can_be_dropped() -> None:
    with pytest.raises(ValueError, match=r"\(1 \+ x \| g\) has no term z"):
        drop_bar_term(bar("(x | g)"), "z")


ABC = {"f": ("a", "b", "c")}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("(1 | g)", ["(1 | g)"]),
        ("(x + z | g)", ["(1 | g)", "(0 + x | g)", "(0 + z | g)"]),
        ("(f | g)", ["(1 | g)", '(0 + dummy(f, "b") | g)', '(0 + dummy(f, "c") | g)']),
        ("(0 + f | g)", [f'(0 + dummy(f, "{level}") | g)' for level in "abc"]),
        (
            "(x + x:f | g)",
            ["(1 | g)", "(0 + x | g)", '(0 + x:dummy(f, "b") | g)', '(0 + x:dummy(f, "c") | g)'],
        ),
        ("(0 + x:f | g)", [f'(0 + x:dummy(f, "{level}") | g)' for level in "abc"]),
        ("(0 + poly(x, 2) | g)", ["(0 + poly(x, 2) | g)"]),
    ],
)
def test_correlations_are_dropped_column_by_column(before: str, after: list[str]) -> None:
    split = drop_correlations(bar(before), ABC)
    assert texts(split) == after
    assert all(each.uncorrelated for each in split)


def test_two_factors_are_split_in_the_order_of_their_columns() -> None:
    factors = {"f": ("a", "b"), "h": ("k", "l")}
    assert texts(drop_correlations(bar("(0 + f:h | g)"), factors)) == [
        f'(0 + dummy(f, "{f}"):dummy(h, "{h}") | g)' for h in "kl" for f in "ab"
    ]


@pytest.mark.parametrize(
    ("before", "factor", "after"),
    [
        ("(f | g)", "f", ["(1 | g)", "(1 | g:f)"]),
        ("(0 + f | g)", "f", ["(1 | g)", "(1 | g:f)"]),
        ("(f * x | g:h)", "f", ["(1 + x | g:h)", "(1 | g:h:f)"]),
        ("(factor(k) | g)", "factor(k)", ["(1 | g)", "(1 | g:factor(k))"]),
    ],
)
def test_a_factor_slope_becomes_compound_symmetry(before: str, factor: str, after: list[str]) -> None:
    assert texts(compound_symmetry(bar(before), factor)) == after


def test_compound_symmetry_needs_the_factor() -> None:
    with pytest.raises(ValueError, match=r"\(1 \+ x \| g\) has no factor f"):
        compound_symmetry(bar("(x | g)"), "f")


@pytest.mark.parametrize(
    ("before", "old", "new", "after"),
    [
        ("(x + x:z | g)", "x", "I(x - 5)", "(1 + I(x - 5) + I(x - 5):z | g)"),
        ("(x | g)", "x", "x - 5", "(1 + I(x - 5) | g)"),
        ("(I(x^2) | g)", "x", "x - 5", "(1 + I((x - 5)^2) | g)"),
        ("(log(x) | g)", "log(x)", "scale(log(x))", "(1 + scale(log(x)) | g)"),
        ("(z | g)", "x", "w", "(1 + z | g)"),
    ],
)
def test_a_slope_variable_is_replaced(before: str, old: str, new: str, after: str) -> None:
    assert replace_variable(bar(before), old, new).to_text() == after


def test_bars_are_replaced_and_keep_their_marks() -> None:
    formula = parse_formula("log(y) ~ x:z + z + offset(e) + (f | g) + (1 | h)")
    split = drop_correlations(formula.random[0], ABC)
    edited = with_random(formula, (*split, formula.random[1]))
    assert edited.text == edited.to_text()
    assert edited.text == "log(y) ~ x:z + z + offset(e) + " + " + ".join([*texts(split), "(1 | h)"])
    assert [each.uncorrelated for each in edited.random] == [True, True, True, False]
    assert (edited.fixed, edited.offsets) == (formula.fixed, formula.offsets)


def test_a_bar_is_dropped_once() -> None:
    formula = parse_formula("y ~ x + (1 | g) + (1 | h) + (1 | g)")
    assert drop_bar(formula, formula.random[2]).to_text() == "y ~ x + (1 | h) + (1 | g)"


def test_a_fixed_term_is_added() -> None:
    formula = parse_formula("y ~ 0 + x + (1 | g)")
    assert add_fixed(formula, "g").to_text() == "y ~ 0 + x + g + (1 | g)"
    assert add_fixed(formula, "x:z").to_text() == "y ~ 0 + x + x:z + (1 | g)"


def test_a_fixed_variable_is_replaced() -> None:
    formula = parse_formula("y ~ x * f + (x | g)")
    assert replace_fixed_variable(formula, "x", "I(x - 3)").to_text() == (
        "y ~ I(x - 3) + f + I(x - 3):f + (1 + x | g)"
    )


def test_a_dot_must_be_resolved_before_editing() -> None:
    formula = parse_formula("y ~ . + (1 | g)")
    with pytest.raises(ValueError, match=r"`\.` must be resolved"):
        drop_bar(formula, formula.random[0])
