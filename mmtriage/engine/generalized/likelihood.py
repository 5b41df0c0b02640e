"""The generalized linear mixed model: Laplace, adaptive quadrature, exact gradient.

With eta = o + X beta + Z Lambda u, mu = g^-1(eta), score s = w (y - mu) mu' / V and weights W = w mu'^2 / V,
the conditional modes u minimize `D(y, mu) + |u|^2` (penalized iteratively reweighted least squares, Bates et
al. 2015, lme4's vignette on GLMMs), so u = Lambda'Z's. lme4's Laplace criterion is

    f = log|M| + |u|^2 + A(mu),    M = Lambda'Z'WZ Lambda + I,

A being the family's -2 log-likelihood. W is the expected information, whatever the link. The modes move
with the parameters, so the gradient goes through them (implicit differentiation): with the observed
information B = -ds/deta, H = Lambda'Z'BZ Lambda + I, r = df/du and v = H^-1 r,

    df = [df at fixed u] - v' d(u - Lambda'Z's at fixed u).

Everything is computed in orthonormal columns (`coordinates.py`); `free` holds the parameters beside the
covariances: beta in those columns (not for nAGQ = 0, where it is profiled out with u) and, for a negative
binomial whose theta is estimated, log theta.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from mmtriage.arrays import Array
from mmtriage.deadline import NEVER, Deadline
from mmtriage.engine.algebra import blocks
from mmtriage.engine.algebra.cholesky import Factor, factor
from mmtriage.engine.algebra.coordinates import TermBasis, term_basis
from mmtriage.engine.algebra.crossproducts import CrossProducts
from mmtriage.engine.algebra.weighted_rows import Rows, rows_of
from mmtriage.engine.generalized.curvature import working_information
from mmtriage.engine.generalized.modes import Memory, Modes, Pirls, RowTerms
from mmtriage.engine.generalized.quadrature import Quadrature, quadrature
from mmtriage.engine.optimum.faces import NO_FREE, Face, Place
from mmtriage.engine.optimum.protocol import template_factors
from mmtriage.model.design import Design
from mmtriage.model.families import FIRST_THETA, Family, family_of

LARGEST_STEP = 5.0  # natural step of a coefficient on a scale without units, for the row that it moves most


@dataclass(frozen=True, slots=True, eq=False)
class GlmmEvaluation:
    """The criterion at one point, with what the gradient and the estimates go on from."""

    criterion: float
    family: Family
    Lambda: list[Array]  # per block (K, K)
    modes: Modes
    products: CrossProducts  # Z'WZ
    factor: Factor  # of M
    quadrature: Quadrature | None  # nAGQ > 1


@dataclass(frozen=True, slots=True, eq=False)
class GlmmBasis:
    """Orthonormal columns: of the random terms, and X = Q R with Q'Q = n I."""

    terms: tuple[TermBasis, ...]
    R: Array  # (p, p)
    inverse: Array  # (p, p)


