"""Meaning of formulas: terms, bars, text and back; expected values are R's and lme4 1.1-31's."""

from __future__ import annotations

import pytest

from mmtriage.errors import Span
from mmtriage.formula import parse_expression, parse_formula, resolve_dot
from mmtriage.formula.nodes import Binary, Node, Unary, without_parens
from mmtriage.formula.text import format_number, to_text


def normal_form(predictors: str) -> tuple[int, str]:
    formula = parse_formula(f"y ~ {predictors}")
    return int(formula.intercept), " ".join(term.label for term in formula.fixed)


@pytest.mark.parametrize(
    ("predictors", "intercept", "labels"),
    [
        ("a + b", 1, "a b"),
        ("a * b", 1, "a b a:b"),
        ("a / b", 1, "a a:b"),
        ("(a + b) / c", 1, "a b a:b:c"),
        ("a / (b + c)", 1, "a a:b a:c"),
        ("(a + b + c)^2", 1, "a b c a:b a:c b:c"),
        ("(a + b)**2", 1, "a b a:b"),
        ("a %in% b", 1, "a:b"),
        ("a + b %in% a + c", 1, "a c a:b"),
        ("a %in% b %in% c", 1, "a:b:c"),
        ("a:b %in% c", 1, "a:b:c"),
        ("a * b - a", 1, "b a:b"),
        ("a - (a + b)", 1, ""),
        ("a - (b - 1)", 1, "a"),
        ("-a", 1, ""),
        ("-(-a)", 1, ""),
        ("+a", 1, "a"),
        ("-1 + 1 + a", 1, "a"),
        ("a - 1 + 1", 1, "a"),
        ("-1 - 1", 0, ""),
        ("-1 - 0 + a", 1, "a"),
        ("0 - 1 + a", 0, "a"),
        ("a - 0", 1, "a"),
        ("a * 1", 1, "a"),
        ("a / 1", 1, "a"),
        ("a %in% 1", 1, "a"),
        ("(a + 0) * b", 0, "a b a:b"),
        ("a * (b - 1)", 0, "a b a:b"),
        ("(a - 1):b", 0, "a:b"),
        ("(1 + a)^2", 1, "a"),
        ("x + a + a:x", 1, "x a x:a"),
        ("a:x + x", 1, "x a:x"),
        ("x + x:y", 1, "x y:x"),
        ("a + offset(x)", 1, "a"),
        ("a * offset(x)", 1, "a"),
        ("log(x) * a - log(x)", 1, "a log(x):a"),
        ("!a", 1, "!a"),
        ("(a > 3):b", 1, "a > 3:b"),
        ("`my x` * sch.id", 1, "`my x` sch.id `my x`:sch.id"),
        ("poly(x,2,raw=T)", 1, "poly(x, 2, raw = T)"),
        ("I(x>5&!z|-a^2%in%c(1,2L)%%3)", 1, "I(x > 5 & !z | -a^2 %in% c(1, 2L)%%3)"),
        ("I(a/b*c-(-3)^0.5+1e-3+100000+.0001+1/3)", 1, "I(a/b * c - (-3)^0.5 + 0.001 + 1e+05 + 1e-04 + 1/3)"),
        ("I(x^2^3)", 1, "I(x^2^3)"),
        ("I(x-(z-1))", 1, "I(x - (z - 1))"),
    ],
)
def test_fixed_terms_are_those_of_r(predictors: str, intercept: int, labels: str) -> None:
    assert normal_form(predictors) == (intercept, labels)


def bars(predictors: str) -> list[str]:
    return [bar.to_text() for bar in parse_formula(f"y ~ {predictors}").random]


