"""Compound symmetry, lme4's `cs`: all correlations are one, -1 / (k - 1) <= rho <= 1.

C = (1 - rho) I + rho J has the eigenvalues 1 - rho off the vector of ones and 1 + (k - 1) rho along it, so
with P = J / k its symmetric root is B = a (I - P) + b P. Since (k - 1) a^2 + b^2 = k, both roots lie on an
ellipse:

    a = sqrt(k / (k - 1)) cos phi,    b = sqrt(k) sin phi,    rho = 1 - a^2,

from rho = -1 / (k - 1) at phi = 0 to rho = 1 at phi = pi / 2.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mmtriage.arrays import Array


@dataclass(frozen=True, slots=True)
class CompoundSymmetry:
    """The correlation matrix, of k >= 2 columns."""

    width: int

    @property
    def bounds(self) -> tuple[float, float]:
        """-1 / (k - 1) and 1."""
        return -1.0 / (self.width - 1), 1.0

    @property
    def is_linear(self) -> bool:
        """C is linear in rho."""
        return True

    def root(self, phi: float) -> tuple[Array, Array, Array]:
        """B; its second derivative is -B."""
        k = self.width
        P = np.full((k, k), 1.0 / k)
        off, along = np.sqrt(k / (k - 1.0)) * (np.eye(k) - P), np.sqrt(float(k)) * P
        B = np.cos(phi) * off + np.sin(phi) * along
        return B, np.cos(phi) * along - np.sin(phi) * off, -B

    def angle(self, rho: float) -> float:
        """From rho = 1 - a^2."""
        a, b = np.sqrt(max(1.0 - rho, 0.0)), np.sqrt(max(1.0 + (self.width - 1) * rho, 0.0))
        return float(np.arctan2(b, np.sqrt(self.width - 1.0) * a))

    def rho(self, phi: float) -> float:
        """1 - a^2, or, of the same meaning, -1 / (k - 1) + b^2 / (k - 1)."""
        k = self.width
        return float((k * np.sin(phi) ** 2 - 1.0) / (k - 1.0))

    def slope(self, rho: float) -> Array:
        """J - I."""
        del rho
        return np.ones((self.width, self.width)) - np.eye(self.width)

    def gaps(self, phi: float) -> tuple[float, float]:
        """b and a."""
        k = self.width
        return float(np.sqrt(k) * abs(np.sin(phi))), float(np.sqrt(k / (k - 1.0)) * abs(np.cos(phi)))

    def rank(self, present: int, rho: float) -> int:
        """One at rho = 1; at the lower bound the whole matrix, and no part of it, loses one."""
        if rho == 1.0:
            return min(present, 1)
        return present - (present == self.width)

    def nearest(self, S: Array, weights: Array) -> float:
        """All covariances together, over what they would be at rho = 1."""
        scaled = S * np.outer(weights, weights)
        sds = np.sqrt(np.diag(scaled))
        most = np.sum(sds) ** 2 - sds @ sds
        return float((np.sum(scaled) - np.trace(scaled)) / most) if most > 0.0 else 0.0

    def lme4_root(self, rho: float) -> Array:
        """By the recursion over columns that lme4 2.1-0 has; at rho = 1 it divides 0 by 0, and so do we."""
        k, square = self.width, rho * rho
        a, known = np.empty(k), 0.0
        with np.errstate(all="ignore"):
            for j in range(k):
                a[j] = known
                left = np.float64(1.0 - rho * known)
                known = known + left * left / np.float64(1.0 - square * known)
            diagonal = np.sqrt(1.0 - square * a)
            below = (rho - square * a) / diagonal
        L: Array = np.tril(np.tile(below, (k, 1)), -1) + np.diag(diagonal)
        return L
