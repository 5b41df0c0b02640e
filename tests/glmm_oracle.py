"""The dense oracle of GLMMs: lme4's criteria written down from their formulas, and the integral behind them.

    eta = offset + X beta + Z Lambda u,   mu = inverse(eta),   u ~ N(0, I)
    PIRLS:    u minimizes  sum dev(y, mu) + |u|^2
    Laplace:  log|Lambda'Z'WZ Lambda + I| + |u|^2 + A(mu),   W = w (dmu/deta)^2 / V(mu)

Slow, obvious and independent of the package: nothing here is imported from `mmtriage`. `A` is the family's
"-2 log-likelihood" as R's `family()$aic` has it (lme4 1.1-31), with 2 more where a scale is estimated.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import reduce

import numpy as np
from scipy import special, stats

from mmtriage.arrays import Array
from tests.oracle import Block, relative_factors

EPSILON = float(np.finfo(float).eps)
Function = Callable[[Array], Array]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DenseGlmm:
    """The data and the distribution of a GLMM."""

    y: Array  # (n,) a proportion if binomial
    X: Array  # (n, p)
    blocks: tuple[Block, ...]
    family: str
    link: str
    weights: Array | None = None  # (n,) times the trials if the response was cbind()
    trials: Array | None = None  # (n,) only if the response was cbind()
    offset: Array | None = None  # (n,)
    nb_theta: float | None = None

    @property
    def w(self) -> Array:
        return np.ones(len(self.y)) if self.weights is None else self.weights

    def fixed_part(self, beta: Array) -> Array:
        """offset + X beta, (n,)."""
        return self.X @ beta + (0.0 if self.offset is None else self.offset)

    def random_columns(self, theta: Array) -> Array:
        """Z Lambda at lme4's raw theta, (n, q)."""
        factors = relative_factors(np.asarray(theta), [Z.shape[1] for _, Z in self.blocks])
        return np.column_stack([_wide(block, L) for block, L in zip(self.blocks, factors, strict=True)])


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Mode:
    """What PIRLS ends with."""

    u: Array  # (q,)
    beta: Array  # (p,)
    mu: Array  # (n,)
    logdet: float  # log|Lambda'Z'WZ Lambda + I|
    L_diagonal: Array  # (q,) root of the diagonal of Lambda'Z'WZ Lambda + I
    sigma: float  # lme4's: root of (sum w (y - mu)^2 / V + |u|^2) / n; 1 without a scale


SCALED = ("Gamma", "inverse.gaussian", "gaussian")


# links: mu of eta and its slope, with lme4's clamps


def _unit(mu: Array) -> Array:
    return np.clip(mu, EPSILON, 1.0 - EPSILON)


INVERSE: Mapping[str, Function] = {
    "identity": lambda eta: eta,
    "log": lambda eta: np.maximum(np.exp(eta), EPSILON),
    "logit": lambda eta: _unit(special.expit(eta)),
    "probit": lambda eta: _unit(stats.norm.cdf(eta)),
    "cauchit": lambda eta: _unit(stats.cauchy.cdf(eta)),
    "cloglog": lambda eta: _unit(-np.expm1(-np.exp(eta))),
    "inverse": lambda eta: 1.0 / eta,
    "sqrt": lambda eta: eta**2,
    "1/mu^2": lambda eta: 1.0 / np.sqrt(eta),
}
SLOPE: Mapping[str, Function] = {
    "identity": lambda eta: np.ones(eta.shape),
    "log": lambda eta: np.maximum(np.exp(eta), EPSILON),
    "logit": lambda eta: np.maximum(special.expit(eta) * special.expit(-eta), EPSILON),
    "probit": lambda eta: np.maximum(stats.norm.pdf(eta), EPSILON),
    "cauchit": lambda eta: np.maximum(stats.cauchy.pdf(eta), EPSILON),
    "cloglog": lambda eta: np.maximum(np.exp(eta - np.exp(eta)), EPSILON),
    "inverse": lambda eta: -1.0 / eta**2,
    "sqrt": lambda eta: 2.0 * eta,
    "1/mu^2": lambda eta: -0.5 * eta**-1.5,
}
LINK: Mapping[str, Function] = {
    "identity": lambda mu: mu,
    "log": np.log,
    "logit": special.logit,
    "probit": stats.norm.ppf,
    "cauchit": stats.cauchy.ppf,
    "cloglog": lambda mu: np.log(-np.log1p(-mu)),
    "inverse": lambda mu: 1.0 / mu,
    "sqrt": np.sqrt,
    "1/mu^2": lambda mu: mu**-2.0,
}


# families


