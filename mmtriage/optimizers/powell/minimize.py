"""Powell's BOBYQA as one function."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mmtriage.optimizers.guard import Array, Objective
from mmtriage.optimizers.powell.evaluations import NARROW, NORMAL, NPT, Evaluations, StoppedError
from mmtriage.optimizers.powell.first_points import box_around, empty_interpolation, first_model
from mmtriage.optimizers.powell.interpolation import Interpolation
from mmtriage.optimizers.powell.iterations import Search


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Minimum:
    """What was found."""

    x: Array  # (n,)
    value: float  # inf if there was no evaluation
    evaluations: int
    code: int  # minqa's


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
    n = len(start)
    if not n + 2 <= npt <= (n + 1) * (n + 2) // 2:
        return Minimum(x=start.copy(), value=np.inf, evaluations=0, code=NPT)
    if np.any(upper - lower < 2.0 * rhobeg):
        return Minimum(x=start.copy(), value=np.inf, evaluations=0, code=NARROW)
    evaluate = Evaluations(objective, lower, upper, maxfun)
    points = empty_interpolation(box_around(start, lower, upper, rhobeg), npt)
    search, code = None, NORMAL
    with np.errstate(all="ignore"):
        try:
            model = first_model(points, rhobeg, evaluate)
            search = Search(evaluate, points, model, rhobeg=rhobeg, rhoend=rhoend)
            while search.iterate():
                pass
        except StoppedError as stop:
            code = stop.code
    x, value = evaluate.position(points, points.centre), points.least
    if search is not None and search.extra is not None and search.extra[1] < value:
        x, value = search.extra
    return Minimum(x=x, value=value, evaluations=evaluate.count, code=code)
