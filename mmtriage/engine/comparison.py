"""One model, fitted as lme4 would and fitted to the proven optimum, side by side.

`prepare` reduces a design to its likelihood, `fit_like_lme4` follows lme4 from its start, `prove_optimum`
proves the optimum, `compare_fits` does all three. Everything the diagnosis and the ladder compare is a
`Comparison`.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np

from mmtriage.arrays import Array
from mmtriage.deadline import NEVER, Deadline
from mmtriage.engine.algebra.theta import lower_bounds, theta_names
from mmtriage.engine.estimates import Fit
from mmtriage.engine.generalized import model as generalized
from mmtriage.engine.linear import model as linear
from mmtriage.engine.linear.identifiability import NullDirection
from mmtriage.engine.linear.model import Transform
from mmtriage.engine.lme4.run import Lme4Failure, Lme4Run
from mmtriage.engine.optimum.certificate import NEGLIGIBLE_CHANGE, face_objective, face_scale
from mmtriage.engine.optimum.faces import Place, face_at
from mmtriage.engine.optimum.newton import minimize
from mmtriage.engine.optimum.protocol import supports
from mmtriage.engine.optimum.search import Optimum, Start, find_optimum
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
        start: Lme4Run | None,
        transform: Transform | None,
    ) -> Lme4Run | Lme4Failure: ...


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

    def place_of(self, run: Lme4Run) -> Place:
        """Where a run of lme4 ended."""
        return self.kind.place(self.problem, run.theta, run.beta, run.nb_theta)

    def fit_of(self, run: Lme4Run) -> Fit:
        """What the model says where a run of lme4 ended, with the standard errors that lme4 gives there.

        Raises LinAlgError where the criterion has no value.
        """
        return self.kind.describe(self.problem, self.place_of(run), theta=run.theta, lme4_hessian=run.hessian)

    def objective(self, parameters: Array, nb_theta: float | None = None) -> float:
        """The criterion at what lme4's optimizer moves, (m,) or (m + p,); infinite where it has no value."""
        m = len(lower_bounds(self.sizes))
        beta = parameters[m:] if len(parameters) > m else None
        try:
            place = self.kind.place(self.problem, parameters[:m], beta, nb_theta)
            value: float = self.problem.criterion(*place)
        except np.linalg.LinAlgError:
            return np.inf
        return value

    def lower_bounds(self, parameters: Array) -> Array:
        """lme4's bounds of what its optimizer moves."""
        lower = lower_bounds(self.sizes)
        return np.concatenate([lower, np.full(len(parameters) - len(lower), -np.inf)])


@dataclass(frozen=True, slots=True, eq=False)
class Comparison:
    """A model with its baseline and its reference."""

    prepared: Prepared
    lme4: Lme4Run | None  # None: lme4's fit stopped with `lme4_error`
    lme4_fit: Fit | None
    lme4_error: str | None
    optimum: Optimum
    optimum_fit: Fit
    seconds: float

    @property
    def gap(self) -> float | None:
        """Deviance units of the baseline above the reference."""
        if self.lme4_fit is None:
            return None
        return self.lme4_fit.criterion - self.optimum_fit.criterion

    def endless_effects(self) -> frozenset[str]:
        """Fixed effects without a finite estimate: the criterion falls as they grow."""
        n_free = len(self.optimum.place.free)
        found: set[str] = set()
        for direction in self.optimum.certificate.flat_directions:
            change = self.prepared.free_parameters(direction[len(direction) - n_free :])
            largest = float(np.max(np.abs(direction), initial=0.0))
            found |= {name for name, value in change.items() if abs(value) > NEGLIGIBLE_CHANGE * largest}
        return frozenset(found)

    @property
    def is_singular(self) -> bool:
        """Whether the reference optimum lies on the boundary."""
        return self.optimum.certificate.ranks != self.prepared.supports

    @property
    def is_sound(self) -> bool:
        """Identifiable, certified and not singular."""
        return not self.prepared.null and self.optimum.certificate.certified and not self.is_singular


def prepare(design: Design, deadline: Deadline = NEVER) -> Prepared:
    """Reduce a design to its likelihood and test what it can identify."""
    kind = _kind(design)
    problem = kind.lay_out(design, deadline)
    null, moments = kind.structure(problem)
    return Prepared(design, problem, null, moments)


def _kind(design: Design) -> Kind:
    return generalized if is_glmm(design.spec) else linear


def prove_optimum(prepared: Prepared, ends: Mapping[str, Lme4Run], *, seed: int) -> tuple[Optimum, Fit]:
    """The reference optimum, also started from where runs of lme4 ended, {label: run}."""
    kind, problem = prepared.kind, prepared.problem
    known = [Start(label, *prepared.place_of(run)) for label, run in ends.items()]
    reference = find_optimum(problem, kind.starts(problem, prepared.moments, known), seed=seed)
    return reference, kind.describe(problem, reference.place, hessian=reference.certificate.hessian)


def plain_fit(prepared: Prepared, start: Place) -> Fit:
    """The same model with every covariance at zero: least squares, or `glm`."""
    zero = [np.zeros((k, k)) for k in prepared.sizes]
    face, x = face_at(zero, [0] * len(zero), prepared.supports, start.free)
    scale = face_scale(prepared.problem, face, x)
    found = minimize(face_objective(prepared.problem, face, scale), x / scale)
    return prepared.kind.describe(prepared.problem, face.place(found.x * scale))


def fit_like_lme4(
    prepared: Prepared,
    *,
    optimizers: Sequence[Optimizer] | None = None,
    maxfun: int | None = None,
    start: Lme4Run | None = None,
    transform: Transform | None = None,
) -> Lme4Run | Lme4Failure:
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


def run_measured(prepared: Prepared, **options: Any) -> Lme4Run | Lme4Failure:
    """`fit_like_lme4`, its criterion by our engine: rounding must not decide between optimizers."""
    run = fit_like_lme4(prepared, **options)
    if isinstance(run, Lme4Failure):
        return run
    try:
        criterion = prepared.problem.criterion(*prepared.place_of(run))
    except np.linalg.LinAlgError:
        criterion = np.inf
    return replace(run, criterion=criterion)


def compare_fits(
    prepared: Prepared,
    *,
    seed: int,
    optimizers: Sequence[Optimizer] | None = None,
    maxfun: int | None = None,
) -> Comparison:
    """The baseline from lme4's start, and the reference."""
    began = time.perf_counter()
    run = fit_like_lme4(prepared, optimizers=optimizers, maxfun=maxfun)
    baseline = run if isinstance(run, Lme4Run) else None
    error = run.error if isinstance(run, Lme4Failure) else None
    ends = {} if baseline is None else {"baseline": baseline}
    reference, reference_fit = prove_optimum(prepared, ends, seed=seed)
    baseline_fit = None
    if baseline is not None:
        try:
            baseline_fit = prepared.fit_of(baseline)
        except np.linalg.LinAlgError as failure:
            baseline, error = None, f"the criterion has no value where the fit ended ({failure})"
    return Comparison(
        prepared=prepared,
        lme4=baseline,
        lme4_fit=baseline_fit,
        lme4_error=error,
        optimum=reference,
        optimum_fit=reference_fit,
        seconds=time.perf_counter() - began,
    )
