"""lme4's criterion of small linear models with its exact gradient, dense and on its own.

    log|V| (+ log|X'V^-1 X|) + nu (1 + log(2 pi r^2 / nu)),    V = W^-1 + ZL ZL',    ZL = Z Lambda

It is what `tests/oracle.py` writes down, fast enough for many starts. The parameters are lme4's theta.
"""

from __future__ import annotations

import numpy as np
from scipy.linalg import cho_factor, cho_solve

from mmtriage.arrays import Array
from tests.random_models.draw import RandomModel


class NoValueError(Exception):
    """The criterion has no value there."""


class Dense:
    """What all models share: Lambda of theta, and columns in which beta has no unit."""

    def __init__(self, model: RandomModel) -> None:
        self.model = model
        self.n, self.p = model.X.shape
        Q, R = np.linalg.qr(model.X)
        self.X, self.R = Q * np.sqrt(self.n), R / np.sqrt(self.n)
        self.offset = np.zeros(self.n) if model.offset is None else model.offset
        self.w = np.ones(self.n) if model.weights is None else model.weights
        self.entries: list[tuple[int, int, int]] = []  # term, row and column of each theta, as lme4 has them
        self.columns: list[list[Array]] = []  # by term and column of Lambda: where each row's value goes
        q = 0
        for t, term in enumerate(model.terms):
            k = term.Z.shape[1]
            self.entries += [(t, a, b) for b in range(k) for a in range(b, k)]
            self.columns.append([q + term.codes * k + b for b in range(k)])
            q += k * (int(term.codes.max()) + 1)
        self.q, self.m, self.each = q, len(self.entries), np.arange(self.n)

    @property
    def diagonal(self) -> list[int]:
        """Which of theta are standard deviations."""
        return [i for i, (_, a, b) in enumerate(self.entries) if a == b]

    def random_columns(self, theta: Array) -> Array:
        """Z Lambda, (n, q)."""
        ZL = np.zeros((self.n, self.q))
        for value, (t, a, b) in zip(theta, self.entries, strict=True):
            ZL[self.each, self.columns[t][b]] += value * self.model.terms[t].Z[:, a]
        return ZL

    def by_theta(self, K: Array) -> Array:
        """d / d theta of what has the slopes K (n, q) in Z Lambda."""
        terms = self.model.terms
        return np.array([K[self.each, self.columns[t][b]] @ terms[t].Z[:, a] for t, a, b in self.entries])


class DenseLinear(Dense):
    """A linear mixed model, beta and sigma profiled out."""

    def start(self, theta: Array) -> Array:
        """Where to start at theta."""
        return theta

    def parameters(self, theta: Array, beta: Array, nb_theta: float | None) -> Array:
        """Those of a fit."""
        return theta

    def value(self, at: Array, eta: Array | None = None) -> float:
        """The criterion; `eta` says nothing here."""
        del eta
        return self.expand(at)[0]

    def expand(self, at: Array) -> tuple[float, Array]:
        """The criterion and its gradient."""
        reml = bool(self.model.options["reml"])
        ZL = self.random_columns(at)
        try:
            V = cho_factor(np.diag(1.0 / self.w) + ZL @ ZL.T, lower=True)
            white = cho_solve(V, np.column_stack([self.X, self.model.y - self.offset]))
            VX, XVX = white[:, :-1], self.X.T @ white[:, :-1]
            beta = np.linalg.solve(XVX, self.X.T @ white[:, -1])
            residual = white[:, -1] - VX @ beta  # V^-1 (y - X beta)
            pwrss = float(residual @ (self.model.y - self.offset - self.X @ beta))
            nu = self.n - self.p if reml else self.n
            value = 2.0 * float(np.sum(np.log(np.diag(V[0])))) + nu * (1.0 + np.log(2.0 * np.pi * pwrss / nu))
            G = cho_solve(V, np.eye(self.n)) - (nu / pwrss) * np.outer(residual, residual)
            if reml:
                value += float(np.linalg.slogdet(XVX)[1] + 2.0 * np.linalg.slogdet(self.R)[1])
                G -= VX @ np.linalg.solve(XVX, VX.T)
        except (np.linalg.LinAlgError, ValueError) as failure:
            raise NoValueError from failure
        if not np.isfinite(value):
            raise NoValueError
        return value, self.by_theta(2.0 * (G @ ZL))
