"""Standardising the columns of random slopes: in the likelihood (`Z T`), and in the formula."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mmtriage.deadline import TimeBudgetError
from mmtriage.diagnose.data import Slope
from mmtriage.diagnose.judge import allowed_gap
from mmtriage.engine.linear import Transform
from mmtriage.errors import MmtriageError
from mmtriage.formula import Formula
from mmtriage.formula.edit import replace_fixed_variable, replace_variable, with_random
from mmtriage.ladder.case import Case
from mmtriage.model.design import Design


@dataclass(frozen=True, slots=True)
class Move:
    """One way to change columns: which parts of standardising it does."""

    label: str
    centre: bool
    scale: bool


MOVES = (
    Move("centre and scale", True, True),
    Move("scale only", False, True),
    Move("centre only", True, False),
)


def transforms(design: Design, movable: Sequence[Slope], move: Move) -> Transform:
    """T (k, k) of every term, `Z_s = Z T`, and A (p, p): X stays as it is."""
    bases = []
    for term in design.random:
        T = np.eye(len(term.columns))
        for slope in movable:
            if slope.term is not term:
                continue
            scale = slope.sd if move.scale else 1.0
            T[slope.index, slope.index] = 1.0 / scale
            if move.centre and slope.has_intercept:
                T[term.columns.index("(Intercept)"), slope.index] = -slope.mean / scale
        bases.append(T)
    return bases, np.eye(design.X.shape[1])


def rewritten_formula(case: Case, movable: Sequence[Slope], move: Move) -> Formula | None:
    """The formula in rescaled variables; None if that is not the same model (proven by its ML criterion)."""
    for with_fixed in (True, False):  # X may stay as it is: in `I(x > 3)` a rescaled x is another column
        formula = in_new_variables(case.formula, movable, move, with_fixed=with_fixed)
        if formula != case.formula and _is_same_model(case, formula):
            return formula
    return None


def in_new_variables(formula: Formula, movable: Sequence[Slope], move: Move, *, with_fixed: bool) -> Formula:
    """The formula with each slope's column replaced by its rescaled self, in the bars and perhaps in X."""
    for name in dict.fromkeys(s.column for s in movable):
        new = _expression(next(s for s in movable if s.column == name), move)
        if with_fixed:
            formula = replace_fixed_variable(formula, name, new)
        formula = with_random(formula, [replace_variable(bar, name, new) for bar in formula.random])
    return formula


def _is_same_model(case: Case, formula: Formula) -> bool:
    try:
        rewritten = case.fit_ml(case.fit(case.build(formula)).prepared)
    except TimeBudgetError:
        raise
    except MmtriageError:  # `log(x)` of a centred x has no values
        return False
    present = case.fit_ml(case.trial.prepared)
    return abs(rewritten.criterion - present.criterion) <= allowed_gap(present.criterion)


def _expression(slope: Slope, move: Move) -> str:
    """The rescaled column as a formula writes it, with round numbers: any near the mean and SD will do."""
    centre = _rounded(slope.mean, slope.sd) if move.centre and slope.has_intercept else 0.0
    scale = float(f"{slope.sd:.1g}") if move.scale else 1.0
    shifted = slope.column if centre == 0 else f"({slope.column} - {centre:.15g})"
    if centre < 0:
        shifted = f"({slope.column} + {-centre:.15g})"
    return f"I({shifted} / {scale:.15g})" if scale != 1 else f"I{shifted}"


def _rounded(mean: float, sd: float) -> float:
    """A number near the mean, as round as a tenth of the SD allows."""
    step = 10.0 ** np.floor(np.log10(sd))
    return float(np.round(mean / step) * step)
