"""A standardised model as the user would write it: a formula in rescaled variables, proven to be the same."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from mmtriage.deadline import TimeBudgetError
from mmtriage.diagnose.data import is_two_valued
from mmtriage.diagnose.judge import allowed_gap, is_alarmed, is_short
from mmtriage.engine.trial import Trial
from mmtriage.errors import MmtriageError
from mmtriage.formula import Formula
from mmtriage.formula.edit import fixed_part, replace_fixed_variable, replace_variable, with_random
from mmtriage.formula.nodes import names_in
from mmtriage.formula.text import quote_name, to_text
from mmtriage.ladder.case import Case
from mmtriage.ladder.columns import Movable, Move
from mmtriage.model.design import Design

SCALED = "X_scaled"  # the name that R code gives a matrix of standardised columns


def rewritten_formula(case: Case, movable: Movable, move: Move) -> Formula | None:
    """The formula in rescaled variables; None if that is not the same model (proven by its ML criterion)."""
    for formula in dict.fromkeys(_candidates(case.design, movable, move)):
        if formula != case.formula and _serves(case, formula, movable):
            return formula
    return None


def in_new_variables(design: Design, movable: Movable, move: Move) -> Formula:
    """The formula of a design in rescaled variables, the first way to write it."""
    return next(_candidates(design, movable, move))


def matrix_code(case: Case, move: Move) -> str:
    """lme4 code that standardises the columns of X themselves, which no formula need be able to say."""
    formula = case.formula
    terms = f"~ {fixed_part(formula)}"
    centre = str(move.centre).upper()
    scale = "apply(X[, k, drop = FALSE], 2, sd, na.rm = TRUE)" if move.scale else "FALSE"
    before = [
        f"X <- model.matrix({terms}, model.frame({terms}, d, na.action = na.pass))",
        "k <- apply(X, 2, function(x) length(unique(na.omit(x))) > 2)",
        f"X[, k] <- scale(X[, k, drop = FALSE], center = {centre}, scale = {scale})",
        f"d${SCALED} <- X",
    ]
    parts = [f"0 + {SCALED}", *map(to_text, formula.offsets), *(bar.to_text() for bar in formula.random)]
    return case.commands.r_call(f"{to_text(formula.response)} ~ {' + '.join(parts)}", before=before)


def _candidates(design: Design, movable: Movable, move: Move) -> Iterator[Formula]:
    """The ways to write it: by the table's columns, by the variables of the formula, in the bars alone."""
    taken = frozenset(s.column for s in movable.slopes)
    by_column = _fixed_in_columns(design, movable, move, taken)
    yield _slopes_rewritten(by_column, movable, move, with_fixed=True)
    if movable.fixed:
        by_variable = _fixed_in_variables(design, movable, move, taken)
        yield _slopes_rewritten(by_variable, movable, move, with_fixed=True)
    # X may stay as it is: in `I(x > 3)` a rescaled x is another column
    yield _slopes_rewritten(design.formula, movable, move, with_fixed=False)


def _slopes_rewritten(formula: Formula, movable: Movable, move: Move, *, with_fixed: bool) -> Formula:
    """Each slope's column replaced by its rescaled self, in the bars and perhaps in X."""
    for name in dict.fromkeys(s.column for s in movable.slopes):
        slope = next(s for s in movable.slopes if s.column == name)
        arithmetic = _rescaled(name, slope.mean, slope.sd, move, centre=slope.has_intercept)
        if arithmetic == name:
            continue
        new = f"I({arithmetic})"
        if with_fixed:
            formula = replace_fixed_variable(formula, name, new)
        formula = with_random(formula, [replace_variable(bar, name, new) for bar in formula.random])
    return formula


def _fixed_in_columns(design: Design, movable: Movable, move: Move, taken: frozenset[str]) -> Formula:
    """The table's columns behind the columns of X rescaled wherever the fixed part uses them."""
    numbers = dict.fromkeys(design.assign[column.index] for column in movable.fixed)
    variables = [v for number in numbers if number for v in design.formula.fixed[number - 1].variables]
    formula = design.formula
    for name in dict.fromkeys(name.name for v in variables for name in names_in(v)):
        column = design.variables.get(name)
        if column is None or column.kind != "numeric" or name in taken or is_two_valued(column.values):
            continue
        mean, sd = float(np.mean(column.values)), float(np.std(column.values, ddof=1))
        formula = _fixed_rewritten(formula, quote_name(name), mean, sd, movable, move)
    return formula


def _fixed_in_variables(design: Design, movable: Movable, move: Move, taken: frozenset[str]) -> Formula:
    """The columns of X that are a variable of the formula, such as `log(x)`, rescaled as they are."""
    formula = design.formula
    for column in movable.fixed:
        if column.column not in taken and column.column in design.fixed_terms and ":" not in column.column:
            formula = _fixed_rewritten(formula, column.column, column.mean, column.sd, movable, move)
    return formula


def _fixed_rewritten(
    formula: Formula, old: str, mean: float, sd: float, movable: Movable, move: Move
) -> Formula:
    new = _rescaled(old, mean, sd, move, centre=movable.centres_fixed)
    return formula if new == old else replace_fixed_variable(formula, old, new)


def _serves(case: Case, formula: Formula, movable: Movable) -> bool:
    """Whether a formula is the same model and, where X had to move, cures what the moved columns cured."""
    try:
        trial = case.fit(case.build(formula))
        rewritten = case.fit_ml(trial.prepared)
    except TimeBudgetError:
        raise
    except MmtriageError:  # `log(x)` of a centred x has no values
        return False
    present = case.fit_ml(case.trial.prepared)
    is_same = abs(rewritten.criterion - present.criterion) <= allowed_gap(present.criterion)
    return is_same and (not movable.fixed or _is_cured(case, trial))


def _is_cured(case: Case, trial: Trial) -> bool:
    return not is_short(trial) and (case.verdict.status != "false_alarm" or not is_alarmed(trial))


def _rescaled(text: str, mean: float, sd: float, move: Move, *, centre: bool) -> str:
    """A rescaled variable as arithmetic, with round numbers: any near the mean and SD will do."""
    origin = _rounded(mean, sd) if move.centre and centre else 0.0
    scale = float(f"{sd:.1g}") if move.scale else 1.0
    shifted = text
    if origin != 0:
        shifted = f"{text} {'-' if origin > 0 else '+'} {abs(origin):.15g}"
    if scale == 1:
        return shifted
    return f"{text}/{scale:.15g}" if shifted == text else f"({shifted})/{scale:.15g}"


def _rounded(mean: float, sd: float) -> float:
    """A number near the mean, as round as a tenth of the SD allows."""
    step = 10.0 ** np.floor(np.log10(sd))
    return float(np.round(mean / step) * step)
