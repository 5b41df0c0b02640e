"""Coordinates on the faces of the cone of covariances.

A relative covariance `S` (k, k) of rank r lies on a face of the positive semidefinite cone. It is written
S = F F' with F (k, r) lower trapezoidal after a permutation of its rows, chosen so that the leading r
rows are the largest (pivoted QR). That leaves no rotation of F free, so the Hessian on a face has no null
direction that means nothing. At full rank F is the lower triangle that lme4 calls Lambda, without its
bounds: the criterion depends on F F' only, so the sign of a column is free and zero is an interior point.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy.linalg import qr

from mmtriage.arrays import Array, Index

NO_FREE: Array = np.zeros(0)


class Place(NamedTuple):
    """Where a likelihood is evaluated, or its slopes there."""

    factors: Sequence[Array]  # F (k, k) per term
    free: Array  # parameters beside the covariances; empty for a linear model, which profiles them out


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


@dataclass(frozen=True, slots=True, eq=False)
class Face:
    """A face of the product of the terms' cones, beside `n_free` unconstrained parameters.

    Its points are vectors of F's free entries, term after term, then of the unconstrained parameters.
    """

    terms: tuple[TermFace, ...]
    n_free: int = 0

    @property
    def size(self) -> int:
        """Number of parameters."""
        return sum(term.size for term in self.terms) + self.n_free

    @property
    def ranks(self) -> tuple[int, ...]:
        """Rank of each term's covariance on this face."""
        return tuple(term.rank for term in self.terms)

    def factors(self, x: Array) -> list[Array]:
        """F of every term, padded to (k, k), at the parameters `x`."""
        factors, start = [], 0
        for term in self.terms:
            F = np.zeros((term.width, term.width))
            F[term.entries] = x[start : start + term.size]
            factors.append(F)
            start += term.size
        return factors

    def place(self, x: Array) -> Place:
        """Factors and unconstrained parameters at `x`."""
        return Place(self.factors(x), x[self.size - self.n_free :])

    def entries(self, matrices: Sequence[Array], free: Array = NO_FREE) -> Array:
        """The entries of per-term (k, k) matrices that are parameters, and `free`, as one vector."""
        return np.concatenate([*(M[t.entries] for t, M in zip(self.terms, matrices, strict=True)), free])


def face_at(
    factors: Sequence[Array], ranks: Sequence[int], supports: Sequence[int], free: Array = NO_FREE
) -> tuple[Face, Array]:
    """The face of the given `ranks` nearest to `factors`, and the parameters of the nearest point on it.

    `supports` says how many leading rows of each F can vary at all (the rank of the term's columns).
    """
    terms, values = [], []
    for F, rank, support in zip(factors, ranks, supports, strict=True):
        term, trapezoid = _term_face(F, rank, support)
        terms.append(term)
        values.append(trapezoid[term.entries])
    return Face(tuple(terms), len(free)), np.concatenate([*values, free])


def singular_values(factors: Sequence[Array]) -> list[Array]:
    """Singular values of each F, largest first: relative standard deviations along principal directions."""
    return [np.asarray(np.linalg.svd(F, compute_uv=False)) for F in factors]


def null_space(F: Array, rank: int, support: int) -> Array:
    """Orthonormal basis (k, support - rank) of the directions in which F F' could vary and does not."""
    U, _, _ = np.linalg.svd(F[:support, :support])
    basis = np.zeros((len(F), support - rank))
    basis[:support] = U[:, rank:]
    return basis


def _term_face(F: Array, rank: int, support: int) -> tuple[TermFace, Array]:
    U, d, _ = np.linalg.svd(F[:support])
    half = U[:, :rank] * d[:rank]
    if rank == support:
        order = np.arange(support)
        upper = np.asarray(np.linalg.qr(half.T, mode="r"))
    elif rank == 0:
        order, upper = np.arange(support), np.zeros((0, support))
    else:
        _, upper, order = qr(half.T, mode="economic", pivoting=True)
    rows, columns = np.nonzero(np.tri(support, rank, dtype=bool))
    entries = (order[rows].astype(np.int64), columns)
    trapezoid = np.zeros((len(F), len(F)))
    trapezoid[order, :rank] = upper.T
    return TermFace(len(F), order.astype(np.int64), rank, entries), trapezoid
