"""The families of the dense Laplace criterion: links, variances, deviances and lme4's -2 log-likelihoods."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import special

from mmtriage.arrays import Array

EPSILON = float(np.finfo(float).eps)
# Links with which the deviance is convex in the predictor, so that there is one mode.
ONE_MODE = {
    "binomial": ("logit", "probit", "cloglog"),
    "poisson": ("log", "identity"),
    "Gamma": ("log", "inverse"),
    "inverse.gaussian": ("1/mu^2", "inverse"),
    "negative.binomial": ("log",),
}
ROOT_TWO_PI = float(np.sqrt(2.0 * np.pi))
NB_STEP = 1e-4

Three = tuple[Array, Array, Array]


# mu, d mu / d eta and its derivative, with lme4's clamps


def _logit(eta: Array) -> Three:
    mu = np.clip(special.expit(eta), EPSILON, 1.0 - EPSILON)
    slope = np.maximum(mu * (1.0 - mu), EPSILON)
    return mu, slope, slope * (1.0 - 2.0 * mu)


def _probit(eta: Array) -> Three:
    mu = np.clip(special.ndtr(eta), EPSILON, 1.0 - EPSILON)
    slope = np.maximum(np.exp(-0.5 * eta**2) / ROOT_TWO_PI, EPSILON)
    return mu, slope, -eta * slope


def _cauchit(eta: Array) -> Three:
    mu = np.clip(0.5 + np.arctan(eta) / np.pi, EPSILON, 1.0 - EPSILON)
    slope = np.maximum(1.0 / (np.pi * (1.0 + eta**2)), EPSILON)
    return mu, slope, -2.0 * eta * slope / (1.0 + eta**2)


def _cloglog(eta: Array) -> Three:
    mu = np.clip(-np.expm1(-np.exp(eta)), EPSILON, 1.0 - EPSILON)
    slope = np.maximum(np.exp(eta - np.exp(eta)), EPSILON)
    return mu, slope, slope * (1.0 - np.exp(eta))


def _log(eta: Array) -> Three:
    mu = np.maximum(np.exp(eta), EPSILON)
    return mu, mu, mu


def _rooted(eta: Array) -> Three:  # 1 / mu^2
    return eta**-0.5, -0.5 * eta**-1.5, 0.75 * eta**-2.5


LINKS: dict[str, Callable[[Array], Three]] = {
    "logit": _logit,
    "probit": _probit,
    "cauchit": _cauchit,
    "cloglog": _cloglog,
    "log": _log,
    "identity": lambda eta: (eta, np.ones_like(eta), np.zeros_like(eta)),
    "inverse": lambda eta: (1.0 / eta, -1.0 / eta**2, 2.0 / eta**3),
    "sqrt": lambda eta: (eta**2, 2.0 * eta, np.full_like(eta, 2.0)),
    "1/mu^2": _rooted,
}


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """The family at one predictor; (n,) each."""

    mu: Array
    score: Array  # -1/2 d deviance / d eta
    W: Array  # expected information
    B: Array  # observed information
    bend: Array  # dW / d eta
    deviance: float  # infinite out of range


@dataclass(frozen=True, slots=True, eq=False)
class DenseFamily:
    """A family with its data; `size` is that of a negative binomial."""

    name: str
    link: str
    y: Array  # (n,)
    w: Array  # (n,) trials included

    @property
    def has_one_mode(self) -> bool:
        """Whether the penalized deviance is convex in the predictor."""
        return self.link in ONE_MODE.get(self.name, ())

    def rows(self, eta: Array, size: float) -> Rows:
        """The family at eta (n,)."""
        y, w, family = self.y, self.w, self.name
        mu, slope, bend = LINKS[self.link](eta)
        V, dV = _variance(family, mu, size)
        is_in_range = family == "gaussian" or bool(np.all(mu > 0.0))
        change = bend / V - slope**2 * dV / V**2  # d (slope / V) / d eta
        W = w * slope**2 / V
        return Rows(
            mu=mu,
            score=w * (y - mu) * slope / V,
            W=W,
            B=W - w * (y - mu) * change,
            bend=w * slope * (bend / V + change),
            deviance=self.deviance(mu, size) if is_in_range and np.all(np.isfinite(mu)) else np.inf,
        )

    def deviance(self, mu: Array, size: float) -> float:
        """The deviance at mu (n,)."""
        return float(self.w @ self._unit(mu, size))

    def deviances(self, eta: Array, size: float) -> Array:
        """The deviance (N,) at each of the predictors eta (N, n), infinite out of range."""
        mu, _, _ = LINKS[self.link](eta)
        found = self._unit(mu, size) @ self.w
        is_in_range = np.isfinite(found) & ((self.name == "gaussian") | np.all(mu > 0.0, axis=1))
        return np.where(is_in_range, found, np.inf)

    def _unit(self, mu: Array, size: float) -> Array:
        """Each row's deviance of a weight of one."""
        y = self.y
        unit: Array
        match self.name:
            case "binomial":
                unit = 2.0 * (special.xlogy(y, y / mu) + special.xlogy(1.0 - y, (1.0 - y) / (1.0 - mu)))
            case "poisson":
                unit = 2.0 * (special.xlogy(y, y / mu) - (y - mu))
            case "Gamma":
                unit = -2.0 * (np.log(y / mu) - (y - mu) / mu)
            case "inverse.gaussian":
                unit = (y - mu) ** 2 / (y * mu**2)
            case "gaussian":
                unit = (y - mu) ** 2
            case _:
                unit = 2.0 * (
                    special.xlogy(y, np.maximum(y, 1.0) / mu) - (y + size) * np.log((y + size) / (mu + size))
                )
        return unit

    def loss(self, rows: Rows, size: float) -> tuple[float, Array]:
        """lme4's A less what hangs on neither mu nor a scale, and its slope in eta (n,)."""
        y, w, D, total = self.y, self.w, rows.deviance, float(np.sum(self.w))
        match self.name:
            case "gaussian":
                n = len(y)
                value = n * (np.log(2.0 * np.pi * D / n) + 1.0) + 2.0 - float(np.sum(np.log(w)))
                factor = n / D
            case "inverse.gaussian":
                value = total * (np.log(2.0 * np.pi * D / total) + 1.0) + 3.0 * float(w @ np.log(y)) + 2.0
                factor = total / D
            case "Gamma":
                a = total / D  # one over the dispersion, profiled as lme4 has it
                value = total - 2.0 * total * (a * np.log(a) - a - special.gammaln(a))
                value += 2.0 * float(w @ np.log(y)) + 2.0
                factor = 2.0 * a**2 * (np.log(a) - special.digamma(a))
            case "negative.binomial":
                terms = w * (y + size) * np.log(rows.mu + size) - special.xlogy(y, rows.mu)
                terms = terms + special.gammaln(y + 1.0) + special.gammaln(size) - size * np.log(size)
                terms = terms - special.gammaln(size + y)
                # the weights multiply the first product only: so it stands in lme4's C++
                in_mu = w * (y + size) / (rows.mu + size) - y / rows.mu
                slope = 2.0 * in_mu * LINKS[self.link](np.log(rows.mu))[1]
                return 2.0 * float(np.sum(terms)), slope
            case _:
                value, factor = D, 1.0
        return value, -2.0 * factor * rows.score


def _variance(family: str, mu: Array, size: float) -> tuple[Array, Array]:
    """V(mu) and its slope."""
    match family:
        case "binomial":
            return np.maximum(mu * (1.0 - mu), EPSILON), 1.0 - 2.0 * mu
        case "poisson":
            return mu, np.ones(len(mu))
        case "Gamma":
            return mu**2, 2.0 * mu
        case "inverse.gaussian":
            return mu**3, 3.0 * mu**2
        case "gaussian":
            return np.ones(len(mu)), np.zeros(len(mu))
    return mu + mu**2 / size, 1.0 + 2.0 * mu / size
