"""Attempts: what a refit is measured by, and whether it cures the verdict."""

from __future__ import annotations

import time
from collections.abc import Sequence

from mmtriage.diagnose.judgement import is_close
from mmtriage.diagnose.verdict import SE_FACTOR, allowed_gap
from mmtriage.engine.comparison import Comparison
from mmtriage.engine.lme4.outcome import Lme4Failure, Lme4Run
from mmtriage.engine.lme4.transform import Transform
from mmtriage.ladder.case import Case
from mmtriage.ladder.printed_errors import worst_ratio
from mmtriage.ladder.records import Attempt
from mmtriage.optimizers import Optimizer

IMPROVED = 1e-4  # deviance units that count as an improvement


def same_model_attempt(
    case: Case,
    label: str,
    run: Lme4Run | Lme4Failure,
    seconds: float,
    *,
    transform: Transform | None = None,
    note: str | None = None,
) -> Attempt:
    """An attempt to reach the optimum of the present model, measured against that optimum.

    Where lme4's standard errors are what is wrong, those that R prints for the attempt are measured too.
    Raises BetterPointError where it ends below: then that is no optimum.
    """
    formula = case.formula.to_text()
    if isinstance(run, Lme4Failure):
        return Attempt(
            label=label,
            formula=formula,
            optimizer=run.optimizer,
            criterion=None,
            gap=None,
            max_abs_gradient=None,
            lme4_messages=run.lme4_messages,
            evaluations=run.total_evaluations,
            note=run.error,
            seconds=seconds,
        )
    run = case.comparison.meet(label, run)
    gap = case.comparison.gap_of(run)
    is_there = gap is not None and gap <= allowed_gap(case.comparison.optimum_fit.criterion)
    return Attempt(
        label=label,
        formula=formula,
        optimizer=run.optimizer,
        criterion=run.criterion,
        gap=gap,
        max_abs_gradient=run.max_abs_gradient,
        lme4_messages=run.lme4_messages,
        evaluations=run.evaluations,
        certified=case.comparison.optimum.certificate.certified and is_there,
        singular=case.comparison.is_singular,
        se_ratio=worst_ratio(case.comparison, run, transform) if case.has_wrong_errors else None,
        note=note,
        seconds=seconds,
    )


def attempted(
    case: Case,
    label: str,
    *,
    optimizers: Sequence[Optimizer] | None = None,
    maxfun: int | None = None,
    tolerance: float | None = None,
) -> tuple[Attempt, Lme4Run | Lme4Failure]:
    """Fit the present model as lme4 does, and measure that; by default with the user's own options."""
    began = time.perf_counter()
    run = case.bench.run(
        case.comparison.prepared,
        optimizers=optimizers or case.bench.optimizers,
        maxfun=maxfun or case.options.maxfun,
        tolerance=tolerance,
    )
    return same_model_attempt(case, label, run, time.perf_counter() - began), run


def changed_model_attempt(label: str, comparison: Comparison, note: str | None = None) -> Attempt:
    """An attempt with another model, measured against the optimum of that model."""
    run = comparison.lme4
    return Attempt(
        label=label,
        formula=comparison.prepared.design.formula.to_text(),
        optimizer=None if run is None else run.optimizer,
        criterion=comparison.optimum_fit.criterion,
        gap=comparison.gap,
        max_abs_gradient=None if run is None else run.max_abs_gradient,
        lme4_messages=() if run is None else run.lme4_messages,
        evaluations=None if run is None else run.evaluations,
        certified=comparison.optimum.certificate.certified and not comparison.prepared.null,
        singular=comparison.is_singular,
        note=note,
        seconds=comparison.seconds,
    )


def reaches_optimum(case: Case, attempt: Attempt) -> bool:
    """Whether a same-model attempt cures the verdict: it is at the certified optimum, and not singular.

    What cures a false alarm also leaves lme4 without one, what cures wrong standard errors has right ones.
    """
    if not attempt.certified or attempt.singular or case.comparison.prepared.null:
        return False
    if case.has_wrong_errors:
        return attempt.se_ratio is not None and is_close(attempt.se_ratio, SE_FACTOR)
    return case.verdict.status != "false_alarm" or not any(map(is_alarm, attempt.lme4_messages))


def reaches_singular_optimum(case: Case, attempt: Attempt) -> bool:
    """Whether a same-model attempt repairs a fit that stopped short, of which a singular optimum is left."""
    is_arrival = bool(attempt.certified and attempt.singular) and not case.comparison.prepared.null
    return is_arrival and case.verdict.status == "not_converged"


def is_alarm(message: str) -> bool:
    """Whether one of lme4's messages is about convergence: its remarks on X are not."""
    return not message.startswith(("Some predictor variables", "fixed-effect model matrix"))
