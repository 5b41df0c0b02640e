"""Families of distributions: variance, deviance, and the part A(mu) of lme4's criterion.

A is what lme4 calls `aic`: -2 log-likelihood at mu with these definitions (1.1-31, compiled code), where
phi = deviance / W and W = sum w:

    binomial            -2 sum (w/m) log dbinom(round(m y), round(m), mu), m = w, or trials if any exceeds 1
    poisson             -2 sum w log dpois(y, mu), infinite if a y is not a whole number
    Gamma               -2 sum w log dgamma(y, shape 1/phi, scale mu phi) + 2
    inverse.gaussian    W (log(2 pi phi) + 1) + 3 sum w log y + 2
    gaussian            n (log(2 pi deviance/n) + 1) + 2 - sum log w
    negative.binomial   2 sum [w (y + theta) log(mu + theta) - y log mu + ...]: in lme4, and so here, the
                        weights multiply only this first product

A distribution has its unit deviance d, with d' = -2 (y - mu) / V(mu), and either a saturated likelihood (a
fixed scale) or a profile over the scale phi; `Family` puts weights, link and theta to it.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np

from mmtriage.arrays import Array
from mmtriage.errors import OptionError, did_you_mean
from mmtriage.model.likelihoods import (
    binomial_saturated,
    digamma_error,
    excess,
    gamma_saturated,
    gamma_saturated_slope,
    negative_binomial_saturated,
    poisson_saturated,
)
from mmtriage.model.links import EPSILON, LINKS, Link
from mmtriage.model.spec import ModelSpec

NEGATIVE_BINOMIAL = "negative.binomial"
_WHOLE = 1e-7  # R's dpois: |x - round(x)| beyond this share of max(1, |x|) is not a whole number

_OfMu: TypeAlias = Callable[[Array, float], Array]  # (mu, theta)
_OfBoth: TypeAlias = Callable[[Array, Array, float], Array]  # (y, mu, theta)
_Profile: TypeAlias = Callable[[float, Array, Array], tuple[float, float]]  # (deviance, y, weights)


@dataclass(frozen=True, slots=True)
class _Distribution:
    links: tuple[str, ...]  # R's, the default first
    variance: _OfMu
    variance_slope: _OfMu
    deviance: _OfBoth  # of a weight of one
    deviance_slope: _OfBoth  # d/dmu
    start: Callable[[Array, Array], Array]  # (y, weights) -> mu
    profile: _Profile | None = None  # of a free scale: A and dA/d deviance


@dataclass(frozen=True, slots=True)
class Family:
    """A distribution with its link; y, mu, weights and trials are (n,), weights include the trials."""

    name: str
    link: Link
    theta: float | None = None  # of the negative binomial: V = mu + mu^2 / theta

    @property
    def scale_free(self) -> bool:
        """Whether a scale phi is estimated beside the mean."""
        return self._distribution.profile is not None

    @property
    def _distribution(self) -> _Distribution:
        return _DISTRIBUTIONS[self.name]

    @property
    def _theta(self) -> float:
        return math.nan if self.theta is None else self.theta

    @np.errstate(all="ignore")
    def variance(self, mu: Array) -> Array:
        """V(mu), (n,)."""
        return self._distribution.variance(mu, self._theta)

    @np.errstate(all="ignore")
    def variance_slope(self, mu: Array) -> Array:
        """dV/dmu, (n,)."""
        return self._distribution.variance_slope(mu, self._theta)

    @np.errstate(all="ignore")
    def deviance(self, y: Array, mu: Array, weights: Array) -> Array:
        """Each row's part of the deviance, (n,), as R's `dev.resids`; NaN where mu is out of range."""
        return weights * self._distribution.deviance(y, mu, self._theta)

    @np.errstate(all="ignore")
    def criterion(self, y: Array, mu: Array, weights: Array, trials: Array | None) -> float:
        """A(mu); NaN where R's density is NaN because mu is out of range."""
        profile = self._distribution.profile
        if profile is not None:
            return profile(float(np.sum(self.deviance(y, mu, weights))), y, weights)[0]
        if not self.has_mean(mu):
            return math.nan
        seen, counted = self._as_counted(y, weights, trials)
        total = self.saturated(y, weights, trials) + float(np.sum(self.deviance(seen, mu, counted)))
        if self.name == NEGATIVE_BINOMIAL:
            extra = (weights - 1) * ((y + self._theta) * (np.log(mu + self._theta) - np.log(y + self._theta)))
            total += 2 * float(np.sum(extra))
        return total

    @np.errstate(all="ignore")
    def criterion_slope(self, y: Array, mu: Array, weights: Array, trials: Array | None) -> Array:
        """dA/dmu, (n,); where the scale is free, also through phi."""
        distribution = self._distribution
        if distribution.profile is not None:
            _, factor = distribution.profile(float(np.sum(self.deviance(y, mu, weights))), y, weights)
            return factor * weights * distribution.deviance_slope(y, mu, self._theta)
        seen, counted = self._as_counted(y, weights, trials)
        slope = counted * distribution.deviance_slope(seen, mu, self._theta)
        if self.name == NEGATIVE_BINOMIAL:
            slope = slope + 2 * (weights - 1) * (y + self._theta) / (mu + self._theta)
        return slope

    @np.errstate(all="ignore")
    def saturated(self, y: Array, weights: Array, trials: Array | None) -> float:
        """A at mu = y; where the scale is fixed this is A less the deviance, else it is NaN.

        It leaves the deviance of A for rounded counts, y = round(m y) / round(m), and for weights that only
        multiply one product of the negative binomial: there A less the deviance changes (little) with mu.
        """
        seen, _ = self._as_counted(y, weights, trials)
        if self.name == "binomial":
            m = np.rint(_size(weights, trials))
            terms = np.where(m > 0, weights / np.where(m > 0, m, 1.0), 0.0)
            return float(np.sum(terms * binomial_saturated(np.rint(m * seen), m)))
        if self.name == "poisson":
            is_whole = np.abs(y - seen) <= _WHOLE * np.maximum(1.0, np.abs(y))
            return float(np.sum(weights * poisson_saturated(seen))) if np.all(is_whole) else math.inf
        if self.name == NEGATIVE_BINOMIAL:
            extra = 2 * (weights - 1) * (y + self._theta) * np.log(y + self._theta)
            return float(np.sum(negative_binomial_saturated(y, self._theta) + extra))
        return math.nan

    def has_mean(self, mu: Array) -> bool:
        """Whether every mu (n,) is a mean that the distribution can have, or is on the edge of those."""
        if self.name == "gaussian":
            return bool(np.all(np.isfinite(mu)))
        return bool(np.all(mu >= 0.0) and np.all(mu <= (1.0 if self.name == "binomial" else np.inf)))

    def start(self, y: Array, weights: Array, trials: Array | None = None) -> Array:
        """The mu that glmer starts from, (n,): R's `mustart`; of `cbind()` it leaves prior weights out."""
        return self._distribution.start(y, weights if trials is None else trials)

    def with_theta(self, theta: float) -> Family:
        """The negative binomial with this theta."""
        return replace(self, theta=theta)

    @np.errstate(all="ignore")
    def theta_slope(self, y: Array, mu: Array, weights: Array) -> float:
        """dA / d log theta of the negative binomial, without cancellation for a large theta."""
        theta = self._theta
        relative = (y - mu) / (mu + theta)
        size = np.full_like(y, theta)
        terms = relative - np.log1p(relative) + digamma_error(size) - digamma_error(size + y)
        extra = (weights - 1) * (np.log(mu + theta) + (y + theta) / (mu + theta))
        return 2 * theta * float(np.sum(terms + extra))

    @np.errstate(all="ignore")
    def deviance_theta_slope(self, y: Array, mu: Array, weights: Array) -> Array:
        """d deviance / d log theta of the negative binomial, (n,)."""
        relative = (y - mu) / (mu + self._theta)
        return 2 * weights * self._theta * (relative - np.log1p(relative))

    def _as_counted(self, y: Array, weights: Array, trials: Array | None) -> tuple[Array, Array]:
        """The response and weights that lme4's density is given: whole numbers of successes and trials."""
        if self.name == "binomial":
            size = _size(weights, trials)
            m = np.rint(size)
            return np.where(m > 0, np.rint(size * y) / np.where(m > 0, m, 1.0), 0.0), weights * (m > 0)
        if self.name == "poisson":
            return np.rint(y), weights
        return y, np.ones_like(y)


