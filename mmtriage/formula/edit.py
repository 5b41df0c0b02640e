"""Changing a formula: the moves of the fix ladder, each from records to records.

Every edited formula is written out and parsed again, so its text, its spans and its meaning cannot disagree.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import product

from mmtriage.errors import Span
from mmtriage.formula.bars import Bar, sum_text
from mmtriage.formula.coding import term_codings
from mmtriage.formula.nodes import Argument, Binary, Call, Index, Node, Number, Paren, String, Unary
from mmtriage.formula.normal_form import Formula, join_terms, parse_formula
from mmtriage.formula.parse import parse_expression
from mmtriage.formula.structured import UNSTRUCTURED
from mmtriage.formula.terms import Term
from mmtriage.formula.text import to_text

INTERCEPT = "1"  # the label of a bar's intercept
_NOWHERE = Span(0, 0)  # of nodes made here; parsing again gives the real ones


def bar_terms(bar: Bar) -> tuple[str, ...]:
    """The labels of a bar's terms, "1" for the intercept."""
    return (INTERCEPT,) * bar.intercept + tuple(term.label for term in bar.terms)


def drop_bar_term(bar: Bar, label: str) -> Bar | None:
    """The bar without one of its terms, or None if nothing is left.

    Without its intercept a bar that starts with a factor codes that factor in full, as R does: `(0 + f | g)`
    is the same model as `(1 + f | g)`.
    """
    if label not in bar_terms(bar):
        raise ValueError(f"{bar.to_text()} has no term {label}")
    if len(bar_terms(bar)) == 1:
        return None
    if label == INTERCEPT:
        return make_bar(bar, intercept=False, terms=bar.terms)
    return make_bar(bar, intercept=bar.intercept, terms=[term for term in bar.terms if term.label != label])


def drop_correlations(
    bar: Bar, factors: Mapping[str, tuple[str, ...]], widths: Mapping[str, int] | None = None
) -> tuple[Bar, ...]:
    """Uncorrelated bars of one column each: what `||` promises and does not keep for factors.

    Factors are expanded with lme4's `dummy()`, one bar per level that R's coding has a column for. A variable
    of several columns such as `poly(x, 2)` stays one block, unless its width is given.

    Args:
        factors: the factors among the bar's effects, by text, with their levels in use
        (`RandomTerm.factors`).
        widths: the variables to be taken apart, `poly(x, 2)[, 1]`, by text, with their numbers of columns.
    """
    codings = term_codings(bar.terms, bar.intercept, lambda variable: to_text(variable) in factors)
    columns: list[tuple[bool, tuple[Term, ...]]] = [(True, ())] * bar.intercept
    for term, coding in zip(bar.terms, codings, strict=True):
        choices: list[list[Node]] = []
        for variable, code in zip(term.variables, coding, strict=True):
            if code == "numeric":
                width = (widths or {}).get(to_text(variable), 1)
                choices.append([_column(variable, k) for k in range(width)] if width > 1 else [variable])
            else:
                levels = factors[to_text(variable)]
                choices.append([_dummy(variable, level) for level in levels[code == "contrasts" :]])
        # The first variable varies fastest, as in the columns of Z.
        combinations = (combination[::-1] for combination in product(*choices[::-1]))
        columns += [(False, (Term(combination),)) for combination in combinations]
    plain = replace(bar, structure=UNSTRUCTURED)
    return tuple(
        make_bar(plain, intercept=intercept, terms=terms, uncorrelated=True) for intercept, terms in columns
    )


def compound_symmetry(bar: Bar, factor: str) -> tuple[Bar, Bar]:
    """`(1 + f | g)` as `(1 | g) + (1 | g:f)`: one variance for all levels of f, one correlation.

    Every term that contains the factor goes; other terms stay in the first bar.
    """
    involved = [v for term in bar.terms for v in term.variables if to_text(v) == factor]
    if not involved:
        raise ValueError(f"{bar.to_text()} has no factor {factor}")
    rest = [term for term in bar.terms if factor not in map(to_text, term.variables)]
    shared = make_bar(bar, intercept=True, terms=rest)
    crossed = replace(bar, intercept=True, terms=(), group=(*bar.group, involved[0]), structure=UNSTRUCTURED)
    return shared, make_bar(crossed, intercept=True, terms=())


def replace_variable(bar: Bar, old: str, new: str) -> Bar:
    """The bar with every occurrence of an expression among its effects replaced by another."""
    return make_bar(bar, intercept=bar.intercept, terms=_swap_terms(bar.terms, old, new))


def drop_bar(formula: Formula, bar: Bar) -> Formula:
    """The formula without the first bar equal to this one."""
    bars = list(formula.random)
    bars.remove(bar)
    return with_random(formula, bars)


