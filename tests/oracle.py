"""The dense oracle: an LMM's likelihood written down as the textbook has it, with n x n matrices.

    y ~ N(X beta + offset, sigma^2 V),    V = W^-1 + sum_t Z_t (I (x) Sigma_t) Z_t',    Sigma_t = L_t L_t'

Slow, obvious and independent of the package: nothing here is imported from `mmtriage`. The constants are
lme4's (Bates et al. 2015, JSS 67(1), eq. 34 and 41): no log|X'X| in the REML criterion, and log|V| holds
- sum(log w).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.linalg import solve_triangular

from mmtriage.arrays import Array, Index

Block = tuple[Index, Array]  # level of each row (n,), the term's columns (n, k)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DenseFit:
    """Everything the likelihood says at one set of relative covariances."""

    criterion: float  # REML criterion or -2 log-likelihood, as asked for
    reml: float
    deviance: float  # -2 log-likelihood, sigma profiled by ML
    beta: Array  # (p,)
    vcov: Array  # (p, p), with sigma of the method asked for
    sigma: float


def relative_covariance(blocks: Sequence[Block], sigmas: Sequence[Array], weights: Array | None) -> Array:
    """V, (n, n): the covariance of y over sigma^2."""
    n = len(blocks[0][0])
    V = np.diag(np.ones(n) if weights is None else 1.0 / weights)
    for (codes, Z), Sigma in zip(blocks, sigmas, strict=True):
        same_level = codes[:, None] == codes[None, :]
        V += same_level * (Z @ Sigma @ Z.T)
    return V


def dense_fit(
    y: Array,
    X: Array,
    blocks: Sequence[Block],
    sigmas: Sequence[Array],
    *,
    reml: bool = True,
    weights: Array | None = None,
    offset: Array | None = None,
) -> DenseFit:
    """Generalized least squares at given relative covariances `sigmas`, one (k, k) per block."""
    n, p = X.shape
    response = y if offset is None else y - offset
    chol = np.linalg.cholesky(relative_covariance(blocks, sigmas, weights))
    white_X = solve_triangular(chol, X, lower=True)
    white_y = solve_triangular(chol, response, lower=True)
    Q, R = np.linalg.qr(white_X)
    beta = np.linalg.solve(R, Q.T @ white_y)
    residual = white_y - white_X @ beta
    pwrss = float(residual @ residual)
    logdet_V = 2.0 * float(np.sum(np.log(np.diag(chol))))
    logdet_XVX = 2.0 * float(np.sum(np.log(np.abs(np.diag(R)))))
    deviance = logdet_V + n * (1.0 + np.log(2.0 * np.pi * pwrss / n))
    criterion_reml = logdet_V + logdet_XVX + (n - p) * (1.0 + np.log(2.0 * np.pi * pwrss / (n - p)))
    sigma2 = pwrss / (n - p if reml else n)
    return DenseFit(
        criterion=criterion_reml if reml else deviance,
        reml=criterion_reml,
        deviance=deviance,
        beta=beta,
        vcov=sigma2 * np.linalg.inv(R.T @ R),
        sigma=float(np.sqrt(sigma2)),
    )


def relative_factors(theta: Array, sizes: Sequence[int]) -> list[Array]:
    """lme4's theta as lower-triangular (k, k) matrices, filled down the columns."""
    factors, position = [], 0
    for k in sizes:
        factor = np.zeros((k, k))
        for column in range(k):
            for row in range(column, k):
                factor[row, column] = theta[position]
                position += 1
        factors.append(factor)
    return factors


def dense_objective(
    y: Array,
    X: Array,
    blocks: Sequence[Block],
    *,
    reml: bool = True,
    weights: Array | None = None,
    offset: Array | None = None,
) -> Callable[[Array], float]:
    """The criterion as a function of lme4's raw theta."""
    sizes = [Z.shape[1] for _, Z in blocks]

    def objective(theta: Array) -> float:
        sigmas = [L @ L.T for L in relative_factors(np.asarray(theta), sizes)]
        return dense_fit(y, X, blocks, sigmas, reml=reml, weights=weights, offset=offset).criterion

    return objective
