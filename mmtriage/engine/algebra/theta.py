"""lme4's theta: the random terms' relative Cholesky factors, laid out in one vector.

A term with k columns has a lower-triangular L (k, k) with Sigma = sigma^2 L L'. theta holds the lower
triangles of all terms in lme4's order of terms, each read down its columns:

    L = [a . .]
        [b d .]   ->   theta = (a, b, c, d, e, f)
        [c e f]

Its diagonal elements (a, d, f) are bounded below by 0, the others are free.

`sizes` is the tuple of the k's throughout.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from mmtriage.arrays import Array, Mask


def theta_length(sizes: Sequence[int]) -> int:
    """m, the number of elements of theta."""
    return sum(k * (k + 1) // 2 for k in sizes)


def is_diagonal(sizes: Sequence[int]) -> Mask:
    """Which elements of theta stand on the diagonal of their factor, (m,)."""
    rows, columns = _positions(sizes)
    return np.equal(rows, columns)


def lower_bounds(sizes: Sequence[int]) -> Array:
    """0 for diagonal elements, -inf for the others, (m,)."""
    return np.where(is_diagonal(sizes), 0.0, -np.inf)


def template_theta(sizes: Sequence[int]) -> Array:
    """lme4's start unless it knows better: every factor the identity, (m,)."""
    return np.where(is_diagonal(sizes), 1.0, 0.0)


def theta_names(groups: Sequence[str], columns: Sequence[Sequence[str]]) -> tuple[str, ...]:
    """lme4's names: "Subject.(Intercept)", "Subject.Days.(Intercept)" (row, then column), "Subject.Days"."""
    names = []
    for group, term in zip(groups, columns, strict=True):
        for j, column in enumerate(term):
            names.append(f"{group}.{column}")
            names.extend(f"{group}.{row}.{column}" for row in term[j + 1 :])
    return tuple(names)


def factors_of_theta(theta: Array, sizes: Sequence[int]) -> list[Array]:
    """The lower-triangular factors, one (k, k) per term."""
    factors, start = [], 0
    for k in sizes:
        stop = start + k * (k + 1) // 2
        upper = np.zeros((k, k))
        upper[_upper(k)] = theta[start:stop]  # rows of L' are columns of L
        factors.append(upper.T.copy())
        start = stop
    return factors


def theta_of_factors(factors: Sequence[Array]) -> Array:
    """theta (m,) from lower-triangular factors; the inverse of `factors_of_theta`."""
    parts = [factor.T[_upper(len(factor))] for factor in factors]
    return np.concatenate(parts) if parts else np.zeros(0)


def lme4_theta(raw: Sequence[Array]) -> Array:
    """lme4's theta for factors F (k, r) in the user's columns: triangles L, diagonal >= 0, L L' = F F'."""
    triangles = [np.asarray(np.linalg.qr(F.T, mode="r")).T for F in raw]
    return theta_of_factors([L * np.where(np.diag(L) < 0, -1.0, 1.0) for L in triangles])


@lru_cache(maxsize=64)
def _upper(k: int) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Rows and columns of the upper triangle of (k, k), asked for at every evaluation."""
    return np.triu_indices(k)


def _positions(sizes: Sequence[int]) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Row and column in its own factor of every element of theta, each (m,)."""
    pairs = [_upper(k) for k in sizes]
    columns = np.concatenate([pair[0] for pair in pairs]) if pairs else np.zeros(0, dtype=np.intp)
    rows = np.concatenate([pair[1] for pair in pairs]) if pairs else np.zeros(0, dtype=np.intp)
    return rows, columns
