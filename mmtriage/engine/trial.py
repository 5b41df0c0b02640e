"""One model, fitted as lme4 would and fitted to the proven optimum, side by side.

`prepare` reduces a design to its likelihood, `run_baseline` follows lme4 from its start, `run_reference`
proves the optimum, `fit_trial` does all three. Everything the diagnosis and the ladder compare is a
`Trial`.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np

from mmtriage.deadline import NEVER, Deadline
from mmtriage.engine import generalized, linear
from mmtriage.engine.baseline import Baseline, BaselineFailure
from mmtriage.engine.certificate import NEGLIGIBLE_CHANGE, face_objective, face_scale
from mmtriage.engine.coordinates import Array
from mmtriage.engine.faces import Place, face_at
from mmtriage.engine.fit import Fit
from mmtriage.engine.identifiability import NullDirection
from mmtriage.engine.likelihood import supports
from mmtriage.engine.linear import Transform
from mmtriage.engine.newton import minimize
from mmtriage.engine.reference import Reference, Start, find_reference
from mmtriage.engine.theta import lower_bounds, theta_names
from mmtriage.model.design import Design
from mmtriage.model.families import is_glmm
from mmtriage.optimizers import Optimizer


class Kind(Protocol):
    """What differs between linear and generalized models: the modules `linear` and `generalized`."""

    def lay_out(self, design: Design, deadline: Deadline) -> Any: ...
    def structure(self, problem: Any) -> tuple[tuple[NullDirection, ...], Sequence[Array] | None]: ...
    def starts(self, problem: Any, moments: Sequence[Array] | None, ends: Sequence[Start]) -> list[Start]: ...
    def place(self, problem: Any, theta: Array, beta: Array | None, nb_theta: float | None) -> Place: ...
    def describe(
        self,
        problem: Any,
        at: Place,
        *,
        theta: Array | None = None,
        hessian: Array | None = None,
        lme4_hessian: Array | None = None,
    ) -> Fit: ...
    def parameters(self, fit: Fit) -> Array: ...
    def free_parameters(self, problem: Any, free: Array) -> dict[str, float]: ...
    def by_ml(self, problem: Any) -> Any: ...
    def run(
        self,
        design: Design,
        problem: Any,
        *,
        optimizers: Sequence[Optimizer] | None,
        maxfun: int | None,
        start: Baseline | None,
        transform: Transform | None,
    ) -> Baseline | BaselineFailure: ...


@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
    """A design with its likelihood and what its structure alone says."""

    design: Design
    problem: Any  # the kind's own `Likelihood`
    null: tuple[NullDirection, ...]  # empty: structurally identifiable
    moments: Sequence[Array] | None  # factors (k, k) by the method of moments

    @property
    def kind(self) -> Kind:
        """The module that knows this kind of model; looked up, since modules do not travel to processes."""
        return _kind(self.design)

    @property
    def sizes(self) -> tuple[int, ...]:
        """Columns of each random term."""
        widths: tuple[int, ...] = self.problem.widths
        return widths

    @property
    def supports(self) -> tuple[int, ...]:
        """The largest rank that each term's covariance can have."""
        return supports(self.problem)

    @property
    def theta_names(self) -> tuple[str, ...]:
        """lme4's names of the elements of theta."""
        terms = self.design.random
        return theta_names([t.group for t in terms], [t.columns for t in terms])

    @property
    def parameter_names(self) -> tuple[str, ...]:
        """Names of theta, then of beta: what lme4's last stage moves, or theta alone."""
        return (*self.theta_names, *self.design.fixed_names)

    def free_parameters(self, free: Array) -> dict[str, float]:
        """A change of the free parameters, by name, in the user's columns."""
        return self.kind.free_parameters(self.problem, free)

    def by_ml(self) -> Prepared:
        """The same model, to be fitted by ML."""
        return replace(self, problem=self.kind.by_ml(self.problem))

    def unhurried(self) -> Prepared:
        """The same model without a deadline."""
        return replace(self, problem=replace(self.problem, deadline=NEVER))

    def place_of(self, run: Baseline) -> Place:
        """Where a run of lme4 ended."""
        return self.kind.place(self.problem, run.theta, run.beta, run.nb_theta)

    def fit_of(self, run: Baseline) -> Fit:
        """What the model says where a run of lme4 ended, with the standard errors that lme4 gives there.

        Raises LinAlgError where the criterion has no value.
        """
        return self.kind.describe(self.problem, self.place_of(run), theta=run.theta, lme4_hessian=run.hessian)

    def objective(self, parameters: Array, nb_theta: float | None = None) -> float:
        """The criterion at what lme4's optimiser moves, (m,) or (m + p,); infinite where it has no value."""
        m = len(lower_bounds(self.sizes))
        beta = parameters[m:] if len(parameters) > m else None
        try:
            place = self.kind.place(self.problem, parameters[:m], beta, nb_theta)
            value: float = self.problem.criterion(*place)
        except np.linalg.LinAlgError:
            return np.inf
        return value

    def lower_bounds(self, parameters: Array) -> Array:
        """lme4's bounds of what its optimiser moves."""
        lower = lower_bounds(self.sizes)
        return np.concatenate([lower, np.full(len(parameters) - len(lower), -np.inf)])


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

    def endless_effects(self) -> frozenset[str]:
        """Fixed effects without a finite estimate: the criterion falls as they grow."""
        n_free = len(self.reference.place.free)
        found: set[str] = set()
        for direction in self.reference.certificate.flat_directions:
            change = self.prepared.free_parameters(direction[len(direction) - n_free :])
            largest = float(np.max(np.abs(direction), initial=0.0))
            found |= {name for name, value in change.items() if abs(value) > NEGLIGIBLE_CHANGE * largest}
        return frozenset(found)

    @property
    def is_singular(self) -> bool:
        """Whether the reference optimum lies on the boundary."""
        return self.reference.certificate.ranks != self.prepared.supports

    @property
    def is_sound(self) -> bool:
        """Identifiable, certified and not singular."""
        return not self.prepared.null and self.reference.certificate.certified and not self.is_singular


