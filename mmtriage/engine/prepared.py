"""A design reduced to its likelihood, what its structure says, and what is asked of its points."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from mmtriage.arrays import Array
from mmtriage.deadline import NEVER, Deadline
from mmtriage.engine.estimates import Fit
from mmtriage.engine.linear.identifiability import NullDirection
from mmtriage.engine.linear.model import LinearModel
from mmtriage.engine.lme4.bounds import Bounds
from mmtriage.engine.lme4.outcome import Lme4Run
from mmtriage.engine.lme4.run import Model
from mmtriage.engine.optimum.certificate import face_objective, face_scale
from mmtriage.engine.optimum.faces import Place, face_at
from mmtriage.engine.optimum.nearby import curved_optimum_near
from mmtriage.engine.optimum.newton import minimize
from mmtriage.engine.optimum.protocol import cones, supports
from mmtriage.model.design import Design


@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
    """A design with its likelihood and what its structure alone says."""

    model: Model
    null: tuple[NullDirection, ...]  # empty: structurally identifiable
    moments: Sequence[Array] | None  # factors (k, k) by the method of moments

    @property
    def design(self) -> Design:
        """What is fitted."""
        return self.model.design

    @property
    def sizes(self) -> tuple[int, ...]:
        """Columns of each random term."""
        return self.model.widths

    @property
    def supports(self) -> tuple[int, ...]:
        """The largest rank that each term's covariance can have."""
        return supports(self.model)

    @property
    def theta_names(self) -> tuple[str, ...]:
        """lme4's names of the elements of theta."""
        return self.model.layout.names(self.design.random)

    @property
    def parameter_names(self) -> tuple[str, ...]:
        """Names of theta, then of beta: what lme4's last stage moves, or theta alone."""
        return (*self.theta_names, *self.design.fixed_names)

    def free_parameters(self, free: Array) -> dict[str, float]:
        """A change of the free parameters, by name, in the user's columns."""
        return self.model.free_parameters(free)

    def by_ml(self) -> Prepared:
        """The same model, to be fitted by ML."""
        return replace(self, model=self.model.by_ml())

    def unhurried(self) -> Prepared:
        """The same model without a deadline."""
        return replace(self, model=replace(self.model, deadline=NEVER))

    def place_of(self, run: Lme4Run) -> Place:
        """Where a run of lme4 ended."""
        return self.model.place(run.theta, run.beta, run.nb_theta)

    def place_met_by(self, run: Lme4Run) -> Place:
        """Where a run of lme4 ended; the mode at which its own PIRLS stood is looked for from now on."""
        if run.predictor is not None:
            self.model.remember(run.predictor)
        return self.place_of(run)

    def measured(self, run: Lme4Run) -> Lme4Run:
        """The run, its criterion by our engine: rounding must not decide between optimizers."""
        try:
            criterion = self.model.criterion(*self.place_met_by(run))
        except np.linalg.LinAlgError:
            criterion = np.inf
        return replace(run, criterion=criterion)

    def fit_of(self, run: Lme4Run) -> Fit:
        """What the model says where a run of lme4 ended, with the standard errors that lme4 gives there.

        Raises LinAlgError where the criterion has no value.
        """
        return self.model.describe(
            self.place_of(run), theta=run.theta, lme4_covariance=run.covariance_of_beta
        )

    def curved_optimum_near(self, run: Lme4Run, *, within: float) -> float | None:
        """The criterion of a certified, curved optimum at most `within` below where a run ended, or None."""
        return curved_optimum_near(self.model, self.place_of(run), within=within)

    def objective(self, parameters: Array, nb_theta: float | None = None) -> float:
        """The criterion at what lme4's optimizer moves, (m,) or (m + p,); infinite where it has no value."""
        m = len(self.model.layout.lower)
        beta = parameters[m:] if len(parameters) > m else None
        try:
            return self.model.criterion(*self.model.place(parameters[:m], beta, nb_theta))
        except np.linalg.LinAlgError:
            return np.inf

    def bounds(self, parameters: Array) -> Bounds:
        """lme4's bounds of what its optimizer moves."""
        layout = self.model.layout
        return Bounds.of(layout, len(parameters) - len(layout.lower))


def prepare(design: Design, deadline: Deadline = NEVER) -> Prepared:
    """Reduce a design to its likelihood and test what it can identify."""
    model = _model_of(design, deadline)
    null, moments = model.structure()
    return Prepared(model, null, moments)


def _model_of(design: Design, deadline: Deadline) -> Model:
    if design.spec.is_linear:
        return LinearModel.of(design, deadline)
    from mmtriage.engine.generalized.model import GeneralizedModel  # here: linear models start sooner without

    return GeneralizedModel.of(design, deadline)


def plain_fit(prepared: Prepared, start: Place) -> Fit:
    """The same model with every covariance at zero: least squares, or `glm`."""
    zero = [np.zeros((k, k)) for k in prepared.sizes]
    of_terms = cones(prepared.model)
    face, x = face_at(zero, [cone.origin for cone in of_terms], of_terms, start.free)
    scale = face_scale(prepared.model, face, x)
    found = minimize(face_objective(prepared.model, face, scale), x / scale)
    return prepared.model.describe(face.place(found.x * scale))
