"""Standardizing columns in the likelihood: of random slopes, `Z T`; of X where beta is optimized, `X A`."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mmtriage.arrays import Array
from mmtriage.diagnose.continuous import FixedColumn, Slope, constant_combination, moved_columns, slopes
from mmtriage.engine.lme4.transform import Transform
from mmtriage.formula.structured import UNSTRUCTURED
from mmtriage.model.design import Design
from mmtriage.model.ranef import RandomTerm

OFF_SCALE = 5.0  # SD, or its inverse, from which a column is off unit scale
OFF_ORIGIN = 1.0  # |mean| / SD from which it is off zero: with less, intercept and slope are no ridge


@dataclass(frozen=True, slots=True)
class Move:
    """One way to change columns: which parts of standardizing it does."""

    label: str  # of the attempt
    verb: str  # of the remedy
    center: bool
    scale: bool


CENTER_AND_SCALE = Move("centre and scale", "Centre and scale", center=True, scale=True)
SCALE_ONLY = Move("scale only", "Scale", center=False, scale=True)
CENTER_ONLY = Move("centre only", "Centre", center=True, scale=False)
MOVES = (CENTER_AND_SCALE, SCALE_ONLY, CENTER_ONLY)


@dataclass(frozen=True, slots=True, eq=False)
class Movable:
    """The columns of a design that can be standardized without changing the model."""

    slopes: tuple[Slope, ...]
    fixed: tuple[FixedColumn, ...]
    constant: Array | None  # c (p,) with X c = 1; None: X may not be centered

    def __bool__(self) -> bool:
        return bool(self.slopes or self.fixed)

    @property
    def names(self) -> tuple[str, ...]:
        """The columns, each once."""
        return tuple(dict.fromkeys([s.column for s in self.slopes] + [c.column for c in self.fixed]))

    @property
    def off(self) -> tuple[str, ...]:
        """The columns that lie off zero or off unit scale: others have nothing to gain."""
        placed = [(s.column, *_placed(s.mean, s.sd, s.has_intercept)) for s in self.slopes]
        placed += [(c.column, *_placed(c.mean, c.sd, self.constant is not None)) for c in self.fixed]
        return tuple(dict.fromkeys(name for name, mean, size in placed if is_off(mean, size)))

    @property
    def can_be_centered(self) -> bool:
        """Whether any of the columns can be centered."""
        return any(s.has_intercept for s in self.slopes) or self.centres_fixed

    @property
    def centres_fixed(self) -> bool:
        """Whether the columns of X can be centered."""
        return bool(self.fixed) and self.constant is not None


def is_off(mean: float, size: float) -> bool:
    """Whether a column lies off zero or off unit scale by so much that an optimizer may notice."""
    return abs(mean) >= OFF_ORIGIN * size or not 1.0 / OFF_SCALE <= size <= OFF_SCALE


def _placed(mean: float, sd: float, has_constant: bool) -> tuple[float, float]:
    """Mean and size of a column; without a constant beside it there is no origin but zero."""
    return (mean, sd) if has_constant else (0.0, float(np.hypot(mean, sd)))


def movable_columns(design: Design) -> Movable:
    """Find the columns that rung 1 standardizes."""
    fixed = tuple(moved_columns(design))
    constant = constant_combination(design) if fixed else None
    if constant is not None and np.any(constant[[c.index for c in fixed]]):
        constant = None  # the constant is made of columns that would move themselves
    moved = tuple(s for s in slopes(design) if s.sd > 0 and s.term.takes_any_unit)
    return Movable(moved, fixed, constant)


def bound_to_origin(design: Design) -> list[str]:
    """The terms whose structure makes columns about another origin, or in another unit, another model."""
    terms = dict.fromkeys(s.term.bar.to_text() for s in slopes(design) if not _is_free(s.term))
    return list(terms)


def _is_free(term: RandomTerm) -> bool:
    has_origin = "(Intercept)" not in term.columns or term.takes_any_origin
    return term.bar.structure == UNSTRUCTURED or (has_origin and term.takes_any_unit)


def transforms(design: Design, movable: Movable, move: Move) -> Transform:
    """Make T (k, k) of every term, `Z_s = Z T`, and A (p, p), `X_s = X A`."""
    bases = []
    for term in design.random:
        T = np.eye(len(term.columns))
        for slope in movable.slopes:
            if slope.term is not term:
                continue
            scale = slope.sd if move.scale else 1.0
            T[slope.index, slope.index] = 1.0 / scale
            if move.center and slope.has_intercept:
                T[term.columns.index("(Intercept)"), slope.index] = -slope.mean / scale
        bases.append(T)
    return Transform(bases, _fixed_transform(design, movable, move))


def _fixed_transform(design: Design, movable: Movable, move: Move) -> Array:
    A = np.eye(design.X.shape[1])
    for column in movable.fixed:
        if move.center and movable.constant is not None:
            A[:, column.index] -= column.mean * movable.constant
        if move.scale:
            A[:, column.index] /= column.sd
    return A
