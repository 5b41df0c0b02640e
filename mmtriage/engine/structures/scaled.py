"""Covariances S = diag(s) C(rho) diag(s): standard deviations, and a correlation matrix of one parameter.

Compound symmetry, first-order autoregression and equal variances are of this kind; what C is, their own files
say as a `Correlation`. With `hom` all s are one. The parameters are lme4's: s relative to sigma, then rho.

The proof needs rho at its bounds and s at zero. There C has no smooth Cholesky factor, but each C(rho) has a
root B(phi), B B' = C, that is analytic in an angle phi and goes on beyond the bound as in a mirror. So in phi
the bound is a stationary point, as F = 0 is for an unstructured covariance, and what decides there is the
slope in rho itself (`scaled_cone.py`). Single standard deviations are no symmetry: s_i enters the criterion
by s_i s_j rho, and must not be negative. They are written s_i = z_i^2, whose bound is stationary in the
same way; a common s enters by its square alone, and needs no such care.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from mmtriage.arrays import Array


class Correlation(Protocol):
    """A correlation matrix C (k, k) of one parameter rho; or of none, where there is nothing to correlate."""

    @property
    def bounds(self) -> tuple[float, float] | None:
        """The bounds of rho; None: C is the identity."""

    @property
    def is_linear(self) -> bool:
        """Whether C is linear in rho."""

    def root(self, phi: float) -> tuple[Array, Array, Array]:
        """B, dB/dphi and d2B/dphi2, (k, k) each."""

    def angle(self, rho: float) -> float:
        """phi of a rho, in the quarter turn from the lower bound to the upper one."""

    def rho(self, phi: float) -> float:
        """rho of a phi."""

    def slope(self, rho: float) -> Array:
        """dC/drho (k, k)."""

    def gaps(self, phi: float) -> tuple[float, float]:
        """The square root of the smallest eigenvalue of C by which it is regular towards either bound."""

    def rank(self, present: int, rho: float) -> int:
        """Rank of the correlations of so many columns, of k, where rho is at a bound."""

    def nearest(self, S: Array, weights: Array) -> float:
        """The rho of a covariance S (k, k); of one that is none of this kind a compromise by weights (k,)."""

    def lme4_root(self, rho: float) -> Array:
        """lme4's Cholesky factor of C, by its own formulas."""


@dataclass(frozen=True, slots=True)
class Scaled:
    """lme4's `cs`, `ar1`, and `diag` with one variance."""

    width: int
    correlation: Correlation
    homogeneous: bool

    @property
    def n_sds(self) -> int:
        """How many standard deviations there are."""
        return 1 if self.homogeneous else self.width

    @property
    def lower(self) -> Array:
        """Zero for the SDs."""
        return np.append(np.zeros(self.n_sds), self._bound(0))

    @property
    def upper(self) -> Array:
        """None for the SDs."""
        return np.append(np.full(self.n_sds, np.inf), self._bound(1))

    @property
    def start(self) -> Array:
        """SDs as large as sigma, and no correlation."""
        return np.append(np.ones(self.n_sds), [0.0] * self.has_rho)

    @property
    def has_rho(self) -> bool:
        """Whether there is a correlation."""
        return self.correlation.bounds is not None

    def _bound(self, which: int) -> list[float]:
        bounds = self.correlation.bounds
        return [] if bounds is None else [bounds[which]]

    def names(self, group: str, columns: Sequence[str]) -> tuple[str, ...]:
        """ "Subject.f1", "Subject.f2", "Subject.rho"; one SD of all columns is "Subject.*"."""
        sds = ("*",) if self.homogeneous else tuple(columns)
        return tuple(f"{group}.{name}" for name in (*sds, *["rho"] * self.has_rho))

    def sds(self, parameters: Array) -> Array:
        """s (k,)."""
        return np.full(self.width, parameters[0]) if self.homogeneous else parameters[: self.width]

    def rho(self, parameters: Array) -> float:
        """rho; zero where there is none."""
        return float(parameters[-1]) if self.has_rho else 0.0

    def factor(self, parameters: Array) -> Array:
        """diag(s) times the Cholesky factor of C."""
        root = self.correlation.lme4_root(self.rho(parameters))
        return np.asarray(self.sds(parameters)[:, None] * root)

    def loses_rho(self, parameters: Array) -> bool:
        """Whether there are no two SDs that are not zero."""
        return self.has_rho and int(np.count_nonzero(self.sds(parameters))) < 2

    def covariance_slopes(self, parameters: Array) -> Array:
        """dS by each parameter, (m, k, k)."""
        s, rho = self.sds(parameters), self.rho(parameters)
        B, _, _ = self.correlation.root(self.correlation.angle(rho))
        C = B @ B.T
        if self.homogeneous:
            by_sd = np.asarray(2.0 * s[0] * C[None])
        else:
            by_sd = np.zeros((self.width, self.width, self.width))
            for i in range(self.width):
                by_sd[i, i, :] += C[i] * s
                by_sd[i, :, i] += C[i] * s
        if not self.has_rho:
            return by_sd
        by_rho = np.outer(s, s) * self.correlation.slope(rho)
        return np.asarray(np.concatenate([by_sd, by_rho[None]]))

    @property
    def parts(self) -> Array | None:
        """Symmetric matrices (m, k, k) of which S is a combination, m its parameters; None: it is none."""
        if not self.correlation.is_linear:
            return None
        identity = np.eye(self.width)
        whole = [identity] if self.homogeneous else list(identity[:, :, None] * identity[:, None, :])
        if not self.has_rho:
            return np.array(whole)
        if not self.homogeneous and self.width > 2:
            return None
        return np.array([*whole, self.correlation.slope(0.0)])

    def parameters(self, raw: Array) -> Array:
        """Those of raw raw'; where it is none of these, of one near to it."""
        return self.parameters_of(raw @ raw.T, np.ones(self.width))

    def parameters_of(self, S: Array, weights: Array) -> Array:
        """The parameters of S (k, k), a compromise by weights (k,), the sizes of the columns."""
        variances = np.diag(S)
        if self.homogeneous:
            sds = np.sqrt([weights**2 @ variances / (weights @ weights)])
        else:
            sds = np.sqrt(variances)
        if self.correlation.bounds is None:
            return sds
        return np.append(sds, np.clip(self.correlation.nearest(S, weights), *self.correlation.bounds))
