"""A linear mixed model: its likelihood, where the search for the optimum starts, and what a place says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from mmtriage.arrays import Array
from mmtriage.engine.algebra.theta import theta_of_factors
from mmtriage.engine.estimates import Fit, RandomEffects
from mmtriage.engine.linear.identifiability import NullDirection, null_directions
from mmtriage.engine.linear.likelihood import LinearLikelihood
from mmtriage.engine.linear.moments import component_gram, moment_start
from mmtriage.engine.optimum.faces import NO_FREE, Place
from mmtriage.engine.optimum.found import Start
from mmtriage.engine.optimum.protocol import template_factors
from mmtriage.engine.optimum.starts import explored
from mmtriage.engine.structures.covariance_factor import in_users_columns


@dataclass(frozen=True, slots=True, eq=False)
class LinearModel(LinearLikelihood):
    """The likelihood of a linear mixed model, with what the rest of the engine asks of any model."""

    def structure(self) -> tuple[tuple[NullDirection, ...], Sequence[Array] | None]:
        """What the design cannot identify, and factors by the method of moments."""
        gram = component_gram(self)
        return null_directions(self, gram), moment_start(self, gram)

    def starts(self, moments: Sequence[Array] | None, ends: Sequence[Start]) -> list[Start]:
        """Where the search for the optimum starts."""
        first = [] if moments is None else [Start("moments", moments)]
        found = [*first, *ends]
        return found if len(found) > 1 else [*found, Start("template", template_factors(self.basis))]

    def further_starts(self) -> list[Start]:
        """Where it starts too, if several optima are to be feared."""
        return [Start(label, factors) for label, factors in explored(self)]

    def place(self, theta: Array, beta: Array | None = None, nb_theta: float | None = None) -> Place:
        """The place of lme4's theta; beta is profiled out."""
        del beta, nb_theta
        return Place(self.basis.relative_factor(self.layout.factors(theta)), NO_FREE)

    def slopes_in_theta(self, theta: Array) -> Array:
        """d criterion / d theta (m,) of unstructured terms: the triangles of R' dF, for F = R L."""
        factors, _ = self.place(theta)
        D = self.gradient(self.evaluate(factors))
        return theta_of_factors([basis.R.T @ d for basis, d in zip(self.basis.terms, D, strict=True)])

    def remember(self, predictor: Array) -> None:
        """Look for the mode of a predictor (n,): a linear model has one mode only."""

    def describe(
        self,
        at: Place,
        *,
        theta: Array | None = None,
        hessian: Array | None = None,
        lme4_covariance: Array | None = None,
    ) -> Fit:
        """What the model says at a place; standard errors need no Hessian."""
        del hessian, lme4_covariance
        return fit_at(self, at.factors, theta)

    def modes_at(self, at: Place) -> Sequence[Array]:
        """The random effects at a place, (levels, k) of each term, in the user's columns."""
        return self.random_effects(self.evaluate(*at))

    def conditional_modes(self, at: Place) -> RandomEffects:
        """The same with their SDs: b of a level has covariance sigma^2 Lambda [M^-1]_jj Lambda'."""
        point = self.evaluate(*at)
        inverse = point.factor.inverse_on_pattern()
        sds = point.Lambda.spreads(self.plan, inverse, self.basis.inverses)
        sigma = self.sigma(point)
        return RandomEffects(self.random_effects(point), [sigma * sd for sd in sds])

    def free_parameters(self, free: Array) -> dict[str, float]:
        """A change of the free parameters, by name: there are none."""
        del free
        return {}

    def by_ml(self) -> LinearModel:
        """The same model, to be fitted by ML."""
        return replace(self, reml=False)


def fit_at(likelihood: LinearLikelihood, factors: Sequence[Array], theta: Array | None = None) -> Fit:
    """Describe the model at `factors` (orthonormal coordinates); `theta` is derived unless given.

    Raises LinAlgError where the criterion is not finite.
    """
    at = likelihood.evaluate(factors)
    sigma = likelihood.sigma(at)
    beta, vcov = likelihood.fixed_effects(at)
    raw = in_users_columns(factors, likelihood.basis.terms)
    spread = np.array([float(np.sum(F * F)) for F in factors])  # tr(Z S Z') / n, relative to sigma^2
    if theta is None:
        theta = likelihood.layout.theta(raw)
    return Fit(
        criterion=at.criterion,
        df=likelihood.p + len(theta) + 1,
        n=likelihood.n,
        theta=theta,
        factors=tuple(factors),
        sigma=sigma,
        beta=beta,
        vcov=vcov,
        covariances=tuple(sigma**2 * F @ F.T for F in raw),
        shares=tuple(spread / (1.0 + spread.sum())),
    )
