"""All that is plotted of one model, as far as the time budget allows."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mmtriage.deadline import TimeBudgetError
from mmtriage.engine.comparison import Comparison
from mmtriage.ladder.case import Refit
from mmtriage.ladder.records import Remedy
from mmtriage.plotted.criterion import criterion_curves, parameters_of
from mmtriage.plotted.effects import effect_sets
from mmtriage.plotted.fitted_lines import fitted_lines
from mmtriage.plotted.levels import MOST_COLUMNS, level_effects
from mmtriage.plotted.plot_data import CriterionCurve, FittedLines, LevelEffects, PlotData

PRESENT = "the present model, at its optimum"


def plot_data_of(comparison: Comparison, remedies: Sequence[tuple[Remedy, Refit | None]]) -> PlotData:
    """Records for the plots; `remedies` in their order, with the fits behind those of other models."""
    try:
        return _plot_data(comparison, remedies)
    except TimeBudgetError as stop:  # an alarm that rang where no part of it listens
        return PlotData(notes=(f"{stop.message}: nothing is plotted",))


def _plot_data(comparison: Comparison, remedies: Sequence[tuple[Remedy, Refit | None]]) -> PlotData:
    levels, levels_of, unseen = _levels(comparison, remedies)
    fitted, unfitted = _fitted(comparison)
    criterion, missing = _criterion(comparison)
    return PlotData(
        criterion=criterion,
        effects=effect_sets(comparison, remedies),
        fitted=fitted,
        levels=levels,
        levels_of=levels_of,
        notes=(*unfitted, *missing, *unseen),
    )


def _fitted(comparison: Comparison) -> tuple[FittedLines | None, list[str]]:
    try:
        return fitted_lines(comparison), []
    except TimeBudgetError as stop:
        return None, [f"{stop.message}: the fitted lines are not plotted"]
    except np.linalg.LinAlgError as failure:
        return None, [f"the fitted lines are not plotted: {failure}"]


def _criterion(comparison: Comparison) -> tuple[tuple[CriterionCurve, ...], list[str]]:
    curves, notes = [], []
    try:
        for item in criterion_curves(comparison):
            if isinstance(item, str):
                notes.append(item)
            else:
                curves.append(item)
    except TimeBudgetError as stop:
        done = f"{len(curves)} of {len(parameters_of(comparison))} covariance parameters"
        notes.append(f"{stop.message}: the criterion is plotted along {done}")
    return tuple(curves), notes


def _levels(
    comparison: Comparison, remedies: Sequence[tuple[Remedy, Refit | None]]
) -> tuple[tuple[LevelEffects, ...], str, list[str]]:
    """The random effects of the recommended model: the best remedy that clears, else the present model."""
    prepared, place, fit = comparison.prepared, comparison.optimum.place, comparison.optimum_fit
    whose = PRESENT
    remedy, refit = next((pair for pair in remedies if pair[0].clears), (None, None))
    if remedy is not None and remedy.scope != "same_model" and refit is not None:
        whose = f"{remedy.rank}. {remedy.title}"
        if refit.place is None:
            return (), whose, [f"the recommended model ({whose}) has no random effects to plot"]
        prepared, place, fit = refit.prepared, refit.place, refit.fit
    try:
        found = level_effects(prepared, place, fit.covariances)
    except TimeBudgetError as stop:
        return (), whose, [f"{stop.message}: the random effects are not plotted"]
    except np.linalg.LinAlgError as failure:
        return (), whose, [f"the random effects are not plotted: {failure}"]
    left = sum(prepared.sizes) - MOST_COLUMNS
    return found, whose, [f"the random effects of {left} more columns are not plotted"] if left > 0 else []
