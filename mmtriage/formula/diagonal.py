"""Writing out `diag(x | g)`: independent random effects, as the bars that lme4 1.1 has for them.

Different columns of one variance, `diag(1 + x | g, hom = TRUE)`, are no such bars and stay a term of their
own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from mmtriage.errors import FormulaError
from mmtriage.formula.bars import Bar
from mmtriage.formula.coding import term_codings
from mmtriage.formula.edit import drop_correlations, make_bar, with_random
from mmtriage.formula.nodes import Node
from mmtriage.formula.normal_form import Formula
from mmtriage.formula.structured import UNSTRUCTURED
from mmtriage.formula.text import to_text

WRITTEN_OUT = "`{tag}` is fitted as what it means: {bars}"


@dataclass(frozen=True, slots=True)
class Columns:
    """What the data say of the variables in the bars, by text."""

    factors: Mapping[str, tuple[str, ...]]  # levels in use
    widths: Mapping[str, int]  # of matrices such as `poly(x, 2)`: the number of their columns
    recoded: frozenset[str]  # factors with other than treatment contrasts


def resolve_diagonal(formula: Formula, columns: Columns) -> Formula:
    """The formula with every `diag()` written out, and a note on each."""
    pieces: list[Bar] = []
    notes: list[str] = []
    for number, bar in enumerate(formula.random):
        out = _written_out(formula, bar, columns, number)
        pieces += out
        if out != (bar,):
            bars = " + ".join(piece.to_text() for piece in out)
            notes.append(WRITTEN_OUT.format(tag=bar.to_text(), bars=bars))
    return replace(with_random(formula, pieces), notes=(*formula.notes, *notes))


def _written_out(formula: Formula, bar: Bar, columns: Columns, number: int) -> tuple[Bar, ...]:
    if bar.structure.tag != "diag":
        return (bar,)
    if bar.structure.homogeneous:
        return (_homogeneous(bar, columns),)
    _check_codings(formula, bar, columns)
    pieces = drop_correlations(bar, columns.factors, columns.widths)
    return tuple(replace(piece, block=number) for piece in pieces)


def _homogeneous(bar: Bar, columns: Columns) -> Bar:
    """`diag(0 + f | g, hom = TRUE)` as `(1 | g:f)`: independent effects of one variance, one a level of f."""
    plain = replace(bar, structure=UNSTRUCTURED)
    codings = term_codings(bar.terms, bar.intercept, lambda variable: to_text(variable) in columns.factors)
    if not bar.terms:
        return plain
    if not bar.intercept and len(bar.terms) == 1:
        variables = bar.terms[0].variables
        if set(codings[0]) == {"full"}:
            return make_bar(replace(plain, group=(*bar.group, *variables)), intercept=True, terms=())
        if set(codings[0]) == {"numeric"} and not any(to_text(v) in columns.widths for v in variables):
            return plain
    return bar


def _check_codings(formula: Formula, bar: Bar, columns: Columns) -> None:
    """Refuse columns that are contrasts and no dummies: no bar of lme4's language names one of them."""
    codings = term_codings(bar.terms, bar.intercept, lambda variable: to_text(variable) in columns.factors)
    for term, coding in zip(bar.terms, codings, strict=True):
        for variable, code in zip(term.variables, coding, strict=True):
            if code == "contrasts" and to_text(variable) in columns.recoded:
                raise _coded(formula, bar, variable)


def _coded(formula: Formula, bar: Bar, variable: Node) -> FormulaError:
    text = to_text(variable)
    return FormulaError(
        f"`diag()` of the contrasts of `{text}` is not fitted here yet",
        text=formula.text,
        span=bar.span,
        hint=f"Give each level a variance of its own: `0 + {text}`.",
    )