def prepare(design: Design, deadline: Deadline = NEVER) -> Prepared:
    """Reduce a design to its likelihood and test what it can identify."""
    kind = _kind(design)
    problem = kind.lay_out(design, deadline)
    null, moments = kind.structure(problem)
    return Prepared(design, problem, null, moments)


def _kind(design: Design) -> Kind:
    return generalized if is_glmm(design.spec) else linear


def run_reference(prepared: Prepared, ends: Mapping[str, Baseline], *, seed: int) -> tuple[Reference, Fit]:
    """The reference optimum, also started from where runs of lme4 ended, {label: run}."""
    kind, problem = prepared.kind, prepared.problem
    known = [Start(label, *prepared.place_of(run)) for label, run in ends.items()]
    reference = find_reference(problem, kind.starts(problem, prepared.moments, known), seed=seed)
    return reference, kind.describe(problem, reference.place, hessian=reference.certificate.hessian)


def plain_fit(prepared: Prepared, start: Place) -> Fit:
    """The same model with every covariance at zero: least squares, or `glm`."""
    zero = [np.zeros((k, k)) for k in prepared.sizes]
    face, x = face_at(zero, [0] * len(zero), prepared.supports, start.free)
    scale = face_scale(prepared.problem, face, x)
    found = minimize(face_objective(prepared.problem, face, scale), x / scale)
    return prepared.kind.describe(prepared.problem, face.place(found.x * scale))


def run_baseline(
    prepared: Prepared,
    *,
    optimizers: Sequence[Optimizer] | None = None,
    maxfun: int | None = None,
    start: Baseline | None = None,
    transform: Transform | None = None,
) -> Baseline | BaselineFailure:
    """Fit as lme4 would, from its own start or from where another run ended.

    Args:
        optimizers: of lme4's stages, None for its own; a generalized model has two, one given does both.
        transform: T (k, k) per term and A (p, p): fit on the columns `Z T` and `X A`; the estimates come
            back in the user's columns.
    """
    return prepared.kind.run(
        prepared.design,
        prepared.problem,
        optimizers=optimizers,
        maxfun=maxfun,
        start=start,
        transform=transform,
    )


def run_measured(prepared: Prepared, **options: Any) -> Baseline | BaselineFailure:
    """`run_baseline`, its criterion by our engine: rounding must not decide between optimisers."""
    run = run_baseline(prepared, **options)
    if isinstance(run, BaselineFailure):
        return run
    try:
        criterion = prepared.problem.criterion(*prepared.place_of(run))
    except np.linalg.LinAlgError:
        criterion = np.inf
    return replace(run, criterion=criterion)


def fit_trial(
    prepared: Prepared,
    *,
    seed: int,
    optimizers: Sequence[Optimizer] | None = None,
    maxfun: int | None = None,
) -> Trial:
    """The baseline from lme4's start, and the reference."""
    began = time.perf_counter()
    run = run_baseline(prepared, optimizers=optimizers, maxfun=maxfun)
    baseline = run if isinstance(run, Baseline) else None
    error = run.error if isinstance(run, BaselineFailure) else None
    ends = {} if baseline is None else {"baseline": baseline}
    reference, reference_fit = run_reference(prepared, ends, seed=seed)
    baseline_fit = None
    if baseline is not None:
        try:
            baseline_fit = prepared.fit_of(baseline)
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
