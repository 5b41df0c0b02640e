"""A step that makes the interpolation points better placed (Powell's ALTMOV).

Point t, far from the best one c, is to be replaced by a point y within `radius` of c. What is wanted is a
large denominator sigma = alpha beta + tau^2 of the update of H, tau = l_t(y). Two candidates:

on a line  y = c + s (y_k - c) for one of the other points. Along such a line l_t is a parabola known without
           any work, because it is 0 at c and 0 or, for k = t, 1 at y_k: with l' its slope at c,
           s (1 - s) l', or s (l' - s (l' - 1)). Taken is the line on which
           tau^2 (tau^2 + alpha (s (1 - s) |y_k - c|^2)^2 / 2), a forecast of sigma, squared, is largest.

Cauchy     along the gradient of l_t, or against it, cut off at the walls and as long as the radius allows; or
           shorter, if l_t turns on the way.

The second is for the search to take if sigma of the first falls short of tau^2 of the second.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from mmtriage.arrays import Array
from mmtriage.optimizers.powell.fixed_order import Mask, combined, dot, row_products, total
from mmtriage.optimizers.powell.interpolation import Interpolation

LATEST_TURN = 1.0 + math.sqrt(2.0)  # curvature / -slope: beyond it |l_t| at the end exceeds that at the turn
REACH = 1.001  # of the radius: a wall further away cannot be met


@dataclass(frozen=True, slots=True, eq=False)
class Candidates:
    """Two new places for a point, (n,), as displacements from the base."""

    on_line: Array
    cauchy: Array
    cauchy_squared: float  # l_t^2 there; 0 if the gradient of l_t leaves no way
    alpha: float  # (Z'Z)_tt


@dataclass(frozen=True, slots=True, eq=False)
class LagrangeFunction:
    """l_t(c + d) = gradient'd + sum_k weights_k (y_k'd)^2 / 2."""

    gradient: Array  # (n,)
    weights: Array  # (m,)


@dataclass(frozen=True, slots=True, eq=False)
class Lines:
    """The lines through the best point and each other one."""

    apart: Array  # (m, n) y_k - c
    slopes: list[float]  # (m,) of l_t along them, at c
    distances: list[float]  # (m,) |y_k - c|^2
    below: list[float]  # (n,) from c to the walls, not positive
    above: list[float]  # (n,) not negative
    near: list[int]  # the coordinates that a wall may stop
    radius: float


@dataclass(frozen=True, slots=True)
class Span:
    """How far a line may be followed, in units of y_k - c, and the walls that end it.

    A wall is a number: -(i + 1) the lower one of coordinate i, i + 1 the upper one, 0 none.
    """

    low: float
    high: float
    low_wall: int
    high_wall: int


@dataclass(frozen=True, slots=True)
class LineStep:
    """The place on one line at which |l_t| is largest."""

    s: float
    tau: float
    wall: int


def geometry_step(points: Interpolation, t: int, radius: float) -> Candidates:
    """Where to put point t."""
    weights = combined(points.Z[:, t], points.Z)
    slope = combined(row_products(points.Y, points.centre) * weights, points.Y, points.B[t])
    function = LagrangeFunction(slope, weights)
    alpha = float(weights[t])
    on_line = _on_best_line(points, _lines(points, function, radius), t, alpha)
    return Candidates(on_line, *_cauchy(points, function, radius), alpha)


def _lines(points: Interpolation, function: LagrangeFunction, radius: float) -> Lines:
    apart = points.Y - points.centre
    below, above = (points.lower - points.centre).tolist(), (points.upper - points.centre).tolist()
    return Lines(
        apart=apart,
        slopes=row_products(apart, function.gradient).tolist(),
        distances=row_products(apart, apart).tolist(),
        below=below,
        above=above,
        near=[i for i in range(len(below)) if min(-below[i], above[i]) <= REACH * radius],
        radius=radius,
    )


def _on_best_line(points: Interpolation, lines: Lines, t: int, alpha: float) -> Array:
    """The place, (n,), on the line with the largest forecast of sigma."""
    most, chosen, along = 0.0, LineStep(0.0, 0.0, 0), t
    for k, (slope, distance) in enumerate(zip(lines.slopes, lines.distances, strict=True)):
        if k == points.best or distance == 0.0:
            continue
        span = _span(lines, k)
        step = _towards_t(slope, span) if k == t else _towards_other(slope, span)
        bulge = step.s * (1.0 - step.s) * distance
        squared = step.tau * step.tau
        forecast = squared * (squared + 0.5 * alpha * bulge * bulge)
        if forecast > most:
            most, chosen, along = forecast, step, k
    return _inside(points, points.centre + chosen.s * lines.apart[along], chosen.wall)


def _span(lines: Lines, k: int) -> Span:
    """The part of line k in the box and the radius; a wall that y_k is beyond by rounding does not count."""
    high = lines.radius / math.sqrt(lines.distances[k])
    low, low_wall, high_wall = -high, 0, 0
    shortest = min(1.0, high)
    for i in lines.near:
        d = lines.apart.item(k, i)
        sign = 1 if d > 0.0 else -1
        behind, ahead = (lines.below[i], lines.above[i]) if d > 0.0 else (lines.above[i], lines.below[i])
        if sign * low * d < sign * behind:
            low, low_wall = behind / d, -sign * (i + 1)
        if sign * high * d > sign * ahead:
            high, high_wall = max(shortest, ahead / d), sign * (i + 1)
    return Span(low, high, low_wall, high_wall)


def _towards_t(slope: float, span: Span) -> LineStep:
    """On the line through point t itself, where l_t is 1."""
    bend = slope - 1.0
    ends = [
        LineStep(s, s * (slope - s * bend), wall)
        for s, wall in ((span.low, span.low_wall), (span.high, span.high_wall))
    ]
    best = _larger(*ends)
    half = 0.5 * slope
    if (half - bend * span.low) * (half - bend * span.high) < 0.0:
        best = _larger(best, LineStep(half / bend, half * half / bend, 0))
    return best


def _towards_other(slope: float, span: Span) -> LineStep:
    """On the line through another point, where l_t is 0."""
    best = _larger(
        LineStep(span.low, span.low * (1.0 - span.low), span.low_wall),
        LineStep(span.high, span.high * (1.0 - span.high), span.high_wall),
    )
    if span.high > 0.5:
        best = _larger(best, LineStep(0.5, 0.25, 0))
    return LineStep(best.s, best.tau * slope, best.wall)


def _larger(first: LineStep, second: LineStep) -> LineStep:
    return second if abs(second.tau) > abs(first.tau) else first


def _inside(points: Interpolation, y: Array, wall: int = 0) -> Array:
    """`y` (n,) in the box, and exactly on `wall`."""
    inside = np.maximum(points.lower, np.minimum(points.upper, y))
    if wall < 0:
        inside[-wall - 1] = points.lower[-wall - 1]
    elif wall > 0:
        inside[wall - 1] = points.upper[wall - 1]
    return inside


def _cauchy(points: Interpolation, function: LagrangeFunction, radius: float) -> tuple[Array, float]:
    """The better of the ways down and up the gradient of l_t, and l_t^2 at its end.

    Where one of the two is closed by the walls, the other is not taken either (altmov.f).
    """
    down = _one_way(points, function.gradient, function.weights, radius)
    up = _one_way(points, -function.gradient, -function.weights, radius) if down else None
    if down is None or up is None:
        return points.centre.copy(), 0.0
    return down if down[1] > up[1] else up


def _one_way(
    points: Interpolation, gradient: Array, weights: Array, radius: float
) -> tuple[Array, float] | None:
    """The end of the way down `gradient`, (n,), and the function's square there; None if it is closed."""
    step, on_wall = _downhill(points, gradient, radius)
    if not step.any():
        return None
    slope = dot(gradient, step)
    products = row_products(points.Y, step)
    curvature = total(weights * products * products)
    if -slope < curvature < -LATEST_TURN * slope:
        scale = -slope / curvature
        change = 0.5 * slope * scale
        return _inside(points, points.centre + scale * step), change * change
    walls = np.where(gradient > 0.0, points.lower, points.upper)
    change = slope + 0.5 * curvature
    return np.where(on_wall, walls, _inside(points, points.centre + step)), change * change


def _downhill(points: Interpolation, gradient: Array, radius: float) -> tuple[Array, Mask]:
    """The step (n,) against `gradient`, as long as the radius, cut off at the walls; and where it was cut."""
    centre, lower, upper = points.centre, points.lower, points.upper
    free = np.where(gradient > 0.0, centre > lower, (gradient < 0.0) & (centre < upper))
    on_wall = np.zeros(len(centre), dtype=np.bool_)
    step, length, fixed, before = np.zeros(len(centre)), 0.0, 0.0, -1.0
    slope = _squared(gradient, free)
    while fixed > before and slope > 0.0 and radius * radius > fixed:
        length, before = math.sqrt((radius * radius - fixed) / slope), fixed
        y = centre - length * gradient
        low = y <= lower
        cut = free & (low | (y >= upper))
        if not cut.any():
            break
        step = np.where(cut, np.where(low, lower, upper) - centre, step)
        fixed = total(np.concatenate(([fixed], step[cut] * step[cut])))
        free, on_wall = free & ~cut, on_wall | (cut & (step != 0.0))
        slope = _squared(gradient, free)
    return np.where(free, -length * gradient, step), on_wall


def _squared(gradient: Array, free: Mask) -> float:
    held = gradient * free
    return dot(held, held)
