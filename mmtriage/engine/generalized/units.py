"""The units in which a generalized model is computed, so that the unit of the response decides nothing.

Where the scale is estimated, a response in other units is the same model: with y = k y*, the mean is k mu*,
the linear predictor is c eta* + s (a power of k for identity, inverse and 1/mu^2; a shift by log k for log),
and the unit deviance is k^a d*, a = 2 - p where V(mu) = mu^p. The conditional modes minimize D + |u|^2 = k^a
(D* + |u*|^2) with u = k^(a/2) u*, so they are the same modes for

    Lambda = c k^(-a/2) Lambda*,   beta = c beta*,   sigma = k^(a/2) sigma*,

and log|M| is the same number. What is not the same is lme4's criterion: it adds |u|^2 as it stands, without
dividing it by the dispersion, so that

    f = log|M*| + kappa |u*|^2 + A*(mu*) + constant,   kappa = k^a.

For Gamma a is 0 and f less its constant does not depend on the unit; for a Gaussian with a link (a = 2) and
an inverse Gaussian (a = -1) it does, and kappa is where the unit of the user enters. k is a power of two, so
that no digit changes. Quadrature leaves A out: there kappa is all that a unit changes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mmtriage.arrays import Array
from mmtriage.model.families import Family

# Links under which a multiple of the mean is a multiple of the predictor, or a shift: no logit is among them.
SCALING = ("identity", "inverse", "1/mu^2", "sqrt", "log")


@dataclass(frozen=True, slots=True)
class Units:
    """How what is computed (starred above) becomes the user's."""

    response: float = 1.0  # k
    predictor: float = 1.0  # c
    shift: float = 0.0  # s
    penalty: float = 1.0  # kappa
    constant: float = 0.0  # of the criterion, deviance units

    @property
    def root_penalty(self) -> float:
        """k^(a/2): sigma and u in the user's unit, over what is computed."""
        return float(np.sqrt(self.penalty))

    @property
    def factor(self) -> float:
        """Lambda in the user's unit, over what is computed."""
        return self.predictor / self.root_penalty

    def offset(self, offset: Array) -> Array:
        """The offset (n,) to compute with."""
        moved: Array = (offset - self.shift) / self.predictor
        return moved


def units_of(family: Family, y: Array, weights: Array) -> Units:
    """Units in which a response (n,) is of the order of one; the user's own where the scale is fixed."""
    size = float(np.sqrt(np.mean(y * y)))
    if not family.distribution.estimates_scale or family.link.name not in SCALING or not 0.0 < size < np.inf:
        return Units()
    k = float(2.0 ** np.round(np.log2(size)))
    penalty = _penalty(family, k)
    predictor, shift = predictor_in_unit(family, k)
    return Units(
        response=k,
        predictor=predictor,
        shift=shift,
        penalty=penalty,
        constant=_constant(family, y, k, penalty, weights),
    )


def hangs_on_unit(family: Family) -> bool:
    """Whether lme4's criterion is another one in another unit of the response: kappa is not one."""
    has_unit = family.distribution.estimates_scale and family.link.name in SCALING
    return has_unit and _penalty(family, 2.0) != 1.0


def predictor_in_unit(family: Family, k: float) -> tuple[float, float]:
    """What a predictor is multiplied by, and moved by, where the mean is k times as large."""
    one, many = family.link.link(np.array([1.0, k]))
    if float(one) == 0.0:  # a log link: a multiple of the mean moves the predictor
        return 1.0, float(many)
    return float(many / one), 0.0


def _penalty(family: Family, k: float) -> float:
    """kappa = k^a."""
    at_one, at_two = family.variance(np.array([1.0, 2.0]))
    return float(k ** (2.0 - float(np.log2(at_two / at_one))))


def _constant(family: Family, y: Array, k: float, penalty: float, weights: Array) -> float:
    """A at a deviance of `penalty`, in the user's unit, less A* at a deviance of one."""
    in_users, _ = family.profile(penalty, y, weights)
    computed, _ = family.profile(1.0, y / k, weights)
    return in_users - computed
