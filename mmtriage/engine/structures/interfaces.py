"""What the engine asks of the covariance structure of a random term: two small interfaces, and a third.

A `Structure` knows lme4's parameters of S (k, k), a term's covariance relative to sigma^2 in the user's
columns: their number, bounds, start and names, and lme4's factor L at them, S = L L'. One file has one
structure.

Its `Cone` is the set of these S in the term's orthonormal columns (`algebra/coordinates.py`), for the
search and the proof. It consists of strata: where all SDs and correlations are free, and its boundary,
where some SDs are zero or a correlation stands at its bound. A `TermFace` holds the smooth coordinates x of
one stratum. Where F = F(x), S = F F' and D = d criterion / d F = 2 G F, the chain rule gives

    slopes_i = <D, F_i>,     second derivatives of S alone:  bend_ij = 2 tr(G F_i F_j') + <D, F_ij>.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from mmtriage.arrays import Array


@dataclass(frozen=True, slots=True)
class Held:
    """What a stratum of standard deviations and one correlation holds at its bounds."""

    zeros: tuple[int, ...] = ()  # standard deviations that are zero
    rho: float | None = None  # the bound at which the correlation stands


# An unstructured covariance of a rank, or what others hold: the strata of a cone.
Stratum: TypeAlias = int | Held


@dataclass(frozen=True, slots=True, eq=False)
class Inward:
    """The slope of the criterion along one way off a boundary stratum."""

    # Deviance units per unit of relative variance, or of what is held, an SD or rho, where that is of the
    # first order; negative: it wants to leave its bound.
    value: float
    direction: Array  # as the face that made it understands it
    is_decided: bool = True  # False: to this order it may be level, or there may be a steeper one


class TermFace(Protocol):
    """Smooth coordinates of one stratum of a term's cone; F is (k, k) in orthonormal columns."""

    @property
    def size(self) -> int:
        """Number of coordinates."""

    @property
    def rank(self) -> int:
        """Rank of S in the stratum."""

    @property
    def stratum(self) -> Stratum:
        """What is held."""

    @property
    def is_open(self) -> bool:
        """Whether nothing is."""

    def factor(self, x: Array) -> Array:
        """F (k, k) at the coordinates x (size,)."""

    def slopes(self, x: Array, D: Array) -> Array:
        """The slopes in x (size,) of what has the slopes D (k, k) in F."""

    def scales(self, x: Array, natural: float) -> Array:
        """Natural steps (size,) where `natural` is the size of a natural step in F."""

    def carry(self, x: Array, F: Array, h: Array, out: Array) -> None:
        """Add `dS h` for every coordinate to out (levels, k, size), for h (levels, k)."""

    def bend(self, x: Array, F: Array, D: Array) -> Array:
        """What the second derivatives of S add to those of the criterion, (size, size)."""

    def near_bounds(self, x: Array, F: Array, least: float) -> list[float]:
        """How far SDs and correlations are from their bounds, in relative SDs, where it is below `least`."""

    def closed(self, x: Array, F: Array, count: int) -> Stratum:
        """The stratum in which that many of them, the nearest, are at their bounds."""

    def inward(self, x: Array, F: Array, G: Array) -> list[Inward]:
        """The slopes along all ways off the stratum, G (k, k) = d criterion / d S."""

    def opened(self, along: Inward) -> Stratum:
        """The stratum into which such a way leads."""

    def moved(self, x: Array, F: Array, along: Inward, step: float) -> Array:
        """F (k, k) a step along it; the step is a relative SD."""


class Cone(Protocol):
    """The covariances of one term."""

    @property
    def interior(self) -> Stratum:
        """The stratum in which nothing is held."""

    @property
    def origin(self) -> Stratum:
        """The stratum of S = 0."""

    def face(self, F: Array, stratum: Stratum) -> tuple[TermFace, Array]:
        """The face of a stratum, and the point on it that is near to F F'."""


class Structure(Protocol):
    """lme4's parameters of one term's covariance."""

    @property
    def width(self) -> int:
        """Columns of the term, k."""

    @property
    def lower(self) -> Array:
        """Lower bounds (m,)."""

    @property
    def upper(self) -> Array:
        """Upper bounds (m,)."""

    @property
    def start(self) -> Array:
        """Where lme4 starts, (m,)."""

    @property
    def parts(self) -> Array | None:
        """Symmetric matrices (m, k, k) of which S is a combination; None where it is not linear."""

    def names(self, group: str, columns: Sequence[str]) -> tuple[str, ...]:
        """lme4's names of the parameters."""

    def factor(self, parameters: Array) -> Array:
        """lme4's L (k, k), lower triangular; not a number where lme4's formulas give none."""

    def loses_rho(self, parameters: Array) -> bool:
        """Whether lme4 cannot tell rho from L at these parameters: L says nothing of it."""

    def parameters(self, raw: Array) -> Array:
        """The parameters (m,) of S = raw raw', raw (k, r) in the user's columns."""
