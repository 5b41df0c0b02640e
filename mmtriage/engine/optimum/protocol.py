"""What the search for the optimum and its certificate ask of a likelihood, linear or generalized.

A likelihood is evaluated at a place: factors F_t of the covariances S_t = F_t F_t' in orthonormal columns,
and parameters that are free. A linear model has none of the latter, since beta and sigma are profiled out; a
generalized one has beta, and log theta of a negative binomial that estimates it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np

from mmtriage.arrays import Array
from mmtriage.engine.algebra.coordinates import TermBasis
from mmtriage.engine.algebra.crossproducts import CrossProducts
from mmtriage.engine.optimum.faces import Face, Place


class TermBases(Protocol):
    """Orthonormal coordinates of the random terms."""

    @property
    def terms(self) -> tuple[TermBasis, ...]: ...


class Likelihood(Protocol):
    """A criterion in deviance units with exact slopes. Evaluations are whatever `evaluate` makes of them."""

    @property
    def n(self) -> int: ...
    @property
    def p(self) -> int: ...
    @property
    def basis(self) -> TermBases: ...
    @property
    def products(self) -> CrossProducts: ...
    @property
    def widths(self) -> tuple[int, ...]: ...
    @property
    def free_scale(self) -> Array: ...

    def evaluate(self, factors: Sequence[Array], free: Array) -> Any: ...
    def criterion(self, factors: Sequence[Array], free: Array) -> float: ...
    def slopes(self, at: Any) -> Place: ...
    def curvature(self, face: Face, at: Any, slopes: Place) -> Array | None: ...
    def covariance_gradient(self, factors: Sequence[Array], free: Array) -> list[Array]: ...


def supports(problem: Likelihood) -> tuple[int, ...]:
    """The largest rank that each term's covariance can have."""
    return tuple(basis.rank for basis in problem.basis.terms)


def template_factors(problem: Likelihood) -> list[Array]:
    """The identity on standardized columns: what lme4 would start from after rescaling."""
    return [np.diag((np.arange(len(b.R)) < b.rank).astype(float)) for b in problem.basis.terms]
