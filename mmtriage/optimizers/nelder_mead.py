"""lme4's `Nelder_Mead`: a simplex search clipped to the box, which stops on the parameters alone.

Nelder & Mead (1965), with the rule of Richardson & Kuester (1973) for bounds: a move that would leave the
box ends on its wall, and a move that cannot move ends the search. Where lme4 departs from the textbook is
kept, because the sequence of points is what makes it lme4's (the tests hold it to traces recorded in R):

- a reflected point is accepted as soon as it beats the worst vertex, not the second worst;
- an expanded point replaces the worst vertex if it beats *that*, even where the reflected point was better;
- so the contraction that follows is always towards the worst vertex;
- it ends when no coordinate of any vertex is further than 0.0005 of its first step from the
  centroid of all vertices but the worst: the criterion's own tolerances are accepted by lme4 and ignored.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from mmtriage.arrays import Array
from mmtriage.optimizers.guard import Guard
from mmtriage.optimizers.optimizer import Ending, OptimizerStatus, Search

FIRST_STEP = 0.02  # lme4's xst
TOLERANCE = 5e-4  # lme4's xt, of the first step
CLOSE = 1e-13  # relative: a shorter move is no move
CLOSE_TO_WALL = 0.1  # of a step: a vertex that would end that near to the start goes to the other side
REFLECT, EXPAND, CONTRACT, SHRINK = 1.0, 2.0, 0.5, 0.5


class _StuckError(Exception):
    """A move had no effect: to working precision the simplex is a point."""


class _OutOfBudgetError(Exception):
    """The evaluation after the last allowed one has been made (lme4 counts it, and may return its point)."""


def search(objective: Guard, start: Array, lower: Array, upper: Array, maxfun: int) -> Ending:
    """Minimize by a simplex clipped to the box, the same first step along every coordinate."""
    return with_steps(np.full(len(start), FIRST_STEP))(objective, start, lower, upper, maxfun)


def with_steps(steps: Array) -> Search:
    """The search whose first steps are `steps` (n,), lme4's xst."""

    def search_with_steps(objective: Guard, start: Array, lower: Array, upper: Array, maxfun: int) -> Ending:
        return _search(objective, start, lower, upper, maxfun, steps)

    return search_with_steps


def _search(objective: Guard, start: Array, lower: Array, upper: Array, maxfun: int, steps: Array) -> Ending:
    def value_at(theta: Array) -> float:
        value = objective(theta)
        if objective.evaluations > maxfun:
            raise _OutOfBudgetError
        return value

    code, message = 0, "parameter values converged to within tolerance"
    status: OptimizerStatus = "converged"
    warnings: tuple[str, ...] = ()
    try:
        vertices = _first_simplex(start, lower, upper, steps)
        _walk(value_at, vertices, lower, upper, TOLERANCE * steps)
    except _StuckError:
        pass
    except _OutOfBudgetError:
        code, message, status = 4, f"failure to converge in {maxfun} evaluations", "maxfun"
        warnings = (message,)
    theta, value = objective.best or (start, np.inf)
    return Ending(theta=theta, value=value, code=code, message=message, status=status, warnings=warnings)


def _first_simplex(start: Array, lower: Array, upper: Array, steps: Array) -> Array:
    """The start and one step along each coordinate from it, (n + 1, n), inside the box."""
    vertices = np.tile(start, (len(start) + 1, 1))
    for i, (x, step) in enumerate(zip(start, steps, strict=True)):
        up = min(x + step, upper[i])
        if up - x > CLOSE_TO_WALL * step:
            vertices[i + 1, i] = up
        else:
            vertices[i + 1, i] = max(x - step, lower[i])
    return vertices


def _walk(
    value_at: Callable[[Array], float], vertices: Array, lower: Array, upper: Array, tolerance: Array
) -> None:
    """Move the simplex `vertices`, (n + 1, n), in place until it is as small as `tolerance` (n,)."""
    n = len(lower)

    def moved(point: Array, center: Array, factor: float) -> Array:
        target = np.minimum(np.maximum(center + factor * (center - point), lower), upper)
        if _same(target, center) or _same(target, point):
            raise _StuckError
        return target

    values = np.array([value_at(vertex) for vertex in vertices])
    while True:
        worst, best = int(np.argmax(values)), int(np.argmin(values))
        centroid = (vertices.sum(axis=0) - vertices[worst]) / n
        if np.all(np.abs(vertices - centroid).max(axis=0) < tolerance):
            return
        point = moved(vertices[worst], centroid, REFLECT)
        value = value_at(point)
        if value < values[best]:
            further = moved(vertices[worst], centroid, EXPAND)
            further_value = value_at(further)
            if further_value < values[worst]:
                point, value = further, further_value
        elif value >= values[worst]:
            point = moved(vertices[worst], centroid, -CONTRACT)
            value = value_at(point)
        if value < values[worst]:
            vertices[worst], values[worst] = point, value
        else:
            for i in range(n + 1):
                if i != best:
                    vertices[i] = moved(vertices[i], vertices[best], -SHRINK)
            values = np.array([value_at(vertex) for vertex in vertices])


def _same(a: Array, b: Array) -> bool:
    return bool(np.all(np.abs(a - b) <= CLOSE * (np.abs(a) + np.abs(b))))
