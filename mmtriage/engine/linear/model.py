"""Linear mixed models, as `comparison.py` needs them: the likelihood, starts, estimates, lme4's `lmer`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from mmtriage.arrays import Array
from mmtriage.deadline import Deadline
from mmtriage.engine.algebra.theta import factors_of_theta, lower_bounds, template_theta
from mmtriage.engine.estimates import Fit, fit_at, lme4_theta
from mmtriage.engine.linear.identifiability import NullDirection, null_directions
from mmtriage.engine.linear.likelihood import LmmProblem, lmm_problem
from mmtriage.engine.linear.moments import component_gram, moment_start
from mmtriage.engine.lme4.arithmetic import lme4_criterion
from mmtriage.engine.lme4.checks import design_messages
from mmtriage.engine.lme4.downdate import lme4_failure
from mmtriage.engine.lme4.run import Lme4Failure, Lme4Run, fit_lmer
from mmtriage.engine.lme4.start import lme4_start
from mmtriage.engine.optimum.faces import NO_FREE, Place
from mmtriage.engine.optimum.protocol import template_factors
from mmtriage.engine.optimum.search import Start
from mmtriage.model.design import Design
from mmtriage.optimizers import DEFAULT, OPTIMIZERS, Optimizer

Transform = tuple[Sequence[Array], Array]  # T (k, k) per term and A (p, p): the columns Z T and X A


def lay_out(design: Design, deadline: Deadline) -> LmmProblem:
    """The likelihood of a design."""
    return lmm_problem(design, deadline)


def structure(problem: LmmProblem) -> tuple[tuple[NullDirection, ...], Sequence[Array] | None]:
    """What the design cannot identify, and factors by the method of moments."""
    gram = component_gram(problem)
    return null_directions(problem, gram), moment_start(problem, gram)


def starts(problem: LmmProblem, moments: Sequence[Array] | None, ends: Sequence[Start]) -> list[Start]:
    """Where the search for the optimum starts."""
    first = [] if moments is None else [Start("moments", moments)]
    return [*first, *ends, Start("template", template_factors(problem))]


def place(problem: LmmProblem, theta: Array, beta: Array | None, nb_theta: float | None) -> Place:
    """The place of lme4's theta; beta is profiled out."""
    del beta, nb_theta
    return Place(problem.basis.relative_factor(factors_of_theta(theta, problem.widths)), NO_FREE)


def describe(
    problem: LmmProblem,
    at: Place,
    *,
    theta: Array | None = None,
    hessian: Array | None = None,
    lme4_hessian: Array | None = None,
) -> Fit:
    """What the model says at a place; standard errors need no Hessian."""
    del hessian, lme4_hessian
    return fit_at(problem, at.factors, theta)


def parameters(fit: Fit) -> Array:
    """What lmer's optimizer moves."""
    return fit.theta


def free_parameters(problem: LmmProblem, free: Array) -> dict[str, float]:
    """There are none."""
    del problem, free
    return {}


def by_ml(problem: LmmProblem) -> LmmProblem:
    """The same model, to be fitted by ML."""
    return problem.with_method(reml=False)


def run(
    design: Design,
    problem: LmmProblem,
    *,
    optimizers: Sequence[Optimizer] | None,
    maxfun: int | None,
    start: Lme4Run | None,
    transform: Transform | None,
) -> Lme4Run | Lme4Failure:
    """Fit as lmer would, from its own start unless one is given."""
    optimizer = optimizers[-1] if optimizers else OPTIMIZERS[DEFAULT]
    if transform is not None:
        return _run_transformed(design, problem, transform[0], optimizer, maxfun)
    terms = design.random
    theta = (
        lme4_start(design.y, [t.group for t in terms], [t.codes for t in terms], [t.columns for t in terms])
        if start is None
        else start.theta
    )
    messages = design_messages(design.X, dropped=len(design.dropped))
    objective = _lme4_objective(design, problem)
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
        objective or (lambda theta: _criterion(problem, theta)),
        start=theta,
        lower=lower_bounds(problem.widths),
        optimizer=optimizer,
        maxfun=maxfun,
        messages_before=messages,
    )


def _criterion(problem: LmmProblem, theta: Array) -> float:
    """The criterion at lme4's theta; infinite where it cannot be evaluated."""
    try:
        return problem.criterion(*place(problem, theta, None, None))
    except np.linalg.LinAlgError:
        return np.inf


def _lme4_objective(design: Design, problem: LmmProblem) -> Callable[[Array], float] | None:
    """The criterion with lme4's own rounding errors, where it can be had; under the deadline."""
    criterion = lme4_criterion(design, reml=problem.reml)
    if criterion is None:
        return None

    def objective(theta: Array) -> float:
        problem.deadline.check()
        return criterion(theta)

    return objective


def _run_transformed(
    design: Design, problem: LmmProblem, bases: Sequence[Array], optimizer: Optimizer, maxfun: int | None
) -> Lme4Run | Lme4Failure:
    """On the columns `Z T`; standardizing X as well would change nothing but lme4's remark on it."""

    def user_factors(theta: Array) -> list[Array]:
        return [T @ L for T, L in zip(bases, factors_of_theta(theta, problem.widths), strict=True)]

    run = fit_lmer(
        lambda theta: problem.criterion(problem.basis.relative_factor(user_factors(theta))),
        start=template_theta(problem.widths),
        lower=lower_bounds(problem.widths),
        optimizer=optimizer,
        maxfun=maxfun,
        messages_before=design_messages(design.X[:, :0], dropped=len(design.dropped)),
    )
    if isinstance(run, Lme4Failure):
        return run
    return replace(run, theta=lme4_theta(user_factors(run.theta)))
