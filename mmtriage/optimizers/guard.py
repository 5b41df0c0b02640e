"""The objective as an optimizer may see it: finite unless NaN is asked for, counted, its best remembered."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from mmtriage.arrays import Array

Objective = Callable[[Array], float]

FIRST_PENALTY = 1e10  # when the very first points fail and nothing is known of the criterion's size
PENALTY_MARGIN = 0.1  # of the size of the worst value seen


class OutOfBudgetError(Exception):
    """A backend without a limit of its own has spent its evaluations."""


class Guard:
    """Counts evaluations and turns failures into large finite values.

    The penalty is worse than anything seen so far, but of its order of magnitude: 1e300, or Inf, would
    ruin the quadratic model of BOBYQA (and any finite difference) far beyond the one point that failed.
    """

    def __init__(self, objective: Objective) -> None:
        self._objective = objective
        self._worst: float | None = None
        self._limit: int | None = None
        self._hands_on_nan = False
        self.evaluations = 0
        self.failures = 0
        self.last_failure = ""
        self.best: tuple[Array, float] | None = None  # theta (m,) and the criterion there

    def limit(self, maxfun: int) -> None:
        """From now on raise OutOfBudgetError instead of spending more than `maxfun` evaluations in all."""
        self._limit = maxfun

    def hand_on_nan(self) -> None:
        """From now on a criterion that is NaN is no penalty, but NaN."""
        self._hands_on_nan = True

    def __call__(self, theta: Array) -> float:
        """The criterion at `theta` (m,), or a penalty."""
        if self._limit is not None and self.evaluations >= self._limit:
            raise OutOfBudgetError
        self.evaluations += 1
        try:
            value = float(self._objective(np.array(theta, dtype=np.float64)))
        except (FloatingPointError, np.linalg.LinAlgError) as failure:
            return self._penalty(str(failure))
        if not np.isfinite(value):
            penalty = self._penalty(f"the criterion is {value}")
            return value if self._hands_on_nan and np.isnan(value) else penalty
        if self.best is None or value < self.best[1]:
            self.best = (np.array(theta, dtype=np.float64), value)
        self._worst = value if self._worst is None else max(self._worst, value)
        return value

    def _penalty(self, why: str) -> float:
        self.failures += 1
        self.last_failure = why
        if self._worst is None:
            return FIRST_PENALTY
        return self._worst + max(1.0, PENALTY_MARGIN * abs(self._worst))
