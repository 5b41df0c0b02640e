"""The first interpolation points, the model through them, and H in closed form.

    x0                          the start
    x0 + rho e_j                one for every coordinate
    x0 - rho e_j                for the first m - n - 1 coordinates (at most n)
    x0 +- rho e_p +- rho e_q    for the rest, the better of the two steps along each

At a wall the second step goes to the other side of the first, twice as far or as far as the box goes. Where
the second point is better than the first, the two change places: the pairs of coordinates use the first.

With n + 2 points, lme4's choice, one coordinate has a second point, so one element of the first Hessian is
not zero.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from mmtriage.arrays import Array
from mmtriage.optimizers.powell.interpolation import Interpolation
from mmtriage.optimizers.powell.quadratic import Quadratic

Evaluate = Callable[[Interpolation, Array], float]


@dataclass(frozen=True, slots=True, eq=False)
class Box:
    """The start, moved as the search needs it, and the walls as seen from there."""

    start: Array  # (n,)
    lower: Array  # (n,) displacements; 0, or at least rhobeg away
    upper: Array  # (n,)


def box_around(start: Array, lower: Array, upper: Array, rhobeg: float) -> Box:
    """Put every coordinate of the start on a wall, or at least `rhobeg` away from both."""
    limits = zip(start.tolist(), lower.tolist(), upper.tolist(), strict=True)
    return Box(*np.array([_settled(x, low, high, rhobeg) for x, low, high in limits]).T.copy())


def _settled(x: float, low: float, high: float, rhobeg: float) -> tuple[float, float, float]:
    """The coordinate, and the displacements from it to its two walls; the lower one comes first."""
    if low - x >= 0.0:
        return low, 0.0, high - low
    if low - x >= -rhobeg:
        return low + rhobeg, -rhobeg, max(high - (low + rhobeg), rhobeg)
    if high - x <= 0.0:
        return high, low - high, 0.0
    if high - x <= rhobeg:
        return high - rhobeg, min(low - (high - rhobeg), -rhobeg), rhobeg
    return x, low - x, high - x


def empty_interpolation(box: Box, m: int) -> Interpolation:
    """All points at the start, without values."""
    n = len(box.start)
    return Interpolation(
        base=box.start.copy(),
        lower=box.lower,
        upper=box.upper,
        Y=np.zeros((m, n)),
        values=np.full(m, np.inf),
        best=0,
        B=np.zeros((m + n, n)),
        Z=np.zeros((m - n - 1, m)),
    )


def first_model(points: Interpolation, rho: float, evaluate: Evaluate) -> Quadratic:
    """Evaluate the first points, in order; set H and make the model, its gradient at the base.

    If `evaluate` stops the search, `points` has what was found until then.
    """
    m, n = points.Y.shape
    model = Quadratic(gradient=np.zeros(n), explicit=np.zeros((n, n)), implicit=np.zeros(m))
    _value(points, 0, evaluate)
    for j in range(n):
        _first_step(points, model, j, rho, evaluate)
    for j in range(min(m - n - 1, n)):
        _second_step(points, model, j, rho, evaluate)
    for j in range(m - n - 1, n):
        _set_single(points, j, rho)
    for k in range(2 * n + 1, m):
        _pair_step(points, model, k, rho, evaluate)
    return model


def _value(points: Interpolation, k: int, evaluate: Evaluate) -> float:
    value = evaluate(points, points.Y[k])
    points.values[k] = value
    if value < points.least:
        points.best = k
    return value


def _first_step(points: Interpolation, model: Quadratic, j: int, rho: float, evaluate: Evaluate) -> None:
    step = -rho if points.upper[j] == 0.0 else rho
    points.Y[j + 1, j] = step
    model.gradient[j] = (_value(points, j + 1, evaluate) - float(points.values[0])) / step


def _set_single(points: Interpolation, j: int, rho: float) -> None:
    """H for a coordinate with one step: its Lagrange functions are linear along it."""
    step = float(points.Y[j + 1, j])
    points.B[0, j], points.B[j + 1, j] = -1.0 / step, 1.0 / step
    points.B[len(points.Y) + j, j] = -0.5 * (rho * rho)


def _second_step(points: Interpolation, model: Quadratic, j: int, rho: float, evaluate: Evaluate) -> None:
    k = j + 1 + points.Y.shape[1]
    first, second = float(points.Y[j + 1, j]), _other_side(points, j, rho)
    points.Y[k, j] = second
    slope = (_value(points, k, evaluate) - float(points.values[0])) / second
    gradient = float(model.gradient[j])
    model.explicit[j, j] = 2.0 * (slope - gradient) / (second - first)
    model.gradient[j] = (gradient * second - slope * first) / (second - first)
    if first * second < 0.0 and points.values[k] < points.values[j + 1]:
        _exchange(points, j, k)
    _set_double(points, j, k, rho, first, second)


def _other_side(points: Interpolation, j: int, rho: float) -> float:
    if points.lower[j] == 0.0:
        return min(2.0 * rho, float(points.upper[j]))
    if points.upper[j] == 0.0:
        return max(-2.0 * rho, float(points.lower[j]))
    return -rho


def _exchange(points: Interpolation, j: int, k: int) -> None:
    """Let the better of the two steps along j, that of point k, be the first."""
    points.Y[[j + 1, k], j] = points.Y[[k, j + 1], j]
    points.values[[j + 1, k]] = points.values[[k, j + 1]]
    if points.best == k:
        points.best = j + 1


def _set_double(points: Interpolation, j: int, k: int, rho: float, first: float, second: float) -> None:
    """H for a coordinate with two steps: its Lagrange functions are parabolas along it."""
    B, z = points.B, points.Z[j]
    B[0, j] = -(first + second) / (first * second)
    B[k, j] = -0.5 / float(points.Y[j + 1, j])
    B[j + 1, j] = -B[0, j] - B[k, j]
    z[0] = math.sqrt(2.0) / (first * second)
    z[k] = math.sqrt(0.5) / (rho * rho)
    z[j + 1] = -z[0] - z[k]


def _pair_step(points: Interpolation, model: Quadratic, k: int, rho: float, evaluate: Evaluate) -> None:
    n = points.Y.shape[1]
    q, p = sorted(coordinate_pair(k, n))
    points.Y[k, p], points.Y[k, q] = points.Y[p + 1, p], points.Y[q + 1, q]
    value = _value(points, k, evaluate)
    singles = float(points.values[0]) - float(points.values[p + 1]) - float(points.values[q + 1])
    model.explicit[p, q] = model.explicit[q, p] = (singles + value) / float(points.Y[k, p] * points.Y[k, q])
    z = points.Z[k - n - 1]
    z[[0, k]] = 1.0 / (rho * rho)
    z[[p + 1, q + 1]] = -1.0 / (rho * rho)


def coordinate_pair(k: int, n: int) -> tuple[int, int]:
    """The coordinates of point k > 2n: (0, 1), (1, 2), .., (n - 1, 0), then (0, 2), .."""
    lag, p = divmod(k - n - 1, n)
    return p, (p + lag) % n
