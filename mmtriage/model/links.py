"""Link functions: eta = g(mu), its inverse, and the inverse's first two derivatives.

The bounds are those of lme4 1.1-31's compiled families: `logit` and `cloglog` keep mu inside [eps, 1 - eps]
and the slope above eps, `log` keeps both above eps, `probit` and `cauchit` keep mu below 1 - eps. Where a
bound holds the slope no longer changes, so the curvature is zero there. A linear predictor outside the
domain of a link (`inverse` at 0, `1/mu^2` below 0) gives what arithmetic gives, infinities and NaN, as it
does in lme4.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np
from scipy.special import logit, ndtr, ndtri

from mmtriage.arrays import Array

EPSILON = float(np.finfo(float).eps)
_Map: TypeAlias = Callable[[Array], Array]


@dataclass(frozen=True, slots=True)
class Bare:
    """The functions of a link without their guard against NumPy's warnings, for loops that have one."""

    inverse: _Map
    slope: _Map
    curvature: _Map


@dataclass(frozen=True, slots=True)
class Link:
    """A link; every function takes and gives (n,) arrays and never warns."""

    name: str  # as in R
    link: _Map  # mu -> eta
    inverse: _Map  # eta -> mu
    slope: _Map  # eta -> dmu/deta
    curvature: _Map  # eta -> d2mu/deta2
    bare: Bare
    is_unitless: bool = False  # eta is a logarithm, or a normal deviate: its size does not depend on units
    is_folded: bool = False  # eta and -eta have one mean: a likelihood may have a mode of either sign
    side_of_positive: int | None = None  # the sign that eta must have for the mean to be positive, if any
    side_of_shares: int | None = None  # the sign that eta must have for the mean to be below 1, if any
    latent_variance: float = math.nan  # of the variable whose being above 0 is a success; NaN: not used


def _quiet(function: _Map) -> _Map:
    """The function without numpy's warnings: overflow and NaN are results here."""

    def quiet(argument: Array) -> Array:
        with np.errstate(all="ignore"):
            return np.asarray(function(np.asarray(argument, dtype=np.float64)), dtype=np.float64)

    return quiet


def _link(name: str, link: _Map, inverse: _Map, slope: _Map, curvature: _Map) -> Link:
    bare = Bare(inverse, slope, curvature)
    return Link(name, _quiet(link), _quiet(inverse), _quiet(slope), _quiet(curvature), bare)


def _below_one(mu: Array) -> Array:
    return np.minimum(mu, 1 - EPSILON)


def _bounded(value: Array) -> Array:
    return np.maximum(value, EPSILON)


def _unless_bounded(curvature: Array, slope: Array) -> Array:
    """The curvature where the slope is above its bound, else 0."""
    return np.where(slope > EPSILON, curvature, 0.0)


def _logistic_density(eta: Array) -> Array:
    tail = np.exp(-np.abs(eta))
    return np.asarray(tail / np.square(1 + tail))


def _logit_curvature(eta: Array) -> Array:
    slope = _logistic_density(eta)
    return _unless_bounded(-slope * np.tanh(eta / 2), slope)


def _normal_density(eta: Array) -> Array:
    return np.asarray(np.exp(-np.square(eta) / 2) / np.sqrt(2 * np.pi))


def _cauchit_inverse(eta: Array) -> Array:
    # arctan2(1, -eta) / pi is 1/2 + arctan(eta) / pi without its cancellation in the lower tail.
    return _below_one(np.arctan2(1.0, -eta) / np.pi)


def _gumbel_density(eta: Array) -> Array:
    return np.asarray(np.exp(eta - np.exp(eta)))


def _cloglog_curvature(eta: Array) -> Array:
    slope = _gumbel_density(eta)
    return _unless_bounded(slope * -np.expm1(eta), slope)


_IDENTITY = _link("identity", np.copy, np.copy, np.ones_like, np.zeros_like)
_LOG = _link(
    "log",
    np.log,
    lambda eta: _bounded(np.exp(eta)),
    lambda eta: _bounded(np.exp(eta)),
    lambda eta: _unless_bounded(np.exp(eta), np.exp(eta)),
)
_LOGIT = _link(
    "logit",
    logit,
    lambda eta: _bounded(_below_one(1 / (1 + np.exp(-eta)))),
    lambda eta: _bounded(_logistic_density(eta)),
    _logit_curvature,
)
_PROBIT = _link(
    "probit",
    ndtri,
    lambda eta: _below_one(ndtr(eta)),
    _normal_density,
    lambda eta: -eta * _normal_density(eta),
)
_CAUCHIT = _link(
    "cauchit",
    lambda mu: -1 / np.tan(np.pi * mu),
    _cauchit_inverse,
    lambda eta: 1 / (np.pi * (1 + np.square(eta))),
    lambda eta: -2 * eta / (np.pi * np.square(1 + np.square(eta))),
)
_CLOGLOG = _link(
    "cloglog",
    lambda mu: np.log(-np.log1p(-mu)),
    lambda eta: _bounded(_below_one(-np.expm1(-np.exp(eta)))),
    lambda eta: _bounded(_gumbel_density(eta)),
    _cloglog_curvature,
)
_INVERSE = _link(
    "inverse",
    lambda mu: 1 / mu,
    lambda eta: 1 / eta,
    lambda eta: -1 / np.square(eta),
    lambda eta: 2 / eta**3,
)
_SQRT = _link("sqrt", np.sqrt, np.square, lambda eta: 2 * eta, lambda eta: np.full_like(eta, 2.0))
_INVERSE_SQUARE = _link(
    "1/mu^2",
    lambda mu: 1 / np.square(mu),
    lambda eta: 1 / np.sqrt(eta),
    lambda eta: -0.5 * eta**-1.5,
    lambda eta: 0.75 * eta**-2.5,
)

LINKS: dict[str, Link] = {
    link.name: link
    for link in (
        replace(_IDENTITY, side_of_positive=1),
        replace(_LOG, is_unitless=True, side_of_shares=-1),
        replace(_LOGIT, is_unitless=True, latent_variance=math.pi**2 / 3.0),
        replace(_PROBIT, is_unitless=True, latent_variance=1.0),
        replace(_CAUCHIT, is_unitless=True),
        replace(_CLOGLOG, is_unitless=True, latent_variance=math.pi**2 / 6.0),
        replace(_INVERSE, side_of_positive=1),
        replace(_SQRT, is_folded=True),
        replace(_INVERSE_SQUARE, side_of_positive=1),
    )
}
