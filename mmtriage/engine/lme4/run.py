"""The baseline: the fit that lme4 1.1-31 would have made, step by step, on top of any criterion.

    optimizer -> differences at its end -> restart if the edge of the box is not a minimum -> steps onto
    the edge -> convergence checks

What the criterion is, and how it is computed, is the caller's business; this module owns lme4's manners.
A criterion that raises LinAlgError or FloatingPointError stops lme4 with an error; so it stops the
baseline, as a record.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mmtriage.arrays import Array
from mmtriage.engine.lme4.checks import ConvergenceCheck, check_convergence
from mmtriage.engine.lme4.differences import Derivatives, Objective, finite_differences
from mmtriage.optimizers import DEFAULT, OPTIMIZERS, Optimizer, OptimizerResult, OptimizerStatus

EDGE_STEP = 1e-5  # lme4's restart_edge: forward difference from a bound inwards
BOUNDARY_TOLERANCE = 1e-5  # lme4's boundary.tol: nearer than this, the bound itself is tried


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Lme4Run:
    """lme4's fit. Arrays are read-only; theta is lme4's raw theta, (m,).

    Where the optimizer sets beta too, gradient and Hessian are over (theta, beta).
    """

    theta: Array
    criterion: float
    start: Array  # (m,)
    optimizer: str
    status: OptimizerStatus
    code: int  # lme4's convergence code, 0 = fine
    message: str  # the optimizer's words
    evaluations: int  # lme4's feval: of the last run of the optimizer, without differences
    total_evaluations: int  # every call of the criterion
    gradient: Array | None  # (m,) or (m + p,) lme4's, where the optimizer ended; None: not asked for
    hessian: Array | None  # square
    max_abs_gradient: float | None
    scaled_gradient_statistic: float | None  # what lme4 compares with 0.002; None: not assessed
    lme4_messages: tuple[str, ...]  # everything lme4 would have said, in its order
    singular: bool  # lme4's isSingular
    restarted: bool  # from the edge
    moved_to_edge: tuple[int, ...]  # indices of theta that a boundary step set to their bound
    check: ConvergenceCheck
    beta: Array | None = None  # (p,) where the optimizer sets it: generalized models
    nb_theta: float | None = None  # negative binomial: the theta of its variance


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Lme4Failure:
    """lme4 would have stopped with an error and left no fit."""

    error: str
    start: Array  # (m,)
    optimizer: str
    total_evaluations: int
    lme4_messages: tuple[str, ...]  # what it had said before


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Stage:
    """One call of the optimizer with what lme4 does right after it."""

    result: OptimizerResult
    derivatives: Derivatives | None
    messages: tuple[str, ...]


class StoppedError(Exception):
    """The criterion could not be evaluated; lme4 ends here."""


class Criterion:
    """The criterion, counted; its failures leave by way of StoppedError, which no optimizer catches."""

    def __init__(self, objective: Objective) -> None:
        self._objective = objective
        self.evaluations = 0

    def __call__(self, theta: Array) -> float:
        self.evaluations += 1
        try:
            return self._objective(theta)
        except (FloatingPointError, np.linalg.LinAlgError) as failure:
            raise StoppedError(str(failure)) from failure


def fit_lmer(
    objective: Objective,
    *,
    start: Array,
    lower: Array,
    optimizer: Optimizer = OPTIMIZERS[DEFAULT],
    maxfun: int | None = None,
    messages_before: tuple[str, ...] = (),
    with_derivatives: bool = True,
) -> Lme4Run | Lme4Failure:
    """Fit as lme4 does.

    Args:
        objective: REML criterion or deviance as a function of lme4's raw theta, (m,).
        start: where lme4 starts, see `engine.start`.
        lower: lme4's bounds, 0 or -inf, see `engine.theta`.
        optimizer: an entry of `optimizers.OPTIMIZERS`, or one like it.
        maxfun: its budget; None for lme4's default.
        messages_before: what lme4 said while it built the model, see `lme4_checks.design_messages`.
        with_derivatives: False is lme4's calc.derivs = FALSE: only singularity is checked.
    """
    criterion = Criterion(objective)
    start = frozen(start)
    messages = list(messages_before)
    restarted = False
    try:
        run = run_optimizer(criterion, start, lower, optimizer, maxfun, with_derivatives=with_derivatives)
        messages.extend(run.messages)
        if _leaves_the_edge(criterion, run.result.theta, lower):
            restarted = True
            run = run_optimizer(
                criterion, run.result.theta, lower, optimizer, maxfun, with_derivatives=with_derivatives
            )
            messages.extend(run.messages)
        theta, value, moved = step_onto_edge(criterion, run.result, lower)
    except StoppedError as stop:
        return Lme4Failure(
            error=str(stop),
            start=start,
            optimizer=optimizer.name,
            total_evaluations=criterion.evaluations,
            lme4_messages=tuple(messages),
        )
    return assemble(
        run,
        theta,
        value,
        lower=lower,
        start=start,
        optimizer=optimizer,
        messages=messages,
        total_evaluations=criterion.evaluations,
        restarted=restarted,
        moved_to_edge=moved,
    )


def assemble(
    run: Stage,
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


def run_optimizer(
    criterion: Criterion,
    start: Array,
    lower: Array,
    optimizer: Optimizer,
    maxfun: int | None,
    *,
    with_derivatives: bool,
) -> Stage:
    """lme4's optwrap: the optimizer, a warning if its code is not 0, differences at its end."""
    result = optimizer.run(criterion, start, lower, np.full(len(start), np.inf), maxfun)
    if not np.isfinite(result.value):
        raise StoppedError(result.message)
    messages = list(result.warnings)
    if result.code != 0:
        messages.append(f"convergence code {result.code} from {optimizer.r_name}: {result.message}")
    derivatives = finite_differences(criterion, result.theta) if with_derivatives else None
    return Stage(result=result, derivatives=derivatives, messages=tuple(messages))


def _leaves_the_edge(criterion: Criterion, theta: Array, lower: Array) -> bool:
    """lme4's restart_edge: whether the criterion falls from some bound that `theta` is on, inwards."""
    on_bound = np.flatnonzero(theta == lower)
    if on_bound.size == 0:
        return False
    value = criterion(theta)
    slopes = []
    for i in on_bound:
        inside = theta.copy()
        inside[i] = lower[i] + EDGE_STEP
        slopes.append((criterion(inside) - value) / EDGE_STEP)
    return any(slope < 0.0 for slope in slopes)


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


def frozen(array: Array) -> Array:
    """A read-only copy."""
    copy = np.array(array, dtype=np.float64)
    copy.flags.writeable = False
    return copy
