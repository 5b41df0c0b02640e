"""What a fitted model says: estimates, standard errors, information criteria, in the user's units.

Conventions are lme4's: the log-likelihood of a REML fit is minus half its REML criterion, df counts fixed
effects, theta and sigma, BIC uses the number of rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, Self

import numpy as np

from mmtriage.arrays import Array

# How the standard errors of beta were computed: from sigma^2 (RX' RX)^-1, exact for a linear mixed model; of
# a generalized one from the joint Hessian in (theta, beta), or from RX, as if theta were known, where that
# Hessian is not positive definite or nagq is 0. Those of a fit made elsewhere are "given".
SeMethod = Literal["exact", "hessian", "conditional", "given"]
LOG_NB_THETA = "log(theta)"  # the name of the free parameter that is log theta of a negative binomial


@dataclass(frozen=True, slots=True, eq=False)
class Fit:
    """A model at one value of its covariances."""

    criterion: float  # REML criterion or -2 log-likelihood
    df: int
    n: int
    theta: Array  # lme4's: column-major lower triangles, terms in lme4's order
    factors: tuple[Array, ...]  # per term (k, k), orthonormal coordinates
    sigma: float
    beta: Array  # (p,)
    vcov: Array  # (p, p)
    covariances: tuple[Array, ...]  # per term (k, k), variances of the random effects in the user's units
    shares: tuple[float, ...]  # per term: share of the residual-plus-random variance of an average row
    nb_theta: float | None = None  # of the negative binomial
    se_method: SeMethod = "exact"
    saturated: float = 0.0  # what the criterion of adaptive quadrature leaves out of -2 log-likelihood
    mu: Array | None = None  # (n,) means at the conditional modes, of generalized models
    profiles_beta: bool = True  # whether lme4's optimizer moves theta alone

    @property
    def parameters(self) -> Array:
        """What lme4's last optimizer moves: theta (m,), or theta and beta (m + p,)."""
        return self.theta if self.profiles_beta else np.concatenate([self.theta, self.beta])

    @property
    def se(self) -> Array:
        """Standard errors of beta (p,)."""
        with np.errstate(invalid="ignore"):  # NaN where there is no optimum, and no covariance
            root: Array = np.sqrt(np.diag(self.vcov))
        return root

    def without_numbers(self) -> Self:
        """The same criterion and theta, and NaN for whatever else lme4 would print."""
        return replace(
            self,
            sigma=np.nan,
            beta=np.full_like(self.beta, np.nan),
            vcov=np.full_like(self.vcov, np.nan),
            covariances=tuple(np.full_like(S, np.nan) for S in self.covariances),
            shares=(np.nan,) * len(self.shares),
        )

    @property
    def log_likelihood(self) -> float:
        return -0.5 * (self.criterion + self.saturated)

    @property
    def aic(self) -> float:
        return -2.0 * self.log_likelihood + 2.0 * self.df

    @property
    def bic(self) -> float:
        return -2.0 * self.log_likelihood + float(np.log(self.n)) * self.df


@dataclass(frozen=True, slots=True, eq=False)
class RandomEffects:
    """The random effects given the estimates, as lme4's ranef(condVar = TRUE); (levels, k) per term."""

    modes: Sequence[Array]  # in the user's columns
    sds: Sequence[Array]


def correlation(covariance: Array) -> tuple[Array, Array]:
    """Standard deviations (k,) and correlations (k, k), NaN where a standard deviation is zero."""
    sd = np.sqrt(np.diag(covariance))
    with np.errstate(invalid="ignore", divide="ignore"):
        matrix = covariance / np.outer(sd, sd)
    matrix = np.clip(matrix, -1.0, 1.0)
    matrix[np.diag_indices(len(sd))] = np.where(sd > 0, 1.0, np.nan)
    return sd, matrix


def largest_shift(beta: Array, reference: Fit) -> float:
    """Largest distance of `beta` (p,) from the reference's, in the reference's standard errors."""
    if not len(beta):
        return 0.0
    with np.errstate(invalid="ignore", divide="ignore"):  # where no optimum is proven an error may be zero
        return float(np.max(np.abs(beta - reference.beta) / reference.se))


def residual_change(fit: Fit, reference: Fit) -> float:
    """Relative change of the residual standard deviation; it is one where there is none."""
    return abs(fit.sigma / reference.sigma - 1.0) if reference.sigma > 0.0 else 0.0


def largest_sd_change(fit: Fit, reference: Fit) -> float:
    """Largest relative change of a random-effect standard deviation, per average row, or of the residual one.

    Standard deviations are those of the random effects as the user's columns have them; where the
    reference has none in a term, the change is relative to the residual standard deviation.
    """
    worst = residual_change(fit, reference)
    for mine, theirs, F in zip(fit.covariances, reference.covariances, fit.factors, strict=True):
        a, b = np.sqrt(np.diag(mine)), np.sqrt(np.diag(theirs))
        if np.any(b > 0):
            change = np.abs(a - b) / np.where(b > 0, b, np.inf)
        else:
            change = np.array([np.linalg.norm(F)])
        worst = max(worst, float(np.max(change, initial=0.0)))
    return worst
