"""The search of rung 2: from a model that is singular or not identified down to one that is sound.

`repaired` leaves out what the design cannot identify; `walked_down` takes away, one step at a time, what the
data cannot fill. Both start from any fitted model, so that whoever can fit something can search from there.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from mmtriage.deadline import TimeBudgetError
from mmtriage.diagnose.judgement import is_short
from mmtriage.engine.comparison import Comparison
from mmtriage.errors import FormulaError, MmtriageError
from mmtriage.formula import Formula
from mmtriage.formula.structured import UNSTRUCTURED
from mmtriage.ladder.against_present import is_same_model
from mmtriage.ladder.case import Bench, refit
from mmtriage.ladder.rescaled_formula import in_new_variables
from mmtriage.ladder.shared_variance import cells_alone, is_crossed, negative_correlations
from mmtriage.ladder.standardized_columns import CENTER_AND_SCALE, movable_columns
from mmtriage.ladder.steps import (
    Step,
    compound_symmetries,
    intercepts_only,
    with_correlations,
    without_correlations,
    without_least_slope,
)
from mmtriage.ladder.structured_steps import other_structures, structures_of_levels
from mmtriage.ladder.unidentified import repairs
from mmtriage.model.lme4_versions import LME4_1_1
from mmtriage.model.ranef import RandomTerm

MAX_STEPS = 12  # of the walk down; each fits one model


@dataclass(frozen=True, slots=True, eq=False)
class Tried:
    """A proposal that was fitted."""

    step: Step
    comparison: Comparison
    in_users_columns: Comparison | None = None  # the same model, where `comparison` is on rescaled columns


def smaller_models(bench: Bench, start: Comparison) -> list[Tried]:
    """Search from a singular or unidentified model to a sound one; return all that was fitted on the way."""
    present = start.prepared.design.formula
    tried = repaired(bench, start) if start.prepared.null else walked_down(bench, start, present)
    return [*tried, *_intercepts(bench, tried, present)]


def _intercepts(bench: Bench, tried: Sequence[Tried], present: Formula) -> list[Tried]:
    """The random-intercept model, which is always tried: the walk may end above it, or beside it."""
    step = intercepts_only(present, bench.options.keep)
    seen = {present, *(t.step.formula for t in tried)}
    if step is None or step.formula in seen:
        return []
    try:
        smallest = fitted(bench, step)
    except TimeBudgetError:
        raise
    except MmtriageError:  # it may have no fit either
        return []
    return [] if smallest.comparison.prepared.null else [smallest]


def repaired(bench: Bench, start: Comparison) -> list[Tried]:
    """Leave out what the design cannot identify; from a repaired model that is singular walk on down.

    Two faults of one design take two rounds: the second starts from the best model of the first.
    """
    present = start.prepared.design.formula
    steps = _distinct(_repairs(bench, start), present)[:MAX_STEPS]
    tried = [fitted(bench, step) for step in steps]
    if not tried or any(t.comparison.is_sound for t in tried):
        return tried
    nearest = _nearest(tried)
    if nearest.prepared.null:
        seen = {present, *(step.formula for step in steps)}
        again = _repairs(bench, nearest)[:MAX_STEPS]
        tried += [fitted(bench, step) for step in again if step.formula not in seen]
        nearest = _nearest(tried)
    if not nearest.prepared.null and not nearest.is_sound:
        tried += walked_down(bench, nearest, present)
    return tried


def walked_down(bench: Bench, start: Comparison, present: Formula) -> list[Tried]:
    """Take one thing after the other away from a singular model, until a model is sound.

    At the end correlations are tried again: they may have gone before the slope that was the trouble.
    `present` is the formula that the search began with, which need not be tried.
    """
    comparison = start
    tried = _with_negative_correlation(bench, start, present)
    for _ in range(MAX_STEPS):
        step = [fitted(bench, proposal) for proposal in _next_steps(comparison, bench.options.keep)]
        if not step:
            break
        step += [further for one in step for further in _from_zero(bench, one.comparison, present)]
        tried += step
        comparison = min((t.comparison for t in step), key=lambda c: (not c.is_sound, c.optimum_fit.aic))
        if comparison.is_sound:
            break
    if tried and comparison.is_sound:
        seen = {present, *(t.step.formula for t in tried)}
        joined = with_correlations(comparison.prepared.design.formula, present)
        tried += [fitted(bench, step) for step in joined if step.formula not in seen]
    return tried


def _with_negative_correlation(bench: Bench, comparison: Comparison, present: Formula) -> list[Tried]:
    """Models that are not smaller, but whose correlation may be negative."""
    if not _has_structures(comparison):
        return []
    tried = []
    for step in negative_correlations(comparison, present):
        try:
            made = bench.build(step.formula)
        except FormulaError:  # more levels than a structure may have
            continue
        term = next(term for term in made.random if term.bar.structure != UNSTRUCTURED)
        if is_crossed(term):
            tried.append(fitted(bench, step))
    return tried


def _has_structures(comparison: Comparison) -> bool:
    """Whether other covariances of identified terms can be tried; lme4 1.1 has none."""
    return not comparison.prepared.null and comparison.prepared.design.spec.version != LME4_1_1


def _from_zero(bench: Bench, comparison: Comparison, present: Formula) -> list[Tried]:
    """From compound symmetry whose covariance is zero: to a negative one, and to none."""
    if not _has_structures(comparison):
        return []
    alone = [fitted(bench, step) for step in cells_alone(comparison, present)]
    return [*_with_negative_correlation(bench, comparison, present), *alone]


def fitted(bench: Bench, step: Step) -> Tried:
    """Fit a proposal; on rescaled columns if lme4's own fit of it stops short for no other reason."""
    comparison = refit(bench, step.formula)
    if not (comparison.is_sound and is_short(comparison)):
        return Tried(step, comparison)
    design = comparison.prepared.design
    for formula in in_new_variables(design, movable_columns(design), CENTER_AND_SCALE):
        rescaled = _refit_or_none(bench, formula)
        if rescaled is None or is_short(rescaled) or not rescaled.is_sound:
            continue
        if is_same_model(bench, comparison, rescaled):  # `log(x + 1)` of a rescaled x is another column
            return Tried(replace(step, title=f"{step.title}, on rescaled columns"), rescaled, comparison)
    return Tried(step, comparison)


