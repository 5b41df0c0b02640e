"""What the search for the optimum and its certificate ask of a likelihood, linear or generalized.

A likelihood is evaluated at a place: factors F_t of the covariances S_t = F_t F_t' in orthonormal columns,
and parameters that are free. A linear model has none of the latter, since beta and sigma are profiled out; a
generalized one has beta, and log theta of a negative binomial that estimates it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from mmtriage.arrays import Array
from mmtriage.engine.algebra.coordinates import TermBasis
from mmtriage.engine.algebra.crossproducts import CrossProducts
from mmtriage.engine.optimum.faces import Face, Place
from mmtriage.engine.structures.interfaces import Cone, Stratum
from mmtriage.engine.structures.parameter_layout import Layout, cone_of


@dataclass(frozen=True, slots=True, eq=False)
class Expansion:
    """A criterion around a place: its value, its slopes, and its approximate curvature on demand."""

    criterion: float  # deviance units
    slopes: Place  # exact d criterion / d F_t, ignoring that F_t may be triangular, and d criterion / d free
    # (m, m) in the parameters of a face, at the place on it that they are; None: there is none
    curvature: Callable[[Face, Array], Array | None]


class TermBases(Protocol):
    """Orthonormal coordinates of the random terms."""

    @property
    def terms(self) -> tuple[TermBasis, ...]: ...


class Likelihood(Protocol):
    """A criterion in deviance units with exact slopes; it raises LinAlgError where it has no finite value."""

    @property
    def n(self) -> int: ...
    @property
    def p(self) -> int: ...
    @property
    def basis(self) -> TermBases: ...
    @property
    def layout(self) -> Layout: ...
    @property
    def products(self) -> CrossProducts: ...
    @property
    def free_scale(self) -> Array: ...
    @property
    def is_convex(self) -> bool: ...

    def criterion(self, factors: Sequence[Array], free: Array) -> float: ...
    def expand(self, factors: Sequence[Array], free: Array) -> Expansion: ...
    def covariance_gradient(self, factors: Sequence[Array], free: Array) -> list[Array]: ...


def supports(likelihood: Likelihood) -> tuple[int, ...]:
    """The largest rank that each term's covariance can have."""
    return tuple(basis.rank for basis in likelihood.basis.terms)


def cones(likelihood: Likelihood) -> tuple[Cone, ...]:
    """The covariances that each term can have."""
    pairs = zip(likelihood.layout.structures, likelihood.basis.terms, strict=True)
    return tuple(cone_of(structure, basis) for structure, basis in pairs)


def interior(likelihood: Likelihood) -> tuple[Stratum, ...]:
    """The strata in which no term's covariance is held."""
    return tuple(cone.interior for cone in cones(likelihood))


def template_factors(bases: TermBases) -> list[Array]:
    """The identity on standardized columns: what lme4 would start from after rescaling."""
    return [np.diag((np.arange(len(b.R)) < b.rank).astype(float)) for b in bases.terms]
