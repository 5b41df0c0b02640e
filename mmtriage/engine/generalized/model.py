"""A generalized model: its likelihood, where the search for the optimum starts, and what a place says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from mmtriage.arrays import Array
from mmtriage.engine.estimates import LOG_NB_THETA, Fit, RandomEffects, SeMethod
from mmtriage.engine.generalized.evaluation import GeneralizedEvaluation
from mmtriage.engine.generalized.likelihood import GeneralizedLikelihood
from mmtriage.engine.generalized.starting import first_starts, further_starts
from mmtriage.engine.linear.identifiability import NullDirection, null_directions
from mmtriage.engine.linear.likelihood import LinearLikelihood
from mmtriage.engine.linear.moments import component_gram, moment_start
from mmtriage.engine.optimum.faces import Place
from mmtriage.engine.optimum.found import Start
from mmtriage.engine.structures.covariance_factor import in_users_columns


@dataclass(frozen=True, slots=True, eq=False)
class GeneralizedModel(GeneralizedLikelihood):
    """The likelihood of a generalized model, with what the rest of the engine asks of any model."""

    def structure(self) -> tuple[tuple[NullDirection, ...], Sequence[Array] | None]:
        """What the design cannot identify, and factors by the method of moments.

        Both come from the working linear model at the fit without random effects. Which components can be
        told apart does not depend on that model's weights; its residual variance is known wherever the family
        fixes the scale.
        """
        zero = [np.zeros((k, k)) for k in self.widths]
        modes = self.joint_mode(zero)
        W = modes.terms.W
        seen = 1e-8 * float(np.max(W)) < W
        step = np.where(seen, modes.terms.score / np.where(seen, W, 1.0), 0.0)
        linear = LinearLikelihood.of(
            replace(
                self.design,
                y=modes.eta + step,
                offset=self.pirls.offset,
                weights=np.maximum(W, 1e-8 * float(np.max(W))),
                spec=replace(self.design.spec, reml=False),
            ),
            self.deadline,
        )
        gram = component_gram(linear)
        scale = None if self.family.distribution.estimates_scale else 1.0
        moments = moment_start(linear, gram, residual_variance=scale)
        if moments is not None:
            raw = in_users_columns(moments, linear.basis.terms)
            moments = [
                self.units.factor * basis.R @ F for basis, F in zip(self.basis.terms, raw, strict=True)
            ]
        return null_directions(linear, gram, residual_free=scale is None), moments

    def starts(self, moments: Sequence[Array] | None, ends: Sequence[Start]) -> list[Start]:
        """Where the search for the optimum starts; a start without a beta of its own has that of nAGQ = 0."""
        return first_starts(self, moments, ends)

    def further_starts(self) -> list[Start]:
        """Where it starts too, if several optima are to be feared."""
        return further_starts(self)

    def place(self, theta: Array, beta: Array | None = None, nb_theta: float | None = None) -> Place:
        """The place of lme4's theta and beta."""
        raw = self.layout.factors(theta)
        factors = [basis.R @ L for basis, L in zip(self.basis.terms, raw, strict=True)]
        return Place(factors, self.free_of(np.zeros(self.p) if beta is None else beta, nb_theta))

    def remember(self, predictor: Array) -> None:
        """Look for the mode of a predictor (n,), in the user's unit, in every evaluation from now on."""
        if not self.family.is_convex:
            self.pirls.memory.record(self.units.offset(predictor))

    def describe(
        self,
        at: Place,
        *,
        theta: Array | None = None,
        hessian: Array | None = None,
        lme4_covariance: Array | None = None,
    ) -> Fit:
        """What the model says at a place.

        Args:
            hessian: of the criterion in a face's parameters, free ones last.
            lme4_covariance: (p, p) of beta, that lme4 takes from its differences.

        Raises LinAlgError where the criterion is not finite.
        """
        point = self.evaluate(*at)
        sigma = self.sigma(point)
        raw = in_users_columns(at.factors, self.basis.terms)
        if theta is None:
            theta = self.layout.theta(raw)
        scale = sigma**2 if self.design.spec.scales_random_effects else 1.0
        vcov, se_method = _covariance(self, point, hessian, lme4_covariance)
        return Fit(
            criterion=point.criterion,
            df=self.p
            + len(theta)
            + int(self.family.distribution.estimates_scale)
            + int(self.free.estimates_nb_theta),
            n=self.n,
            theta=theta,
            factors=tuple(at.factors),
            sigma=sigma,
            beta=self.user_beta(point),
            vcov=vcov,
            covariances=tuple(scale * F @ F.T for F in raw),
            shares=_shares(self, at.factors),
            saturated=self.saturated(point.family),
            se_method=se_method,
            nb_theta=point.family.theta,
            mu=self.users_mean(point),
            profiles_beta=self.free.profiles_beta,
        )

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
        """beta in the user's columns by name, and log theta of a negative binomial."""
        named: dict[str, float] = {}
        if not self.free.profiles_beta:
            beta = self.basis.inverse @ free[: self.p]
            named = dict(zip(self.design.fixed_names, beta.tolist(), strict=True))
        if self.free.estimates_nb_theta:
            named[LOG_NB_THETA] = float(free[-1])
        return named

    def by_ml(self) -> GeneralizedModel:
        """Generalized models are fitted by ML."""
        return self


def _covariance(
    likelihood: GeneralizedLikelihood,
    at: GeneralizedEvaluation,
    hessian: Array | None,
    lme4_covariance: Array | None,
) -> tuple[Array, SeMethod]:
    """Covariance (p, p) of beta: from 2 H^-1 if there is a joint Hessian H, else at fixed covariances."""
    if not likelihood.free.profiles_beta:
        if hessian is not None:
            where = len(hessian) - len(likelihood.free)
            V = _beta_block(hessian, where, likelihood.p)
            if V is not None:
                return likelihood.user_covariance(V), "hessian"
        if lme4_covariance is not None:
            return lme4_covariance, "hessian"
    return likelihood.conditional_covariance(at), "conditional"


def _beta_block(hessian: Array, start: int, p: int) -> Array | None:
    """The part of 2 H^-1 that belongs to beta; None unless H is positive definite."""
    scale = np.sqrt(np.abs(np.diag(hessian)))
    if not np.all(np.isfinite(hessian)) or not np.all(scale > 0):
        return None
    unit = hessian / np.outer(scale, scale)
    try:
        np.linalg.cholesky(unit)
    except np.linalg.LinAlgError:
        return None
    V: Array = 2.0 * np.linalg.inv(unit) / np.outer(scale, scale)
    return V[start : start + p, start : start + p]


def _shares(likelihood: GeneralizedLikelihood, factors: Sequence[Array]) -> tuple[float, ...]:
    """Each term's share of the variance of an average row on the link scale; NaN where no share is defined.

    Beside the random effects stands the residual variance, to which they are relative, where a scale is
    estimated, and the latent variance of its link where the response is a share of successes.
    """
    spread = np.array([float(np.sum(F * F)) for F in factors])
    family = likelihood.family
    rest = 1.0 if family.distribution.estimates_scale else np.nan
    if family.distribution.has_trials:
        rest = family.link.latent_variance
    return tuple(spread / (rest + spread.sum()))
