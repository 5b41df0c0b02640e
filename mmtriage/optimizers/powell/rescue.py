"""RESCUE: new points for old where H has lost its accuracy.

sigma is tau^2 + alpha beta, and alpha beta cannot be negative: where every sigma is much smaller than tau^2,
H is no longer the inverse of W. It is made anew, without inverting anything:

1. take provisional points for which H is known in closed form: the best point, steps along the axes from it,
   and sums of two such steps;
2. put the old points back one by one, each in the place of the provisional one with the largest sigma, by the
   ordinary update; nearest to the best first, and one for which every sigma is small waits until another has
   been put back;
3. evaluate the provisional points that are left, and correct the model by each.

The model does not change in 1 and 2, and usually few are left for 3, if any.

R's minqa (1.2.5) does not repeat itself after a call of its own RESCUE: in a new process the same call ends
after another number of evaluations, with another value. Powell's Fortran as PDFO compiles it does repeat
itself, and is followed.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from mmtriage.arrays import Array
from mmtriage.optimizers.powell.first_points import coordinate_pair
from mmtriage.optimizers.powell.fixed_order import Mask, combined, row_products, total
from mmtriage.optimizers.powell.interpolation import (
    Interpolation,
    denominators,
    lagrange_functions,
    move_points,
    update_inverse,
)
from mmtriage.optimizers.powell.quadratic import Quadratic, forget_point, move_model

Evaluate = Callable[[Interpolation, Array], float]

SMALL_DENOMINATOR = 1e-2  # of the largest tau^2 (rescue.f)


@dataclass(frozen=True, slots=True, eq=False)
class Provisional:
    """The set of step 1; old points take the places of its own in step 2."""

    points: Interpolation
    is_left: Mask  # (m,) which are still provisional
    axes: list[tuple[int, ...]]  # (m,) along which each provisional point lies, none to two


def rescue(points: Interpolation, model: Quadratic, radius: float, evaluate: Evaluate) -> bool:
    """Make H anew, in place; True if points were evaluated, the gradient still being that of the old best."""
    centre = points.centre.copy()
    move_points(points)
    move_model(model, points, centre, share=0.5)
    provisional = _provisional(points, radius)
    _put_back(points, provisional)
    points.B, points.Z = provisional.points.B, provisional.points.Z
    left = np.flatnonzero(provisional.is_left).tolist()
    least = points.least
    for k in left:
        _evaluate(points, model, provisional, k, least, evaluate)
    return bool(left)


def _provisional(points: Interpolation, radius: float) -> Provisional:
    """The provisional points and their H, the best point in its own place."""
    m, n = points.Y.shape
    first, second = _steps(points, radius)
    made = replace(points, Y=np.zeros((m, n)), B=np.zeros((m + n, n)), Z=np.zeros((m - n - 1, m)))
    pairs = [coordinate_pair(k, n) for k in range(2 * n + 1, m)]
    singles = [(j,) for j in range(n)]
    axes = [(), *singles, *singles[: m - n - 1], *pairs]
    for j in range(n):
        if j < m - n - 1:
            _two_steps(made, j, float(first[j]), float(second[j]))
        else:
            _one_step(made, j, float(first[j]))
    for k, pair in enumerate(pairs, 2 * n + 1):
        _sum_of_steps(made, k, pair, first)
    provisional = Provisional(made, np.ones(m, dtype=np.bool_), axes)
    _exchange(provisional, 0, points.best)
    provisional.is_left[points.best] = False
    return provisional


def _steps(points: Interpolation, radius: float) -> tuple[Array, Array]:
    """The longer and the shorter step along each axis, in the box and the radius, at most one to two."""
    up, down = np.minimum(radius, points.upper), np.maximum(-radius, points.lower)
    first, second = np.where(up + down < 0.0, (down, up), (up, down))
    return first, np.where(np.abs(second) < 0.5 * np.abs(first), 0.5 * first, second)


def _two_steps(made: Interpolation, j: int, first: float, second: float) -> None:
    k, B, z = j + 1 + made.Y.shape[1], made.B, made.Z[j]
    made.Y[j + 1, j], made.Y[k, j] = first, second
    inverse = 1.0 / (first - second)
    B[j + 1, j] = -inverse + 1.0 / first
    B[k, j] = inverse + 1.0 / second
    B[0, j] = -B[j + 1, j] - B[k, j]
    z[0] = math.sqrt(2.0) / abs(first * second)
    z[j + 1] = z[0] * second * inverse
    z[k] = -z[0] * first * inverse


def _one_step(made: Interpolation, j: int, step: float) -> None:
    made.Y[j + 1, j] = step
    made.B[0, j], made.B[j + 1, j] = -1.0 / step, 1.0 / step
    made.B[len(made.Y) + j, j] = -0.5 * step * step


def _sum_of_steps(made: Interpolation, k: int, pair: tuple[int, int], first: Array) -> None:
    p, q = pair
    made.Y[k, p], made.Y[k, q] = first[p], first[q]
    z, inverse = made.Z[k - made.Y.shape[1] - 1], 1.0 / float(first[p] * first[q])
    z[[0, k]] = inverse
    z[[p + 1, q + 1]] = -inverse


def _exchange(provisional: Provisional, a: int, b: int) -> None:
    """Let the points a and b change places, in H as well."""
    made, is_left, axes = provisional.points, provisional.is_left, provisional.axes
    made.Y[[a, b]] = made.Y[[b, a]]
    made.B[[a, b]] = made.B[[b, a]]
    made.Z[:, [a, b]] = made.Z[:, [b, a]]
    is_left[[a, b]] = is_left[[b, a]]
    axes[a], axes[b] = axes[b], axes[a]


def _put_back(points: Interpolation, provisional: Provisional) -> None:
    """Step 2: each old point in the place of a provisional one, as far as H allows."""
    waiting = row_products(points.Y, points.Y).copy()  # squared distances; 0: back, negative: refused
    refusal = float(np.max(waiting))
    while np.any(waiting > 0.0):
        k = int(np.where(waiting > 0.0, waiting, np.inf).argmin())
        if _is_put_back(points, provisional, k):
            waiting[k] = 0.0
            waiting = np.abs(waiting)
        else:
            waiting[k] = -waiting[k] - refusal


def _is_put_back(points: Interpolation, provisional: Provisional, k: int) -> bool:
    made, is_left = provisional.points, provisional.is_left
    at = lagrange_functions(made, points.Y[k])
    sigma = np.where(is_left, denominators(made, at), 0.0)
    leaving = int(sigma.argmax())
    tau = at.values[: len(points.Y)]
    if not sigma[leaving] > SMALL_DENOMINATOR * float(np.max(tau * tau)):
        return False
    _exchange(provisional, leaving, k)
    at.values[[leaving, k]] = at.values[[k, leaving]]
    update_inverse(made, k, at, float(sigma[leaving]))
    made.Y[k] = points.Y[k]
    is_left[k] = False
    return True


def _evaluate(
    points: Interpolation,
    model: Quadratic,
    provisional: Provisional,
    k: int,
    least: float,
    evaluate: Evaluate,
) -> None:
    """Step 3 for provisional point k: it becomes a point of the search, the model agrees with its value."""
    y, axes = provisional.points.Y[k], provisional.axes[k]
    forget_point(model, points, k)
    points.Y[k] = y
    expected = _model_at(model, points, y, axes, least)
    points.values[k] = evaluate(points, y)
    if points.values[k] < points.least:
        points.best = k
    _correct(points, model, provisional, k, float(points.values[k]) - expected)
    provisional.is_left[k] = False


def _model_at(
    model: Quadratic, points: Interpolation, y: Array, axes: tuple[int, ...], least: float
) -> float:
    """The model at `y` (n,), on the axes; it is `least` at the old best point, the base."""
    value = least
    for i in axes:
        value += float(y[i]) * (float(model.gradient[i]) + 0.5 * float(y[i]) * float(model.explicit[i, i]))
    if len(axes) == 2:
        p, q = axes
        value += float(y[p]) * float(y[q]) * float(model.explicit[p, q])
    products = row_products(points.Y, y)
    return total(np.concatenate(([value], 0.5 * model.implicit * products * products)))


def _correct(
    points: Interpolation, model: Quadratic, provisional: Provisional, k: int, residual: float
) -> None:
    """Add `residual` times the Lagrange function of k: what belongs to points still provisional goes to E."""
    model.gradient = model.gradient + residual * points.B[k]
    shares = residual * combined(points.Z[:, k], points.Z)
    model.implicit += np.where(provisional.is_left, 0.0, shares)
    for j in np.flatnonzero(provisional.is_left).tolist():
        _add_square(model.explicit, float(shares[j]), provisional.points.Y[j], provisional.axes[j])


def _add_square(E: Array, weight: float, y: Array, axes: tuple[int, ...]) -> None:
    """Add weight y y' to E, in place; `y` (n,) is zero off the axes."""
    for i in axes:
        E[i, i] += weight * float(y[i] * y[i])
    if len(axes) == 2:
        p, q = axes
        E[p, q] += weight * float(y[p]) * float(y[q])
        E[q, p] = E[p, q]
