"""The stages of one fit by `glmer` of lme4 1.1-31, all that the family needs being known.

    PIRLS at the template theta -> stage 1: bobyqa over theta, nAGQ = 0
                                -> stage 2: Nelder_Mead over (theta, beta), Laplace or quadrature
    -> differences -> steps onto the edge -> convergence checks

With nAGQ = 0 stage 1 is the fit, and lme4 computes no differences for it. Stage 2's simplex takes its first
steps from stage 1: 0.02 for theta, a fifth of a standard error for beta. There is no restart from the edge.

`glmer` is one such fit, `glmer.nb` several.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np

from mmtriage.arrays import Array
from mmtriage.deadline import Deadline
from mmtriage.engine.algebra.weighted_rows import Rows
from mmtriage.engine.lme4.bounds import Bounds
from mmtriage.engine.lme4.glmer_criterion import GlmerCriterion
from mmtriage.engine.lme4.glmer_pirls import TOLERANCE
from mmtriage.engine.lme4.optwrap import (
    NOT_TESTED,
    Checking,
    Criterion,
    StageRun,
    assemble,
    read_back,
    run_optimizer,
    step_onto_edge,
)
from mmtriage.engine.lme4.outcome import Lme4Run, frozen
from mmtriage.engine.structures.parameter_layout import Layout
from mmtriage.model.design import Design
from mmtriage.model.families import Family
from mmtriage.model.spec import CONDITIONAL
from mmtriage.optimizers import OPTIMIZERS, Optimizer, minqa, nelder_mead, pybobyqa_backend

DEFAULT_PAIR = (OPTIMIZERS["bobyqa"], OPTIMIZERS["Nelder_Mead"])  # glmerControl()

THETA_STEP = 0.1  # lme4's optwrap, stage 2: the first step of the simplex, before the factor
LARGEST_STEP = 10.0  # of beta, before the factor
STEP_FACTOR = 0.2
SECOND_RADII = 2e-4, 2e-7  # lme4's optwrap, stage 2, for bobyqa
OF_RADII = {"bobyqa": minqa.with_radii, "pybobyqa": pybobyqa_backend.with_radii}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class GlmerCall:
    """One call of glmer: the model and the arguments."""

    design: Design
    rows: Rows
    layout: Layout  # of theta
    optimizers: tuple[Optimizer, Optimizer]
    maxfun: int | None
    theta: Array  # (m,) where stage 1 starts
    beta: Array | None  # (p,) where stage 2 starts, None: where stage 1 ends
    deadline: Deadline
    tolerance: float = TOLERANCE  # glmerControl(tolPwrss)

    @property
    def tested(self) -> Checking:
        """What lme4 tests of the fit."""
        n, p = self.design.X.shape
        return Checking.of(self.design.spec, n, len(self.theta) + (0 if self.is_joint else p))

    @property
    def is_joint(self) -> bool:
        """Whether stage 1 is all there is, nAGQ = 0."""
        return self.design.spec.nagq == CONDITIONAL

    def criterion(self, family: Family) -> GlmerCriterion:
        """lme4's criterion of this model in a family all of whose parameters are known."""
        return GlmerCriterion(
            self.design,
            self.rows,
            family,
            layout=self.layout,
            deadline=self.deadline,
            tolerance=self.tolerance,
        )


@dataclass(slots=True)
class Course:
    """What lme4 has said and evaluated so far; kept up to the moment at which it stops."""

    messages: list[str]
    optimizer: Optimizer = DEFAULT_PAIR[0]  # that runs, or ran last
    _counters: list[Criterion] = field(default_factory=list)

    def counted(self, objective: Callable[[Array], float]) -> Criterion:
        """The objective with its evaluations counted here."""
        self._counters.append(Criterion(objective))
        return self._counters[-1]

    @property
    def evaluations(self) -> int:
        """How often any criterion was evaluated."""
        return sum(counter.evaluations for counter in self._counters)

    def run(
        self,
        criterion: Criterion,
        start: Array,
        bounds: Bounds,
        optimizer: Optimizer,
        call: GlmerCall,
        *,
        last: bool,
    ) -> StageRun:
        """Run lme4's optwrap, which leaves its modules at the optimum; the `last` stage takes differences."""
        self.optimizer = optimizer
        tested = call.tested if last else NOT_TESTED
        run = run_optimizer(criterion, start, bounds, optimizer, call.maxfun, tested)
        self.messages.extend(run.messages)
        criterion(run.result.theta)
        return run


