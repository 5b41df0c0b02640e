"""Random-effects terms: the grouping factor as codes and the columns of Z, one small (n, k) block per term.

The sparse Z of the mixed-model literature is never formed here: row i of the block, placed at the columns of
level codes[i], is row i of it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise

import numpy as np

from mmtriage.arrays import Array, Index
from mmtriage.errors import FormulaError
from mmtriage.formula import Bar
from mmtriage.formula.edit import bar_terms
from mmtriage.formula.nodes import Node
from mmtriage.formula.structured import UNSTRUCTURED, StructureTag
from mmtriage.formula.text import to_text
from mmtriage.model.columns import factor_levels, model_columns
from mmtriage.model.contrasts import Contrast
from mmtriage.model.values import Value, as_factor, cross_factors, read_only

_DUMMY = re.compile(r'dummy\((?P<factor>[^"]*), "(?P<level>(?:[^"\\]|\\.)*)"\)')


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RandomTerm:
    """One random-effects term over the rows used."""

    group: str  # lme4's name: "Subject", "cask:batch"
    levels: tuple[str, ...]  # that occur, in R's order
    codes: Index  # (n,) index into levels
    columns: tuple[str, ...]  # (k,) R's names: "(Intercept)", "Days", "MachineB"
    Z: Array  # (n, k)
    correlated: bool  # False when the bar is one of the scalar pieces of a `||`
    bar: Bar
    assign: tuple[int, ...]  # (k,) the number of the bar's term, 0 for the intercept
    factors: Mapping[str, tuple[str, ...]]  # factors among the effects, by their text, with their levels
    ordered: frozenset[str] = frozenset()  # those of them whose levels have an order

    @property
    def takes_any_unit(self) -> bool:
        """Whether the model is the same in other units of a column: each column has an SD of its own."""
        return not self.bar.structure.homogeneous or len(self.columns) == 1

    @property
    def takes_any_origin(self) -> bool:
        """Whether it is the same about another origin: any covariance of the columns is allowed."""
        tag = self.bar.structure
        return tag == UNSTRUCTURED or (tag == StructureTag("cs") and len(self.columns) == 2)

    @property
    def cells(self) -> int:
        """How many different rows Z has, level by level: of a factor's columns, its levels that are met."""
        return len(np.unique(np.column_stack([self.codes, self.Z]), axis=0))

    @property
    def has_single_rows(self) -> bool:
        """Whether each cell has one row."""
        return self.cells == len(self.codes)

    def columns_of(self, number: int) -> list[int]:
        """The columns of Z that a term of the bar makes, of which the intercept is number 0."""
        return [j for j, assigned in enumerate(self.assign) if assigned == number]

    def columns_labelled(self, label: str) -> list[int]:
        """The columns of Z that the term of the bar with this label makes; "1" is the intercept's."""
        return self.columns_of(bar_terms(self.bar).index(label) + (0 if self.bar.intercept else 1))

    def extremes(self, values: Array) -> tuple[Array, Array]:
        """The least and the greatest of values (n,) in each level, (levels,); infinite without rows."""
        low, high = np.full(len(self.levels), np.inf), np.full(len(self.levels), -np.inf)
        np.minimum.at(low, self.codes, values)
        np.maximum.at(high, self.codes, values)
        return low, high


def random_term(
    bar: Bar,
    values: Mapping[Node, Value],
    grouping: Value,
    n: int,
    contrasts: Mapping[str, str | Contrast] | None = None,
) -> RandomTerm:
    """Build one term; contrasts are R's defaults, since lmer's `contrasts` reaches only the fixed part.

    Args:
        contrasts: those that the factors themselves, or R's options, had in a fit made elsewhere.
    """
    effects = model_columns(bar.intercept, bar.terms, values, n, contrasts=contrasts or {})
    variables = dict.fromkeys(variable for term in bar.terms for variable in term.variables)
    return RandomTerm(
        group=bar.group_name,
        levels=grouping.levels,
        codes=read_only(grouping.data),
        columns=effects.names if bar.block is None else tuple(map(_without_dummy, effects.names)),
        Z=read_only(effects.matrix),
        correlated=not bar.uncorrelated or len(effects.names) > 1,
        bar=bar,
        assign=effects.assign,
        factors={to_text(v): factor_levels(values[v]) for v in variables if values[v].kind != "numeric"},
        ordered=frozenset(to_text(v) for v in variables if values[v].is_ordered),
    )


def lme4_order(terms: Sequence[RandomTerm]) -> tuple[RandomTerm, ...]:
    """Sort by decreasing number of levels; if anything has to move, ties come out reversed, as in lme4."""
    counts = [len(term.levels) for term in terms]
    if all(before >= after for before, after in pairwise(counts)):
        return tuple(terms)
    units = sorted(lme4_units(terms), key=lambda unit: len(unit[0].levels))
    return tuple(term for unit in units[::-1] for term in unit)


def lme4_units(terms: Sequence[RandomTerm]) -> list[list[RandomTerm]]:
    """What is one term of lme4's: the pieces of a `diag()`, which keep their order, and any other alone."""

    def unit(item: tuple[int, RandomTerm]) -> tuple[str, int]:
        place, term = item
        return ("term", place) if term.bar.block is None else ("diag", term.bar.block)

    return [[term for _, term in found] for _, found in groupby(enumerate(terms), unit)]


def _without_dummy(name: str) -> str:
    """R's name of a factor's column: `dummy(f, "b")` of a written-out `diag()` is `fb`."""
    return _DUMMY.sub(lambda match: match["factor"] + match["level"], name)


def grouping_factor(bar: Bar, values: Mapping[Node, Value], text: str) -> Value:
    """The observed levels of a bar's grouping factor, interactions crossed."""
    for node in bar.group:
        if values[node].is_matrix:
            raise FormulaError(
                f"`{to_text(node)}` has several columns and cannot be a grouping factor",
                text=text,
                span=node.span,
                hint="Group by a single column.",
            )
    return cross_factors([as_factor(values[node]) for node in bar.group], ":", fastest="last")