def family_of(spec: ModelSpec) -> Family:
    """The family of a model; the negative binomial has theta 1 until it is estimated.

    Raises:
        OptionError: no such family, or the family does not take the link.
    """
    if spec.family not in _DISTRIBUTIONS:
        raise OptionError(
            f"the family `{spec.family}` is not known",
            where="option --family",
            hint=did_you_mean(spec.family, FAMILIES) or f"Known are: {', '.join(FAMILIES)}.",
        )
    available = FAMILY_LINKS[spec.family]
    if spec.link not in available:
        raise OptionError(
            f"link `{spec.link}` not available for the {spec.family} family",
            where="option --link",
            hint=did_you_mean(spec.link, available) or f"Available links are: {', '.join(available)}.",
        )
    return Family(spec.family, LINKS[spec.link], 1.0 if spec.family == NEGATIVE_BINOMIAL else None)


def is_glmm(spec: ModelSpec) -> bool:
    """Whether the model is one for `glmer`; gaussian with the identity link is for `lmer`."""
    return spec.family != "gaussian" or spec.link != "identity"


def _size(weights: Array, trials: Array | None) -> Array:
    return trials if trials is not None and np.any(trials > 1) else weights


def _binomial_variance(mu: Array, _: float) -> Array:
    return np.maximum(mu * (1 - mu), EPSILON)


