"""First-order autoregression, lme4's `ar1`: columns i and j correlate by rho^|i - j|, -1 <= rho <= 1.

The columns follow one another at equal distances, in their order. The Cholesky factor of C is B with

    B_i1 = rho^(i - 1),    B_ij = rho^(i - j) sqrt(1 - rho^2)  for 1 < j <= i,

and with rho = sin phi, sqrt(1 - rho^2) = cos phi it is analytic in phi, which goes from -pi / 2 to pi / 2.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from mmtriage.arrays import Array


@dataclass(frozen=True, slots=True)
class Autoregressive:
    """The correlation matrix, of k >= 2 columns."""

    width: int

    @property
    def bounds(self) -> tuple[float, float]:
        """-1 and 1."""
        return -1.0, 1.0

    @property
    def is_linear(self) -> bool:
        """C is a polynomial in rho, of degree k - 1."""
        return self.width == 2

    def root(self, phi: float) -> tuple[Array, Array, Array]:
        """B and its derivatives: of sin^m phi in its first column, of sin^m phi cos phi in the others."""
        m = self._lags()
        s, c = np.sin(phi), np.cos(phi)
        # sin^m, and its derivative by sin: m sin^(m - 1), m (m - 1) sin^(m - 2)
        p0, p1, p2 = s**m, m * _power(s, m - 1), m * (m - 1) * _power(s, m - 2)
        once, twice = p1 * c, p2 * c * c - p1 * s
        first = np.arange(self.width)[None, :] == 0
        roots = (
            np.where(first, p0, p0 * c),
            np.where(first, once, once * c - p0 * s),
            np.where(first, twice, twice * c - 2.0 * once * s - p0 * c),
        )
        B, dB, ddB = (np.tril(root) for root in roots)
        return B, dB, ddB

    def _lags(self) -> Array:
        k = np.arange(self.width)
        return np.abs(np.subtract.outer(k, k)).astype(float)

    def angle(self, rho: float) -> float:
        """From rho = sin phi."""
        return float(np.arcsin(rho))

    def rho(self, phi: float) -> float:
        """sin phi."""
        return float(np.sin(phi))

    def slope(self, rho: float) -> Array:
        """m rho^(m - 1) at the lag m."""
        m = self._lags()
        slope: Array = m * _power(rho, m - 1)
        return slope

    def gaps(self, phi: float) -> tuple[float, float]:
        """cos phi, and far from the other bound."""
        gap = float(abs(np.cos(phi)))
        return (gap, np.inf) if np.sin(phi) < 0 else (np.inf, gap)

    def rank(self, present: int, rho: float) -> int:
        """All columns are one, or one with changing signs."""
        del rho
        return min(present, 1)

    def nearest(self, S: Array, weights: Array) -> float:
        """The covariances at the first lag that has any, over what they would be at rho = 1."""
        scaled = S * np.outer(weights, weights)
        sds = np.sqrt(np.diag(scaled))
        for m in range(1, self.width):
            most = float(sds[m:] @ sds[:-m])
            if most > 0.0:
                r = float(np.clip(np.sum(np.diagonal(scaled, m)) / most, -1.0, 1.0))
                return _odd_root(r, m)
        return 0.0

    def lme4_root(self, rho: float) -> Array:
        """B at rho, with the C library's powers as R has them, whose square is a product."""
        powers = np.array([rho * rho if m == 2 else math.pow(rho, m) for m in range(self.width)])
        B = powers[self._lags().astype(int)]
        with np.errstate(invalid="ignore"):
            B[:, 1:] *= np.sqrt(np.float64(1.0 - rho * rho))
        return np.tril(B)


def _power(base: float, exponents: Array) -> Array:
    """base^m; one of m < 0 is asked for beside a factor of zero, and is zero."""
    power: Array = np.where(exponents < 0, 0.0, np.float64(base) ** np.maximum(exponents, 0.0))
    return power


def _odd_root(r: float, m: int) -> float:
    """rho with rho^m = r; zero where an even power would have to be negative."""
    if r < 0.0 and m % 2 == 0:
        return 0.0
    return float(np.copysign(abs(r) ** (1.0 / m), r))