def _refit_or_none(bench: Bench, formula: Formula) -> Comparison | None:
    """The fit of a formula in other variables; None where they have no values: the log of a centered x."""
    try:
        return refit(bench, formula)
    except TimeBudgetError:
        raise
    except MmtriageError:
        return None


def _repairs(bench: Bench, comparison: Comparison) -> list[Step]:
    prepared = comparison.prepared
    return list(repairs(prepared.design, prepared.null, bench.options.keep))


def _distinct(steps: Iterable[Step], present: Formula) -> list[Step]:
    """Keep the first step to each formula, and none to the present one."""
    first: dict[Formula, Step] = {}
    for step in steps:
        first.setdefault(step.formula, step)
    return [step for step in first.values() if step.formula != present]


def _nearest(tried: Sequence[Tried]) -> Comparison:
    """The model with the fewest directions that it cannot identify, then the one that fits best."""
    comparisons = (t.comparison for t in tried)
    return min(comparisons, key=lambda c: (len(c.prepared.null), c.optimum_fit.criterion))


def _next_steps(comparison: Comparison, keep: Sequence[str]) -> list[Step]:
    """Propose the next steps down from a singular model; none when nothing is left to take away.

    Terms of several columns come before those of one, and in each kind the term that explains least.
    """
    shares, design = comparison.optimum_fit.shares, comparison.prepared.design
    ranks, supports = comparison.optimum.certificate.ranks, comparison.prepared.supports
    singular = [t for t, (rank, support) in enumerate(zip(ranks, supports, strict=True)) if rank < support]
    for t in sorted(singular, key=lambda t: (len(design.random[t].columns) == 1, shares[t])):
        steps = _steps_of(comparison, design.random[t], keep)
        if steps:
            return steps
    # What is at zero cannot go by itself, the intercept of a grouping: what stands beside it can.
    groups = {design.random[t].group for t in singular}
    beside = [t for t, term in enumerate(design.random) if term.group in groups and t not in singular]
    for t in sorted(beside, key=lambda t: shares[t]):
        smaller = without_least_slope(comparison, design.random[t], keep)
        if smaller is not None:
            return [smaller]
    return []


def _steps_of(comparison: Comparison, term: RandomTerm, keep: Sequence[str]) -> list[Step]:
    """Propose other covariances of the same columns or, where there are none, one slope less."""
    formula, spec = comparison.prepared.design.formula, comparison.prepared.design.spec
    if len(term.columns) > 1:
        if term.bar.structure == UNSTRUCTURED:
            others = [without_correlations(formula, term), *compound_symmetries(formula, term)]
            if spec.version != LME4_1_1:
                others += structures_of_levels(formula, term)
        else:
            others = list(other_structures(formula, term, has_residual=spec.is_linear))
        steps = [step for step in others if step.formula != formula]
        if steps:
            return steps
    smaller = without_least_slope(comparison, term, keep)
    return [] if smaller is None else [smaller]