@pytest.mark.parametrize(
    ("written", "expanded"),
    [
        ("(1|g)", ["(1 | g)"]),
        ("(x|g)", ["(1 + x | g)"]),
        ("(1+x|g)", ["(1 + x | g)"]),
        ("(0+x|g)", ["(0 + x | g)"]),
        ("(-1+x|g)", ["(0 + x | g)"]),
        ("(x-1|g)", ["(0 + x | g)"]),
        ("(f*x|g)", ["(1 + f + x + f:x | g)"]),
        ("(x+z||g)", ["(1 | g)", "(0 + x | g)", "(0 + z | g)"]),
        ("(0+x||g)", ["(0 + x | g)"]),
        ("(1||g)", ["(1 | g)"]),
        ("(x*f||g)", ["(1 | g)", "(0 + x | g)", "(0 + f | g)", "(0 + x:f | g)"]),
        ("(1|a/b)", ["(1 | b:a)", "(1 | a)"]),
        ("(1|a/b/c)", ["(1 | c:b:a)", "(1 | b:a)", "(1 | a)"]),
        ("(x||a/b)", ["(1 | b:a)", "(1 | a)", "(0 + x | b:a)", "(0 + x | a)"]),
        ("(1|a:b)", ["(1 | a:b)"]),
        ("(1|(a:b))", ["(1 | a:b)"]),
        ("(1|a:a)", ["(1 | a)"]),
        ("(1|a*b)", ["(1 | a)", "(1 | b)", "(1 | a:b)"]),  # as lme4 >= 1.1-36
        ("(1|a+b)", ["(1 | a)", "(1 | b)"]),  # as lme4 >= 1.1-36
        ("(1|a/(b+c))", ["(1 | b:a)", "(1 | c:a)", "(1 | a)"]),
        ("(1|interaction(a,b))", ["(1 | interaction(a, b))"]),
        ("(1|factor(g))", ["(1 | factor(g))"]),
        ("(1|a)+(1|a)", ["(1 | a)", "(1 | a)"]),
        ("x+1|b", ["(1 + x | b)"]),
        ("(x + (1|g))", ["(1 | g)"]),
        ("((1|g))", ["(1 | g)"]),
        ("(1 | `my g`:sch.id)", ["(1 | `my g`:sch.id)"]),
        ("(I(x | z) | g)", ["(1 + I(x | z) | g)"]),
    ],
)
def test_bars_are_expanded_as_lme4_does(written: str, expanded: list[str]) -> None:
    assert bars(written) == expanded


def test_a_bar_remembers_how_it_was_written() -> None:
    formula = parse_formula("y ~ x + (x || a/b) + (1 | c)")
    assert [bar.uncorrelated for bar in formula.random] == [True] * 4 + [False]
    assert formula.random[0].text == "(x || a/b)"
    assert formula.random[0].group_name == "b:a"
    assert formula.text[formula.random[4].span.start : formula.random[4].span.end] == "1 | c"


def test_a_bar_without_parentheses_takes_the_whole_right_hand_side() -> None:
    formula = parse_formula("y ~ x + 1 | b")
    assert (formula.intercept, formula.fixed, len(formula.random)) == (True, (), 1)


def test_a_response_among_the_predictors_is_dropped_with_a_note() -> None:
    formula = parse_formula("y ~ y + x + (1 | g)")
    assert [term.label for term in formula.fixed] == ["x"]
    assert formula.notes == ("the response appeared on the right-hand side and was dropped",)


def test_offsets_are_collected_once() -> None:
    formula = parse_formula("y ~ x + offset(log(e)) + offset(log(e)) + offset(z) + (1 | g)")
    assert [to_text(offset) for offset in formula.offsets] == ["offset(log(e))", "offset(z)"]


def test_dot_is_every_column_not_in_the_response() -> None:
    formula = parse_formula("log(y) ~ . - g + (1 | g)")
    assert formula.has_dot
    assert formula.to_text() == "log(y) ~ . - g + (1 | g)"
    resolved = resolve_dot(formula, ["y", "x", "g", "my z"])
    assert resolved.to_text() == "log(y) ~ x + `my z` + (1 | g)"
    assert not resolved.has_dot
    assert resolve_dot(resolved, []) is resolved


def test_dot_takes_part_in_the_algebra_of_terms() -> None:
    formula = resolve_dot(parse_formula("y ~ .^2 - b + (1 | b)"), ["y", "a", "b"])
    assert formula.to_text() == "y ~ a + a:b + (1 | b)"


