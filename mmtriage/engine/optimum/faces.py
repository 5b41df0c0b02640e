"""Coordinates on the faces of the product of the terms' cones of covariances.

Every term has a face of its own, of its structure's kind (`structures/interfaces.py`); the parameters of all
of them, and those that stand beside the covariances, make one vector.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from mmtriage.arrays import Array
from mmtriage.engine.structures.interfaces import Cone, Stratum, TermFace

NO_FREE: Array = np.zeros(0)


class Place(NamedTuple):
    """Where a likelihood is evaluated, or its slopes there."""

    factors: Sequence[Array]  # F (k, k) per term
    free: Array  # parameters beside the covariances; empty for a linear model, which profiles them out


@dataclass(frozen=True, slots=True, eq=False)
class Face:
    """A face of the product of the terms' cones, beside `n_free` unconstrained parameters.

    Its points are vectors of coordinates, term after term, then of the unconstrained parameters.
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

    @property
    def strata(self) -> tuple[Stratum, ...]:
        """What each term's covariance holds on this face."""
        return tuple(term.stratum for term in self.terms)

    @property
    def is_open(self) -> bool:
        """Whether every term's covariance may go anywhere from here."""
        return all(term.is_open for term in self.terms)

    def parts(self, x: Array) -> list[Array]:
        """The coordinates of every term."""
        parts, start = [], 0
        for term in self.terms:
            parts.append(x[start : start + term.size])
            start += term.size
        return parts

    def factors(self, x: Array) -> list[Array]:
        """F of every term, padded to (k, k), at the parameters `x`."""
        return [term.factor(part) for term, part in zip(self.terms, self.parts(x), strict=True)]

    def place(self, x: Array) -> Place:
        """Factors and unconstrained parameters at `x`."""
        return Place(self.factors(x), x[self.size - self.n_free :])

    def slopes(self, x: Array, matrices: Sequence[Array], free: Array = NO_FREE) -> Array:
        """The slopes in the parameters at x of what has per-term slopes (k, k) in F, and `free`."""
        of_terms = (
            term.slopes(part, M) for term, part, M in zip(self.terms, self.parts(x), matrices, strict=True)
        )
        return np.concatenate([*of_terms, free])


def face_at(
    factors: Sequence[Array], strata: Sequence[Stratum], cones: Sequence[Cone], free: Array = NO_FREE
) -> tuple[Face, Array]:
    """The face of the given `strata` nearest to `factors`, and the parameters of the nearest point on it."""
    found = [cone.face(F, stratum) for cone, F, stratum in zip(cones, factors, strata, strict=True)]
    face = Face(tuple(term for term, _ in found), len(free))
    return face, np.concatenate([*(values for _, values in found), free])


def open_face(factors: Sequence[Array], cones: Sequence[Cone], free: Array = NO_FREE) -> tuple[Face, Array]:
    """The face on which nothing is held, and the parameters of the point on it that is near to `factors`."""
    return face_at(factors, [cone.interior for cone in cones], cones, free)
