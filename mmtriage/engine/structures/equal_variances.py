"""Independent columns of one variance: lme4's `diag(x + z | g, hom = TRUE)`, S = s^2 I.

With a variance for each column `diag` is as many terms of one column, and is written out as these
(`formula/diagonal.py`): nothing is lost by it, for no parameter has to do with two of them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mmtriage.arrays import Array


@dataclass(frozen=True, slots=True)
class Independent:
    """The correlation matrix of k independent columns."""

    width: int

    @property
    def bounds(self) -> None:
        """There is no rho."""

    @property
    def is_linear(self) -> bool:
        """C is constant."""
        return True

    def root(self, phi: float) -> tuple[Array, Array, Array]:
        """The identity, which does not change."""
        del phi
        zero = np.zeros((self.width, self.width))
        return np.eye(self.width), zero, zero

    def angle(self, rho: float) -> float:
        """There is none."""
        del rho
        return 0.0

    def rho(self, phi: float) -> float:
        """There is none."""
        del phi
        return 0.0

    def slope(self, rho: float) -> Array:
        """Nothing changes."""
        del rho
        return np.zeros((self.width, self.width))

    def gaps(self, phi: float) -> tuple[float, float]:
        """The identity is as regular as can be."""
        del phi
        return np.inf, np.inf

    def rank(self, present: int, rho: float) -> int:
        """No column is bound to another."""
        del rho
        return present

    def nearest(self, S: Array, weights: Array) -> float:
        """No correlation is taken over."""
        del S, weights
        return 0.0

    def lme4_root(self, rho: float) -> Array:
        """The identity."""
        del rho
        return np.eye(self.width)
