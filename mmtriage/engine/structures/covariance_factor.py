"""A factor F (k, k) of one term's relative covariance S = F F', and what is asked of it.

F is written in the orthonormal columns of the term (`algebra/coordinates.py`), so a singular value of F is a
standard deviation per observation along a principal direction, relative to sigma. F is one of many: the
criterion depends on F F' only. Rows of F beyond the rank of the term's columns are zero: they belong to no
direction that the data know.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from mmtriage.arrays import Array
from mmtriage.engine.algebra.coordinates import TermBasis

NULL_PROBE = 1e-8  # relative SD given to a null direction, to divide G out of G F: error of order 1e-16
SMALLEST_DIVISOR = 1e-12  # relative SD below which G is not divided out of G F


@dataclass(frozen=True, slots=True, eq=False)
class CovarianceFactor:
    """F with the number of its leading rows that can vary at all: the rank of the term's columns."""

    F: Array  # (k, k)
    support: int

    @property
    def size(self) -> float:
        """The largest relative standard deviation."""
        return float(np.linalg.norm(self.F, 2)) if self.F.size else 0.0

    @property
    def singular_values(self) -> Array:
        """Relative standard deviations along the principal directions (k,), largest first."""
        return np.asarray(np.linalg.svd(self.F, compute_uv=False))

    def principal(self, rank: int) -> Array:
        """The first `rank` principal directions, each as long as its standard deviation, (support, rank)."""
        U, d, _ = np.linalg.svd(self.F[: self.support])
        half: Array = U[:, :rank] * d[:rank]
        return half

    def null_space(self, rank: int) -> Array:
        """Orthonormal basis (k, support - rank) of the directions in which F F' could vary and does not."""
        U, _, _ = np.linalg.svd(self.F[: self.support, : self.support])
        basis = np.zeros((len(self.F), self.support - rank))
        basis[: self.support] = U[:, rank:]
        return basis

    def opened(self, least: float) -> Array:
        """F with no standard deviation below `least` along a direction that can vary."""
        U, d, Vt = np.linalg.svd(self.F[: self.support, : self.support])
        G = np.zeros_like(self.F)
        G[: self.support, : self.support] = (U * np.maximum(d, least)) @ Vt
        return G

    def with_column(self, column: Array, rank: int) -> Array:
        """A factor of F F' + c c' for a column c (k,), where F F' is of the given rank."""
        U, d, _ = np.linalg.svd(self.F)
        G = np.zeros_like(self.F)
        G[:, :rank] = U[:, :rank] * d[:rank]
        G[:, rank] = column
        return G

    def probe(self) -> tuple[Array, Array]:
        """F with its null directions given `NULL_PROBE`, and the inverse of that."""
        U, d, Vt = np.linalg.svd(self.F)
        d = np.maximum(d, NULL_PROBE)
        return (U * d) @ Vt, (Vt.T / d) @ U.T

    def covariance_slope(self, D: Array) -> Array:
        """G (k, k) from D = 2 G F; directions in which F vanishes altogether are left at zero."""
        U, d, Vt = np.linalg.svd(self.F)
        inverse = np.where(d > SMALLEST_DIVISOR, 1.0 / np.maximum(d, SMALLEST_DIVISOR), 0.0)
        G: Array = 0.5 * D @ (Vt.T * inverse) @ U.T
        return 0.5 * (G + G.T)


def covariance_factors(factors: Sequence[Array], supports: Sequence[int]) -> list[CovarianceFactor]:
    """The factors of all terms."""
    return [CovarianceFactor(F, support) for F, support in zip(factors, supports, strict=True)]


def in_users_columns(factors: Sequence[Array], bases: Sequence[TermBasis]) -> list[Array]:
    """Each F (k, r) in the user's columns: `inverse F`."""
    return [basis.inverse @ F for basis, F in zip(bases, factors, strict=True)]


def covariance_gradient(
    factors: Sequence[Array], gradient: Callable[[Sequence[Array]], Sequence[Array]]
) -> list[Array]:
    """`G_t = d criterion / d S_t`, (k, k) symmetric, from `gradient(factors)` = 2 G_t F_t.

    Exact on the null directions of S_t too, which F_t cannot be divided out of: there F_t is moved by next to
    nothing first.
    """
    probes, inverses = zip(*(CovarianceFactor(F, len(F)).probe() for F in factors), strict=True)
    G = [0.5 * D @ inverse for D, inverse in zip(gradient(probes), inverses, strict=True)]
    return [0.5 * (g + g.T) for g in G]