def variance(model: DenseGlmm, mu: Array) -> Array:
    match model.family:
        case "binomial":
            return np.maximum(mu * (1.0 - mu), EPSILON)
        case "poisson":
            return mu
        case "Gamma":
            return mu**2
        case "inverse.gaussian":
            return mu**3
        case "gaussian":
            return np.ones(mu.shape)
        case "negative.binomial":
            return mu + mu**2 / _nb_theta(model)
    raise AssertionError(model.family)


def deviance_residuals(model: DenseGlmm, mu: Array) -> Array:
    """R's `dev.resids`: with `mu` (n,) or (n, m), the same shape."""
    y, w = (_like(mu, values) for values in (model.y, model.w))
    match model.family:
        case "binomial":
            unit: Array = special.xlogy(y, y / mu) + special.xlogy(1.0 - y, (1.0 - y) / (1.0 - mu))
            return 2.0 * w * unit
        case "poisson":
            unit = special.xlogy(y, y / mu) - (y - mu)
            return 2.0 * w * unit
        case "Gamma":
            return -2.0 * w * (np.log(y / mu) - (y - mu) / mu)
        case "inverse.gaussian":
            return w * (y - mu) ** 2 / (y * mu**2)
        case "gaussian":
            return w * (y - mu) ** 2
        case "negative.binomial":
            size = _nb_theta(model)
            unit = special.xlogy(y, np.maximum(y, 1.0) / mu) - (y + size) * np.log((y + size) / (mu + size))
            return 2.0 * w * unit
    raise AssertionError(model.family)


def minus_twice_loglik(model: DenseGlmm, mu: Array) -> float:
    """lme4's A: the families with a scale have it profiled, and 2 more for having estimated it."""
    y, w, n = model.y, model.w, len(model.y)
    total, W = float(np.sum(deviance_residuals(model, mu))), float(np.sum(w))
    match model.family:
        case "gaussian":
            return float(n * (np.log(2.0 * np.pi * total / n) + 1.0) + 2.0 - np.sum(np.log(w)))
        case "inverse.gaussian":
            return float(W * (np.log(2.0 * np.pi * total / W) + 1.0) + 3.0 * (w @ np.log(y)) + 2.0)
        case "Gamma":
            phi = total / W
            return -2.0 * float(w @ stats.gamma.logpdf(y, 1.0 / phi, scale=mu * phi)) + 2.0
        case "negative.binomial":
            # the weights multiply the first product only: so it stands in lme4's C++
            size = _nb_theta(model)
            terms = w * (y + size) * np.log(mu + size) - special.xlogy(y, mu) + special.gammaln(y + 1.0)
            terms += special.gammaln(size) - size * np.log(size) - special.gammaln(size + y)
            return 2.0 * float(np.sum(terms))
    per_row, times = _row_loglik(model, mu)
    return -2.0 * float(np.sum(times * per_row))


def _row_loglik(model: DenseGlmm, mu: Array) -> tuple[Array, Array]:
    """Log density of the rows of a discrete family without a scale, and how often each counts."""
    y, w = (_like(mu, values) for values in (model.y, model.w))
    match model.family:
        case "poisson":
            return stats.poisson.logpmf(y, mu), w
        case "binomial":
            m = w if model.trials is None else _like(mu, model.trials)
            return stats.binom.logpmf(np.round(m * y), np.round(m), mu), w / m
        case "negative.binomial":
            size = _nb_theta(model)
            return stats.nbinom.logpmf(y, size, size / (size + mu)), w
    raise AssertionError(model.family)


def _nb_theta(model: DenseGlmm) -> float:
    assert model.nb_theta is not None
    return model.nb_theta


# the modes


def pirls(model: DenseGlmm, theta: Array, beta: Array) -> Mode:
    """The conditional mode of u at (theta, beta)."""
    ZL = model.random_columns(theta)
    u, mu = _scoring(model, ZL, model.fixed_part(beta), penalty=np.ones(ZL.shape[1]))
    return _mode(model, ZL, u, np.asarray(beta), mu)


def joint_pirls(model: DenseGlmm, theta: Array) -> Mode:
    """The mode of u and beta together at theta: all that nAGQ = 0 does."""
    ZL = model.random_columns(theta)
    q, p = ZL.shape[1], model.X.shape[1]
    fixed = model.fixed_part(np.zeros(p))
    both, mu = _scoring(model, np.column_stack([ZL, model.X]), fixed, penalty=np.repeat([1.0, 0.0], [q, p]))
    return _mode(model, ZL, both[:q], both[q:], mu)


