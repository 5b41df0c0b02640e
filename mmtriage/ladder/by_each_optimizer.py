"""The present model refitted by each of several optimizers, on processes, one of which may die."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial

from mmtriage.engine.lme4.outcome import Lme4Failure, Lme4Run
from mmtriage.engine.prepared import Prepared
from mmtriage.ladder.case import Case
from mmtriage.ladder.records import Attempt
from mmtriage.optimizers import OPTIMIZERS
from mmtriage.processes import Died, run_all

Runner = Callable[..., Lme4Run | Lme4Failure]
Timed = tuple[Lme4Run | Lme4Failure, float]  # and its seconds


def run_by_each(
    case: Case, budgets: Mapping[str, int], *, start: Lme4Run | None = None
) -> dict[str, Timed | Died]:
    """The end of each optimizer that has a budget of evaluations, from lme4's start or another."""
    task = partial(_timed_run, case.bench.run, case.comparison.prepared, budgets, start=start)
    answers = run_all(task, tuple(budgets), jobs=case.options.jobs)
    return dict(zip(budgets, answers, strict=True))


def _timed_run(
    run: Runner, prepared: Prepared, budgets: Mapping[str, int], name: str, *, start: Lme4Run | None
) -> Timed:
    began = time.perf_counter()
    made = run(prepared, optimizers=[OPTIMIZERS[name]], maxfun=budgets[name], start=start)
    return made, time.perf_counter() - began


def attempt_without_answer(case: Case, name: str, died: Died) -> Attempt:
    """The attempt of a process that died. It says nothing about the optimizer: it has no evaluations."""
    return Attempt(
        label=name,
        formula=case.formula.to_text(),
        optimizer=name,
        criterion=None,
        gap=None,
        max_abs_gradient=None,
        note=f"its process {died}",
    )


def with_note(attempt: Attempt, run: Lme4Run | Lme4Failure, budget: int) -> Attempt:
    """The attempt, saying so where its share of evaluations was not enough."""
    if isinstance(run, Lme4Failure) or run.status != "maxfun":
        return attempt
    return replace(attempt, note=f"ran out of its share of {budget:,} evaluations")
