"""One call of an optimizer as lme4 makes it (its `optwrap`), and what it does at its end.

    optimizer -> a warning if its code is not 0 -> differences at its end -> steps onto the edge
              -> convergence checks

A criterion that raises LinAlgError or FloatingPointError stops lme4 with an error, and so ends the fit here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mmtriage.arrays import Array
from mmtriage.engine.lme4.checks import check_convergence
from mmtriage.engine.lme4.differences import Derivatives, finite_differences
from mmtriage.engine.lme4.outcome import Lme4Run, frozen
from mmtriage.optimizers import Objective, Optimizer, OptimizerResult

BOUNDARY_TOLERANCE = 1e-5  # lme4's boundary.tol: nearer than this, the bound itself is tried


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class StageRun:
    """One call of the optimizer with what lme4 does right after it."""

    result: OptimizerResult
    derivatives: Derivatives | None
    messages: tuple[str, ...]


class StoppedError(Exception):
    """The criterion could not be evaluated; lme4 ends here."""


class Criterion:
    """The criterion, counted. Its failures leave as StoppedError, which no optimizer catches."""

    def __init__(self, objective: Objective) -> None:
        self._objective = objective
        self.evaluations = 0

    def __call__(self, theta: Array) -> float:
        self.evaluations += 1
        try:
            return self._objective(theta)
        except (FloatingPointError, np.linalg.LinAlgError) as failure:
            raise StoppedError(str(failure)) from failure


def run_optimizer(
    criterion: Criterion,
    start: Array,
    lower: Array,
    optimizer: Optimizer,
    maxfun: int | None,
    *,
    with_derivatives: bool,
) -> StageRun:
    """Run the optimizer, warn if its code is not 0, and take differences where it ended."""
    result = optimizer.run(criterion, start, lower, np.full(len(start), np.inf), maxfun)
    if not np.isfinite(result.value):
        raise StoppedError(result.message)
    messages = list(result.warnings)
    if result.code != 0:
        messages.append(f"convergence code {result.code} from {optimizer.r_name}: {result.message}")
    derivatives = finite_differences(criterion, result.theta) if with_derivatives else None
    return StageRun(result=result, derivatives=derivatives, messages=tuple(messages))


def step_onto_edge(
    criterion: Criterion, result: OptimizerResult, lower: Array
) -> tuple[Array, float, tuple[int, ...]]:
    """lme4's check.boundary: an element almost at its bound is set to it where that lowers the criterion."""
    theta = result.theta.copy()
    distance = theta - lower
    near = np.flatnonzero((distance > 0.0) & (distance < BOUNDARY_TOLERANCE))
    if near.size == 0:
        return theta, result.value, ()
    moved = []
    for i in near:
        on_edge = theta.copy()
        on_edge[i] = lower[i]
        if criterion(on_edge) < result.value:
            theta = on_edge
            moved.append(int(i))
    return theta, criterion(theta), tuple(moved)


def assemble(
    run: StageRun,
    parameters: Array,
    value: float,
    *,
    lower: Array,
    start: Array,
    optimizer: Optimizer,
    messages: Sequence[str],
    total_evaluations: int,
    restarted: bool = False,
    moved_to_edge: tuple[int, ...] = (),
) -> Lme4Run:
    """The record of a finished fit, with lme4's checks of it.

    `parameters`, `lower` are theta's (m,), or those of theta and beta (m + p,), as `run` had them.
    """
    check = check_convergence(parameters, lower, run.derivatives)
    gradient = None if run.derivatives is None else frozen(run.derivatives.gradient)
    m = len(start)
    return Lme4Run(
        theta=frozen(parameters[:m]),
        beta=frozen(parameters[m:]) if len(parameters) > m else None,
        criterion=value,
        start=start,
        optimizer=optimizer.name,
        status=run.result.status,
        code=run.result.code,
        message=run.result.message,
        evaluations=run.result.evaluations,
        total_evaluations=total_evaluations,
        gradient=gradient,
        hessian=None if run.derivatives is None else frozen(run.derivatives.hessian),
        max_abs_gradient=None if gradient is None else float(np.max(np.abs(gradient))),
        scaled_gradient_statistic=check.statistic,
        lme4_messages=(*messages, *check.messages),
        singular=check.singular,
        restarted=restarted,
        moved_to_edge=moved_to_edge,
        check=check,
    )
