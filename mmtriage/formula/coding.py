"""Contrasts or full dummies? R's heuristic ("Statistical Models in S", page 38) that avoids redundant
columns.

A factor in a term is coded by contrasts if the term without it is already spanned: if it is empty (the
intercept spans it) or a subset of an earlier term. Otherwise by one dummy per level. By hand:

    f + g + f:g   f:g without f is g, an earlier term: contrasts; so is f without g. (a-1)(b-1) columns.
    f + f:g       f:g without g is f, earlier: contrasts for g. Without f it is g, nowhere: dummies for f.

When there is no intercept, nothing spans the empty term, so the first factor of the first term that has one
is full.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Literal

from mmtriage.formula.nodes import Node
from mmtriage.formula.terms import Term

Coding = Literal["numeric", "contrasts", "full"]


def term_codings(
    terms: Sequence[Term], intercept: bool, is_factor: Callable[[Node], bool]
) -> list[tuple[Coding, ...]]:
    """How each variable of each term is coded."""
    codings: list[tuple[Coding, ...]] = []
    earlier: dict[frozenset[Node], None] = {}  # in order
    needs_full = not intercept
    for term in terms:
        coding: list[Coding] = []
        for variable in term.variables:
            if not is_factor(variable):
                coding.append("numeric")
            elif needs_full or not _is_spanned(frozenset(term.variables) - {variable}, earlier):
                coding.append("full")
                needs_full = False
            else:
                coding.append("contrasts")
        codings.append(tuple(coding))
        earlier[frozenset(term.variables)] = None
    return codings


def _is_spanned(rest: frozenset[Node], earlier: Collection[frozenset[Node]]) -> bool:
    return not rest or rest in earlier or any(rest <= term for term in earlier)
