"""An unstructured covariance: any S (k, k) of a given rank, on its face of the cone.

S of rank r lies on a face of the positive semidefinite cone. It is written S = F F' with F (k, r) lower
trapezoidal after a permutation of its rows, chosen so that the leading r rows are the largest (pivoted QR).
That leaves no rotation of F free, so the Hessian on a face has no null direction that means nothing.

At full rank F is the lower triangle that lme4 calls Lambda, without its bounds: the criterion depends on F F'
only, so the sign of a column is free and zero is an interior point.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.linalg import qr

from mmtriage.arrays import Array, Index, Mask
from mmtriage.engine.algebra.theta import (
    factors_of_theta,
    lme4_theta,
    lower_bounds,
    template_theta,
    theta_names,
)
from mmtriage.engine.structures.covariance_factor import CovarianceFactor
from mmtriage.engine.structures.interfaces import Inward, Stratum


@dataclass(frozen=True, slots=True)
class Unstructured:
    """lme4's `us`, and every term without a tag: the parameters are the lower triangle of L itself."""

    width: int

    @property
    def lower(self) -> Array:
        """0 for diagonal elements, -inf for the others."""
        return lower_bounds((self.width,))

    @property
    def upper(self) -> Array:
        """There is none."""
        return np.full(len(self.lower), np.inf)

    @property
    def start(self) -> Array:
        """The identity."""
        return template_theta((self.width,))

    @property
    def parts(self) -> Array:
        """One for each entry of the lower triangle."""
        places = [(i, j) for i in range(self.width) for j in range(i + 1)]
        parts = np.zeros((len(places), self.width, self.width))
        for part, (i, j) in zip(parts, places, strict=True):
            part[i, j] = part[j, i] = 1.0
        return parts

    def names(self, group: str, columns: Sequence[str]) -> tuple[str, ...]:
        """ "Subject.(Intercept)", "Subject.Days.(Intercept)", "Subject.Days"."""
        return theta_names((group,), (columns,))

    def factor(self, parameters: Array) -> Array:
        """L (k, k)."""
        return factors_of_theta(parameters, (self.width,))[0]

    def loses_rho(self, parameters: Array) -> bool:
        """There is none."""
        del parameters
        return False

    def parameters(self, raw: Array) -> Array:
        """The triangle with a diagonal that is not negative."""
        return lme4_theta([raw])


@dataclass(frozen=True, slots=True)
class RankCone:
    """The cone of positive semidefinite S; the stratum of a rank is that rank."""

    support: int  # leading rows of F that can vary at all: the rank of the term's columns

    @property
    def interior(self) -> int:
        """Full rank."""
        return self.support

    @property
    def origin(self) -> int:
        """No rank."""
        return 0

    def face(self, F: Array, stratum: Stratum) -> tuple[RankFace, Array]:
        """`face_of_rank`."""
        assert isinstance(stratum, int)
        return face_of_rank(CovarianceFactor(F, self.support), stratum)


@dataclass(frozen=True, slots=True, eq=False)
class RankFace:
    """The face of one term: its rank and the order of its rows."""

    width: int  # k
    support: int
    order: Index  # rows used, permuted: the first `rank` carry the triangle
    rank: int
    entries: tuple[Index, Index]  # rows and columns of F that are parameters

    @property
    def size(self) -> int:
        """Number of parameters."""
        return len(self.entries[0])

    @property
    def stratum(self) -> int:
        """The rank."""
        return self.rank

    @property
    def is_open(self) -> bool:
        """Whether the rank is full."""
        return self.rank == self.support

    @property
    def is_diagonal(self) -> Mask:
        """Which parameters, (size,), stand on the diagonal of F: |S| is the product of their squares."""
        return np.equal(self.entries[0], self.order[self.entries[1]])

    def factor(self, x: Array) -> Array:
        """F, padded to (k, k), at the parameters x (size,)."""
        F = np.zeros((self.width, self.width))
        F[self.entries] = x
        return F

    def slopes(self, x: Array, D: Array) -> Array:
        """The entries of D (k, k) that are parameters."""
        del x
        taken: Array = D[self.entries]
        return taken

    def scales(self, x: Array, natural: float) -> Array:
        """A natural step in F is one in each entry."""
        del x
        return np.full(self.size, natural)

    def carry(self, x: Array, F: Array, h: Array, out: Array) -> None:
        """`dS h`: by the entry (a, b) of F, with E_ab 1 there and 0 elsewhere, dS = E_ab F' + F E_ab'."""
        del x
        through = h @ F  # (levels, k): F'h
        for i, (a, b) in enumerate(zip(*self.entries, strict=True)):
            out[:, a, i] += through[:, b]
            out[:, :, i] += h[:, a, None] * F[:, b]

    def bend(self, x: Array, F: Array, D: Array) -> Array:
        """d2S by (a, b) and (c, b) is E_ac + E_ca, and 0 for entries of different columns: 2 G_ac."""
        del x
        G = CovarianceFactor(F, len(F)).covariance_slope(D)
        rows, columns = self.entries
        same_column = columns[:, None] == columns[None, :]
        bend: Array = 2.0 * G[np.ix_(rows, rows)] * same_column
        return bend

    def near_bounds(self, x: Array, F: Array, least: float) -> list[float]:
        """The standard deviations along principal directions that are below `least`."""
        del x
        return [float(d) for d in CovarianceFactor(F, self.rank).singular_values[: self.rank] if d < least]

    def closed(self, x: Array, F: Array, count: int) -> int:
        """A rank that is lower by `count`."""
        del x, F
        return self.rank - count

    def inward(self, x: Array, F: Array, G: Array) -> list[Inward]:
        """The eigenvalues of N'GN on the null space N of S; their directions are (k,) unit vectors."""
        del x
        N = CovarianceFactor(F, self.support).null_space(self.rank)
        values, vectors = np.linalg.eigh(N.T @ G @ N)
        return [Inward(float(v), N @ w) for v, w in zip(values, vectors.T, strict=True)]

    def opened(self, along: Inward) -> int:
        """One rank more."""
        del along
        return self.rank + 1

    def moved(self, x: Array, F: Array, along: Inward, step: float) -> Array:
        """F with a column `step direction` added."""
        del x
        return CovarianceFactor(F, self.support).with_column(step * along.direction, self.rank)


def face_of_rank(at: CovarianceFactor, rank: int) -> tuple[RankFace, Array]:
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
    face = RankFace(len(at.F), support, order.astype(np.int64), rank, entries)
    return face, trapezoid[entries]
