"""Powell's BOBYQA by Py-BOBYQA, with the radii and the number of points that lme4 gives to minqa.

Py-BOBYQA (Cartis, Fiala, Marteau, Roberts 2019) is another implementation than minqa's Fortran: same
method, not the same sequence of points. Its random features (directions, restarts, noise) are off by
default and stay off.
"""

from __future__ import annotations

import warnings

import numpy as np

from mmtriage.arrays import Array
from mmtriage.optimizers.guard import Guard
from mmtriage.optimizers.optimizer import Ending, OptimizerStatus, Search

LARGEST_RHOBEG = 0.95  # minqa
RELATIVE_RHOBEG = 0.2  # minqa: of the largest |theta|
RELATIVE_RHOEND = 1e-6  # minqa: of rhobeg
ALL_ZERO_START = 1e-3  # lme4: BOBYQA cannot find a radius at the origin
NO_BOUND = 1e20  # Py-BOBYQA's infinity

# minqa's code and words, by Py-BOBYQA's exit flag
CODES: dict[int, tuple[int, str, OptimizerStatus]] = {
    0: (0, "Normal exit from bobyqa", "converged"),
    1: (1, "bobyqa -- maximum number of function evaluations exceeded", "maxfun"),
    2: (3, "bobyqa -- a trust region step failed to reduce q", "stalled"),  # slow progress
    3: (3, "bobyqa -- a trust region step failed to reduce q", "stalled"),  # false success
    -2: (3, "bobyqa -- a trust region step failed to reduce q", "stalled"),
    -3: (5, "bobyqa detected too much cancellation in denominator", "error"),
}


def search(objective: Guard, start: Array, lower: Array, upper: Array, maxfun: int) -> Ending:
    """Minimize by quadratic models through n + 2 points, within minqa's own radii."""
    return _search(objective, start, lower, upper, maxfun, None)


def with_radii(rhobeg: float, rhoend: float) -> Search:
    """The search from a radius of `rhobeg` to one of `rhoend`."""

    def search_with_radii(objective: Guard, start: Array, lower: Array, upper: Array, maxfun: int) -> Ending:
        return _search(objective, start, lower, upper, maxfun, (rhobeg, rhoend))

    return search_with_radii


def _search(
    objective: Guard,
    start: Array,
    lower: Array,
    upper: Array,
    maxfun: int,
    radii: tuple[float, float] | None,
) -> Ending:
    import pybobyqa  # takes longer to import than most fits take

    n = len(start)
    start = np.full(n, ALL_ZERO_START) if not start.any() else start
    if radii is None:
        rhobeg = min(LARGEST_RHOBEG, RELATIVE_RHOBEG * float(np.max(np.abs(start))))
        radii = rhobeg, RELATIVE_RHOEND * rhobeg
    rhobeg = _inside_the_box(radii[0], lower, upper)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        solution = pybobyqa.solve(
            objective,
            start,
            bounds=(np.maximum(lower, -NO_BOUND), np.minimum(upper, NO_BOUND)),
            npt=min(max(min(n + 2, 2 * n), n + 2), (n + 1) * (n + 2) // 2),
            rhobeg=rhobeg,
            rhoend=radii[1],
            maxfun=maxfun,
            do_logging=False,
        )
    code, message, status = CODES.get(solution.flag, (-1, str(solution.msg), "error"))
    theta, value = (solution.x, solution.f) if solution.x is not None else objective.best or (start, np.inf)
    return Ending(
        theta=np.asarray(theta),
        value=float(value),
        code=code,
        message=message,
        status=status,
        warnings=budget_warnings(maxfun, n),
    )


def _inside_the_box(rhobeg: float, lower: Array, upper: Array) -> float:
    narrowest = float(np.min(upper - lower))
    return RELATIVE_RHOBEG * narrowest if narrowest < 2.0 * rhobeg else rhobeg


def budget_warnings(maxfun: int, n: int) -> tuple[str, ...]:
    """What minqa says of a small budget for n parameters."""
    return ("maxfun < 10 * length(par)^2 is not recommended.",) if maxfun < 10 * n**2 else ()