@pytest.mark.parametrize(
    ("written", "canonical"),
    [
        ("y~1+(1|g)", "y ~ 1 + (1 | g)"),
        ("y~`if`+`TRUE`+(1|g)", "y ~ `if` + `TRUE` + (1 | g)"),
        ("y~x-1+(x||g)", "y ~ 0 + x + (1 | g) + (0 + x | g)"),
        ("y~x:z+z+(1|g)", "y ~ x:z + z + (1 | g)"),
        ("y~a+b:d+a:b-a+(1|g)", "y ~ a:b:d + b:d + a:b - a:b:d + (1 | g)"),
        ("y~a+offset(log(z))+(1|g)", "y ~ a + offset(log(z)) + (1 | g)"),
        ("cbind(i,s-i)~(a>3)*b+(1|g)", "cbind(i, s - i) ~ (a > 3) + b + (a > 3):b + (1 | g)"),
        (r"y ~ `a\`b` + (1|`\u00e9 \\ x`)", r"y ~ `a\`b` + (1 | `é \\ x`)"),
        ("y~I(x==\"a\")+I(x=='b\\'\"')+(1|g)", 'y ~ I(x == "a") + I(x == "b\'\\"") + (1 | g)'),
        ("y~I(x*0.30000000000000004)+(1|g)", "y ~ I(x * 0.30000000000000004) + (1 | g)"),
    ],
)
def test_canonical_text(written: str, canonical: str) -> None:
    formula = parse_formula(written)
    assert formula.to_text() == canonical
    assert parse_formula(canonical) == formula


def test_variables_come_with_the_span_of_their_first_use() -> None:
    formula = parse_formula("log(y) ~ x*I(x + pi*`my z`) + offset(e) + (w | g:h)")
    assert formula.variables() == (
        ("y", Span(4, 5)),
        ("x", Span(9, 10)),
        ("my z", Span(20, 26)),
        ("e", Span(37, 38)),
        ("w", Span(43, 44)),
        ("g", Span(47, 48)),
        ("h", Span(49, 50)),
    )


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0.0, "0"),
        (100000.0, "1e+05"),
        (123456.0, "123456"),
        (1e-4, "1e-04"),
        (0.001, "0.001"),
        (1 / 3, "0.333333333333333"),
        (0.1 + 0.2, "0.3"),
        (-2.5, "-2.5"),
        (1e-300, "1e-300"),
        (123456789012.0, "123456789012"),
    ],
)
def test_numbers_are_written_as_by_r(number: float, text: str) -> None:
    assert format_number(number) == text


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("!x>5&y", "!x > 5 & y"),
        ("a|b&c", "a | b & c"),
        ("-x^-2", "-x^-2"),
        ("x %in% c('a',\"b\")", 'x %in% c("a", "b")'),
        ("x%/%2*3", "x%/%2 * 3"),
        ("1:3*2", "1:3 * 2"),
        ("(x)", "(x)"),
    ],
)
def test_expressions_are_written_as_by_r(written: str, read: str) -> None:
    assert to_text(parse_expression(written)) == read
    assert parse_expression(read) == parse_expression(written)


@pytest.mark.parametrize(
    ("expression", "same"),
    [
        ("a | b & c", "a | (b & c)"),
        ("!a == b", "!(a == b)"),
        ("-a^2", "-(a^2)"),
        ("-a:b", "(-a):b"),
        ("a^b^c", "a^(b^c)"),
        ("a - b - c", "(a - b) - c"),
        ("a + b * c", "a + (b * c)"),
        ("a * b %% c", "a * (b %% c)"),
        ("a %% b:c", "a %% (b:c)"),
        ("2^-a^b", "2^(-(a^b))"),
    ],
)
def test_precedence_is_that_of_r(expression: str, same: str) -> None:
    assert bracketed(parse_expression(expression)) == bracketed(parse_expression(same))


def bracketed(node: Node) -> str:
    """The tree with a bracket around every operation, the parentheses that were written left out."""
    node = without_parens(node)
    match node:
        case Binary():
            return f"[{bracketed(node.left)}{node.operator}{bracketed(node.right)}]"
        case Unary():
            return f"[{node.operator}{bracketed(node.operand)}]"
        case _:
            return to_text(node)
