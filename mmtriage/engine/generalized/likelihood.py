"""The generalized linear mixed model: Laplace approximation and adaptive quadrature.

With eta = o + X beta + Z Lambda u, mu = g^-1(eta), score s = w (y - mu) mu' / V and weights W = w mu'^2 / V,
the conditional modes u minimize `D(y, mu) + |u|^2` (penalized iteratively reweighted least squares, Bates et
al. 2015, lme4's vignette on GLMMs), so u = Lambda'Z's. lme4's Laplace criterion is

    f = log|M| + |u|^2 + A(mu),    M = Lambda'Z'WZ Lambda + I,

A being the family's -2 log-likelihood. W is the expected information, whatever the link. With more than one
quadrature point per group the criterion is that of `quadrature.py`; its gradient is in `slopes.py`.

Everything is computed in orthonormal columns (`coordinates.py`); `free` holds the parameters beside the
covariances: beta in those columns (not for nAGQ = 0, where it is profiled out with u) and, for a negative
binomial whose theta is estimated, log theta.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Self

import numpy as np

from mmtriage.arrays import Array
from mmtriage.deadline import NEVER, Deadline
from mmtriage.engine.algebra.cholesky import factor
from mmtriage.engine.algebra.coordinates import UnweightedBases, unweighted_bases
from mmtriage.engine.algebra.crossproducts import CrossProducts
from mmtriage.engine.algebra.relative_factor import RelativeFactor
from mmtriage.engine.algebra.symbolic import Plan
from mmtriage.engine.algebra.weighted_rows import Rows, rows_of
from mmtriage.engine.generalized.curvature import working_information
from mmtriage.engine.generalized.evaluation import FreeParameters, GeneralizedEvaluation
from mmtriage.engine.generalized.modes import Memory, Modes, Pirls
from mmtriage.engine.generalized.quadrature import Quadrature, quadrature
from mmtriage.engine.generalized.slopes import exact_slopes
from mmtriage.engine.generalized.units import Units, units_of
from mmtriage.engine.optimum.faces import NO_FREE, Face, Place
from mmtriage.engine.optimum.protocol import Expansion, template_factors
from mmtriage.engine.structures.covariance_factor import covariance_gradient
from mmtriage.engine.structures.parameter_layout import Layout, layout_of
from mmtriage.model.design import Design
from mmtriage.model.families import FIRST_THETA, Family, family_of
from mmtriage.model.family_data import FamilyData
from mmtriage.model.spec import CONDITIONAL

LARGEST_STEP = 5.0  # natural step of a coefficient on a scale without units, for the row that it moves most


@dataclass(frozen=True, slots=True, eq=False)
class GeneralizedLikelihood:
    """A design laid out for its likelihood."""

    design: Design
    family: Family
    nagq: int
    free: FreeParameters
    basis: UnweightedBases
    pirls: Pirls
    units: Units
    layout: Layout  # lme4's covariance parameters
    free_scale: Array  # natural steps of `free`: conditional standard errors, and 1 for log theta
    deadline: Deadline

    @classmethod
    def of(cls, design: Design, deadline: Deadline = NEVER) -> Self:
        """Lay a design out for its likelihood."""
        basis = unweighted_bases(design)
        family = family_of(design.spec)
        weights = design.row_weights
        units = units_of(family, design.y, weights)
        free = FreeParameters(
            p=design.X.shape[1],
            profiles_beta=design.spec.nagq == CONDITIONAL,
            estimates_nb_theta=design.spec.estimates_nb_theta,
        )
        laid_out = cls(
            design=design,
            family=family,
            nagq=design.spec.nagq,
            free=free,
            basis=basis.in_units(factor=units.factor, predictor=units.predictor),
            pirls=_pirls(design, units, weights, rows_of(design, basis.inverses, X=design.X @ basis.inverse)),
            units=units,
            layout=layout_of(design.random),
            free_scale=np.ones(len(free)),
            deadline=deadline,
        )
        if family.distribution.estimates_scale:  # a predictor of zero may be any number of units away
            laid_out.pirls.memory.beta = laid_out.pirls.constant_mean(family)
        if free.profiles_beta or not free.p:
            return laid_out
        return replace(laid_out, free_scale=laid_out.natural_steps())

    @property
    def widths(self) -> tuple[int, ...]:
        """Columns of each term."""
        return self.layout.widths

    @property
    def rows(self) -> Rows:
        """The rows, in orthonormal columns."""
        return self.pirls.rows

    @property
    def plan(self) -> Plan:
        """How `M` is factored."""
        return self.rows.plan

    @property
    def y(self) -> Array:
        """The response (n,), a proportion for a binomial family."""
        return self.pirls.y

    @property
    def weights(self) -> Array:
        """Prior weights (n,), trials included."""
        return self.pirls.weights

    @property
    def trials(self) -> Array | None:
        """Trials (n,) of a `cbind()` response."""
        return self.pirls.trials

    @property
    def n(self) -> int:
        """Observations."""
        return len(self.y)

    @property
    def p(self) -> int:
        """Fixed effects."""
        return int(self.rows.X.shape[1])

    @property
    def products(self) -> CrossProducts:
        """Pattern of Z'WZ, at unit weights."""
        return self.rows.pattern

    def at(self, free: Array) -> Family:
        """The family with the theta of `free`, if it is a negative binomial that estimates it."""
        return (
            self.family.with_theta(float(np.exp(free[-1]))) if self.free.estimates_nb_theta else self.family
        )

    def evaluate(self, factors: Sequence[Array], free: Array) -> GeneralizedEvaluation:
        """The criterion at `factors` [(k, k)] and `free`, in deviance units.

        Raises LinAlgError where it has no finite value, TimeBudgetError after the deadline.
        """
        self.deadline.check()
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
        return self.units.root_penalty * self._spread(at.family, at.modes)

    def _spread(self, family: Family, modes: Modes) -> float:
        """The residual scale in the units of the computation; 1 where the family fixes it."""
        if not family.distribution.estimates_scale:
            return 1.0
        mu = modes.terms.mu
        pearson = self.weights * (self.y - mu) ** 2 / family.variance(mu)
        return float(np.sqrt((np.sum(pearson) + modes.u @ modes.u) / self.n))

    def conditional_covariance(self, at: GeneralizedEvaluation) -> Array:
        """Covariance (p, p) of beta in the user's columns at fixed covariances: lme4's RX."""
        _, reduced = self.pirls.reduced(at.factor, at.Lambda, at.modes.terms.W)
        V = self._spread(at.family, at.modes) ** 2 * np.asarray(np.linalg.inv(reduced), dtype=np.float64)
        return self.user_covariance(V)

    def user_covariance(self, V: Array) -> Array:
        """A covariance of beta (p, p) in the user's columns."""
        moved: Array = self.basis.inverse @ V @ self.basis.inverse.T
        return moved

    def user_beta(self, at: GeneralizedEvaluation) -> Array:
        """beta (p,) in the user's columns."""
        beta: Array = self.basis.inverse @ at.modes.beta
        return beta

    def joint_mode(self, factors: Sequence[Array]) -> Modes:
        """Find u and beta together, as nAGQ = 0 does; a negative binomial has its first theta.

        Where the search leaves the range of the mean, u alone is found, at a beta that gives all rows one
        mean. Raises LinAlgError if there are no such modes either.
        """
        with np.errstate(all="ignore"):
            Lambda = RelativeFactor.of(self.rows.blocks, factors)
            try:
                return self._modes_of_start(Lambda, None)
            except np.linalg.LinAlgError:
                return self._modes_of_start(Lambda, self.pirls.constant_mean(self.family))

    def _modes_of_start(self, Lambda: RelativeFactor, beta: Array | None) -> Modes:
        """The modes to start from: of several, those of the smallest penalized deviance."""
        if self.family.is_convex:
            return self.pirls.find(self.family, Lambda, beta)
        found = self.pirls.find_all(self.family, Lambda, beta)
        return min(found, key=lambda modes: modes.penalized)

    def natural_steps(self) -> Array:
        """Natural steps of `free`: standard errors of beta beside random effects of SD 1; 1 for log theta.

        Random effects of that size may take means out of range (where exp(eta) is a probability, say): then
        they are left out.
        """
        factors = template_factors(self)
        try:
            modes = self.joint_mode(factors)
        except np.linalg.LinAlgError:
            factors = [np.zeros_like(F) for F in factors]
            modes = self.joint_mode(factors)
        Lambda = RelativeFactor.of(self.rows.blocks, factors)
        M = factor(self.rows.plan, self.rows.weighted(modes.terms.W), Lambda)
        _, reduced = self.pirls.reduced(M, Lambda, modes.terms.W)
        se = self._spread(self.family, modes) * np.sqrt(np.diag(np.linalg.inv(reduced)))
        if self.family.link.is_unitless:
            # Where the data separate a coefficient has no end, and its standard error is no step to take.
            se = np.minimum(se, LARGEST_STEP / np.max(np.abs(self.rows.X), axis=0))
        return np.concatenate([se, np.ones(int(self.free.estimates_nb_theta))])

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


def _pirls(design: Design, units: Units, weights: Array, rows: Rows) -> Pirls:
    n, p = design.X.shape
    return Pirls(
        rows=rows,
        y=design.y / units.response,
        weights=weights,
        trials=design.trials,
        offset=units.offset(np.zeros(n) if design.offset is None else design.offset),
        memory=Memory(rows.Z.shape[1], p),
    )


def _node_terms(data: FamilyData, eta: Array) -> tuple[Array, Array]:
    """Deviance residuals and scores at a quadrature node, (n,) each."""
    mu = data.mean(eta)
    score = data.weights * (data.y - mu) * data.slope(eta, mu) / data.variance(mu)
    return data.deviance(mu), score