def _scoring(model: DenseGlmm, M: Array, fixed: Array, *, penalty: Array) -> tuple[Array, Array]:
    """The v that minimizes sum dev(y, inverse(fixed + M v)) + v' diag(penalty) v, and its mu.

    Fisher scoring from lme4's starting means, halving steps that lead uphill or out of the family's range.
    """

    def penalized(v: Array) -> float:
        with np.errstate(all="ignore"):
            mu = INVERSE[model.link](fixed + M @ v)
            value = float(np.sum(deviance_residuals(model, mu)) + penalty @ v**2)
        return value if np.isfinite(value) and _is_in_range(model, mu) else np.inf

    v, eta, current = np.zeros(M.shape[1]), LINK[model.link](_starting_means(model)), np.inf
    length = np.inf
    for _ in range(2000):
        mu, slope = INVERSE[model.link](eta), SLOPE[model.link](eta)
        W = model.w * slope**2 / variance(model, mu)
        working = eta - fixed + (model.y - mu) / slope
        target = np.linalg.solve(M.T @ (W[:, None] * M) + np.diag(penalty), M.T @ (W * working))
        step, size = target - v, 1.0
        while penalized(v + size * step) > current * (1.0 + 1e-14) and size > 1e-10:
            size /= 2.0
        v = v + size * step
        eta, current = fixed + M @ v, penalized(v)
        assert np.isfinite(current), "the mean leaves its range from the first step on"
        before, length = length, float(np.max(np.abs(step))) / (1.0 + float(np.max(np.abs(v))))
        if length <= 1e-14 or (length < 1e-10 and length >= before):  # or nothing is left but rounding
            return v, INVERSE[model.link](eta)
    raise AssertionError(f"scoring does not converge: the last step is {length:.1e}")


def _starting_means(model: DenseGlmm) -> Array:
    y, w = model.y, model.w
    match model.family:
        case "binomial":
            return np.asarray((w * y + 0.5) / (w + 1.0))
        case "poisson":
            return y + 0.1
        case "negative.binomial":
            return np.asarray(y + (y == 0) / 6.0)
    return y


def _is_in_range(model: DenseGlmm, mu: Array) -> bool:
    match model.family:
        case "gaussian":
            return True
        case "binomial":
            return bool(np.all((mu > 0.0) & (mu < 1.0)))
    return bool(np.all(mu > 0.0))


def _mode(model: DenseGlmm, ZL: Array, u: Array, beta: Array, mu: Array) -> Mode:
    V = variance(model, mu)
    slope = SLOPE[model.link](model.fixed_part(beta) + ZL @ u)
    A = ZL.T @ ((model.w * slope**2 / V)[:, None] * ZL) + np.eye(len(u))
    pwrss = float(np.sum(model.w * (model.y - mu) ** 2 / V) + u @ u)
    return Mode(
        u=u,
        beta=beta,
        mu=mu,
        logdet=float(np.linalg.slogdet(A)[1]),
        L_diagonal=np.sqrt(np.diag(A)),
        sigma=float(np.sqrt(pwrss / len(model.y))) if model.family in SCALED else 1.0,
    )


# the criteria


def laplace(model: DenseGlmm, theta: Array, beta: Array) -> float:
    """lme4's deviance function with nAGQ = 1."""
    return _laplace_at(model, pirls(model, theta, beta))


def nagq0(model: DenseGlmm, theta: Array) -> float:
    """lme4's deviance function with nAGQ = 0: the same formula at the joint mode."""
    return _laplace_at(model, joint_pirls(model, theta))


def _laplace_at(model: DenseGlmm, mode: Mode) -> float:
    return mode.logdet + float(mode.u @ mode.u) + minus_twice_loglik(model, mode.mu)


def agq(model: DenseGlmm, theta: Array, beta: Array, points: int) -> float:
    """lme4's deviance function with nAGQ > 1: without the constants of the saturated model.

    With d_g(u) = u^2 + deviance of group g:  sum d_g(u_g) + logdet - 2 sum log m_g,
    m_g = sum_i w_i exp(-(d_g(u_g + z_i / L_g) - d_g(u_g)) / 2) / (phi(z_i) sqrt(2 pi)).
    """
    (codes, _), mode = model.blocks[0], pirls(model, theta, beta)
    ZL, fixed = model.random_columns(theta), model.fixed_part(beta)

    def deviances(u: Array) -> Array:
        residuals = deviance_residuals(model, INVERSE[model.link](fixed + ZL @ u))
        return u**2 + np.bincount(codes, residuals, minlength=len(u))

    at_mode = deviances(mode.u)
    m = np.zeros(len(mode.u))
    for z, weight in zip(*np.polynomial.hermite_e.hermegauss(points), strict=True):
        moved = deviances(mode.u + z / mode.L_diagonal)
        m += weight / np.sqrt(2.0 * np.pi) * np.exp(-0.5 * (moved - at_mode - z**2))
    return float(np.sum(at_mode)) + mode.logdet - 2.0 * float(np.sum(np.log(m)))


