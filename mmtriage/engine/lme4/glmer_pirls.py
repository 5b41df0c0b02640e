"""PIRLS as `glmer` runs it: one Newton-like step after the other until the penalized deviance stands still.

With eta = o + X beta + Z Lambda u, W = w (dmu/deta)^2 / V(mu) and the working response
r = eta - o + (y - mu) / (dmu/deta), a step solves

    min |sqrt(W) (r - X beta - Z Lambda u)|^2 + |u|^2

for u, or for u and beta together; pdev = sum dev.resid(y, mu, w) + |u|^2 decides (Bates 2011, lme4's
`external.cpp` of 1.1-31). Two of lme4's habits show in its results and are kept:

- it stops at a relative change of pdev below 1e-7 (tolPwrss), and log|M| and the factor of the fixed effects
  are those from before the last step;
- a step that makes pdev larger, or not a number, is halved towards the u and beta before it. Before the
  first step these are what the last call left behind.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence

import numpy as np
from scipy.linalg import lapack, solve_triangular

from mmtriage.arrays import Array
from mmtriage.engine.algebra.cholesky import Factor, factor
from mmtriage.engine.algebra.relative_factor import RelativeFactor
from mmtriage.engine.algebra.weighted_rows import Rows
from mmtriage.engine.lme4.checks import DOWNDATED
from mmtriage.model.families import Family

TOLERANCE = 1e-7  # lme4's tolPwrss
MAX_STEPS = 100  # lme4's maxit
MAX_HALVINGS = 20  # lme4's maxstephalfit
DOUBTFUL = 1e-14  # weights this far apart: the fixed part may not be positive definite

NOT_A_NUMBER = "PIRLS loop resulted in NaN value"
NO_DESCENT = "(maxstephalfit) PIRLS step-halvings failed to reduce deviance in pwrssUpdate"
TOO_MANY_STEPS = "pwrssUpdate did not converge in (maxit) iterations"


class GlmerPirls:
    """The state of lme4's two modules, response and predictor; every method below moves it on."""

    def __init__(
        self, rows: Rows, family: Family, y: Array, weights: Array, *, tolerance: float = TOLERANCE
    ) -> None:
        self.rows = rows
        self.tolerance = tolerance  # tolPwrss: of the relative change of pdev
        self.family = family
        self.y = y
        self.weights = weights
        self.offset = np.zeros(len(y))  # (n,) what is not X beta or Z Lambda u
        self.u = np.zeros(rows.plan.q)
        self.beta = np.zeros(rows.X.shape[1])
        self.logdet = 0.0  # log|M|
        self.factor: Factor | None = None
        self.diagonal: tuple[Array, ...] = ()  # of A = Z'WZ, by block
        self.fixed_root: Array | None = None  # (p, p) upper: R'R = X'WX - RZX'RZX
        self.eta, self.mu = self.offset, y

    def move(self, eta: Array) -> None:
        """Stand at the linear predictor `eta` (n,), offset included."""
        self.eta = eta
        self.mu = self.family.link.inverse(eta)

    def deviance_residuals(self) -> Array:
        """(n,)."""
        return self.family.deviance(self.y, self.mu, self.weights)

    def predictor(self, u: Array | None = None) -> Array:
        """X beta + Z Lambda u, (n,), without the offset."""
        u = self.u if u is None else u
        Zb: Array = self.rows.Z @ self.Lambda.times(u)
        return Zb + self.rows.X @ self.beta if self.beta.any() else Zb

    def minimize(self, factors: Sequence[Array], *, jointly: bool) -> None:
        """Find u, and beta if `jointly` (otherwise it is 0), from where the response stands.

        Raises LinAlgError in lme4's words where lme4 stops.
        """
        self.Lambda = RelativeFactor.of(self.rows.blocks, factors)
        old = sys.float_info.max
        for _ in range(MAX_STEPS):
            u, beta = self.u, self.beta
            pdev = self._step(jointly=jointly)
            if abs(_ratio(old - pdev, pdev)) < self.tolerance:
                return
            if not pdev <= old:  # true for NaN
                pdev = self._halve(u, beta, old, jointly=jointly)
            old = pdev
        raise np.linalg.LinAlgError(TOO_MANY_STEPS)

    def _step(self, *, jointly: bool) -> float:
        slope = self.family.link.slope(self.eta)
        # lme4 takes a root here, so that there is no step where mu is out of range and V(mu) negative.
        W = np.square(slope * np.sqrt(self.weights / self.family.variance(self.mu)))
        response = self.eta - self.offset + (self.y - self.mu) / slope
        try:
            self._solve(W, response, jointly=jointly)
        except FloatingPointError:
            self.u, self.beta = np.full_like(self.u, np.nan), np.full_like(self.beta, np.nan)
        return self._arrive()

    def _solve(self, W: Array, response: Array, *, jointly: bool) -> None:
        """The weighted penalized least squares of one step."""
        rows, plan = self.rows, self.rows.plan
        weighted = W * response
        if not math.isfinite(weighted.sum()) or not math.isfinite(W.sum()):
            raise FloatingPointError
        products = rows.weighted(W)
        self.diagonal = products.diagonal
        self.factor = factor(plan, products, self.Lambda)
        self.logdet = self.factor.logdet
        right: Array = (rows.Zt @ weighted)[:, None]
        # lme4 factors the fixed part even where beta is given, and stops if that fails.
        with_fixed = len(self.beta) > 0 and (jointly or W.min() <= DOUBTFUL * W.max())
        if with_fixed:
            WX = W[:, None] * rows.X
            right = np.hstack([right, rows.Zt @ WX])
        solved = self.factor.forward(self.Lambda.transposed(right))
        self.beta = np.zeros_like(self.beta)
        cu = solved[:, 0]
        if with_fixed:
            RZX = solved[:, 1:]
            root = _upper_root(rows.X.T @ WX - RZX.T @ RZX)
        if with_fixed and jointly:
            self.fixed_root = root
            self.beta = _solve_root(root, rows.X.T @ weighted - RZX.T @ cu)
            cu = cu - RZX @ self.beta
        self.u = self.factor.backward(cu[:, None])[:, 0]

    def _arrive(self) -> float:
        """Move to the predictor that u and beta make; pdev there."""
        self.move(self.offset + self.predictor())
        return row_sum(self.deviance_residuals()) + float(self.u @ self.u)

    def _halve(self, u: Array, beta: Array, old: float, *, jointly: bool) -> float:
        """Go back half the way to `u`, `beta` until pdev is no larger than `old`."""
        pdev = math.nan
        for _ in range(MAX_HALVINGS):
            self.u = (u + self.u) / 2.0
            if jointly:
                self.beta = (beta + self.beta) / 2.0
            pdev = self._arrive()
            if pdev <= old:
                return pdev
        if math.isnan(pdev):
            raise np.linalg.LinAlgError(NOT_A_NUMBER)
        if pdev - old > self.tolerance:
            raise np.linalg.LinAlgError(NO_DESCENT)
        return pdev


def row_sum(values: Array) -> float:
    """Add from the first row to the last, as lme4 does: its rounding errors show in lme4's differences."""
    return float(np.add.accumulate(values)[-1])


def _ratio(a: float, b: float) -> float:
    """a / b with infinities and NaN, where Python's own division would raise."""
    return float(np.divide(a, b))


def _upper_root(S: Array) -> Array:
    R, failed = lapack.dpotrf(S, lower=0, clean=1)
    if failed:
        raise np.linalg.LinAlgError(DOWNDATED)
    return np.asarray(R)


def _solve_root(R: Array, right: Array) -> Array:
    """x with R'R x = right."""
    half = solve_triangular(R, right, trans="T", check_finite=False)
    return np.asarray(solve_triangular(R, half, check_finite=False))