def fit_family(call: GlmerCall, family: Family, course: Course) -> tuple[Lme4Run, GlmerCriterion]:
    """Fit as lme4 does where theta of the family is known; the criterion is left at its optimum.

    Raises StoppedError or LinAlgError in lme4's words where lme4 stops.
    """
    criterion = call.criterion(family)
    criterion.start(call.layout.start)
    stage_1 = course.counted(criterion.stage_1)
    bounds = Bounds.of(call.layout)
    run = course.run(stage_1, call.theta, bounds, call.optimizers[0], call, last=False)
    if call.is_joint:
        made = finish(call, run, stage_1, bounds, course)
        return replace(made, beta=frozen(criterion.pirls.beta), predictor=criterion.predictor), criterion
    criterion.save()
    return _second_stage(call, criterion, course, run.result.theta, criterion.fixed_sd()), criterion


def fit_second_stage(call: GlmerCall, family: Family, course: Course, sd: Array) -> Lme4Run:
    """Fit as lme4 does without its first stage, from the call's theta and beta.

    Its modules are set up by a PIRLS of u alone at the template theta, with beta at zero; `sd` (p,) are the
    steps of beta's first simplex.
    """
    criterion = call.criterion(family)
    criterion.start(call.layout.start, jointly=False)
    return _second_stage(call, criterion, course, call.theta, sd)


def _second_stage(
    call: GlmerCall, criterion: GlmerCriterion, course: Course, theta: Array, sd: Array
) -> Lme4Run:
    """Run the second stage from theta (m,) and the call's beta, or that of the modules as they stand."""
    read_back(call.layout, theta)
    stage_2 = course.counted(criterion.stage_2)
    beta = criterion.pirls.beta if call.beta is None else call.beta
    bounds = Bounds.of(call.layout, criterion.p)
    start = np.concatenate([theta, beta])
    run = course.run(stage_2, start, bounds, _of_stage_2(call, sd), call, last=True)
    return replace(finish(call, run, stage_2, bounds, course), predictor=criterion.predictor)


def finish(call: GlmerCall, run: StageRun, criterion: Criterion, bounds: Bounds, course: Course) -> Lme4Run:
    """Step onto the edge, check, and write it down."""
    parameters, value, moved = step_onto_edge(criterion, run.result, bounds)
    return assemble(
        run,
        parameters,
        value,
        bounds=bounds,
        start=call.theta,
        optimizer=course.optimizer,
        messages=course.messages,
        total_evaluations=course.evaluations,
        tested=call.tested,
        moved_to_edge=moved,
    )


def _of_stage_2(call: GlmerCall, sd: Array) -> Optimizer:
    """lme4's adjustments to the optimizer of stage 2; sd (p,) are the standard errors after stage 1."""
    optimizer = call.optimizers[1]
    if optimizer.name == "Nelder_Mead":
        steps = np.concatenate([np.full(len(call.theta), THETA_STEP), np.minimum(sd, LARGEST_STEP)])
        return replace(optimizer, search=nelder_mead.with_steps(STEP_FACTOR * steps))
    return on_second_radii(optimizer)


def on_second_radii(optimizer: Optimizer) -> Optimizer:
    """`bobyqa` within lme4's radii for stage 2; optimizers without radii stay as they are."""
    with_radii = OF_RADII.get(optimizer.name)
    return optimizer if with_radii is None else replace(optimizer, search=with_radii(*SECOND_RADII))
