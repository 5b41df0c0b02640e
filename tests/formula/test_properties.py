"""Random formulas round-trip; random garbage is refused in words."""

from __future__ import annotations

from collections import Counter

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from mmtriage.errors import FormulaError
from mmtriage.formula import Formula, parse_expression, parse_formula
from mmtriage.formula.edit import bar_terms, drop_bar_term, with_random

FAST = settings(max_examples=150, deadline=None, derandomize=True, database=None)

names = st.sampled_from(["a", "b", "x", "sch.id", "`my x`", "`if`", "T", "é"])
calls = st.sampled_from(
    ["log(x + 1)", "I(a^2)", "I(x > 5 & !b)", "poly(x, 2)", 'dummy(a, "u")', "C(b, contr.sum)", "I(0.1 * x)"]
)
variables = st.one_of(names, calls)
sums = st.recursive(
    st.one_of(variables, variables, st.sampled_from(["1", "0"])),
    lambda inner: st.one_of(
        st.builds("({} {} {})".format, inner, st.sampled_from(["+", "-", "*", ":", "/", "%in%"]), inner),
        st.builds("({})^{}".format, inner, st.integers(2, 3)),
        st.builds("-{}".format, inner),
    ),
    max_leaves=8,
)
groups = st.sampled_from(["g", "g/h", "g:h", "g*h", "g + h", "interaction(g, h)", "factor(g)"])
bars = st.one_of(
    st.builds("(1 + {} {} {})".format, sums, st.sampled_from(["|", "||"]), groups),
    st.builds("diag(1 + {} | {})".format, sums, groups),
)
offsets = st.sampled_from(["", " + offset(e)", " + offset(log(e))"])
formulas = st.builds(
    lambda response, fixed, offset, random: f"{response} ~ {fixed}{offset} + " + " + ".join(random),
    st.sampled_from(["y", "log(y)", "cbind(s, f)", "x"]),
    sums,
    offsets,
    st.lists(bars, min_size=1, max_size=3),
)


@FAST
@given(formulas)
def test_canonical_text_parses_back_to_the_same_formula(text: str) -> None:
    formula = read(text)
    if isinstance(
        formula, FormulaError
    ):  # `(1 - 1 | g)`, `1:a`: the only things that can be wrong with these
        assert "has no effects" in formula.message or "has no terms" in formula.message
        return
    canonical = formula.to_text()
    again = parse_formula(canonical)
    assert again == formula
    assert again.to_text() == canonical


@FAST
@given(formulas, st.data())
def test_dropping_a_term_leaves_a_formula_that_round_trips(text: str, data: st.DataObject) -> None:
    formula = read(text)
    assume(isinstance(formula, Formula))  # hypothesis complains if that is rare
    assert isinstance(formula, Formula)
    bar = data.draw(st.sampled_from(formula.random))
    smaller = drop_bar_term(bar, data.draw(st.sampled_from(bar_terms(bar))))
    kept = [other for other in formula.random if other is not bar]
    edited = with_random(formula, [*kept, smaller] if smaller else kept)
    assert parse_formula(edited.to_text()) == edited
    assert edited.fixed == formula.fixed


pieces = st.sampled_from(
    [
        *("y", "~", "x", "+", "-", "*", "/", ":", "^", "(", ")", "|", "||", "1", "0", "2", ".", "%in%"),
        *(
            "`",
            "'",
            '"',
            "log",
            "I(",
            "poly(x,",
            "offset(",
            "cbind(",
            "dummy(",
            "c(",
            "=",
            ",",
            "!",
            "&",
            "<",
        ),
        *("==", "1e-3", "TRUE", "$", "\\", "\n", "é", " "),
    ]
)
garbage = st.one_of(st.lists(pieces, max_size=25).map("".join), st.text(max_size=30))


def read(text: str) -> Formula | FormulaError:
    """The formula, or why there is none."""
    try:
        return parse_formula(text)
    except FormulaError as error:
        return error


def test_garbage_is_read_or_refused_in_words() -> None:
    ended: Counter[type] = Counter()

    @settings(FAST, max_examples=600)
    @given(garbage, st.booleans())
    def check(text: str, with_start: bool) -> None:
        formula = read(f"y ~ {text}" if with_start else text)
        ended[type(formula)] += 1
        if isinstance(formula, Formula):
            assert parse_formula(formula.to_text()) == formula
        else:
            check_refusal(formula)

    check()
    assert ended[FormulaError] > 100
    assert ended[Formula] > 5


def test_a_garbage_expression_is_read_or_refused_in_words() -> None:
    refused: list[FormulaError] = []

    @FAST
    @given(garbage)
    def check(text: str) -> None:
        try:
            parse_expression(text)
        except FormulaError as error:
            refused.append(error)
            check_refusal(error)

    check()
    assert 20 < len(refused) < 150


def check_refusal(error: FormulaError) -> None:
    assert error.message
    assert error.hint
    assert error.text is not None
    assert error.span is not None
    assert 0 <= error.span.start <= error.span.end <= len(error.text) + 1
