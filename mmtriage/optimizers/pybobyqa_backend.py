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
from mmtriage.optimizers.minqa import in_the_box, not_all_zero, radii_from
from mmtriage.optimizers.optimizer import Ending, OptimizerStatus, Search

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
    return with_radii(*radii_from(not_all_zero(start)))(objective, start, lower, upper, maxfun)


def with_radii(rhobeg: float, rhoend: float) -> Search:
    """The search from a radius of `rhobeg` to one of `rhoend`."""

    def search_with_radii(objective: Guard, start: Array, lower: Array, upper: Array, maxfun: int) -> Ending:
        return _search(objective, not_all_zero(start), lower, upper, maxfun, (rhobeg, rhoend))

    return search_with_radii


def _search(
    objective: Guard, start: Array, lower: Array, upper: Array, maxfun: int, radii: tuple[float, float]
) -> Ending:
    import pybobyqa  # takes longer to import than most fits take

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        solution = pybobyqa.solve(
            objective,
            start,
            bounds=(np.maximum(lower, -NO_BOUND), np.minimum(upper, NO_BOUND)),
            npt=len(start) + 2,
            rhobeg=in_the_box(radii[0], lower, upper),
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
    )
