"""The box in which lme4's optimizer moves its parameters, and how near to its sides they are."""

from __future__ import annotations

from typing import NamedTuple, Self

import numpy as np

from mmtriage.arrays import Array
from mmtriage.engine.structures.parameter_layout import Layout


class Bounds(NamedTuple):
    """Lower and upper bounds (m,) of theta, or (m + p,) of theta and beta; infinite where there is none."""

    lower: Array
    upper: Array

    @classmethod
    def below(cls, lower: Array) -> Self:
        """Lower bounds alone."""
        return cls(lower, np.full(len(lower), np.inf))

    @classmethod
    def of(cls, layout: Layout, n_free: int = 0) -> Self:
        """Those of a model's covariance parameters, and of as many free ones after them."""
        free = np.full(n_free, np.inf)
        return cls(np.concatenate([layout.lower, -free]), np.concatenate([layout.upper, free]))

    def nearest(self, parameters: Array) -> float:
        """The least distance of a parameter from a bound; infinite where nothing is bounded."""
        below, above = parameters - self.lower, self.upper - parameters
        return float(min(np.min(below, initial=np.inf), np.min(above, initial=np.inf)))
