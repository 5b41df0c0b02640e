"""Coordinates on the faces of the product of the terms' cones of covariances.

Every term has a face of its own (`structures/unstructured.py`); the parameters of all of them, and those that
stand beside the covariances, make one vector.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from mmtriage.arrays import Array
from mmtriage.engine.structures.covariance_factor import covariance_factors
from mmtriage.engine.structures.unstructured import TermFace, face_of_rank

NO_FREE: Array = np.zeros(0)


class Place(NamedTuple):
    """Where a likelihood is evaluated, or its slopes there."""

    factors: Sequence[Array]  # F (k, k) per term
    free: Array  # parameters beside the covariances; empty for a linear model, which profiles them out


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
            factors.append(term.factor(x[start : start + term.size]))
            start += term.size
        return factors

    def place(self, x: Array) -> Place:
        """Factors and unconstrained parameters at `x`."""
        return Place(self.factors(x), x[self.size - self.n_free :])

    def entries(self, matrices: Sequence[Array], free: Array = NO_FREE) -> Array:
        """The entries of per-term (k, k) matrices that are parameters, and `free`, as one vector."""
        return np.concatenate([*(term.slopes(M) for term, M in zip(self.terms, matrices, strict=True)), free])


def face_at(
    factors: Sequence[Array], ranks: Sequence[int], supports: Sequence[int], free: Array = NO_FREE
) -> tuple[Face, Array]:
    """The face of the given `ranks` nearest to `factors`, and the parameters of the nearest point on it.

    `supports` says how many leading rows of each F can vary at all (the rank of the term's columns).
    """
    found = [
        face_of_rank(at, rank) for at, rank in zip(covariance_factors(factors, supports), ranks, strict=True)
    ]
    face = Face(tuple(term for term, _ in found), len(free))
    return face, np.concatenate([*(values for _, values in found), free])
