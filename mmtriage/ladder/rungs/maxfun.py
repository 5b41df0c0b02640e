"""Rung 5: raise the budget, restart; or take other standard errors.

What it tries: the same optimizer with 200,000 evaluations (500,000 for a generalized model), then from where
that ended, then from a point 1 % away.
Why it helps: an optimizer that ran out of evaluations, or stopped early beside its goal, goes on.
Where lme4's fit is at its optimum and its standard errors are wrong, two other things are tried: those from
RX (`summary(m, use.hessian = FALSE)`, nothing is fitted again), and an inner iteration that stops later
(tolPwrss).
What it changes: nothing; same model, same likelihood.
When it misleads: if the budget was not the cause, more of it buys nothing, and a restart that moves shows
only that the stop rule was loose. Tolerances are never touched.
References: lme4 ?convergence, ?troubleshooting.
"""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np

from mmtriage import figures
from mmtriage.arrays import Array
from mmtriage.engine.lme4.outcome import Lme4Failure, Lme4Run
from mmtriage.ladder.attempts import IMPROVED, reaches_optimum, reaches_singular_optimum, same_model_attempt
from mmtriage.ladder.case import Case
from mmtriage.ladder.records import Attempt, Remedy, RungResult, RungStatus
from mmtriage.ladder.remedies.measured import same_model_remedy
from mmtriage.ladder.remedies.right_errors import Outcome, right_errors

PERTURBATION = 1.01  # restart factor of lme4's ?convergence, up or down at random


def applies(case: Case) -> str | None:
    """Why this rung is skipped, or None."""
    if case.verdict.status in ("singular", "unidentifiable"):
        return "the optimum itself is the trouble; more evaluations cannot change it"
    return None


def climb(case: Case) -> RungResult:
    """Make three attempts: budget, restart, perturbed restart; or two at right standard errors."""
    attempts, remedies, status, reason = (
        right_errors(case) if case.has_wrong_errors else _more_evaluations(case)
    )
    return RungResult(rung=5, id="maxfun", status=status, reason=reason, attempts=attempts, remedies=remedies)


def _more_evaluations(case: Case) -> Outcome:
    attempts: list[Attempt] = []
    optimizers = case.bench.optimizers
    start: Lme4Run | None = None
    budget = case.options.raised_budget
    for label in (f"budget of {budget:,}", "restart from its end", "restart 1 % away"):
        began = time.perf_counter()
        if start is not None and label.endswith("away"):
            start = _perturbed(start, case.options.seed)
        run = case.bench.run(case.comparison.prepared, optimizers=optimizers, start=start, maxfun=budget)
        attempts.append(same_model_attempt(case, label, run, time.perf_counter() - began))
        if isinstance(run, Lme4Failure):
            break
        start = run
    status, reason = _status(case, attempts)
    arrived = _arrival(case, attempts)
    remedies = () if arrived is None or not case.is_suspect else (_remedy(case, attempts, arrived),)
    return tuple(attempts), remedies, status, reason


def _perturbed(run: Lme4Run, seed: int) -> Lme4Run:
    generator = np.random.default_rng(seed)

    def moved(values: Array) -> Array:
        return values * generator.uniform(1 / PERTURBATION, PERTURBATION, size=len(values))

    return replace(run, theta=moved(run.theta), beta=None if run.beta is None else moved(run.beta))


def _status(case: Case, attempts: list[Attempt]) -> tuple[RungStatus, str]:
    run = case.comparison.lme4
    if attempts[0].criterion is None:
        return "failed", f"the fit stops with an error: {attempts[0].note}"
    if not case.is_suspect:
        return "not_needed", "the baseline is at the proven optimum"
    cleared = next((a for a in attempts if reaches_optimum(case, a)), None)
    exhausted = run is not None and run.status == "maxfun"
    blame = "the budget was the cause" if exhausted else "the budget was not the cause"
    if cleared is not None:
        how = "more evaluations reach" if cleared is attempts[0] else f"a {cleared.label} reaches"
        return "cleared", f"{how} the proven optimum; {blame}: {_gradients(run, cleared)}"
    best = min(a.criterion for a in attempts if a.criterion is not None)
    before = case.before
    falls = "the fit no longer stops with an error"
    if np.isfinite(before):
        falls = f"the criterion falls by {figures.gap(before - best, best, digits=4)}"
    if _arrival(case, attempts) is not None:
        return "reached", f"{falls}, to the proven optimum, which is singular; {blame}"
    if best < before - IMPROVED:
        return "improved", f"{falls}, still short of the optimum; {blame}"
    return "no_effect", f"more evaluations and restarts end in the same place; {blame}"


def _arrival(case: Case, attempts: list[Attempt]) -> Attempt | None:
    """The first attempt that cures the verdict or, short of that, goes on to an optimum that is singular."""
    for attempt in attempts:
        if reaches_optimum(case, attempt):
            return attempt
    return next((a for a in attempts if reaches_singular_optimum(case, a)), None)


def _gradients(before: Lme4Run | None, after: Attempt) -> str:
    one, two = (_gradient(run) for run in (before, after))
    return f"{figures.LARGEST_GRADIENT} {one} before, {two} after"


def _gradient(run: Lme4Run | Attempt | None) -> str:
    size = None if run is None else run.max_abs_gradient
    return "not available" if size is None else figures.gradient(size)


def _remedy(case: Case, attempts: list[Attempt], arrived: Attempt) -> Remedy:
    formula = case.formula.to_text()
    more = case.commands.of(maxfun=case.options.raised_budget)
    restarts = attempts.index(arrived)
    return same_model_remedy(
        case,
        arrived,
        clears=reaches_optimum(case, arrived),
        id="maxfun" if restarts == 0 else "restart",
        rung=5,
        title="Give the optimizer more evaluations"
        if restarts == 0
        else "Restart the optimizer from where it stopped",
        code=more.restarted(formula, restarts),
        changes="nothing: the same model, fitted further",
        cost=sum(a.evaluations or 0 for a in attempts[: restarts + 1]),
    )
