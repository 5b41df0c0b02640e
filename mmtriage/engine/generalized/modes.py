"""Conditional modes of a generalized model by penalized iteratively reweighted least squares (PIRLS).

The modes u, with beta or at a given beta, minimize the penalized deviance `D(y, mu) + |u|^2`. lme4 stops when
that changes by less than 1e-7 of itself, which costs it the fourth digit of its gradient. Here the iteration
goes on until the next step would be rounding. It takes Newton steps on the observed information, or, where
that is not positive definite, on the expected one (Fisher scoring), and halves a step while it raises the
deviance.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from mmtriage.arrays import Array
from mmtriage.engine.algebra.cholesky import Factor, factor
from mmtriage.engine.algebra.relative_factor import RelativeFactor
from mmtriage.engine.algebra.weighted_rows import Rows
from mmtriage.engine.generalized.row_terms import RowTerms, row_terms
from mmtriage.model.families import Family
from mmtriage.model.family_data import FamilyData
from mmtriage.model.tall import least_squares

END_OF_LINK = 4.0 * np.finfo(float).eps  # slope of a mean that is constant to the last digit
MODERATE = 3.0  # predictor at which no answer is beyond that
LONGEST = 8.0  # step of the predictor that one row may ask for, where the whole step leads upwards
GROWTH = 2.0  # from one shrunken predictor to the next
MAX_PIRLS = 100  # iterations
SIZES = tuple(0.5**halvings for halvings in range(41))  # of a step
MOST_IN_VAIN = 3  # Newton steps in a row that gain nothing, before the deviance is said to have no digits
NEWTON_DECREMENT = 1e-9  # squared length of a step after which Newton's next one is rounding
SCORING_DECREMENT = 1e-20  # the same where Fisher scoring converges linearly
SAME_MODE = 1e-6  # relative difference of predictors that belong to one mode
MOST_ON_RECORD = 8  # modes that are looked for in every evaluation: each costs a PIRLS


@dataclass(frozen=True, slots=True, eq=False)
class Modes:
    """The conditional modes at one point."""

    u: Array  # (q,)
    beta: Array  # (p,) orthonormal columns
    eta: Array  # (n,)
    terms: RowTerms

    @property
    def penalized(self) -> float:
        """D + |u|^2."""
        return self.terms.deviance + float(self.u @ self.u)


class Memory:
    """Where PIRLS ended last, which is only ever a start, and the predictors of modes that are on record.

    Where the likelihood is not convex there may be several modes, too many to find them all: one for each
    side and group, say. The criterion is the smallest that the mode reached from zero gives and those on
    record, which are the ones that lme4's own runs came to. It is one function as long as nothing is
    recorded.
    """

    def __init__(self, q: int, p: int) -> None:
        self.u = np.zeros(q)
        self.beta = np.zeros(p)
        self.predictors: list[Array] = []  # (n,) eta each
        self.data: FamilyData | None = None  # of the family that was asked for last

    def record(self, eta: Array) -> None:
        """Have a mode with this predictor (n,) looked for in every evaluation."""
        is_known = any(_is_near(eta, known) for known in self.predictors)
        if len(self.predictors) < MOST_ON_RECORD and not is_known:
            self.predictors.append(eta)


@dataclass(frozen=True, slots=True, eq=False)
class Pirls:
    """The data of a model, and the systems that its modes solve. All arrays by row are (n,)."""

    rows: Rows
    y: Array
    weights: Array  # ones where there are none
    trials: Array | None
    offset: Array
    memory: Memory

    def data(self, family: Family) -> FamilyData:
        """The response in its family, what is constant of it kept for as long as the family is the same."""
        known = self.memory.data
        if known is None or known.family != family:
            known = self.memory.data = FamilyData(family, self.y, self.weights, self.trials)
        return known

    def find(self, family: Family, Lambda: RelativeFactor, beta: Array | None) -> Modes:
        """Find u, and beta with it if none is given, from where the last evaluation ended or from scratch."""
        failure: np.linalg.LinAlgError | None = None
        for modes in self._starts(family, Lambda, beta):
            if not np.isfinite(modes.penalized):
                continue
            try:
                modes = self._pirls(family, Lambda, modes, joint=beta is None)
            except np.linalg.LinAlgError as stop:
                failure = stop
                continue
            return self._within_range(family, Lambda, beta, modes)
        if failure is not None and beta is not None and family.distribution.has_trials:
            return self._followed(family, Lambda, beta, np.abs(self.offset + self.rows.X @ beta).max())
        raise failure or np.linalg.LinAlgError("the mean leaves its range wherever PIRLS could start")

    def _within_range(
        self, family: Family, Lambda: RelativeFactor, beta: Array | None, modes: Modes
    ) -> Modes:
        """The mode, or a lower one where that found has answers beyond the means that can be told apart.

        A mean that is one to the last digit has no slope any more: a search that starts beyond stays there.
        """
        is_beyond = (np.abs(self.y - modes.terms.mu) > 0.5) & (modes.terms.slope <= END_OF_LINK)
        if beta is None or not (family.distribution.has_trials and np.any(is_beyond)):
            return modes
        try:
            other = self._followed(family, Lambda, beta, np.max(np.abs(modes.eta)))
        except np.linalg.LinAlgError:
            return modes
        return other if other.penalized < modes.penalized else modes

    def _followed(self, family: Family, Lambda: RelativeFactor, beta: Array, farthest: float) -> Modes:
        """The mode at shrunken predictors, followed as they grow back; the `farthest` has this size."""
        u, size = np.zeros(self.rows.plan.q), MODERATE / max(float(farthest), MODERATE)
        while True:
            shrunk = Lambda.times_number(size)
            modes = self._pirls(family, shrunk, self._modes_at(family, shrunk, u, size * beta), joint=False)
            if size >= 1.0:
                return modes
            u, size = modes.u, min(1.0, GROWTH * size)

    def find_all(self, family: Family, Lambda: RelativeFactor, beta: Array | None) -> list[Modes]:
        """Find every mode that is reached from zero and from the predictors on record.

        Where none of these leads anywhere, from lme4's starting mean or from where PIRLS ended last.
        """
        found: list[Modes] = []
        failure: np.linalg.LinAlgError | None = None
        for start, is_last_resort in self._all_starts(family, Lambda, beta):
            if is_last_resort and found:
                break
            try:
                u, b = start()
                modes = self._modes_at(family, Lambda, u, b if beta is None else beta)
                if np.isfinite(modes.penalized):
                    modes = self._pirls(family, Lambda, modes, joint=beta is None)
                    if not any(_is_near(modes.eta, other.eta) for other in found):
                        found.append(modes)
            except np.linalg.LinAlgError as stop:
                failure = stop
        if not found:
            raise failure or np.linalg.LinAlgError("the mean leaves its range wherever PIRLS could start")
        return found

    def _all_starts(
        self, family: Family, Lambda: RelativeFactor, beta: Array | None
    ) -> Iterator[tuple[Callable[[], tuple[Array, Array]], bool]]:
        """What makes a start for u and beta, and whether it is tried only if nothing else led anywhere."""
        known = self.memory
        level = self.constant_mean(family) if beta is None else beta
        yield lambda: (np.zeros_like(known.u), level), False
        for eta in list(known.predictors):
            yield partial(self._start_from, family, Lambda, beta, eta), False
        yield lambda: self._start_from_mean(family, Lambda, beta), True
        yield lambda: (known.u, known.beta if beta is None else beta), True

    def _starts(self, family: Family, Lambda: RelativeFactor, beta: Array | None) -> Iterator[Modes]:
        """Where PIRLS may start: first what is likely to be near, last what is surely in range.

        Where it ended last is near, unless Lambda was of another size: then zero is better.
        """
        known, zero = self.memory, np.zeros_like(self.memory.u)
        level = known.beta if beta is None else beta
        near = [self._modes_at(family, Lambda, u, level) for u in (known.u, zero)]
        yield from sorted(near, key=lambda modes: modes.penalized)
        u, b = self._start_from_mean(family, Lambda, beta)
        yield self._modes_at(family, Lambda, u, b if beta is None else beta)
        if beta is None:
            yield self._modes_at(family, Lambda, zero, self.constant_mean(family))

    def constant_mean(self, family: Family) -> Array:
        """beta (p,) that gives all rows one mean, as nearly as X can.

        That mean is the data's own, and so in range where the means at other coefficients may not be.
        """
        mean = np.average(family.start(self.y, self.weights, self.trials), weights=self.weights)
        eta = np.full(len(self.y), float(family.link.link(np.array([mean]))[0])) - self.offset
        return least_squares(self.rows.X, eta)

    def _start_from_mean(
        self, family: Family, Lambda: RelativeFactor, beta: Array | None
    ) -> tuple[Array, Array]:
        """One step of penalized least squares from lme4's starting mean, which is always in range."""
        mu = family.start(self.y, self.weights, self.trials)
        return self._start_from(family, Lambda, beta, family.link.link(mu))

    def _start_from(
        self, family: Family, Lambda: RelativeFactor, beta: Array | None, eta: Array
    ) -> tuple[Array, Array]:
        """Take one step of penalized least squares from a predictor eta (n,)."""
        terms = row_terms(self.data(family), eta)
        M = factor(self.rows.plan, self.rows.weighted(terms.W), Lambda)
        working = terms.W * (eta - self.offset) + terms.score
        if beta is not None:
            working = working - terms.W * (self.rows.X @ beta)
        r = self.transposed(Lambda, working)
        return self.solve(M, Lambda, terms.W, r, self.rows.X.T @ working if beta is None else None)

    def _modes_at(self, family: Family, Lambda: RelativeFactor, u: Array, beta: Array) -> Modes:
        eta = self.offset + self.rows.X @ beta + self.rows.Z @ Lambda.times(u)
        return Modes(u, beta, eta, row_terms(self.data(family), eta))

    def _pirls(self, family: Family, Lambda: RelativeFactor, modes: Modes, *, joint: bool) -> Modes:
        in_vain = 0
        for _ in range(MAX_PIRLS):
            g_u = modes.u - self.transposed(Lambda, modes.terms.score)
            g_b = -self.rows.X.T @ modes.terms.score if joint else None
            weights, M, is_newton = self._information(modes.terms, Lambda, joint=joint)
            step_u, step_b = self.solve(M, Lambda, weights, g_u, g_b)
            decrement = float(g_u @ step_u) + (0.0 if g_b is None else float(g_b @ step_b))
            moved = self._lowered(family, Lambda, modes, step_u, step_b, SIZES[:1])
            if moved is None:
                sizes, held = SIZES[1:], self._held_back(family, modes.terms, weights)
                if held is not None and decrement > NEWTON_DECREMENT:
                    M = factor(self.rows.plan, self.rows.weighted(held), Lambda)
                    step_u, step_b = self.solve(M, Lambda, held, g_u, g_b)
                    sizes = SIZES
                moved = self._lowered(family, Lambda, modes, step_u, step_b, sizes)
            if decrement <= SCORING_DECREMENT * max(1.0, modes.penalized):
                return modes if moved is None else moved
            if moved is None:
                raise np.linalg.LinAlgError("step-halvings do not reduce the penalised deviance")
            gained = modes.penalized - moved.penalized
            modes = moved
            if is_newton and decrement <= NEWTON_DECREMENT * min(1.0, modes.penalized / len(self.y)):
                return modes
            in_vain = in_vain + 1 if is_newton and gained <= self._rounding(modes) else 0
            if in_vain == MOST_IN_VAIN:
                raise np.linalg.LinAlgError("the penalised deviance has no digits left")
        raise np.linalg.LinAlgError(f"PIRLS did not converge in {MAX_PIRLS} iterations")

    def _information(
        self, terms: RowTerms, Lambda: RelativeFactor, *, joint: bool
    ) -> tuple[Array, Factor, bool]:
        """Observed information while it is positive definite, expected information elsewhere."""
        try:
            M = factor(self.rows.plan, self.rows.weighted(terms.B), Lambda)
            if not joint or terms.is_canonical:
                return terms.B, M, True
            _, root = self.reduced(M, Lambda, terms.B)
            np.linalg.cholesky(root)
            return terms.B, M, True
        except np.linalg.LinAlgError:
            return terms.W, factor(self.rows.plan, self.rows.weighted(terms.W), Lambda), False

    @staticmethod
    def _held_back(family: Family, terms: RowTerms, weights: Array) -> Array | None:
        """Weights (n,) with which no row asks for more than `LONGEST` by itself; None where none does.

        An answer far on the wrong side of its mean has hardly any information, and would go as far as that:
        one such group shortens the step of all, if it is the step that is shortened. Where the likelihood is
        not convex, as a cauchit's, long steps are what far rows need.
        """
        if not (family.is_convex and family.link.is_unitless):
            return None
        least = np.abs(terms.score) / LONGEST
        is_too_far = weights < least
        if not np.any(is_too_far):
            return None
        return np.where(is_too_far, least, weights)

    def _lowered(
        self,
        family: Family,
        Lambda: RelativeFactor,
        modes: Modes,
        step_u: Array,
        step_b: Array,
        sizes: Sequence[float],
    ) -> Modes | None:
        """Where the first of these sizes of a step leads that does not raise the penalized deviance."""
        noise = self._rounding(modes)
        for size in sizes:
            moved = self._modes_at(family, Lambda, modes.u - size * step_u, modes.beta - size * step_b)
            if moved.penalized <= modes.penalized + noise:
                return moved
        return None

    def _rounding(self, modes: Modes) -> float:
        """What the penalized deviance may change by without anything having changed."""
        return float(64.0 * np.finfo(float).eps * (abs(modes.penalized) + len(self.y)))

    def reduced(self, M: Factor, Lambda: RelativeFactor, weights: Array) -> tuple[Array, Array]:
        """h = L^-1 Lambda'Z'W X (q, p), and X'WX - h'h (p, p): the information on beta, u profiled out."""
        X = self.rows.X
        WX = weights[:, None] * X
        half = M.forward(Lambda.transposed(self.rows.Zt @ WX))
        return half, X.T @ WX - half.T @ half

    def solve(
        self, M: Factor, Lambda: RelativeFactor, weights: Array, r_u: Array, r_b: Array | None
    ) -> tuple[Array, Array]:
        """Solve the information's system for (u, beta), or for u alone where `r_b` is None."""
        half_u = M.forward(r_u[:, None])
        if r_b is None:
            return M.backward(half_u)[:, 0], np.zeros(self.rows.X.shape[1])
        half, root = self.reduced(M, Lambda, weights)
        step_b = np.asarray(np.linalg.solve(root, r_b - half.T @ half_u[:, 0]), dtype=np.float64)
        return M.backward(half_u - (half @ step_b)[:, None])[:, 0], step_b

    def transposed(self, Lambda: RelativeFactor, by_row: Array) -> Array:
        """`Lambda'Z'x` for x (n,)."""
        return Lambda.transposed(self.rows.Zt @ by_row)


def _is_near(one: Array, two: Array) -> bool:
    """Whether two predictors (n,) are of one mode."""
    return bool(np.max(np.abs(one - two)) <= SAME_MODE * (1.0 + np.max(np.abs(one))))
