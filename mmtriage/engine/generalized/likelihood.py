"""The generalized linear mixed model: Laplace approximation and adaptive quadrature.

With eta = o + X beta + Z Lambda u, mu = g^-1(eta), score s = w (y - mu) mu' / V and weights W = w mu'^2 / V,
the conditional modes u minimize `D(y, mu) + |u|^2` (penalized iteratively reweighted least squares, Bates et
al. 2015, lme4's vignette on GLMMs), so u = Lambda'Z's. lme4's Laplace criterion is

    f = log|M| + |u|^2 + A(mu),    M = Lambda'Z'WZ Lambda + I,

A being the family's -2 log-likelihood. W is the expected information, whatever the link. With more than one
quadrature point per group the criterion is that of `quadrature.py`; its gradient is in `slopes.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from mmtriage.arrays import Array
from mmtriage.engine.algebra.cholesky import factor
from mmtriage.engine.algebra.crossproducts import CrossProducts
from mmtriage.engine.algebra.relative_factor import RelativeFactor
from mmtriage.engine.generalized.curvature import working_information
from mmtriage.engine.generalized.evaluation import GeneralizedEvaluation
from mmtriage.engine.generalized.laid_out import LaidOut
from mmtriage.engine.generalized.modes import Modes
from mmtriage.engine.generalized.quadrature import Quadrature, quadrature
from mmtriage.engine.generalized.slopes import exact_slopes
from mmtriage.engine.optimum.faces import NO_FREE, Face, Place
from mmtriage.engine.optimum.protocol import Expansion
from mmtriage.engine.structures.covariance_factor import covariance_gradient
from mmtriage.model.families import FIRST_THETA, Family
from mmtriage.model.family_data import FamilyData

LOWEST_LOG_THETA = -20.0  # of a negative binomial: beyond, the criterion has no digits left


@dataclass(frozen=True, slots=True, eq=False)
class GeneralizedLikelihood(LaidOut):
    """The criterion of a design, with its derivatives."""

    def evaluate(self, factors: Sequence[Array], free: Array) -> GeneralizedEvaluation:
        """The criterion at `factors` [(k, k)] and `free`, in deviance units.

        Raises LinAlgError where it has no finite value, TimeBudgetError after the deadline.
        """
        self.deadline.check()
        if self.free.estimates_nb_theta and free[-1] < LOWEST_LOG_THETA:
            raise np.linalg.LinAlgError("theta of the negative binomial is zero to all digits")
        with np.errstate(all="ignore"):
            family = self.at(free)
            Lambda = RelativeFactor.of(self.rows.blocks, factors)
            beta = None if self.free.profiles_beta else free[: self.p]
            if family.is_convex:
                best = self._at_modes(family, Lambda, self.pirls.find(family, Lambda, beta))
            else:
                best = self._at_best_modes(family, Lambda, beta)
        if not np.isfinite(best.criterion):
            raise np.linalg.LinAlgError("the criterion is not finite")
        self.pirls.memory.u, self.pirls.memory.beta = best.modes.u, best.modes.beta
        self.deadline.tell(best.criterion)
        return best

    def _at_best_modes(
        self, family: Family, Lambda: RelativeFactor, beta: Array | None
    ) -> GeneralizedEvaluation:
        """Of the modes that are found, the one that gives the smallest criterion."""
        found = [self._at_modes(family, Lambda, modes) for modes in self.pirls.find_all(family, Lambda, beta)]
        best = min(found, key=lambda at: at.criterion if np.isfinite(at.criterion) else np.inf)
        others = [at.criterion - best.criterion for at in found if at is not best]
        return replace(best, other_modes=tuple(sorted(others)))

    def _at_modes(self, family: Family, Lambda: RelativeFactor, modes: Modes) -> GeneralizedEvaluation:
        products = self.rows.weighted(modes.terms.W)
        M = factor(self.rows.plan, products, Lambda)
        nodes = None
        if self.nagq > 1:
            nodes = self._quadrature(family, Lambda, modes, products)
            value = nodes.criterion + self._estimated_saturation(family)
        else:
            value = M.logdet + self.units.penalty * float(modes.u @ modes.u)
            value += self._loss(family, modes) + self.units.constant
        return GeneralizedEvaluation(
            criterion=float(value),
            family=family,
            Lambda=Lambda,
            modes=modes,
            products=products,
            factor=M,
            quadrature=nodes,
            pirls=self.pirls,
            free=self.free,
            penalty=self.units.penalty,
        )

    def criterion(self, factors: Sequence[Array], free: Array) -> float:
        """`evaluate(factors, free).criterion`."""
        return self.evaluate(factors, free).criterion

    def saturated(self, family: Family) -> float:
        """The constant that the criterion of nAGQ > 1 leaves out of -2 log-likelihood.

        Where a scale is estimated there is no such constant: that criterion is then no likelihood.
        """
        if self.nagq <= 1 or self.free.estimates_nb_theta or family.distribution.estimates_scale:
            return 0.0
        return family.saturated(self.y, self.weights, self.trials)

    def _estimated_saturation(self, family: Family) -> float:
        """The saturated part, which is no constant where theta is estimated.

        lme4 1.1-31 leaves it out even there, so that `glmer.nb(nAGQ = 7)` ends at a theta near zero
        (lme4 issue 868).
        """
        return family.saturated(self.y, self.weights, self.trials) if self.free.estimates_nb_theta else 0.0

    def _loss(self, family: Family, modes: Modes) -> float:
        data, mu = self.pirls.data(family), modes.terms.mu
        return data.criterion(mu, data.deviance(mu))

    def _quadrature(
        self, family: Family, Lambda: RelativeFactor, modes: Modes, products: CrossProducts
    ) -> Quadrature:
        return quadrature(
            self.nagq,
            relative_sd=float(Lambda.parts[0][0, 0]),
            penalty=self.units.penalty,
            information=products.diagonal[0][:, 0, 0],
            u=modes.u,
            eta=modes.eta,
            Z=self.rows.Z,
            evaluate=partial(_node_terms, self.pirls.data(family)),
        )

    def expand(self, factors: Sequence[Array], free: Array) -> Expansion:
        """The criterion with its derivatives."""
        at = self.evaluate(factors, free)
        slopes = self.slopes(at)
        return Expansion(at.criterion, slopes, lambda face, x: self.curvature(face, x, at, slopes))

    def slopes(self, at: GeneralizedEvaluation) -> Place:
        """d criterion / d F_t, ignoring that F_t may be triangular, and d criterion / d free."""
        with np.errstate(all="ignore"):
            return exact_slopes(at)

    def covariance_gradient(self, factors: Sequence[Array], free: Array) -> list[Array]:
        """`G_t = d criterion / d S_t`, (k, k) symmetric per term, exact on null directions of S_t too."""
        return covariance_gradient(factors, lambda probes: self.slopes(self.evaluate(probes, free)).factors)

    def curvature(self, face: Face, x: Array, at: GeneralizedEvaluation, slopes: Place) -> Array | None:
        """Approximate Hessian (m, m) in the parameters of `face`; None where the working model has none."""
        if self.free.profiles_beta:
            return None
        return working_information(face, x, at, slopes)

    @property
    def is_convex(self) -> bool:
        """Whether the likelihood of the fixed effects alone has one optimum."""
        return self.family.is_convex

    def sigma(self, at: GeneralizedEvaluation) -> float:
        """Residual scale as lme4 reports it: 1 where the family fixes it."""
        if not self.family.distribution.estimates_scale:
            return 1.0
        return self.units.root_penalty * self.spread(at.family, at.modes)

    def conditional_covariance(self, at: GeneralizedEvaluation) -> Array:
        """Covariance (p, p) of beta in the user's columns at fixed covariances: lme4's RX."""
        _, reduced = self.pirls.reduced(at.factor, at.Lambda, at.modes.terms.W)
        V = self.spread(at.family, at.modes) ** 2 * np.asarray(np.linalg.inv(reduced), dtype=np.float64)
        return self.user_covariance(V)

    def user_covariance(self, V: Array) -> Array:
        """A covariance of beta (p, p) in the user's columns."""
        moved: Array = self.basis.inverse @ V @ self.basis.inverse.T
        return moved

    def user_beta(self, at: GeneralizedEvaluation) -> Array:
        """beta (p,) in the user's columns."""
        beta: Array = self.basis.inverse @ at.modes.beta
        return beta

    def free_of(self, beta: Array, nb_theta: float | None) -> Array:
        """`free` for the user's beta and the negative binomial's theta."""
        parts = [] if self.free.profiles_beta else [self.basis.R @ beta]
        if self.free.estimates_nb_theta:
            parts.append(np.array([np.log(nb_theta or FIRST_THETA)]))
        return np.concatenate(parts) if parts else NO_FREE

    def random_effects(self, at: GeneralizedEvaluation) -> list[Array]:
        """Conditional modes b_t (levels, k) of each term, in the user's columns."""
        return at.Lambda.modes(self.units.root_penalty * at.modes.u, self.basis.inverses)

    def users_mean(self, at: GeneralizedEvaluation) -> Array:
        """Means (n,) in the unit of the response."""
        mu: Array = self.units.response * at.modes.terms.mu
        return mu


def _node_terms(data: FamilyData, eta: Array) -> tuple[Array, Array]:
    """Deviance residuals and scores at a quadrature node, (n,) each."""
    mu = data.mean(eta)
    score = data.weights * (data.y - mu) * data.slope(eta, mu) / data.variance(mu)
    return data.deviance(mu), score
