"""One model, fitted as lme4 would and fitted to the proven optimum, side by side.

`prepare` reduces a design to its likelihood, `run_baseline` follows lme4 from its start, `run_reference`
proves the optimum, `fit_trial` does all three. Everything the diagnosis and the ladder compare is a
`Trial`.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from mmtriage.deadline import NEVER, Deadline
from mmtriage.engine.baseline import Baseline, BaselineFailure, fit_baseline
from mmtriage.engine.coordinates import Array
from mmtriage.engine.derivatives import Objective
from mmtriage.engine.fit import Fit, fit_at, lme4_theta
from mmtriage.engine.identifiability import NullDirection, null_directions
from mmtriage.engine.lme4_arithmetic import lme4_criterion
from mmtriage.engine.lme4_checks import design_messages
from mmtriage.engine.lmm import LmmProblem, lmm_problem
from mmtriage.engine.moments import ComponentGram, component_gram, moment_start
from mmtriage.engine.reference import Reference, Start, find_reference, template_factors
from mmtriage.engine.rounding import lme4_failure
from mmtriage.engine.start import lme4_start
from mmtriage.engine.theta import factors_of_theta, lower_bounds, template_theta, theta_names
from mmtriage.model.design import Design
from mmtriage.optimizers import DEFAULT, OPTIMIZERS, Optimizer


@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
    """A design with its likelihood and what its structure alone says."""

    design: Design
    problem: LmmProblem
    gram: ComponentGram
    null: tuple[NullDirection, ...]  # empty: structurally identifiable

    @property
    def sizes(self) -> tuple[int, ...]:
        """Columns of each random term."""
        return self.problem.widths

    @property
    def theta_names(self) -> tuple[str, ...]:
        """lme4's names of the elements of theta."""
        terms = self.design.random
        return theta_names([t.group for t in terms], [t.columns for t in terms])

    def by_ml(self) -> Prepared:
        """The same model, to be fitted by ML."""
        return replace(self, problem=self.problem.with_method(reml=False))

    def factors(self, theta: Array) -> list[Array]:
        """Factors in the problem's coordinates for lme4's theta."""
        return self.problem.basis.relative_factor(factors_of_theta(theta, self.sizes))

    def objective(self, theta: Array) -> float:
        """The criterion at lme4's theta; infinite where it cannot be evaluated."""
        try:
            return self.problem.criterion(self.factors(theta))
        except np.linalg.LinAlgError:
            return np.inf


@dataclass(frozen=True, slots=True, eq=False)
class Trial:
    """A model with its baseline and its reference."""

    prepared: Prepared
    baseline: Baseline | None  # None: lme4's fit stopped with `baseline_error`
    baseline_fit: Fit | None
    baseline_error: str | None
    reference: Reference
    reference_fit: Fit
    seconds: float

    @property
    def gap(self) -> float | None:
        """Deviance units of the baseline above the reference."""
        if self.baseline_fit is None:
            return None
        return self.baseline_fit.criterion - self.reference_fit.criterion

    @property
    def is_singular(self) -> bool:
        """Whether the reference optimum lies on the boundary."""
        supports = tuple(basis.rank for basis in self.prepared.problem.basis.terms)
        return self.reference.certificate.ranks != supports

    @property
    def is_sound(self) -> bool:
        """Identifiable, certified and not singular."""
        return not self.prepared.null and self.reference.certificate.certified and not self.is_singular


def prepare(design: Design, deadline: Deadline = NEVER) -> Prepared:
    """Reduce a design to its likelihood and test what it can identify."""
    problem = lmm_problem(design, deadline)
    gram = component_gram(problem)
    return Prepared(design, problem, gram, null_directions(problem, gram))


def run_reference(prepared: Prepared, ends: dict[str, Array], *, seed: int) -> tuple[Reference, Fit]:
    """The reference optimum, also started from `ends`, {label: theta}."""
    problem = prepared.problem
    moments = moment_start(problem, prepared.gram)
    starts = [] if moments is None else [Start("moments", moments)]
    starts += [Start(label, prepared.factors(theta)) for label, theta in ends.items()]
    starts.append(Start("template", template_factors(problem)))
    reference = find_reference(problem, starts, seed=seed)
    return reference, fit_at(problem, reference.factors)


