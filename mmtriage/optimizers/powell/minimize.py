"""Powell's BOBYQA as one function."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mmtriage.arrays import Array
from mmtriage.optimizers.guard import Objective
from mmtriage.optimizers.powell.evaluations import NARROW, NORMAL, NPT, Evaluations, StoppedError
from mmtriage.optimizers.powell.first_points import box_around, empty_interpolation, first_model
from mmtriage.optimizers.powell.interpolation import Interpolation
from mmtriage.optimizers.powell.iterations import Descent


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Minimum:
    """The best point found, and minqa's return code.

    0 normal, 1 maxfun exceeded, 2 npt invalid, 3 a trust region step failed to reduce the model, 4 box too
    small, 5 too much cancellation in a denominator.
    """

    x: Array  # (n,)
    value: float  # inf if there was no evaluation
    evaluations: int
    code: int


def minimize(
    objective: Objective,
    start: Array,
    lower: Array,
    upper: Array,
    *,
    npt: int,
    rhobeg: float,
    rhoend: float,
    maxfun: int,
) -> Minimum:
    """Minimise over the box `lower <= x <= upper`, all (n,), from `start`.

    Args:
        npt: number of interpolation points, n + 2 to (n + 1)(n + 2) / 2.
        rhobeg: the first radius, at most half of the box's narrowest side.
        rhoend: the last one.
        maxfun: the largest number of evaluations.
    """
    n = len(start)
    if not n + 2 <= npt <= (n + 1) * (n + 2) // 2:
        return Minimum(x=start.copy(), value=np.inf, evaluations=0, code=NPT)
    if np.any(upper - lower < 2.0 * rhobeg):
        return Minimum(x=start.copy(), value=np.inf, evaluations=0, code=NARROW)
    evaluate = Evaluations(objective, lower, upper, maxfun)
    points = empty_interpolation(box_around(start, lower, upper, rhobeg), npt)
    with np.errstate(all="ignore"):  # huge values may overflow in the model
        extra, code = _descend(evaluate, points, rhobeg, rhoend)
    x, value = evaluate.position(points, points.centre), points.least
    if extra is not None and extra[1] < value:
        x, value = extra
    return Minimum(x=x, value=value, evaluations=evaluate.count, code=code)


def _descend(
    evaluate: Evaluations, points: Interpolation, rhobeg: float, rhoend: float
) -> tuple[tuple[Array, float] | None, int]:
    """Leave the best point in `points`; a last step that did not become one of them, and the code."""
    try:
        model = first_model(points, rhobeg, evaluate)
        descent = Descent(evaluate, points, model, rhobeg=rhobeg, rhoend=rhoend)
        while descent.iterate():
            pass
    except StoppedError as stop:
        return None, stop.code
    return descent.extra, NORMAL
