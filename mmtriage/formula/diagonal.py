"""Writing out `diag(x | g)`: independent random effects, as the bars that lme4 1.1 has for them.

Columns of one variance, `diag(0 + f | g, hom = TRUE)`, have one parameter of lme4's and stay a term.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from mmtriage.errors import FormulaError
from mmtriage.formula.bars import Bar
from mmtriage.formula.coding import term_codings
from mmtriage.formula.edit import drop_correlations, with_random
from mmtriage.formula.nodes import Node
from mmtriage.formula.normal_form import Formula
from mmtriage.formula.text import to_text

WRITTEN_OUT = "`{tag}` is fitted as what it means: {bars}"


@dataclass(frozen=True, slots=True)
class Columns:
    """What the data say of the variables in the bars, by text."""

    factors: Mapping[str, tuple[str, ...]]  # levels in use
    widths: Mapping[str, int]  # of matrices such as `poly(x, 2)`: the number of their columns
    recoded: frozenset[str]  # factors with other than treatment contrasts


def resolve_diagonal(formula: Formula, columns: Columns) -> Formula:
    """The formula with every `diag()` of a variance for each column written out, and a note on each."""
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
    if bar.structure.tag != "diag" or bar.structure.homogeneous:
        return (bar,)
    _check_codings(formula, bar, columns)
    pieces = drop_correlations(bar, columns.factors, columns.widths)
    return tuple(replace(piece, block=number) for piece in pieces)


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