def _binomial_variance_slope(mu: Array, _: float) -> Array:
    return np.where(mu * (1 - mu) > EPSILON, 1 - 2 * mu, 0.0)


def _binomial_deviance(y: Array, mu: Array, _: float) -> Array:
    if np.all((y == 0) | (y == 1)):
        return -2 * np.where(y == 1, np.log(mu), np.log1p(-mu))  # the same, in a third of the time
    return 2 * (excess(y, mu) + excess(1 - y, 1 - mu))


def _binomial_slope(y: Array, mu: Array, _: float) -> Array:
    inside = -2 * (y - mu) / (mu * (1 - mu))
    return np.where(y == 0, 2 / (1 - mu), np.where(y == 1, -2 / mu, inside))


def _poisson_slope(y: Array, mu: Array, _: float) -> Array:
    return np.where(y == 0, 2.0, -2 * (y - mu) / mu)


def _gamma_deviance(y: Array, mu: Array, _: float) -> Array:
    return 2 * excess(mu, y) / mu


def _gamma_profile(deviance: float, y: Array, weights: Array) -> tuple[float, float]:
    """With phi = deviance / W: A = W + 2 sum w log y + W saturated(1/phi) + 2."""
    total = float(np.sum(weights))
    shape = float(np.float64(total) / deviance)
    value = total + 2 * float(np.sum(weights * np.log(y))) + total * gamma_saturated(shape) + 2
    return value, -(shape**2) * gamma_saturated_slope(shape)


def _inverse_gaussian_deviance(y: Array, mu: Array, _: float) -> Array:
    return np.square(y - mu) / (y * np.square(mu))


