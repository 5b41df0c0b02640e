"""The rest of a trust region step, on the edge of the trust region: along circles (Powell's TRSBOX).

In the plane of the free parts of d and of the gradient, both of length r on the circle,

    d(t) = cos(t) d + sin(t) s,   s orthogonal to d, |s| = |d|, downhill

The model along it is a trigonometric polynomial, looked at in up to twenty angles and refined by a parabola
through the best and its neighbours. With u = tan(t / 2) a wall limits u by a linear equation: no more than
u = 1, a right angle, is asked for. A path that meets a wall fixes that coordinate and turns in another plane.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from mmtriage.optimizers.guard import Array
from mmtriage.optimizers.powell.fixed_order import dot
from mmtriage.optimizers.powell.trust_path import LITTLE, NOTHING, Path

ANGLES_PER_RANGE, FEWEST_ANGLES = 17.0, 3.1  # trsbox.f
_ANGLES = np.arange(1.0, 21.0)


@dataclass(frozen=True, slots=True)
class Limit:
    """How far the path may turn: u = tan(t / 2)."""

    bend: float
    wall: int | None  # the coordinate that would be fixed there
    side: int


@dataclass(frozen=True, slots=True)
class Circle:
    """Q(d) - Q(d(t)) = sin(t) (u d'g - s'g - sin(t) (s'Hs + u (u d'Hd - 2 d'Hs - s'Hs)) / 2)."""

    dg: float
    sg: float
    shs: float
    dhs: float
    dhd: float


def along_edge(path: Path) -> None:
    """Turn until there is nothing left to gain."""
    while path.fixed < len(path.step) - 1 and _meets_wall(path):
        pass


def _meets_wall(path: Path) -> bool:
    """Turn in the planes of the coordinates that are free now."""
    held = path.step * path.free
    length, along = dot(held, held), dot(held, path.gradient)
    free = path.gradient * path.free
    slope = dot(free, free)
    curved_step = path.curved(held)
    while True:
        area = slope * length - along * along
        if area <= NOTHING * path.reduction * path.reduction:
            return False
        height = math.sqrt(area)
        tangent = (along * path.step - length * path.gradient) / height * path.free
        if _fixed_where_it_stands(path):
            return True
        limit = _limit(path, tangent)
        curved = path.curved(tangent)
        circle = Circle(
            dg=along,
            sg=-height,
            shs=dot(tangent, curved),
            dhs=dot(held, curved),
            dhd=dot(held, curved_step),
        )
        bend, is_whole = _best_bend(circle, limit.bend)
        gain = _gain(circle, bend)
        if gain <= 0.0:
            return False
        cosine, sine = _turned(bend)
        path.gradient += (cosine - 1.0) * curved_step
        path.gradient += sine * curved
        path.step = np.where(path.free > 0.0, cosine * path.step + sine * tangent, path.step)
        curved_step = cosine * curved_step + sine * curved
        path.reduction += gain
        if limit.wall is not None and is_whole:
            path.fix(limit.wall, limit.side)
            return True
        if gain <= LITTLE * path.reduction:
            return False
        held = path.step * path.free
        free = path.gradient * path.free
        along, slope = dot(held, path.gradient), dot(free, free)


def _fixed_where_it_stands(path: Path) -> bool:
    """Fix the first coordinate that has come to a wall."""
    for i in path.near_and_free():
        at = path.centre.item(i) + path.step.item(i)
        side = -1 if at - path.lower.item(i) <= 0.0 else 1
        if side < 0 or path.upper.item(i) - path.centre.item(i) - path.step.item(i) <= 0.0:
            path.fix(i, side)
            return True
    return False


def _limit(path: Path, tangent: Array) -> Limit:
    bend, wall, side = 1.0, None, 0
    for i in path.near_and_free():
        x, d, s = path.centre.item(i), path.step.item(i), tangent.item(i)
        low, high = path.lower.item(i), path.upper.item(i)
        squared = d * d + s * s
        for towards, room, beyond, sign in (
            (-1, x + d - low, squared - (x - low) * (x - low), -1.0),
            (1, high - x - d, squared - (high - x) * (high - x), 1.0),
        ):
            if beyond > 0.0:
                needed = math.sqrt(beyond) + sign * s
                if bend * needed > room:
                    bend, wall, side = room / needed, i, towards
    return Limit(bend, wall, side)


def _best_bend(circle: Circle, limit: float) -> tuple[float, bool]:
    """The best u up to `limit`, and whether it is the limit itself; 0 if nothing is gained."""
    count = int(ANGLES_PER_RANGE * limit + FEWEST_ANGLES)
    bends = limit * _ANGLES[:count] / count
    sines = (bends + bends) / (1.0 + bends * bends)
    bending = circle.shs + bends * (bends * circle.dhd - circle.dhs - circle.dhs)
    gains = sines * (bends * circle.dg - circle.sg - 0.5 * sines * bending)
    best = int(gains.argmax())
    if not gains[best] > 0.0:
        return 0.0, False
    if best == count - 1:
        return float(bends[best]), True
    before, most, after = float(gains[best - 1]) if best else 0.0, float(gains[best]), float(gains[best + 1])
    shift = (after - before) / (most + most - before - after)
    return limit * (best + 1.0 + 0.5 * shift) / count, False


def _gain(circle: Circle, u: float) -> float:
    sine = (u + u) / (1.0 + u * u)
    bending = circle.shs + u * (u * circle.dhd - circle.dhs - circle.dhs)
    return sine * (u * circle.dg - circle.sg - 0.5 * sine * bending)


def _turned(u: float) -> tuple[float, float]:
    """Cosine and sine of the angle."""
    return (1.0 - u * u) / (1.0 + u * u), (u + u) / (1.0 + u * u)