def saturated(model: DenseGlmm, mu: Array) -> float:
    """What `agq` leaves out: A - sum dev, the same for all mu where there is no scale."""
    return minus_twice_loglik(model, mu) - float(np.sum(deviance_residuals(model, mu)))


def criterion(model: DenseGlmm, theta: Array, beta: Array, nagq: int) -> float:
    """lme4's deviance function of (theta, beta); beta is ignored with nagq = 0."""
    match nagq:
        case 0:
            return nagq0(model, theta)
        case 1:
            return laplace(model, theta, beta)
    return agq(model, theta, beta, nagq)


# the integral itself


def brute_force_loglik(
    model: DenseGlmm, theta: Array, beta: Array, *, reach: float = 10.0, points: int = 1001
) -> float:
    """The log of the marginal likelihood: one term of k columns, no scale.

    The integral over each group's u in R^k by the trapezoidal rule on a grid of points^k over [-reach,
    reach]^k. On functions that are smooth and have died out at the ends its error falls exponentially.
    """
    ((codes, Z),) = model.blocks
    (L,) = relative_factors(np.asarray(theta), [Z.shape[1]])
    axis = np.linspace(-reach, reach, points)
    grid = np.stack(np.meshgrid(*[axis] * Z.shape[1], indexing="ij")).reshape(Z.shape[1], -1)  # (k, m)
    log_prior = reduce(np.add, stats.norm.logpdf(grid))
    log_cell = Z.shape[1] * np.log(axis[1] - axis[0])
    fixed = model.fixed_part(beta)
    total = 0.0
    for group in np.unique(codes):
        rows = codes == group
        part = _rows_of(model, rows)
        loglik, times = _row_loglik(part, INVERSE[model.link](fixed[rows, None] + Z[rows] @ L @ grid))
        total += float(special.logsumexp(np.sum(times * loglik, axis=0) + log_prior)) + log_cell
    return total


def _rows_of(model: DenseGlmm, rows: Array) -> DenseGlmm:
    return DenseGlmm(
        y=model.y[rows],
        X=model.X[rows],
        blocks=(),
        family=model.family,
        link=model.link,
        weights=model.w[rows],
        trials=None if model.trials is None else model.trials[rows],
        nb_theta=model.nb_theta,
    )


# differences


def hessian(f: Callable[[Array], float], x: Array, steps: Array) -> Array:
    """Second derivatives by central differences of fourth order: first differences of first differences."""
    coefficients = {-2: 1.0 / 12.0, -1: -2.0 / 3.0, 1: 2.0 / 3.0, 2: -1.0 / 12.0}

    def slope(i: int, g: Callable[[Array], float]) -> Callable[[Array], float]:
        return lambda at: (
            sum(c * g(at + k * steps[i] * np.eye(len(x))[i]) for k, c in coefficients.items())
            / float(steps[i])
        )

    H = np.array(
        [[slope(i, slope(j, f))(x) if i <= j else 0.0 for j in range(len(x))] for i in range(len(x))]
    )
    return np.asarray(H + np.triu(H, 1).T)


def standard_errors(
    model: DenseGlmm, theta: Array, beta: Array, nagq: int = 1, *, step: float = 5e-3
) -> Array:
    """lme4's: roots of the diagonal of 2 H^-1 for beta, H the Hessian of the criterion in (theta, beta).

    A difference moves a coefficient by `step` over the root mean square of its column.
    """
    m = len(theta)
    steps = step / np.concatenate([np.ones(m), np.sqrt(np.mean(model.X**2, axis=0))])
    H = hessian(lambda x: criterion(model, x[:m], x[m:], nagq), np.concatenate([theta, beta]), steps)
    return np.asarray(np.sqrt(np.diag(2.0 * np.linalg.inv(H))[m:]))


def _wide(block: Block, L: Array) -> Array:
    """The columns Z_t (I (x) L), (n, levels k), level by level."""
    codes, Z = block
    columns = np.zeros((len(codes), int(codes.max()) + 1, Z.shape[1]))
    columns[np.arange(len(codes)), codes] = Z @ L
    return columns.reshape(len(codes), -1)


def _like(mu: Array, values: Array) -> Array:
    """`values` (n,) to go with `mu` (n,) or (n, m)."""
    return values if mu.ndim == 1 else values[:, None]
