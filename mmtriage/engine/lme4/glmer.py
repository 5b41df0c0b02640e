"""What `glmer` and `glmer.nb` do with their default control, on the user's raw columns.

The stages of a fit are in `glmer_stages.py`, the search over theta of a negative binomial in `glmer_nb.py`.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from mmtriage.arrays import Array
from mmtriage.deadline import NEVER, Deadline
from mmtriage.engine.algebra.weighted_rows import rows_of
from mmtriage.engine.lme4.checks import design_messages
from mmtriage.engine.lme4.glmer_nb import fit_negative_binomial
from mmtriage.engine.lme4.glmer_pirls import TOLERANCE
from mmtriage.engine.lme4.glmer_stages import DEFAULT_PAIR, Course, GlmerCall, fit_family, fit_second_stage
from mmtriage.engine.lme4.optwrap import StoppedError
from mmtriage.engine.lme4.outcome import Lme4Failure, Lme4Run, frozen
from mmtriage.engine.lme4.transform import Transform
from mmtriage.engine.structures.parameter_layout import Layout, layout_of
from mmtriage.model.design import Design
from mmtriage.model.families import family_of
from mmtriage.optimizers import Optimizer

# The words of R's binomial(), which `design.messages` has with more around them.
FRACTIONAL = ("non-integer counts in a binomial glm!", "non-integer #successes in a binomial glm!")

GlmerStart = tuple[Array | None, Array | None]


def fit_glmer(
    design: Design,
    *,
    optimizers: tuple[Optimizer, Optimizer] | None = None,
    maxfun: int | None = None,
    start: GlmerStart | None = None,
    transform: Transform | None = None,
    deadline: Deadline = NEVER,
    tolerance: float = TOLERANCE,
) -> Lme4Run | Lme4Failure:
    """Fit as glmer does, or as glmer.nb does.

    Args:
        optimizers: of the two stages, None for lme4's own.
        maxfun: the budget of each stage, None for lme4's defaults.
        start: theta (m,) and beta (p,), in the columns that are fitted; None for lme4's own.
        transform: T (k, k) per term and A (p, p): fit on the columns Z T and X A. Theta and beta come back
            in the user's columns, the differences stay in those that were fitted.
        deadline: asked at every evaluation.
        tolerance: lme4's tolPwrss, at which PIRLS stops.
    """
    call = _call(design, optimizers or DEFAULT_PAIR, maxfun, start, transform, deadline)
    call = replace(call, tolerance=tolerance)
    course = Course(list(_messages_before(design, transform)))
    family = family_of(design.spec)
    try:
        if design.spec.estimates_nb_theta:
            run = fit_negative_binomial(call, family, course)
        else:
            run, _ = fit_family(call, family, course)
    except (StoppedError, np.linalg.LinAlgError) as stop:
        return Lme4Failure(
            error=str(stop),
            start=call.theta,
            optimizer=course.optimizer.name,
            total_evaluations=course.evaluations,
            lme4_messages=tuple(course.messages),
        )
    return run if transform is None else _in_users_columns(run, call.layout, transform)


def lme4_error(design: Design, *, deadline: Deadline = NEVER) -> str | None:
    """The error with which glmer stops by default, None if it does not."""
    run = fit_glmer(design, deadline=deadline)
    return run.error if isinstance(run, Lme4Failure) else None


def fit_glmer_from(design: Design, theta: Array, beta: Array, sd: Array) -> Lme4Run | Lme4Failure:
    """Fit as glmer does from theta (m,) and beta (p,) without its first stage: nAGQ0initStep = FALSE.

    `sd` (p,) are about what the standard errors of beta are, the steps of its first simplex.
    """
    call = _call(design, DEFAULT_PAIR, None, (theta, beta), None, NEVER)
    course = Course(list(_messages_before(design, None)))
    try:
        return fit_second_stage(call, family_of(design.spec), course, sd)
    except (StoppedError, np.linalg.LinAlgError) as stop:
        return Lme4Failure(
            error=str(stop),
            start=call.theta,
            optimizer=call.optimizers[1].name,
            total_evaluations=course.evaluations,
            lme4_messages=tuple(course.messages),
        )


def _call(
    design: Design,
    optimizers: tuple[Optimizer, Optimizer],
    maxfun: int | None,
    start: GlmerStart | None,
    transform: Transform | None,
    deadline: Deadline,
) -> GlmerCall:
    layout = layout_of(design.random)
    theta, beta = (None, None) if start is None else start
    return GlmerCall(
        design=design,
        rows=rows_of(design)
        if transform is None
        else rows_of(design, transform.of_terms, design.X @ transform.of_fixed),
        layout=layout,
        optimizers=optimizers,
        maxfun=maxfun,
        theta=frozen(layout.start if theta is None else theta),
        beta=beta,
        deadline=deadline,
    )


def _messages_before(design: Design, transform: Transform | None) -> tuple[str, ...]:
    """What lme4 says of X and of the response; of columns brought to one scale it says nothing."""
    X = design.X if transform is None else design.X[:, :0]
    of_response = [words for words in FRACTIONAL if any(words in said for said in design.messages)]
    version = design.spec.version
    return (*design_messages(X, dropped=len(design.dropped), version=version), *of_response)


def _in_users_columns(run: Lme4Run, layout: Layout, transform: Transform) -> Lme4Run:
    beta = None if run.beta is None else frozen(transform.of_fixed @ run.beta)
    return replace(run, theta=frozen(layout.theta(transform.users_factors(run.theta, layout))), beta=beta)
