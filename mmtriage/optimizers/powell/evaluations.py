"""The objective as the search sees it: displacements in, finite values out, and a budget."""

from __future__ import annotations

import numpy as np

from mmtriage.arrays import Array
from mmtriage.optimizers.guard import Objective
from mmtriage.optimizers.powell.interpolation import Interpolation

NORMAL, MAXFUN, NPT, NO_DESCENT, NARROW, CANCELLATION = range(6)  # minqa's return codes
LARGEST = float(np.finfo(np.float64).max)  # what minqa makes of a value that is not finite


class StoppedError(Exception):
    """The search cannot go on; `code` says why, in minqa's numbers."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


class Evaluations:
    """Values of the objective inside the box `lower <= x <= upper`, (n,), counted up to `maxfun`."""

    def __init__(self, objective: Objective, lower: Array, upper: Array, maxfun: int) -> None:
        self._objective = objective
        self._settings = np.geterr()  # the caller's, not the search's, are for the objective
        self._maxfun = maxfun
        self.lower = lower
        self.upper = upper
        self.count = 0

    def __call__(self, points: Interpolation, y: Array) -> float:
        """The objective at the displacement `y` (n,) from the base of `points`."""
        x = self.position(points, y)
        if self.count >= self._maxfun:
            raise StoppedError(MAXFUN)
        if not np.isfinite(x).all():  # a model made of overflows
            raise StoppedError(NO_DESCENT)
        self.count += 1
        with np.errstate(**self._settings):
            value = float(self._objective(x))
        return value if np.isfinite(value) else LARGEST

    def position(self, points: Interpolation, y: Array) -> Array:
        """base + y, (n,), exactly on a wall where `y` is."""
        x = np.minimum(np.maximum(self.lower, points.base + y), self.upper)
        x = np.where(y == points.lower, self.lower, x)
        return np.where(y == points.upper, self.upper, x)
