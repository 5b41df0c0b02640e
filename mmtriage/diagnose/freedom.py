"""How many degrees of freedom the fixed and random effects of a fit use up between them.

At the modes the fitted linear predictor is that of a ridge regression with working weights W,

    H = M (M'W M + P)^-1 M'W,   M = [X, Z Lambda],   P = diag(0, I),    tr H = p + q - tr_u (M'W M + P)^-1,

and tr H lies between p (no variance between groups) and p + q (groups as good as fixed). The last trace, of
the random effects' block, is estimated from solutions for random signs (Hutchinson 1990), exactly where there
are no more random effects than probes, by conjugate gradients that touch nothing but the n rows.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from scipy.sparse import csr_array, hstack

from mmtriage.arrays import Array
from mmtriage.model.ranef import RandomTerm
from mmtriage.model.tall import orthonormal_columns

MOST_PROBES, FEWEST_PROBES = 200, 16  # the error falls with the number of effects, so large tables need few
CELLS = 2_000_000  # rows times probes, in between
CLOSE = 1e-5  # relative residual at which a solution is good enough for a trace
MOST_STEPS = 500


def used_degrees(X: Array, terms: Sequence[RandomTerm], covariances: Sequence[Array], W: Array) -> float:
    """tr H from X (n, p), the terms' Z, their relative covariances (k, k) and working weights (n,)."""
    root = np.sqrt(W)[:, None]
    fixed = X * root
    random = hstack([_spherical(term, S, root) for term, S in zip(terms, covariances, strict=True)], "csr")
    q = random.shape[1]
    Q, _ = orthonormal_columns(fixed)  # columns of any scale and origin
    cross = random.T @ Q  # (q, p)

    def apply(v: Array) -> Array:
        """(Z'W Z + I - Z'W X (X'W X)^-1 X'W Z) v for v (q, r), the Schur complement of the fixed effects."""
        image: Array = random.T @ (random @ v) + v
        reduced: Array = image - cross @ (cross.T @ v)
        return reduced

    diagonal = 1.0 + np.asarray(random.multiply(random).sum(axis=0)).ravel()
    probes, share = _probes(q, len(X))
    trace = float(np.sum(probes * _solve(apply, probes, diagonal))) * share
    return float(X.shape[1] + q - trace)


def _spherical(term: RandomTerm, covariance: Array, root: Array) -> csr_array:
    """sqrt(W) Z Lambda of a term, (n, levels k)."""
    values, vectors = np.linalg.eigh(covariance)
    columns = term.Z @ (vectors * np.sqrt(np.maximum(values, 0.0))) * root
    n, k = columns.shape
    indices = term.codes[:, None] * k + np.arange(k)
    shape = (n, len(term.levels) * k)
    return csr_array((columns.ravel(), indices.ravel(), np.arange(0, n * k + 1, k)), shape=shape)


def _probes(q: int, n: int) -> tuple[Array, float]:
    """Right-hand sides (q, r) and what a sum over them counts for."""
    count = min(max(CELLS // n, FEWEST_PROBES), MOST_PROBES)
    if q <= count:
        return np.eye(q), 1.0
    signs = np.random.default_rng(0).choice([-1.0, 1.0], size=(q, count))
    return signs, 1.0 / count


def _solve(apply: Callable[[Array], Array], right: Array, diagonal: Array) -> Array:
    """Solve A x = b for the columns of b (q, r) by conjugate gradients, scaled by the diagonal of A."""
    x = np.zeros_like(right)
    residual = right.copy()
    scaled = residual / diagonal[:, None]
    direction = scaled.copy()
    length = np.sum(residual * scaled, axis=0)
    target = CLOSE**2 * length
    for _ in range(MOST_STEPS):
        if np.all(length <= target):
            break
        image = apply(direction)
        curvature = np.sum(direction * image, axis=0)
        step = np.where(length > target, length / np.where(curvature > 0, curvature, 1.0), 0.0)
        x += step * direction
        residual -= step * image
        scaled = residual / diagonal[:, None]
        before, length = length, np.sum(residual * scaled, axis=0)
        direction = scaled + np.where(before > 0, length / np.where(before > 0, before, 1.0), 0.0) * direction
    return x