def _inverse_gaussian_profile(deviance: float, y: Array, weights: Array) -> tuple[float, float]:
    total = float(np.sum(weights))
    value = total * (float(np.log(2 * np.pi * deviance / total)) + 1) + 3 * float(np.sum(weights * np.log(y)))
    return value + 2, float(np.float64(total) / deviance)


def _gaussian_profile(deviance: float, y: Array, weights: Array) -> tuple[float, float]:
    n = y.size
    value = n * (float(np.log(2 * np.pi * deviance / n)) + 1) + 2 - float(np.sum(np.log(weights)))
    return value, float(np.float64(n) / deviance)


def _negative_binomial_deviance(y: Array, mu: Array, theta: float) -> Array:
    near = 2 * (excess(y, mu) - excess(y + theta, mu + theta))
    # far above y + theta the two excesses are mu to all digits, and their difference nothing
    log_ratio = np.log(y / mu, where=(y > 0) & np.isfinite(mu), out=np.zeros_like(mu))
    far = 2 * (y * log_ratio - (y + theta) * np.log((y + theta) / (mu + theta)))
    return np.where(mu > y + theta, far, near)


def _negative_binomial_slope(y: Array, mu: Array, theta: float) -> Array:
    return np.where(y == 0, 2.0, -2 * (y - mu) / mu) / (1 + mu / theta)


_DISTRIBUTIONS: dict[str, _Distribution] = {
    "gaussian": _Distribution(
        links=("identity", "log", "inverse"),
        variance=lambda mu, _: np.ones_like(mu),
        variance_slope=lambda mu, _: np.zeros_like(mu),
        deviance=lambda y, mu, _: np.square(y - mu),
        deviance_slope=lambda y, mu, _: -2 * (y - mu),
        start=lambda y, _: y,
        profile=_gaussian_profile,
    ),
    "binomial": _Distribution(
        links=("logit", "probit", "cloglog", "cauchit", "log"),
        variance=_binomial_variance,
        variance_slope=_binomial_variance_slope,
        deviance=_binomial_deviance,
        deviance_slope=_binomial_slope,
        start=lambda y, weights: (weights * y + 0.5) / (weights + 1),
    ),
    "poisson": _Distribution(
        links=("log", "identity", "sqrt"),
        variance=lambda mu, _: mu,
        variance_slope=lambda mu, _: np.ones_like(mu),
        deviance=lambda y, mu, _: 2 * excess(y, mu),
        deviance_slope=_poisson_slope,
        start=lambda y, _: y + 0.1,
    ),
    "Gamma": _Distribution(
        links=("inverse", "identity", "log"),
        variance=lambda mu, _: np.square(mu),
        variance_slope=lambda mu, _: 2 * mu,
        deviance=_gamma_deviance,
        deviance_slope=lambda y, mu, _: -2 * (y - mu) / np.square(mu),
        start=lambda y, _: y,
        profile=_gamma_profile,
    ),
    "inverse.gaussian": _Distribution(
        links=("1/mu^2", "inverse", "identity", "log"),
        variance=lambda mu, _: mu**3,
        variance_slope=lambda mu, _: 3 * np.square(mu),
        deviance=_inverse_gaussian_deviance,
        deviance_slope=lambda y, mu, _: -2 * (y - mu) / mu**3,
        start=lambda y, _: y,
        profile=_inverse_gaussian_profile,
    ),
    NEGATIVE_BINOMIAL: _Distribution(
        links=("log", "sqrt", "identity"),
        variance=lambda mu, theta: mu + np.square(mu) / theta,
        variance_slope=lambda mu, theta: 1 + 2 * mu / theta,
        deviance=_negative_binomial_deviance,
        deviance_slope=_negative_binomial_slope,
        start=lambda y, _: y + (y == 0) / 6,
    ),
}
FAMILIES = tuple(_DISTRIBUTIONS)
FAMILY_LINKS = {name: distribution.links for name, distribution in _DISTRIBUTIONS.items()}
DEFAULT_LINKS = {name: links[0] for name, links in FAMILY_LINKS.items()}
