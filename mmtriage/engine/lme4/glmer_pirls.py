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
from functools import cached_property

import numpy as np
from scipy.linalg import lapack

from mmtriage.arrays import Array
from mmtriage.engine.algebra.cholesky import factor
from mmtriage.engine.algebra.crossproducts import CrossProducts
from mmtriage.engine.algebra.relative_factor import RelativeFactor
from mmtriage.engine.algebra.sparse import times
from mmtriage.engine.algebra.weighted_rows import Rows
from mmtriage.engine.lme4.checks import DOWNDATED
from mmtriage.model.family_data import FamilyData

TOLERANCE = 1e-7  # lme4's tolPwrss
MAX_STEPS = 100  # lme4's maxit
MAX_HALVINGS = 20  # lme4's maxstephalfit
DOUBTFUL = 1e-14  # weights this far apart: the fixed part may not be positive definite

NOT_A_NUMBER = "PIRLS loop resulted in NaN value"
NO_DESCENT = "(maxstephalfit) PIRLS step-halvings failed to reduce deviance in pwrssUpdate"
TOO_MANY_STEPS = "pwrssUpdate did not converge in (maxit) iterations"


class Standing:
    """Where the response stands: at one linear predictor. What a step needs of it is computed once.

    Every evaluation of the criterion starts from one saved predictor, so that its first step has the weights,
    Z'WZ and X'WX of the evaluation before it.
    """

    def __init__(self, rows: Rows, data: FamilyData, eta: Array) -> None:
        self.rows = rows
        self.data = data
        self.eta = eta  # (n,) offset included
        self.mu = data.mean(eta)

    @cached_property
    def deviance(self) -> Array:
        """Each row's deviance residual, (n,)."""
        return self.data.deviance(self.mu)

    @cached_property
    def slope(self) -> Array:
        """Give d mu / d eta, (n,)."""
        return self.data.slope(self.eta, self.mu)

    @cached_property
    def W(self) -> Array:
        """The weights of a step, (n,)."""
        # lme4 takes a root here, so that there is no step where mu is out of range and V(mu) negative.
        root = self.slope * np.sqrt(self.data.weights / self.data.variance(self.mu))
        return root * root

    @cached_property
    def working(self) -> Array:
        """What a step adds to the linear predictor for its response, (n,)."""
        return (self.data.y - self.mu) / self.slope

    @cached_property
    def has_finite_weights(self) -> bool:
        """Whether a step can be taken from here."""
        return math.isfinite(np.add.reduce(self.W))

    @cached_property
    def is_doubtful(self) -> bool:
        """Whether the fixed part may not be positive definite."""
        return bool(self.W.min() <= DOUBTFUL * self.W.max())

    @cached_property
    def products(self) -> CrossProducts:
        """Z'WZ."""
        return self.rows.weighted(self.W)

    @cached_property
    def fixed(self) -> tuple[Array, Array]:
        """Z'WX (q, p) and X'WX (p, p)."""
        WX = self.W[:, None] * self.rows.X
        return self.rows.Zt @ WX, self.rows.X.T @ WX


class GlmerPirls:
    """The state of lme4's two modules, response and predictor; every method below moves it on."""

    def __init__(self, rows: Rows, data: FamilyData, *, tolerance: float = TOLERANCE) -> None:
        self.rows = rows
        self.data = data
        self.tolerance = tolerance  # tolPwrss: of the relative change of pdev
        self.offset = np.zeros(len(data.y))  # (n,) what is not X beta or Z Lambda u
        self.u = np.zeros(rows.plan.q)
        self.beta = np.zeros(rows.X.shape[1])
        self.logdet = 0.0  # log|M|
        self.factored: Standing | None = None  # where the last step began: that of log|M|
        self.fixed_root: Array | None = None  # (p, p) upper: R'R = X'WX - RZX'RZX
        self.at: Standing

    def standing(self, eta: Array) -> Standing:
        """The state of the response at a linear predictor (n,), offset included."""
        return Standing(self.rows, self.data, eta)

    @property
    def eta(self) -> Array:
        """The linear predictor (n,), offset included."""
        return self.at.eta

    @property
    def mu(self) -> Array:
        """The means, (n,)."""
        return self.at.mu

    def predictor(self, u: Array | None = None) -> Array:
        """X beta + Z Lambda u, (n,), without the offset."""
        u = self.u if u is None else u
        Zb = times(self.rows.Z, self.Lambda.times(u))
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
        at = self.at
        self.factored = at
        weighted = self.eta - self.offset
        weighted += at.working
        weighted *= at.W
        if at.has_finite_weights and math.isfinite(np.add.reduce(weighted)):
            self._solve(at, weighted, jointly=jointly)
        else:
            self._lose()
        return self._arrive()

    def _lose(self) -> None:
        """Go where no number is."""
        self.u, self.beta = np.full_like(self.u, np.nan), np.full_like(self.beta, np.nan)

    def _solve(self, at: Standing, weighted: Array, *, jointly: bool) -> None:
        """The weighted penalized least squares of one step; `weighted` (n,) are W times its responses."""
        rows, Lambda = self.rows, self.Lambda
        try:
            M = factor(rows.plan, at.products, Lambda)
        except np.linalg.LinAlgError:  # CHOLMOD warns, and lme4 solves with what there is
            self._lose()
            return
        self.logdet = M.logdet
        right = times(rows.Zt, weighted)[:, None]
        # lme4 factors the fixed part even where beta is given, and stops if that fails.
        with_fixed = len(self.beta) > 0 and (jointly or at.is_doubtful)
        if with_fixed:
            ZWX, XWX = at.fixed
            right = np.concatenate((right, ZWX), axis=1)
        solved = M.forward(Lambda.transposed(right))
        cu = solved[:, 0]
        if with_fixed:
            RZX = solved[:, 1:]
            root = _upper_root(XWX - RZX.T @ RZX)
        if with_fixed and jointly:
            self.fixed_root = root
            self.beta = _solve_root(root, rows.X.T @ weighted - RZX.T @ cu)
            cu = cu - RZX @ self.beta
        elif self.beta.any():
            self.beta = np.zeros_like(self.beta)
        self.u = M.backward(cu)

    def _arrive(self) -> float:
        """Move to the predictor that u and beta make; pdev there."""
        self.at = self.standing(self.offset + self.predictor())
        return row_sum(self.at.deviance) + float(self.u @ self.u)

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
    return a / b if b else float(np.divide(a, b))


def _upper_root(S: Array) -> Array:
    R, failed = lapack.dpotrf(S, lower=0, clean=1)
    if failed:
        raise np.linalg.LinAlgError(DOWNDATED)
    return np.asarray(R)


def _solve_root(R: Array, right: Array) -> Array:
    """x with R'R x = right."""
    half, _ = lapack.dtrtrs(R, right, trans=1)
    x, _ = lapack.dtrtrs(R, half)
    return np.asarray(x)
