"""Columns whose scale and origin an optimizer meets: continuous ones, of Z and sometimes of X.

A two-valued column is a dummy, or as good as one: its scale and origin are nobody's choice. Every other
column of a random slope counts, since theta is a standard deviation per unit of it. A column of X counts
only where the optimizer moves beta (`ModelSpec.optimizes_beta`): least squares cope with any scale.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from mmtriage.arrays import Array
from mmtriage.model.design import Design
from mmtriage.model.ranef import RandomTerm
from mmtriage.model.tall import least_squares

SPANNED = 1e-8  # distance from 1 at which X is taken to span the constant


@dataclass(frozen=True, slots=True)
class Slope:
    """A random-slope column that is not two-valued: centering and scaling make sense for it."""

    term: RandomTerm
    index: int  # column of the term's Z
    mean: float
    sd: float

    @property
    def column(self) -> str:
        return self.term.columns[self.index]

    @property
    def has_intercept(self) -> bool:
        """Whether an intercept stands in the same correlated block, and takes up any origin."""
        return "(Intercept)" in self.term.columns and self.term.takes_any_origin


@dataclass(frozen=True, slots=True)
class FixedColumn:
    """A continuous column of X whose coefficient an optimizer moves: its scale and origin are in the way."""

    index: int  # column of X
    column: str
    mean: float
    sd: float


def slopes(design: Design) -> Iterator[Slope]:
    """The continuous random-slope columns of a design."""
    for term in design.random:
        for index, column in enumerate(term.columns):
            values = term.Z[:, index]
            if column == "(Intercept)" or is_two_valued(values):
                continue
            yield Slope(term, index, float(np.mean(values)), float(np.std(values, ddof=1)))


def moved_columns(design: Design) -> Iterator[FixedColumn]:
    """The continuous columns of X, in a model whose optimizer moves beta."""
    if not design.spec.optimizes_beta:
        return
    for index, column in enumerate(design.fixed_names):
        values = design.X[:, index]
        if not is_two_valued(values):
            yield FixedColumn(index, column, float(np.mean(values)), float(np.std(values, ddof=1)))


def constant_combination(design: Design) -> Array | None:
    """c (p,) with X c = 1, or None where X does not span the constant: centering would change the model."""
    if not design.X.shape[1]:
        return None
    if "(Intercept)" in design.fixed_names:
        unit: Array = np.eye(design.X.shape[1])[design.fixed_names.index("(Intercept)")]
        return unit
    scales = np.sqrt(np.mean(design.X**2, axis=0))
    c = least_squares(design.X / scales, np.ones(len(design.X))) / scales
    is_spanned = np.allclose(design.X @ c, 1.0, rtol=0.0, atol=SPANNED)
    return np.where(np.abs(c) * scales > SPANNED, c, 0.0) if is_spanned else None


def is_two_valued(values: Array) -> bool:
    """Whether a column (n,) has at most two distinct values: a dummy, or as good as one."""
    low, high = float(np.min(values)), float(np.max(values))
    return bool(np.all((values == low) | (values == high)))
