"""What `lmer` does, step by step, on top of any criterion of theta.

    optimizer -> differences at its end -> restart if the edge of the box is not a minimum -> steps onto
    the edge -> convergence checks

The criterion is lme4's own, rounding errors included, where that is in reach (`arithmetic.py`); where it is
not, ours, unless lme4 would stop at its start because its cross-products have no digits left (`downdate.py`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from mmtriage.arrays import Array
from mmtriage.engine.linear.model import LinearModel
from mmtriage.engine.lme4.arithmetic import lme4_criterion
from mmtriage.engine.lme4.bounds import Bounds
from mmtriage.engine.lme4.checks import DOWNDATED, design_messages
from mmtriage.engine.lme4.downdate import lme4_failure
from mmtriage.engine.lme4.optwrap import (
    LMER_1_1,
    Checking,
    Criterion,
    StoppedError,
    assemble,
    read_back,
    run_optimizer,
    step_onto_edge,
)
from mmtriage.engine.lme4.outcome import Lme4Failure, Lme4Run, frozen
from mmtriage.engine.lme4.start import lme4_start
from mmtriage.engine.lme4.transform import Transform
from mmtriage.engine.structures.parameter_layout import Layout
from mmtriage.optimizers import DEFAULT, OPTIMIZERS, Objective, Optimizer

EDGE_STEP = 1e-5  # lme4's restart_edge: forward difference from a bound inwards


def fit_linear_model(
    model: LinearModel,
    *,
    optimizer: Optimizer = OPTIMIZERS[DEFAULT],
    maxfun: int | None = None,
    start: Lme4Run | None = None,
    transform: Transform | None = None,
) -> Lme4Run | Lme4Failure:
    """Fit as lmer would, from its own start unless one is given."""
    if transform is not None:
        return _fit_transformed(model, transform, optimizer, maxfun)
    design = model.design
    theta = _own_start(model) if start is None else start.theta
    tested = tested_of(model)
    messages = design_messages(design.X, dropped=len(design.dropped), version=tested.version)
    objective = _lme4_objective(model)
    if objective is None:
        failure = lme4_failure(design, theta)
        if failure is not None:
            return Lme4Failure(
                error=failure,
                start=theta,
                optimizer=optimizer.name,
                total_evaluations=1,
                lme4_messages=messages,
            )
    return fit_lmer(
        objective or _stopped_at_start(model, theta),
        start=theta,
        bounds=Bounds.of(model.layout),
        optimizer=optimizer,
        maxfun=maxfun,
        messages_before=messages,
        tested=tested,
        layout=model.layout,
    )


def tested_of(model: LinearModel) -> Checking:
    """What lme4 tests of this model's fits."""
    tested = Checking.of(model.design.spec, model.n, len(model.layout.lower))
    return replace(tested, slopes=model.slopes_in_theta) if model.layout.is_ordinary else tested


def _own_start(model: LinearModel) -> Array:
    """theta (m,) at which lme4 starts."""
    terms = model.design.random
    return lme4_start(
        model.design.y,
        [t.group for t in terms],
        [t.codes for t in terms],
        [t.columns for t in terms],
        template=model.layout.start,
    )


def _criterion(model: LinearModel, theta: Array) -> float:
    """The criterion at lme4's theta; infinite where it cannot be evaluated."""
    try:
        return model.criterion(*model.place(theta))
    except np.linalg.LinAlgError:
        return np.inf


def _stopped_at_start(model: LinearModel, start: Array) -> Callable[[Array], float]:
    """The criterion, which lme4 cannot have at its start if even columns of orthonormal X do not give it.

    lme4 evaluates its start first, and stops there. Where its factor is no number, at a bound of some
    structures, it has NaN, and from then on nothing else.
    """
    layout, is_lost = model.layout, False

    def objective(theta: Array) -> float:
        nonlocal is_lost
        if not layout.is_ordinary:
            is_lost = is_lost or not layout.is_number(theta)
            if is_lost:
                return np.nan
        value = _criterion(model, theta)
        if not np.isfinite(value) and np.array_equal(theta, start):
            raise np.linalg.LinAlgError(DOWNDATED)
        return value

    return objective


