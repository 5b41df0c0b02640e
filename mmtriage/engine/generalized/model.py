"""A generalized model: its likelihood, where the search for the optimum starts, and what a place says."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from mmtriage.arrays import Array
from mmtriage.engine.estimates import LOG_NB_THETA, Fit, RandomEffects, SeMethod
from mmtriage.engine.generalized.evaluation import GeneralizedEvaluation
from mmtriage.engine.generalized.fixed_optima import fixed_optima, has_even_link
from mmtriage.engine.generalized.likelihood import GeneralizedLikelihood
from mmtriage.engine.linear.identifiability import NullDirection, null_directions
from mmtriage.engine.linear.likelihood import LinearLikelihood
from mmtriage.engine.linear.moments import component_gram, moment_start
from mmtriage.engine.optimum.faces import Place
from mmtriage.engine.optimum.found import Start
from mmtriage.engine.optimum.protocol import template_factors
from mmtriage.engine.optimum.starts import explored
from mmtriage.engine.structures.covariance_factor import in_users_columns
from mmtriage.model.family_names import LAPLACE

LITTLE = 2.0  # expected information on a random effect, beside 1 of its distribution
BEND = 2.0  # of the mean predictor: half of the rows are carried across zero
NEARLY = 0.9  # of the way to where the first mean leaves its range
FAR = {"far out": 20.0}  # standard deviations beside those of the template
FARTHER = {"farther out": 60.0, "farthest out": 200.0}  # too, where effects of that size separate the answers
SEPARATED = 0.05  # deviance of a row, up to which they do
SEED = 1  # of the predictors from which optima of the fixed effects are looked for
NB_RANGE = (-5.0, 10.0)  # of log theta where the search for its first value looks


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
        first = [] if moments is None else self._started([("moments", list(moments))])
        found = [*first, *ends]
        return (
            found
            if len(found) > 1
            else [*found, *self._started([("template", template_factors(self.basis))])]
        )

    def further_starts(self) -> list[Start]:
        """Where it starts too, if several optima are to be feared."""
        return [*self._started([*explored(self), *self._beyond()]), *self._of_fixed(), *self._bent()]

    def _of_fixed(self) -> list[Start]:
        """Starts at the optima that the fixed effects have without the random ones."""
        if self.free.profiles_beta or self.free.estimates_nb_theta or not has_even_link(self.family):
            return []
        zero = [np.zeros((k, k)) for k in self.widths]
        found = fixed_optima(self.pirls, self.family, SEED)
        return [Start(f"fixed effects {i}", zero, beta) for i, beta in enumerate(found, start=1)]

    def _bent(self) -> list[Start]:
        """Starts at a predictor that is bent along each column, either way, without random effects.

        Where the link leaves the likelihood of the fixed effects not convex they may have optima of their
        own, where the predictor changes its sign among the rows, if its square is the mean, and near the edge
        of the means' range, where a row of a tiny response decides.
        """
        family, X = self.family, self.rows.X
        if self.is_convex or self.free.profiles_beta or not (has_even_link(family) or family.eta_sign):
            return []
        level = self.pirls.constant_mean(family)
        predictor = self.pirls.offset + X @ level
        zero = [np.zeros((k, k)) for k in self.widths]
        found = []
        for j in range(self.p):
            far = BEND * float(np.linalg.norm(predictor) / np.linalg.norm(X[:, j]))
            for side in (1.0, -1.0):
                step = side * far
                if family.eta_sign:
                    room = family.eta_sign * predictor / np.maximum(-family.eta_sign * side * X[:, j], 1e-300)
                    step = side * min(far, NEARLY * float(np.min(room)))
                moved = level + step * (np.arange(self.p) == j)
                found.append(Start(f"bent {int(side) * (j + 1):+d}", zero, moved))
        return found

    def _beyond(self) -> list[tuple[str, Sequence[Array]]]:
        """Starts far out, where Laplace's approximation may have an optimum of its own.

        It may where the rows tell hardly more of a random effect than the standard normal before them: groups
        of a few answers, or with hardly an event. Where random effects can do what separation does, and leave
        every answer all but certain, the criterion may even fall for ever, as the effects grow.
        """
        if self.nagq != LAPLACE:
            return []
        unit = template_factors(self.basis)
        try:
            information = float(np.sum(self.joint_mode(unit).terms.W)) / self.rows.Z.shape[1]
        except np.linalg.LinAlgError:
            return []
        if information >= LITTLE:
            return []
        is_separated = self._separates([FARTHER["farthest out"] * F for F in unit])
        sizes = FAR | FARTHER if is_separated else FAR
        return [(label, [size * F for F in unit]) for label, size in sizes.items()]

    def _separates(self, factors: Sequence[Array]) -> bool:
        """Whether random effects as large as these leave next to nothing of the deviance of answers."""
        if not self.family.distribution.has_trials:
            return False
        try:
            mu = self.joint_mode(factors).terms.mu
        except np.linalg.LinAlgError:
            return False
        deviance = np.sum(self.family.deviance(self.y, mu, self.weights))
        return bool(deviance < SEPARATED * self.n)

    def _started(self, named: Iterable[tuple[str, Sequence[Array]]]) -> list[Start]:
        found = []
        for label, factors in named:
            try:
                found.append(Start(label, factors, self._first_free(factors)))
            except np.linalg.LinAlgError:  # the mean leaves its range there
                continue
        return found

    def _first_free(self, factors: Sequence[Array]) -> Array:
        modes = self.joint_mode(factors)
        beta = self.basis.inverse @ modes.beta
        return self.free_of(
            beta, _first_nb_theta(self, modes.terms.mu) if self.free.estimates_nb_theta else None
        )

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


def _first_nb_theta(likelihood: GeneralizedLikelihood, mu: Array) -> float:
    """Solve the likelihood equation of theta at fixed means; without a root in range, take the better end."""
    from scipy.optimize import brentq  # slow to import

    def slope(log_theta: float) -> float:
        family = likelihood.family.with_theta(float(np.exp(log_theta)))
        return family.theta_slope(likelihood.y, mu, likelihood.weights)

    low, high = NB_RANGE
    if slope(low) >= 0.0:
        return float(np.exp(low))
    if slope(high) <= 0.0:
        return float(np.exp(high))
    return float(np.exp(brentq(slope, low, high, xtol=1e-3)))


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