@dataclass(frozen=True, slots=True, eq=False)
class GlmmProblem:
    """A design laid out for its likelihood."""

    design: Design
    family: Family
    nagq: int
    estimates_nb: bool  # the negative binomial's theta is a parameter
    basis: GlmmBasis
    pirls: Pirls
    widths: tuple[int, ...]
    free_scale: Array  # natural steps of `free`: conditional standard errors, and 1 for log theta
    deadline: Deadline

    @property
    def rows(self) -> Rows:
        """The rows, in orthonormal columns."""
        return self.pirls.rows

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

    @property
    def profiles_beta(self) -> bool:
        """nAGQ = 0: beta is found with the modes."""
        return self.nagq == 0

    @property
    def n_free(self) -> int:
        """Length of `free`."""
        return (0 if self.profiles_beta else self.p) + int(self.estimates_nb)

    def at(self, free: Array) -> Family:
        """The family at `free`: a negative binomial has its theta there."""
        return self.family.with_theta(float(np.exp(free[-1]))) if self.estimates_nb else self.family

    def evaluate(self, factors: Sequence[Array], free: Array) -> GlmmEvaluation:
        """The criterion at `factors` [(k, k)] and `free`, in deviance units.

        Raises LinAlgError where it has no finite value, TimeBudgetError after the deadline.
        """
        self.deadline.check()
        with np.errstate(all="ignore"):
            family = self.at(free)
            Lambda = blocks.block_factors(self.rows.blocks, factors)
            modes = self.pirls.find(family, Lambda, None if self.profiles_beta else free[: self.p])
            products = self.rows.weighted(modes.terms.W)
            M = factor(self.rows.plan, products, Lambda)
            nodes = None
            if self.nagq > 1:
                nodes = self._quadrature(family, Lambda, modes, products)
                value = nodes.criterion + self._estimated_saturation(family)
            else:
                value = M.logdet + float(modes.u @ modes.u) + self._loss(family, modes)
        if not np.isfinite(value):
            raise np.linalg.LinAlgError("the criterion is not finite")
        self.pirls.memory.u, self.pirls.memory.beta = modes.u, modes.beta
        return GlmmEvaluation(float(value), family, Lambda, modes, products, M, nodes)

    def criterion(self, factors: Sequence[Array], free: Array) -> float:
        """`evaluate(factors, free).criterion`."""
        return self.evaluate(factors, free).criterion

    def saturated(self, family: Family) -> float:
        """What nAGQ > 1 leaves out of -2 log-likelihood: no constant, where the scale is free."""
        if self.nagq <= 1 or self.estimates_nb or family.distribution.estimates_scale:
            return 0.0
        return family.saturated(self.y, self.weights, self.trials)

    def _estimated_saturation(self, family: Family) -> float:
        """The saturated part, which is no constant where theta is estimated.

        lme4 1.1-31 leaves it out even there, so that `glmer.nb(nAGQ = 7)` ends at a theta near zero
        (lme4 issue 868).
        """
        return family.saturated(self.y, self.weights, self.trials) if self.estimates_nb else 0.0

    def _loss(self, family: Family, modes: Modes) -> float:
        return family.criterion(self.y, modes.terms.mu, self.weights, self.trials)

    def _quadrature(
        self, family: Family, Lambda: list[Array], modes: Modes, products: CrossProducts
    ) -> Quadrature:
        return quadrature(
            self.nagq,
            relative_sd=float(Lambda[0][0, 0]),
            information=products.diagonal[0][:, 0, 0],
            u=modes.u,
            eta=modes.eta,
            Z=self.rows.Z,
            evaluate=lambda eta: _node_terms(family, self.y, self.weights, eta),
        )

    def slopes(self, at: GlmmEvaluation) -> Place:
        """d criterion / d F_t, ignoring that F_t may be triangular, and d criterion / d free."""
        with np.errstate(all="ignore"):
            return self._slopes(at)

    def _slopes(self, at: GlmmEvaluation) -> Place:
        terms, Lambda = at.modes.terms, at.Lambda
        inverse = at.factor.inverse_on_pattern()
        leverage = self.rows.leverages(inverse, Lambda)
        if at.quadrature is None:
            row, r, parts = self._at_fixed_modes(at, leverage, inverse)
        else:
            row, r, parts = self._at_fixed_nodes(at, leverage, at.quadrature)
        v, v_beta = self._through_modes(at, r, row)
        moved = terms.B * (self.rows.Z @ self.pirls.applied(Lambda, v) + self.rows.X @ v_beta)
        by_score = self._outer(self.rows.Zt @ terms.score, v)
        by_moved = self._outer(self.rows.Zt @ moved, at.modes.u)
        parts = [part + one - two for part, one, two in zip(parts, by_score, by_moved, strict=True)]
        free = [] if self.profiles_beta else [self.rows.X.T @ (row - moved)]
        if self.estimates_nb:
            free.append(np.array([self._nb_slope(at, leverage, v, v_beta)]))
        return Place(
            tuple(blocks.term_parts(self.rows.blocks, parts)), np.concatenate(free) if free else NO_FREE
        )

    def _at_fixed_modes(
        self, at: GlmmEvaluation, leverage: Array, inverse: Array
    ) -> tuple[Array, Array, list[Array]]:
        """Laplace: df / d eta (n,), df / du (q,), and df / d Lambda (K, K) per block, the modes held."""
        terms, u = at.modes.terms, at.modes.u
        row = family_slope(at.family, self.y, terms, self.weights, self.trials) + leverage * terms.dW
        by_column = self.rows.Zt @ row
        r = self.pirls.applied_transposed(at.Lambda, by_column) + 2.0 * u
        traces = blocks.trace_parts(at.products, self.rows.plan, at.Lambda, inverse)
        return row, r, [2.0 * t + o for t, o in zip(traces, self._outer(by_column, u), strict=True)]

    def _at_fixed_nodes(
        self, at: GlmmEvaluation, leverage: Array, nodes: Quadrature
    ) -> tuple[Array, Array, list[Array]]:
        """The same by quadrature: nodes move with the modes and with L_g, whose share is 1 for Laplace."""
        through = nodes.logdet_share[nodes.group] * leverage * at.modes.terms.dW
        by_column = self.rows.Zt @ through
        r = nodes.mode_slope + self.pirls.applied_transposed(at.Lambda, by_column)
        slope = nodes.sd_slope + float(by_column @ at.modes.u)
        slope += float(nodes.logdet_share @ self._trace_by_group(at))
        return nodes.row_slope + through, r, [np.array([[slope]])]

    def _through_modes(self, at: GlmmEvaluation, r: Array, row: Array) -> tuple[Array, Array]:
        """v = H^-1 df/d(modes), the modes being u, or u and beta."""
        terms = at.modes.terms
        M = (
            at.factor
            if terms.is_canonical
            else factor(self.rows.plan, self.rows.weighted(terms.B), at.Lambda)
        )
        return self.pirls.solve(M, at.Lambda, terms.B, r, self.rows.X.T @ row if self.profiles_beta else None)

    def _outer(self, by_column: Array, u: Array) -> list[Array]:
        return blocks.outer_sums(self.rows.blocks, self.rows.plan.offsets, by_column[:, None], u[:, None])

    def _trace_by_group(self, at: GlmmEvaluation) -> Array:
        """d 2 log L_g / d lambda at fixed weights, (G,)."""
        information, sd = at.products.diagonal[0][:, 0, 0], float(at.Lambda[0][0, 0])
        share: Array = 2.0 * sd * information / (1.0 + sd**2 * information)
        return share

    def _nb_slope(self, at: GlmmEvaluation, leverage: Array, v: Array, v_beta: Array) -> float:
        """d criterion / d log theta: V = mu + mu^2 / theta loses mu^2 / theta."""
        terms, family = at.modes.terms, at.family
        share = -(family.variance(terms.mu) - terms.mu) / family.variance(terms.mu)  # d log V / d log theta
        if at.quadrature is None:
            direct = family.theta_slope(self.y, terms.mu, self.weights)
        else:
            y, weights = self.y, self.weights
            leverage = leverage * at.quadrature.logdet_share[at.quadrature.group]
            by_node = at.quadrature.expectation(
                lambda eta: family.deviance_theta_slope(y, family.link.inverse(eta), weights)
            )
            direct = float(np.sum(by_node)) + family.theta_slope(y, y, weights)
        direct -= float(leverage @ (terms.W * share))
        score = -terms.score * share
        moved = float(v @ self.pirls.transposed(at.Lambda, score)) + float(v_beta @ (self.rows.X.T @ score))
        return direct + moved

    def covariance_gradient(self, factors: Sequence[Array], free: Array) -> list[Array]:
        """`G_t = d criterion / d S_t`, (k, k) symmetric per term, exact on null directions of S_t too."""
        return blocks.covariance_gradient(
            factors, lambda probes: self.slopes(self.evaluate(probes, free)).factors
        )

    def curvature(self, face: Face, at: GlmmEvaluation, slopes: Place) -> Array | None:
        """Approximate Hessian (m, m) in the parameters of `face`; None where the working model has none."""
        if self.profiles_beta or self.family.distribution.estimates_scale:
            return None
        return working_information(self, face, at, slopes)

    def sigma(self, at: GlmmEvaluation) -> float:
        """Residual scale as lme4 reports it: 1 where the family fixes it."""
        if not self.family.distribution.estimates_scale:
            return 1.0
        terms = at.modes.terms
        pearson = self.weights * (self.y - terms.mu) ** 2 / at.family.variance(terms.mu)
        return float(np.sqrt((np.sum(pearson) + at.modes.u @ at.modes.u) / self.n))

    def conditional_covariance(self, at: GlmmEvaluation) -> Array:
        """Covariance (p, p) of beta in the user's columns at fixed covariances: lme4's RX."""
        _, reduced = self.pirls.reduced(at.factor, at.Lambda, at.modes.terms.W)
        V = self.sigma(at) ** 2 * np.asarray(np.linalg.inv(reduced), dtype=np.float64)
        return self.user_covariance(V)

    def user_covariance(self, V: Array) -> Array:
        """A covariance of beta (p, p) in the user's columns."""
        moved: Array = self.basis.inverse @ V @ self.basis.inverse.T
        return moved

    def user_beta(self, at: GlmmEvaluation) -> Array:
        """beta (p,) in the user's columns."""
        beta: Array = self.basis.inverse @ at.modes.beta
        return beta

    def joint_mode(self, factors: Sequence[Array]) -> Modes:
        """u and beta together, as nAGQ = 0 finds them; theta of a negative binomial at its first value.

        Where there are none inside the mean's range, the modes of a beta that gives all rows one mean. Raises
        LinAlgError if that has none either.
        """
        with np.errstate(all="ignore"):
            Lambda = blocks.block_factors(self.rows.blocks, factors)
            try:
                return self.pirls.find(self.family, Lambda, None)
            except np.linalg.LinAlgError:
                return self.pirls.find(self.family, Lambda, self.pirls.constant_mean(self.family))

    def natural_steps(self) -> Array:
        """Standard errors (n_free,) of beta beside random effects of SD 1; 1 for log theta.

        Without them where they take means out of range, as where an exp(eta) is a probability.
        """
        factors = template_factors(self)
        try:
            modes = self.joint_mode(factors)
        except np.linalg.LinAlgError:
            factors = [np.zeros_like(F) for F in factors]
            modes = self.joint_mode(factors)
        Lambda = blocks.block_factors(self.rows.blocks, factors)
        M = factor(self.rows.plan, self.rows.weighted(modes.terms.W), Lambda)
        _, reduced = self.pirls.reduced(M, Lambda, modes.terms.W)
        se = np.sqrt(np.diag(np.linalg.inv(reduced)))
        if self.family.link.is_unitless:
            # Where the data separate a coefficient has no end, and its standard error is no step to take.
            se = np.minimum(se, LARGEST_STEP / np.max(np.abs(self.rows.X), axis=0))
        return np.concatenate([se, np.ones(int(self.estimates_nb))])

    def free_of(self, beta: Array, nb_theta: float | None) -> Array:
        """`free` for the user's beta and the negative binomial's theta."""
        parts = [] if self.profiles_beta else [self.basis.R @ beta]
        if self.estimates_nb:
            parts.append(np.array([np.log(nb_theta or FIRST_THETA)]))
        return np.concatenate(parts) if parts else NO_FREE

    def random_effects(self, at: GlmmEvaluation) -> list[Array]:
        """Conditional modes b_t (levels, k) of each term, in the user's columns."""
        inverses = [basis.inverse for basis in self.basis.terms]
        b = self.pirls.applied(at.Lambda, at.modes.u)
        return blocks.level_modes(self.rows.blocks, self.rows.plan.offsets, b, inverses)


