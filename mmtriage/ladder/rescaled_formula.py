"""A standardized model as the user would write it: a formula in rescaled variables, proven to be the same."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from mmtriage.deadline import TimeBudgetError
from mmtriage.diagnose.continuous import is_two_valued
from mmtriage.diagnose.judgement import is_alarmed, is_short, wrong_standard_errors
from mmtriage.engine.comparison import Comparison
from mmtriage.errors import MmtriageError
from mmtriage.formula import Formula
from mmtriage.formula.edit import (
    replace_fixed_variable,
    replace_variable,
    replace_whole_fixed_variable,
    with_random,
)
from mmtriage.formula.nodes import columns_named
from mmtriage.formula.text import quote_name
from mmtriage.ladder.against_present import is_same_model
from mmtriage.ladder.case import Case
from mmtriage.ladder.emitted.r_columns import formula_in_matrix, standardized_matrix
from mmtriage.ladder.records import Code
from mmtriage.ladder.standardized_columns import Movable, Move
from mmtriage.model.design import Design


def rewritten(case: Case, movable: Movable, move: Move) -> Comparison | None:
    """The model in rescaled variables, fitted; None if no way is the same model, by its ML criterion."""
    ways = (_serving(case, formula, movable) for formula in in_new_variables(case.design, movable, move))
    return next((comparison for comparison in ways if comparison is not None), None)


def moved_names(movable: Movable, move: Move) -> tuple[str, ...]:
    """The columns that a move changes: one near zero and of unit scale stays as it is."""
    moved = [
        s.column
        for s in movable.slopes
        if _rescaled(s.column, s.mean, s.sd, move, center=s.has_intercept) != s.column
    ]
    moved += [
        c.column
        for c in movable.fixed
        if _rescaled(c.column, c.mean, c.sd, move, center=movable.centres_fixed) != c.column
    ]
    return tuple(dict.fromkeys(moved)) or movable.names


def in_new_variables(design: Design, movable: Movable, move: Move) -> tuple[Formula, ...]:
    """List the ways to write a formula in rescaled variables, of which some are other models."""
    return tuple(f for f in dict.fromkeys(_candidates(design, movable, move)) if f != design.formula)


def in_matrix(case: Case, move: Move) -> Code:
    """Write R code that standardizes the columns of X themselves, which a formula may be unable to say."""
    before = standardized_matrix(case.formula, center=move.center, scale=move.scale)
    return case.commands.in_r(formula_in_matrix(case.formula), before=before)


def _candidates(design: Design, movable: Movable, move: Move) -> Iterator[Formula]:
    """Rescale the table's columns, then the variables of the formula, then those of the bars alone."""
    taken = frozenset(s.column for s in movable.slopes)
    by_column = _fixed_in_columns(design, movable, move, taken)
    yield _slopes_rewritten(by_column, movable, move, replace_fixed_variable)
    if movable.fixed:
        # `log(x + 1)` of a rescaled x is another column: it is rescaled itself
        by_variable = _fixed_in_variables(design, movable, move, taken)
        yield _slopes_rewritten(by_variable, movable, move, replace_whole_fixed_variable)
    # X may stay as it is: in `I(x > 3)` a rescaled x is another column
    yield _slopes_rewritten(design.formula, movable, move)


def _slopes_rewritten(
    formula: Formula,
    movable: Movable,
    move: Move,
    in_fixed: Callable[[Formula, str, str], Formula] | None = None,
) -> Formula:
    """Replace each slope's column by its rescaled self, in the bars and perhaps in X."""
    for name in dict.fromkeys(s.column for s in movable.slopes):
        slope = next(s for s in movable.slopes if s.column == name)
        arithmetic = _rescaled(name, slope.mean, slope.sd, move, center=slope.has_intercept)
        if arithmetic == name:
            continue
        new = f"I({arithmetic})"
        if in_fixed is not None:
            formula = in_fixed(formula, name, new)
        formula = with_random(formula, [replace_variable(bar, name, new) for bar in formula.random])
    return formula


def _fixed_in_columns(design: Design, movable: Movable, move: Move, taken: frozenset[str]) -> Formula:
    """Rescale the table's columns behind the columns of X, wherever the fixed part uses them."""
    numbers = dict.fromkeys(design.assign[column.index] for column in movable.fixed)
    variables = [v for number in numbers if number for v in design.formula.fixed[number - 1].variables]
    formula = design.formula
    for name in columns_named(variables):
        column = design.variables.get(name)
        if column is None or column.kind != "numeric" or name in taken or is_two_valued(column.values):
            continue
        mean, sd = float(np.mean(column.values)), float(np.std(column.values, ddof=1))
        formula = _fixed_rewritten(formula, quote_name(name), mean, sd, movable, move)
    return formula


def _fixed_in_variables(design: Design, movable: Movable, move: Move, taken: frozenset[str]) -> Formula:
    """Rescale the columns of X that are a variable of the formula, such as `log(x)`, as they are."""
    formula = design.formula
    for column in movable.fixed:
        if column.column not in taken and column.column in design.fixed_terms and ":" not in column.column:
            formula = _fixed_rewritten(formula, column.column, column.mean, column.sd, movable, move)
    return formula


def _fixed_rewritten(
    formula: Formula, old: str, mean: float, sd: float, movable: Movable, move: Move
) -> Formula:
    new = _rescaled(old, mean, sd, move, center=movable.centres_fixed)
    return formula if new == old else replace_fixed_variable(formula, old, new)


def _serving(case: Case, formula: Formula, movable: Movable) -> Comparison | None:
    """The fit of a formula that is the same model and, where X moved, cures what the moved columns cured."""
    try:
        comparison = case.bench.compare(case.bench.build(formula))
        is_same = is_same_model(case.bench, case.comparison, comparison)
    except TimeBudgetError:
        raise
    except MmtriageError:  # `log(x)` of a centered x has no values
        return None
    serves = is_same and (not movable.fixed or _is_cured(case, comparison))
    return comparison if serves else None


def _is_cured(case: Case, comparison: Comparison) -> bool:
    if case.has_wrong_errors:
        return not is_short(comparison) and not wrong_standard_errors(comparison)
    return not is_short(comparison) and (case.verdict.status != "false_alarm" or not is_alarmed(comparison))


def _rescaled(text: str, mean: float, sd: float, move: Move, *, center: bool) -> str:
    """Write a rescaled variable as arithmetic, with round numbers: any near the mean and SD will do."""
    origin = rounded_origin(mean, sd) if move.center and center else 0.0
    scale = float(f"{sd:.1g}") if move.scale else 1.0
    shifted = text
    if origin != 0:
        shifted = f"{text} {'-' if origin > 0 else '+'} {abs(origin):.15g}"
    if scale == 1:
        return shifted
    if shifted != text:
        return f"({shifted})/{scale:.15g}"
    is_arithmetic = text.startswith("I(") and text.endswith(")") and ":" not in text
    return f"{text.removeprefix('I') if is_arithmetic else text}/{scale:.15g}"


def rounded_origin(mean: float, sd: float) -> float:
    """A number near the mean, as round as a tenth of the SD allows."""
    step = 10.0 ** np.floor(np.log10(sd))
    return float(np.round(mean / step) * step)
