"""BOBYQA as R's minqa sets it up, and as lme4's optwrap calls minqa: the search of `bobyqa`.

minqa::bobyqa (1.2.5), beside handing on to Powell's Fortran:

- npt = min(n + 2, 2 n) by default, then at least n + 2: always n + 2
- rhobeg = min(0.95, max |start| / 5), rhoend = 1e-6 rhobeg, unless they are given
- where the box is narrower than 2 rhobeg, rhobeg becomes a fifth of its narrowest side, with a warning
- evaluates the objective once before, at the start, and once after, at the end

lme4's optwrap starts from 0.001 everywhere instead of from an all-zero start, which has no rhobeg. The two
evaluations more are not made here: minqa does not count them (`feval`), and they tell nothing new.

Result and path are the same bits on every CPU: sums are made in a fixed order, and nothing goes through a
BLAS (`fixed_order`). That is for the search's own algebra; the objective has to see to itself.
"""

from __future__ import annotations

import numpy as np

from mmtriage.arrays import Array
from mmtriage.optimizers.guard import Guard
from mmtriage.optimizers.optimizer import Ending, OptimizerStatus, Search

LARGEST_RHOBEG = 0.95  # minqa
RELATIVE_RHOBEG = 0.2  # minqa: of the largest |theta|, or of the narrowest side of the box
RELATIVE_RHOEND = 1e-6  # minqa: of rhobeg
ALL_ZERO_START = 1e-3  # lme4
SMALL_BUDGET = 10  # minqa: evaluations per squared number of parameters

# minqa's words, by its code
WORDS: dict[int, tuple[str, OptimizerStatus]] = {
    0: ("Normal exit from bobyqa", "converged"),
    1: ("bobyqa -- maximum number of function evaluations exceeded", "maxfun"),
    2: ("bobyqa -- NPT is not in the required interval", "error"),
    3: ("bobyqa -- a trust region step failed to reduce q", "stalled"),
    4: ("bobyqa -- one of the box constraint ranges is too small (< 2*RHOBEG)", "error"),
    5: ("bobyqa detected too much cancellation in denominator", "error"),
}
SMALL_BUDGET_WARNING = "maxfun < 10 * length(par)^2 is not recommended."
NARROW_WARNING = "All upper - lower must be >= 2*rhobeg. Changing rhobeg"


def search(objective: Guard, start: Array, lower: Array, upper: Array, maxfun: int) -> Ending:
    """Minimize within the radii that minqa takes from the start."""
    return with_radii(*radii_from(not_all_zero(start)))(objective, start, lower, upper, maxfun)


def radii_from(start: Array) -> tuple[float, float]:
    """The first radius and the last, of a search from `start` (n,)."""
    rhobeg = min(LARGEST_RHOBEG, RELATIVE_RHOBEG * float(np.max(np.abs(start))))
    return rhobeg, RELATIVE_RHOEND * rhobeg


def with_radii(rhobeg: float, rhoend: float) -> Search:
    """The search from a radius of `rhobeg` to one of `rhoend`."""

    def search_with_radii(objective: Guard, start: Array, lower: Array, upper: Array, maxfun: int) -> Ending:
        from mmtriage.optimizers.powell.minimize import minimize  # thirteen files, of which lmer needs none

        n, radius = len(start), in_the_box(rhobeg, lower, upper)
        minimum = minimize(
            objective,
            not_all_zero(start),
            lower,
            upper,
            npt=n + 2,
            rhobeg=radius,
            rhoend=rhoend,
            maxfun=maxfun,
        )
        message, status = WORDS[minimum.code]
        return Ending(
            theta=minimum.x,
            value=minimum.value,
            code=minimum.code,
            message=message,
            status=status,
            warnings=_warnings(maxfun, n, is_narrow=radius != rhobeg),
        )

    return search_with_radii


def in_the_box(rhobeg: float, lower: Array, upper: Array) -> float:
    """The first radius that the box (n,) allows."""
    narrowest = float(np.min(upper - lower))
    return RELATIVE_RHOBEG * narrowest if narrowest < 2.0 * rhobeg else rhobeg


def not_all_zero(start: Array) -> Array:
    """The start (n,), or near it where it has no radius."""
    return start if start.any() else np.full(len(start), ALL_ZERO_START)


def _warnings(maxfun: int, n: int, *, is_narrow: bool) -> tuple[str, ...]:
    """What minqa says before it starts."""
    small = (SMALL_BUDGET_WARNING,) if maxfun < SMALL_BUDGET * n**2 else ()
    return (*small, NARROW_WARNING) if is_narrow else small