def run_baseline(
    prepared: Prepared,
    *,
    optimizer: Optimizer = OPTIMIZERS[DEFAULT],
    maxfun: int | None = None,
    start: Array | None = None,
    transform: Sequence[Array] | None = None,
) -> Baseline | BaselineFailure:
    """Fit as lme4 would, from its own start unless one is given.

    `transform` (k, k) per term fits on the columns `Z T` and standardised X; theta comes back in the
    user's columns.
    """
    if transform is not None:
        return _run_transformed(prepared, transform, optimizer=optimizer, maxfun=maxfun)
    design = prepared.design
    if start is None:
        terms = design.random
        start = lme4_start(
            design.y, [t.group for t in terms], [t.codes for t in terms], [t.columns for t in terms]
        )
    messages = design_messages(design.X, dropped=len(design.dropped))
    objective = _lme4_objective(prepared)
    if objective is None:
        failure = lme4_failure(design, start)
        if failure is not None:
            return BaselineFailure(
                error=failure,
                start=start,
                optimizer=optimizer.name,
                total_evaluations=1,
                lme4_messages=messages,
            )
    return fit_baseline(
        objective or prepared.objective,
        start=start,
        lower=lower_bounds(prepared.sizes),
        optimizer=optimizer,
        maxfun=maxfun,
        messages_before=messages,
    )


def run_measured(prepared: Prepared, **options: Any) -> Baseline | BaselineFailure:
    """`run_baseline`, its criterion by our engine: rounding must not decide between optimisers."""
    run = run_baseline(prepared, **options)
    return run if isinstance(run, BaselineFailure) else replace(run, criterion=prepared.objective(run.theta))


def _lme4_objective(prepared: Prepared) -> Objective | None:
    """The criterion with lme4's own rounding errors, where it can be had; under the deadline."""
    criterion = lme4_criterion(prepared.design, reml=prepared.problem.reml)
    if criterion is None:
        return None

    def objective(theta: Array) -> float:
        prepared.problem.deadline.check()
        return criterion(theta)

    return objective


def _run_transformed(
    prepared: Prepared, transform: Sequence[Array], *, optimizer: Optimizer, maxfun: int | None
) -> Baseline | BaselineFailure:
    basis = prepared.problem.basis

    def user_factors(theta: Array) -> list[Array]:
        factors = factors_of_theta(theta, prepared.sizes)
        return [T @ L for T, L in zip(transform, factors, strict=True)]

    run = fit_baseline(
        lambda theta: prepared.problem.criterion(basis.relative_factor(user_factors(theta))),
        start=template_theta(prepared.sizes),
        lower=lower_bounds(prepared.sizes),
        optimizer=optimizer,
        maxfun=maxfun,
        messages_before=design_messages(prepared.design.X[:, :0], dropped=len(prepared.design.dropped)),
    )
    if isinstance(run, BaselineFailure):
        return run
    return replace(run, theta=lme4_theta(user_factors(run.theta)))


def fit_trial(
    prepared: Prepared,
    *,
    seed: int,
    optimizer: Optimizer = OPTIMIZERS[DEFAULT],
    maxfun: int | None = None,
) -> Trial:
    """The baseline from lme4's start, and the reference."""
    began = time.perf_counter()
    run = run_baseline(prepared, optimizer=optimizer, maxfun=maxfun)
    baseline = run if isinstance(run, Baseline) else None
    error = run.error if isinstance(run, BaselineFailure) else None
    ends = {} if baseline is None else {"baseline": baseline.theta}
    reference, reference_fit = run_reference(prepared, ends, seed=seed)
    baseline_fit = None
    if baseline is not None:
        try:
            baseline_fit = fit_at(prepared.problem, prepared.factors(baseline.theta), baseline.theta)
        except np.linalg.LinAlgError as failure:
            baseline, error = None, f"the criterion has no value where the fit ended ({failure})"
    return Trial(
        prepared=prepared,
        baseline=baseline,
        baseline_fit=baseline_fit,
        baseline_error=error,
        reference=reference,
        reference_fit=reference_fit,
        seconds=time.perf_counter() - began,
    )