def _lme4_objective(model: LinearModel) -> Callable[[Array], float] | None:
    """The criterion with lme4's own rounding errors, where it can be had; under the deadline."""
    criterion = lme4_criterion(model.design, reml=model.reml)
    if criterion is None:
        return None

    def objective(theta: Array) -> float:
        model.deadline.check()
        value = criterion(theta)
        model.deadline.tell(value)
        return value

    return objective


def _fit_transformed(
    model: LinearModel, transform: Transform, optimizer: Optimizer, maxfun: int | None
) -> Lme4Run | Lme4Failure:
    """Fit on the columns `Z T`. Standardizing X as well would change nothing but lme4's remark on it."""
    design = model.design
    run = fit_lmer(
        lambda theta: model.criterion(
            model.basis.relative_factor(transform.users_factors(theta, model.layout))
        ),
        start=model.layout.start,
        bounds=Bounds.of(model.layout),
        optimizer=optimizer,
        maxfun=maxfun,
        messages_before=design_messages(design.X[:, :0], dropped=len(design.dropped)),
        tested=replace(tested_of(model), slopes=None),  # they are those of the user's columns
    )
    if isinstance(run, Lme4Failure):
        return run
    return replace(run, theta=model.layout.theta(transform.users_factors(run.theta, model.layout)))


def fit_lmer(
    objective: Objective,
    *,
    start: Array,
    bounds: Bounds,
    optimizer: Optimizer = OPTIMIZERS[DEFAULT],
    maxfun: int | None = None,
    messages_before: tuple[str, ...] = (),
    tested: Checking = LMER_1_1,
    layout: Layout | None = None,
) -> Lme4Run | Lme4Failure:
    """Fit as lme4 does, on any criterion.

    Args:
        objective: REML criterion or deviance as a function of lme4's raw theta, (m,).
        start: where lme4 starts, see `start.py`.
        bounds: lme4's.
        optimizer: an entry of `optimizers.OPTIMIZERS`, or one like it.
        maxfun: its budget; None for lme4's default.
        messages_before: what lme4 said while it built the model, see `checks.design_messages`.
        tested: what lme4 tests of the fit.
        layout: of theta, where it holds correlations that lme4 reads back.
    """
    criterion = Criterion(objective)
    start = frozen(start)
    messages = list(messages_before)
    restarted = False
    try:
        run = run_optimizer(criterion, start, bounds, optimizer, maxfun, tested)
        messages.extend(run.messages)
        if layout is not None:
            read_back(layout, run.result.theta)
        if _leaves_the_edge(criterion, run.result.theta, bounds):
            restarted = True
            run = run_optimizer(criterion, run.result.theta, bounds, optimizer, maxfun, tested)
            messages.extend(run.messages)
        theta, value, moved = step_onto_edge(criterion, run.result, bounds)
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
        bounds=bounds,
        start=start,
        optimizer=optimizer,
        messages=messages,
        total_evaluations=criterion.evaluations,
        tested=tested,
        restarted=restarted,
        moved_to_edge=moved,
        is_lost=criterion.is_lost,
    )


def _leaves_the_edge(criterion: Criterion, theta: Array, bounds: Bounds) -> bool:
    """lme4's restart_edge: whether a quotient at some bound that `theta` is on is negative.

    At a lower bound it is the slope inwards. At an upper one, as lme4 2.1-0 takes it, the slope along the
    parameter, which is negative where the criterion rises inwards.
    """
    edges = [
        (int(i), float(side[i]), step)
        for side, step in ((bounds.lower, EDGE_STEP), (bounds.upper, -EDGE_STEP))
        for i in np.flatnonzero(theta == side)
    ]
    if not edges:
        return False
    value = criterion(theta)
    slopes = []
    for i, bound, step in edges:
        inside = theta.copy()
        inside[i] = bound + step
        slopes.append((criterion(inside) - value) / step)
    return any(slope < 0.0 for slope in slopes)
