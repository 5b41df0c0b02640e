"""What is known of a generalized model at one point.

The likelihood makes this record; slopes, curvature and estimates go on from it.
"""

from __future__ import annotations

from dataclasses import dataclass

from mmtriage.engine.algebra.cholesky import Factor
from mmtriage.engine.algebra.crossproducts import CrossProducts
from mmtriage.engine.algebra.relative_factor import RelativeFactor
from mmtriage.engine.generalized.modes import Modes, Pirls
from mmtriage.engine.generalized.quadrature import Quadrature
from mmtriage.model.families import Family


@dataclass(frozen=True, slots=True)
class FreeParameters:
    """Which parameters stand beside the covariances, in this order."""

    p: int  # coefficients beta, in orthonormal columns ...
    profiles_beta: bool  # ... but not for nAGQ = 0, where beta is profiled out together with the modes
    estimates_nb_theta: bool  # log theta of a negative binomial

    def __len__(self) -> int:
        return (0 if self.profiles_beta else self.p) + int(self.estimates_nb_theta)


@dataclass(frozen=True, slots=True, eq=False)
class GeneralizedEvaluation:
    """The criterion at one point."""

    criterion: float
    family: Family  # with the point's theta, if it has one
    Lambda: RelativeFactor
    modes: Modes
    products: CrossProducts  # Z'WZ
    factor: Factor  # of M
    quadrature: Quadrature | None  # nAGQ > 1
    pirls: Pirls  # the data, and the systems that the modes solve
    free: FreeParameters
    penalty: float  # what |u|^2 counts in the criterion (`units.py`)
    other_modes: tuple[float, ...] = ()  # criteria of other conditional modes, above this one's
