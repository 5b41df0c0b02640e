"""lme4's Laplace criterion of small generalized models with its exact gradient, dense and on its own.

    log|ZL'W ZL + I| + |u|^2 + A(mu),    ZL = Z Lambda,    u = argmin D(y, mu) + |u|^2

It is what `tests/glmm_oracle.py` writes down, fast enough for many starts. The parameters are lme4's theta,
beta of orthogonal columns with a mean square of one, and log size of a negative binomial.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.linalg import cho_factor, cho_solve
from scipy.optimize import linprog

from mmtriage.arrays import Array
from tests.glmm_oracle import LINK, SCALED, DenseGlmm, minus_twice_loglik
from tests.random_models.annealed import annealed
from tests.random_models.dense import Dense, NoValueError
from tests.random_models.draw import RandomModel
from tests.random_models.families import DenseFamily, Rows

NB_STEP = 1e-4  # of log size, in the one derivative that is a difference
NEWTON_DECREMENT, SCORING_DECREMENT = 1e-9, 1e-18  # beyond which the next step is rounding
MANY = 30  # steps
STUCK = 1e-3  # decrement with which a search that gains nothing more is at the edge of the means, and no mode
FARTHEST_U = 100.0  # standard deviations of a random effect
FARTHEST_SIZE = 16.0  # log size of a negative binomial: beyond, differences of logarithms have no digits
HALVINGS = 12
FAILURES = (NoValueError, np.linalg.LinAlgError, ValueError)


@dataclass(frozen=True, slots=True, eq=False)
class At:
    """A mode, and the criterion that it gives."""

    value: float
    ZL: Array  # (n, q)
    u: Array  # (q,)
    rows: Rows
    C: Array  # (q, n) (ZL'W ZL + I)^-1 ZL'

    @property
    def penalized(self) -> float:
        """The penalized deviance."""
        return self.rows.deviance + float(self.u @ self.u)


class DenseLaplace(Dense):
    """A generalized model by Laplace's approximation.

    Args:
        predictors: (n,) each, in the user's unit: modes on record, looked for in every evaluation.
    """

    def __init__(self, model: RandomModel, predictors: Sequence[Array] = ()) -> None:
        super().__init__(model)
        self.predictors = predictors
        self.family = DenseFamily(model.family, model.link, model.y, self.w)
        self.has_size = model.family == "negative.binomial"
        self.last: Array | None = None  # u of the evaluation before, where there is one mode
        self.constant = 0.0  # -2 log-likelihood less the deviance
        if model.family not in (*SCALED, "negative.binomial"):
            mu = np.full(self.n, 0.5)
            self.constant = minus_twice_loglik(glmm_of(model), mu) - self.family.deviance(mu, 1.0)

    def start(self, theta: Array) -> Array:
        """Where to start at theta: the coefficients that give all rows one mean."""
        level = float(LINK[self.family.link](np.array([self._mean()]))[0])
        beta = np.linalg.lstsq(self.X, np.full(self.n, level) - self.offset, rcond=None)[0]
        return np.concatenate([theta, beta, np.zeros(int(self.has_size))])

    def _mean(self) -> float:
        """Of the response, but where the link has a predictor."""
        mean = float(np.average(self.model.y, weights=self.w))
        if self.model.family == "binomial":
            return min(max(mean, 0.02), 0.98)
        return mean if self.model.family == "gaussian" and self.model.link == "inverse" else max(mean, 0.05)

    def parameters(self, theta: Array, beta: Array, nb_theta: float | None) -> Array:
        """Those of a fit."""
        return np.concatenate([theta, self.R @ beta, [] if nb_theta is None else [np.log(nb_theta)]])

    def expand(self, at: Array) -> tuple[float, Array]:
        """The criterion and its gradient."""
        with np.errstate(all="ignore"):
            best = self.best(at)
            slopes = self._slopes(best, self._size(at))
            if self.has_size:
                step = np.append(np.zeros(len(at) - 1), NB_STEP)
                ahead, behind = (self.best(at + side * step).value for side in (1.0, -1.0))
                slopes = np.append(slopes, (ahead - behind) / (2.0 * NB_STEP))
        if not np.all(np.isfinite(slopes)):
            raise NoValueError
        return best.value, slopes

    def best(self, at: Array) -> At:
        """The mode of the smallest criterion among those reached from zero and from the record.

        Where there is one mode, and no evaluation before this one led to it, it is looked for also from the
        effects that bring all predictors near one level: from zero the search may not find into the range of
        means, or stay where means are one to the last digit. The smaller penalized deviance is the mode's.
        """
        if self.has_size and abs(at[-1]) > FARTHEST_SIZE:
            raise NoValueError
        fixed, size = self._fixed(at), self._size(at)
        ZL = self.random_columns(at[: self.m])
        has_one = self.family.has_one_mode
        found = [] if self.last is None else self._modes(ZL, fixed, size, [self.last])
        if not found:
            starts = [*self._starts(ZL, fixed, size), *(self._levelled(ZL, fixed) if has_one else [])]
            found = self._modes(ZL, fixed, size, starts)
        if not found:
            raise NoValueError
        best = min(found, key=lambda mode: mode.penalized if has_one else mode.value)
        self.last = best.u if has_one else None
        return best

    def value(self, at: Array, eta: Array | None = None) -> float:
        """The criterion, whatever was evaluated before; `eta` (n,) is where a mode is said to be.

        Raises NoValueError where no mode is found. Where there is one mode, that with the smallest penalized
        deviance is it, wherever the search for it began.
        """
        with np.errstate(all="ignore"):
            self.last = None
            if eta is None or not self.family.has_one_mode:
                return self.best(at).value
            ZL, fixed = self.random_columns(at[: self.m]), self._fixed(at)
            said = np.asarray(np.linalg.lstsq(ZL, eta - fixed, rcond=None)[0])
            there = self._modes(ZL, fixed, self._size(at), [said])
            try:
                there.append(self.best(at))
            except NoValueError:
                if not there:
                    raise
            return min(there, key=lambda mode: mode.penalized).value

    def _fixed(self, at: Array) -> Array:
        fixed: Array = self.offset + self.X @ at[self.m : self.m + self.p]
        return fixed

    def _modes(self, ZL: Array, fixed: Array, size: float, starts: Iterable[Array]) -> list[At]:
        """The modes that are reached."""
        found = []
        for u in starts:
            try:
                mode = self._at_mode(ZL, fixed, u, size)
            except FAILURES:
                continue
            if np.isfinite(mode.value):
                found.append(mode)
        return found

    def _levelled(self, ZL: Array, fixed: Array) -> list[Array]:
        """Effects (q,) that bring the predictors near that of the mean, and those that keep the least of them
        as far above zero as they can."""
        away = float(LINK[self.family.link](np.array([self._mean()]))[0]) - fixed
        levelled = np.linalg.solve(ZL.T @ ZL + np.eye(self.q), ZL.T @ away)
        # Over (u, t) with fixed + ZL u >= t, the largest t.
        above = linprog(
            np.append(np.zeros(self.q), -1.0),
            A_ub=np.column_stack([-ZL, np.ones(self.n)]),
            b_ub=fixed,
            bounds=[(-FARTHEST_U, FARTHEST_U)] * self.q + [(None, 1.0)],
        )
        return [np.asarray(levelled), *([above.x[:-1]] if above.success else [])]

    def _size(self, at: Array) -> float:
        return float(np.exp(at[-1])) if self.has_size else 1.0

    def _starts(self, ZL: Array, fixed: Array, size: float) -> Iterator[Array]:
        yield np.zeros(self.q)
        for eta in self.predictors:  # one step of weighted least squares
            rows = self.family.rows(eta, size)
            M = ZL.T @ (rows.W[:, None] * ZL) + np.eye(self.q)
            yield np.asarray(np.linalg.solve(M, ZL.T @ (rows.W * (eta - fixed) + rows.score)), dtype=float)

    def _at_mode(self, ZL: Array, fixed: Array, u: Array, size: float) -> At:
        """Newton's method on the observed information, or scoring where that is not positive definite."""
        family, eye = self.family, np.eye(self.q)
        rows = family.rows(fixed + ZL @ u, size)
        if not np.isfinite(rows.deviance):
            raise NoValueError
        for _ in range(MANY):
            gradient, limit = u - ZL.T @ rows.score, NEWTON_DECREMENT
            try:
                step = cho_solve(cho_factor(ZL.T @ (rows.B[:, None] * ZL) + eye), gradient)
            except (np.linalg.LinAlgError, ValueError):
                limit = SCORING_DECREMENT
                step = cho_solve(cho_factor(ZL.T @ (rows.W[:, None] * ZL) + eye), gradient)
            decrement, here = float(gradient @ step), rows.deviance + float(u @ u)
            for halvings in range(HALVINGS):
                moved = u - 0.5**halvings * step
                there = family.rows(fixed + ZL @ moved, size)
                if there.deviance + float(moved @ moved) <= here + 1e-14 * (self.n + abs(here)):
                    break
            else:
                break
            u, rows = moved, there
            gained = here - rows.deviance - float(u @ u)
            is_rounding = halvings > 0 and gained <= 1e-13 * (self.n + here)
            if is_rounding or decrement <= limit * min(1.0, here / self.n):
                break
        else:
            raise NoValueError
        if decrement > STUCK:
            raise NoValueError
        M = cho_factor(ZL.T @ (rows.W[:, None] * ZL) + eye)
        value = 2.0 * float(np.sum(np.log(np.diag(M[0])))) + float(u @ u)
        value += family.loss(rows, size)[0] + self.constant
        return At(value, ZL, u, rows, cho_solve(M, ZL.T))

    def _slopes(self, at: At, size: float) -> Array:
        """By implicit differentiation: the mode moves with the parameters."""
        rows, ZL, u = at.rows, at.ZL, at.u
        in_eta = rows.bend * np.einsum("iq,qi->i", ZL, at.C) + self.family.loss(rows, size)[1]
        H = ZL.T @ (rows.B[:, None] * ZL) + np.eye(self.q)
        v = np.linalg.solve(H, 2.0 * u + ZL.T @ in_eta)
        moved = in_eta - rows.B * (ZL @ v)
        K = 2.0 * rows.W[:, None] * at.C.T + np.outer(moved, u) + np.outer(rows.score, v)
        return np.concatenate([self.by_theta(K), self.X.T @ moved])

    def sampled(self, at: Array, numbers: np.random.Generator) -> tuple[float, float]:
        """-2 log-likelihood, and its standard error, by annealed importance sampling."""
        with np.errstate(all="ignore"):
            mode, size = self.best(at), self._size(at)
            fixed = self._fixed(at)
            log_mean, error = annealed(
                lambda u: -0.5 * self.family.deviances(fixed + u @ mode.ZL.T, size), self.q, numbers
            )
        # What the criterion at the mode has beside the deviance, |u|^2 and log|M| is the same for every u.
        M = mode.ZL.T @ (mode.rows.W[:, None] * mode.ZL) + np.eye(self.q)
        rest = mode.value - mode.penalized - float(np.linalg.slogdet(M)[1])
        return rest - 2.0 * log_mean, 2.0 * error


def glmm_of(model: RandomModel) -> DenseGlmm:
    """The same for the slow oracle."""
    return DenseGlmm(
        y=model.y,
        X=model.X,
        blocks=tuple((term.codes, term.Z) for term in model.terms),
        family=model.family,
        link=model.link,
        weights=model.weights,
        trials=model.trials,
        offset=model.offset,
        nb_theta=1.0 if model.family == "negative.binomial" else None,
    )
