"""One call of an optimizer as lme4 makes it (its `optwrap`), and what it does at its end.

    optimizer -> a warning if its code is not 0 -> differences at its end -> steps onto the edge
              -> convergence checks

A criterion that raises LinAlgError or FloatingPointError stops lme4 with an error, and so ends the fit here.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mmtriage.arrays import Array
from mmtriage.engine.lme4.bounds import Bounds
from mmtriage.engine.lme4.checks import ConvergenceCheck, check_convergence, is_singular
from mmtriage.engine.lme4.differences import Derivatives, finite_differences
from mmtriage.engine.lme4.from_slopes import FEWEST, Slopes, foreseen_differences
from mmtriage.engine.lme4.outcome import Lme4Run, frozen
from mmtriage.engine.structures.parameter_layout import Layout
from mmtriage.model.lme4_versions import LME4_1_1, Lme4Version
from mmtriage.model.spec import ModelSpec
from mmtriage.optimizers import Objective, Optimizer, OptimizerResult

# lme4 2.1-0's words where a correlation is left with fewer than two standard deviations.
LOST_RHO = (
    "error in evaluating the argument 'object' in selecting a method for function 'getPar': 'rho' is not "
    "identifiable as there is no pair of nonzero standard deviations"
)
BOUNDARY_TOLERANCE = 1e-5  # lme4's boundary.tol: nearer than this, the bound itself is tried


@dataclass(frozen=True, slots=True, kw_only=True)
class Checking:
    """What lme4 tests of a model's fits."""

    version: Lme4Version = LME4_1_1
    is_linear: bool = True
    has_derivatives: bool = True  # taken at all; of a singular fit `version` decides
    is_checked: bool = True  # else glmer says nothing, lmer no more than that a fit is singular
    slopes: Slopes | None = None  # the exact gradient of the criterion, where it spares lme4's Hessian

    @classmethod
    def of(cls, spec: ModelSpec, rows: int, parameters: int) -> Checking:
        """What is tested of a fit with so many rows, and parameters in its last stage."""
        is_checked = spec.is_checked(rows, parameters)
        return cls(
            version=spec.version,
            is_linear=spec.is_linear,
            has_derivatives=is_checked and spec.takes_differences,
            is_checked=is_checked,
        )

    def derivatives(self, criterion: Objective, theta: Array, bounds: Bounds) -> Derivatives | None:
        """lme4's differences where the optimizer ended, if it takes any."""
        if not self.has_derivatives:
            return None
        if not self.version.takes_singular and is_singular(theta, bounds):
            return None
        if self.slopes is not None and len(theta) >= FEWEST:
            found = foreseen_differences(criterion, self.slopes, theta)
            if found is not None:
                return found
        return finite_differences(criterion, theta)

    def check(self, theta: Array, bounds: Bounds, derivatives: Derivatives | None) -> ConvergenceCheck:
        """lme4's verdict on a fit."""
        is_told = self.is_linear or self.is_checked
        return check_convergence(theta, bounds, derivatives, version=self.version, is_told=is_told)


LMER_1_1 = Checking()  # an lmer of 1.1-31
NOT_TESTED = Checking(has_derivatives=False)  # a stage that is not the last


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class StageRun:
    """One call of the optimizer with what lme4 does right after it."""

    result: OptimizerResult
    derivatives: Derivatives | None
    messages: tuple[str, ...]


def read_back(layout: Layout, theta: Array) -> None:
    """lme4's mkPar: it reads its parameters back from the factors; raises StoppedError where it cannot."""
    if layout.loses_rho(theta):
        raise StoppedError(LOST_RHO)


class StoppedError(Exception):
    """The criterion could not be evaluated; lme4 ends here."""


class Criterion:
    """The criterion, counted. Its failures leave as StoppedError, which no optimizer catches."""

    def __init__(self, objective: Objective) -> None:
        self._objective = objective
        self.evaluations = 0
        self.is_lost = False  # NaN was its last value

    def __call__(self, theta: Array) -> float:
        self.evaluations += 1
        try:
            value = self._objective(theta)
        except (FloatingPointError, np.linalg.LinAlgError) as failure:
            raise StoppedError(str(failure)) from failure
        self.is_lost = math.isnan(value)
        return value


def run_optimizer(
    criterion: Criterion,
    start: Array,
    bounds: Bounds,
    optimizer: Optimizer,
    maxfun: int | None,
    tested: Checking,
) -> StageRun:
    """Run the optimizer, warn if its code is not 0, and take differences where it ended."""
    result = optimizer.run(criterion, start, bounds.lower, bounds.upper, maxfun)
    if not np.isfinite(result.value):
        raise StoppedError(result.message)
    messages = list(result.warnings)
    if result.code != 0:
        messages.append(f"convergence code {result.code} from {optimizer.r_name}: {result.message}")
    derivatives = tested.derivatives(criterion, result.theta, bounds)
    return StageRun(result=result, derivatives=derivatives, messages=tuple(messages))


def step_onto_edge(
    criterion: Criterion, result: OptimizerResult, bounds: Bounds
) -> tuple[Array, float, tuple[int, ...]]:
    """lme4's check.boundary: an element almost at its bound is set to it where that lowers the criterion."""
    theta = result.theta.copy()
    near = [
        (int(i), float(side[i]))
        for side, distance in ((bounds.lower, theta - bounds.lower), (bounds.upper, bounds.upper - theta))
        for i in np.flatnonzero((distance > 0.0) & (distance < BOUNDARY_TOLERANCE))
    ]
    if not near:
        return theta, result.value, ()
    moved = []
    for i, bound in near:
        on_edge = theta.copy()
        on_edge[i] = bound
        if criterion(on_edge) < result.value:
            theta = on_edge
            moved.append(i)
    return theta, criterion(theta), tuple(moved)


def assemble(
    run: StageRun,
    parameters: Array,
    value: float,
    *,
    bounds: Bounds,
    start: Array,
    optimizer: Optimizer,
    messages: Sequence[str],
    total_evaluations: int,
    tested: Checking,
    restarted: bool = False,
    moved_to_edge: tuple[int, ...] = (),
    is_lost: bool = False,
) -> Lme4Run:
    """The record of a finished fit, with lme4's checks of it.

    `parameters`, `bounds` are theta's (m,), or those of theta and beta (m + p,), as `run` had them.
    """
    check = tested.check(parameters, bounds, run.derivatives)
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
        is_lost=is_lost,
    )