def family_slope(family: Family, y: Array, terms: RowTerms, weights: Array, trials: Array | None) -> Array:
    """dA / d eta, (n,)."""
    return family.criterion_slope(y, terms.mu, weights, trials) * terms.slope


def _node_terms(family: Family, y: Array, weights: Array, eta: Array) -> tuple[Array, Array]:
    """Deviance residuals and scores at a quadrature node, (n,) each."""
    mu = family.link.inverse(eta)
    score = weights * (y - mu) * family.link.slope(eta) / family.variance(mu)
    return family.deviance(y, mu, weights), score


def glmm_problem(design: Design, deadline: Deadline = NEVER) -> GlmmProblem:
    """Lay a design out for its likelihood."""
    once = term_basis(design.X, None)
    twice = term_basis(design.X @ once.inverse, None)  # CholeskyQR2: see FixedBasis
    inverse = once.inverse @ twice.inverse
    terms = tuple(term_basis(term.Z, None) for term in design.random)
    rows = rows_of(design, [basis.inverse for basis in terms], X=design.X @ inverse)
    n = len(design.y)
    estimates_nb = design.spec.distribution.estimates_theta
    p = 0 if design.spec.nagq == 0 else design.X.shape[1]
    problem = GlmmProblem(
        design=design,
        family=family_of(design.spec),
        nagq=design.spec.nagq,
        estimates_nb=estimates_nb,
        basis=GlmmBasis(terms, twice.R @ once.R, inverse),
        pirls=Pirls(
            rows=rows,
            y=design.y,
            weights=np.ones(n) if design.weights is None else design.weights,
            trials=design.trials,
            offset=np.zeros(n) if design.offset is None else design.offset,
            memory=Memory(rows.Z.shape[1], design.X.shape[1]),
        ),
        widths=tuple(term.Z.shape[1] for term in design.random),
        free_scale=np.ones(p + estimates_nb),
        deadline=deadline,
    )
    return problem if not p else replace(problem, free_scale=problem.natural_steps())
