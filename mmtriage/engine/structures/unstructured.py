"""An unstructured covariance: any S (k, k) of a given rank, on its face of the cone.

S of rank r lies on a face of the positive semidefinite cone. It is written S = F F' with F (k, r) lower
trapezoidal after a permutation of its rows, chosen so that the leading r rows are the largest (pivoted QR).
That leaves no rotation of F free, so the Hessian on a face has no null direction that means nothing.

At full rank F is the lower triangle that lme4 calls Lambda, without its bounds: the criterion depends on F F'
only, so the sign of a column is free and zero is an interior point.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.linalg import qr

from mmtriage.arrays import Array, Index, Mask
from mmtriage.engine.structures.covariance_factor import CovarianceFactor


@dataclass(frozen=True, slots=True, eq=False)
class TermFace:
    """The face of one term: its rank and the order of its rows."""

    width: int  # k
    order: Index  # rows used, permuted: the first `rank` carry the triangle
    rank: int
    entries: tuple[Index, Index]  # rows and columns of F that are parameters

    @property
    def size(self) -> int:
        """Number of parameters."""
        return len(self.entries[0])

    @property
    def is_diagonal(self) -> Mask:
        """Which parameters, (size,), stand on the diagonal of F: |S| is the product of their squares."""
        return np.equal(self.entries[0], self.order[self.entries[1]])

    def factor(self, x: Array) -> Array:
        """F, padded to (k, k), at the parameters x (size,)."""
        F = np.zeros((self.width, self.width))
        F[self.entries] = x
        return F

    def slopes(self, D: Array) -> Array:
        """The slopes in the parameters (size,) of what has the slopes D (k, k) in F."""
        taken: Array = D[self.entries]
        return taken


def face_of_rank(at: CovarianceFactor, rank: int) -> tuple[TermFace, Array]:
    """The face of a rank that is nearest to a covariance, and the nearest point on it, (size,)."""
    half = at.principal(rank)
    support = at.support
    if rank == support:
        order = np.arange(support)
        upper = np.asarray(np.linalg.qr(half.T, mode="r"))
    elif rank == 0:
        order, upper = np.arange(support), np.zeros((0, support))
    else:
        _, upper, order = qr(half.T, mode="economic", pivoting=True)
    rows, columns = np.nonzero(np.tri(support, rank, dtype=bool))
    entries = (order[rows].astype(np.int64), columns)
    trapezoid = np.zeros((len(at.F), len(at.F)))
    trapezoid[order, :rank] = upper.T
    face = TermFace(len(at.F), order.astype(np.int64), rank, entries)
    return face, face.slopes(trapezoid)
