"""The covariance of the fixed effects that lme4 takes from its Hessian by differences (`vcov.merMod`)."""

from __future__ import annotations

import numpy as np
from scipy.linalg import lapack

from mmtriage.arrays import Array


def covariance_of_beta(hessian: Array, n_theta: int) -> Array | None:
    """Covariance (p, p) of beta: that block of H^-1 + H^-T; None where lme4 falls back to RX.

    lme4 asks nothing of the Hessian but that R's solve() can invert it, and nothing of its theta: where the
    block of beta is positive definite its standard errors are printed, whatever is wrong elsewhere.

    Args:
        hessian: of the criterion in (theta, beta), (m + p, m + p), by lme4's differences.
        n_theta: m.
    """
    inverse = _solved(hessian)
    if inverse is None:
        return None
    block = inverse[n_theta:, n_theta:]
    covariance: Array = block + block.T
    is_usable = np.all(np.isfinite(covariance)) and np.linalg.eigvalsh(covariance).min(initial=np.inf) > 0.0
    return covariance if is_usable else None


def _solved(matrix: Array) -> Array | None:
    """R's solve(): None where the reciprocal condition is below the machine epsilon."""
    if not np.all(np.isfinite(matrix)):
        return None
    factors, pivots, failed = lapack.dgetrf(matrix)
    if failed:
        return None
    reciprocal_condition, _ = lapack.dgecon(factors, np.abs(matrix).sum(axis=0).max(), norm="1")
    if reciprocal_condition < np.finfo(float).eps:
        return None
    inverse, _ = lapack.dgetrs(factors, pivots, np.eye(len(matrix)))
    return np.asarray(inverse)