def swap_bar(formula: Formula, bar: Bar, bars: Sequence[Bar]) -> Formula:
    """The formula with `bars`, perhaps none, in the place of the first bar equal to `bar`."""
    found = formula.random.index(bar)
    return with_random(formula, [*formula.random[:found], *bars, *formula.random[found + 1 :]])


def with_random(formula: Formula, bars: Sequence[Bar]) -> Formula:
    """The formula with these bars in place of its own."""
    return _rebuilt(formula, _fixed_texts(formula), bars)


def add_fixed(formula: Formula, term: str) -> Formula:
    """The formula with one more term in its fixed part, e.g. "x:z" or "I(x - mean)"."""
    return _rebuilt(formula, [*_fixed_texts(formula), term], formula.random)


def replace_fixed_variable(formula: Formula, old: str, new: str) -> Formula:
    """The formula with an expression of its fixed part replaced by another; bars and response stay."""
    edited = replace(formula, fixed=_swap_terms(formula.fixed, old, new))
    return _rebuilt(edited, _fixed_texts(edited), formula.random)


def replace_whole_fixed_variable(formula: Formula, old: str, new: str) -> Formula:
    """As `replace_fixed_variable`, where the expression is a variable by itself: not x in `log(x)`."""
    substitute = _as_variable(parse_expression(new))
    fixed = (
        Term(tuple(substitute if to_text(v) == old else v for v in term.variables)) for term in formula.fixed
    )
    edited = replace(formula, fixed=tuple(fixed))
    return _rebuilt(edited, _fixed_texts(edited), formula.random)


def fixed_part(formula: Formula) -> str:
    """The fixed part with its offsets, as it stands after the `~`."""
    return join_terms(_fixed_texts(formula))


def make_bar(bar: Bar, *, intercept: bool, terms: Sequence[Term], uncorrelated: bool | None = None) -> Bar:
    """A bar like this one, with other effects; an intercept alone has no structure."""
    effects = replace(
        bar,
        structure=bar.structure if terms else UNSTRUCTURED,
        intercept=intercept,
        terms=tuple(terms),
        uncorrelated=bar.uncorrelated if uncorrelated is None else uncorrelated,
    )
    return replace(effects, text=effects.to_text())


def _fixed_texts(formula: Formula) -> list[str]:
    fixed = sum_text(formula.intercept, formula.fixed, explicit=False, response=formula.response)
    return [fixed, *map(to_text, formula.offsets)]


def _rebuilt(formula: Formula, fixed: Sequence[str], bars: Sequence[Bar]) -> Formula:
    if formula.has_dot:
        raise ValueError("`.` must be resolved before a formula is edited")
    predictors = join_terms([*fixed, *(bar.to_text() for bar in bars)])
    parsed = parse_formula(f"{to_text(formula.response)} ~ {predictors}")
    marked = tuple(
        replace(new, uncorrelated=old.uncorrelated, block=old.block)
        for new, old in zip(parsed.random, bars, strict=True)
    )
    return replace(parsed, random=marked)


def _dummy(variable: Node, level: str) -> Call:
    arguments = (Argument(None, variable, _NOWHERE), Argument(None, String(level, _NOWHERE), _NOWHERE))
    return Call("dummy", arguments, _NOWHERE, _NOWHERE)


def _column(variable: Node, place: int) -> Index:
    return Index(variable, Number(place + 1.0, False, _NOWHERE), _NOWHERE)


def _swap_terms(terms: Sequence[Term], old: str, new: str) -> tuple[Term, ...]:
    substitute = parse_expression(new)
    return tuple(Term(tuple(_as_variable(_swap(v, old, substitute)) for v in t.variables)) for t in terms)


def _as_variable(node: Node) -> Node:
    """`x - 5` as a variable of a model is `I(x - 5)`."""
    if isinstance(node, Unary | Binary):
        return Call("I", (Argument(None, node, _NOWHERE),), _NOWHERE, _NOWHERE)
    return node


def _swap(node: Node, old: str, new: Node) -> Node:
    """The node with every node written `old` replaced, in parentheses where an operator needs them."""
    if to_text(node) == old:
        return new

    def below(child: Node) -> Node:
        swapped = _swap(child, old, new)
        return Paren(swapped, _NOWHERE) if swapped is new and isinstance(new, Unary | Binary) else swapped

    match node:
        case Unary():
            return replace(node, operand=below(node.operand))
        case Binary():
            return replace(node, left=below(node.left), right=below(node.right))
        case Paren():
            return replace(node, inner=_swap(node.inner, old, new))
        case Call():
            arguments = (replace(a, value=_swap(a.value, old, new)) for a in node.arguments)
            return replace(node, arguments=tuple(arguments))
        case Index():
            return replace(node, base=_swap(node.base, old, new))
        case _:
            return node
