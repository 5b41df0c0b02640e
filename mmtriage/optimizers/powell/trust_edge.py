"""The rest of a trust region step, on the edge of the trust region: along arcs (Powell's TRSBOX).

In the plane of the free parts of d and of the gradient,

    d(t) = cos(t) d + sin(t) s,   s orthogonal to d, |s| = |d|, downhill,

stays on the edge. The model along it is a trigonometric polynomial, which is looked at in up to twenty angles
and refined by a parabola through the best and its neighbours. With u = tan(t / 2), a wall is met where a
quadratic in u vanishes; no more than u = 1, a right angle, is asked for. A path that meets a wall fixes that
coordinate and turns in another plane.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from mmtriage.arrays import Array
from mmtriage.optimizers.powell.fixed_order import dot
from mmtriage.optimizers.powell.trust_path import LITTLE, NOTHING, Path

ANGLES_PER_RANGE, FEWEST_ANGLES = 17.0, 3.1  # trsbox.f
_ANGLES = np.arange(1.0, 21.0)


@dataclass(frozen=True, slots=True, eq=False)
class Plane:
    """Where the path turns next."""

    held: Array  # (n,) the free part of the step, d
    tangent: Array  # (n,) s
    along: float  # d'g
    height: float  # -s'g


@dataclass(frozen=True, slots=True)
class Arc:
    """Q(d) - Q(d(t)) = sin(t) (u d'g - s'g - sin(t) (s'H s + u (u d'H d - 2 d'H s)) / 2), g at d."""

    dg: float
    sg: float
    shs: float
    dhs: float
    dhd: float


@dataclass(frozen=True, slots=True)
class Limit:
    """How far the path may turn: u = tan(t / 2)."""

    bend: float
    wall: int | None  # the coordinate that would be fixed there
    side: int


def along_edge(path: Path) -> None:
    """Turn until there is nothing left to gain."""
    while path.fixed < len(path.step) - 1 and _meets_wall(path):
        pass


def _meets_wall(path: Path) -> bool:
    """Turn in the coordinates that are free now; False if that ends without a wall."""
    held = path.step * path.free
    squared, curved_step = dot(held, held), path.curved(held)
    while (plane := _plane(path, squared)) is not None:
        if _fixed_where_it_stands(path):
            return True
        limit = _limit(path, plane.tangent)
        curved = path.curved(plane.tangent)
        arc = _arc(plane, curved_step, curved)
        bend, is_whole = _best_bend(arc, limit.bend)
        gain = _gain(arc, bend)
        if bend == 0.0 or gain <= 0.0:
            return False
        curved_step = _turn(path, plane.tangent, curved_step, curved, bend)
        path.reduction += gain
        if limit.wall is not None and is_whole:
            path.fix(limit.wall, limit.side)
            return True
        if not gain > LITTLE * path.reduction:
            return False
    return False


def _plane(path: Path, squared: float) -> Plane | None:
    """The plane of step and gradient, `squared` being |d|^2; None if the gradient is along the step."""
    held, free = path.step * path.free, path.gradient * path.free
    along = dot(held, path.gradient)
    area = dot(free, free) * squared - along * along
    if area <= NOTHING * path.reduction * path.reduction:
        return None
    height = math.sqrt(area)
    tangent = (along * path.step - squared * path.gradient) / height * path.free
    return Plane(held, tangent, along, height)


def _arc(plane: Plane, curved_step: Array, curved: Array) -> Arc:
    return Arc(
        dg=plane.along,
        sg=-plane.height,
        shs=dot(plane.tangent, curved),
        dhs=dot(plane.held, curved),
        dhd=dot(plane.held, curved_step),
    )


def _fixed_where_it_stands(path: Path) -> bool:
    """Fix the first coordinate that has come to a wall."""
    for i in path.near():
        x, d = path.centre.item(i), path.step.item(i)
        if x + d - path.lower.item(i) <= 0.0:
            path.fix(i, -1)
            return True
        if path.upper.item(i) - x - d <= 0.0:
            path.fix(i, 1)
            return True
    return False


def _limit(path: Path, tangent: Array) -> Limit:
    """Where the first wall is met."""
    limit = Limit(1.0, None, 0)
    for i in path.near():
        x, d, s = path.centre.item(i), path.step.item(i), tangent.item(i)
        squared = d * d + s * s  # of the largest |d_i(t)|
        below, above = x - path.lower.item(i), path.upper.item(i) - x
        limit = _no_further(limit, x + d - path.lower.item(i), squared - below * below, -s, (i, -1))
        limit = _no_further(limit, path.upper.item(i) - x - d, squared - above * above, s, (i, 1))
    return limit


def _no_further(limit: Limit, room: float, beyond: float, towards: float, wall: tuple[int, int]) -> Limit:
    """`limit`, or the nearer one of a wall that is `room` away.

    `beyond` is by how much the arc's reach, squared, exceeds the distance of the wall from the centre; the
    tangent's component `towards` the wall tells how soon it is met.
    """
    if not beyond > 0.0:
        return limit
    needed = math.sqrt(beyond) + towards
    return Limit(room / needed, *wall) if limit.bend * needed > room else limit


def _best_bend(arc: Arc, limit: float) -> tuple[float, bool]:
    """The best u up to `limit`, and whether it is the limit itself; 0 if nothing is gained."""
    count = int(ANGLES_PER_RANGE * limit + FEWEST_ANGLES)
    bends = limit * _ANGLES[:count] / count
    sines = (bends + bends) / (1.0 + bends * bends)
    bending = arc.shs + bends * (bends * arc.dhd - arc.dhs - arc.dhs)
    gains = sines * (bends * arc.dg - arc.sg - 0.5 * sines * bending)
    best = int(gains.argmax())
    if not gains[best] > 0.0:
        return 0.0, False
    if best == count - 1:
        return float(bends[best]), True
    before, most, after = float(gains[best - 1]) if best else 0.0, float(gains[best]), float(gains[best + 1])
    shift = (after - before) / (most + most - before - after)
    return limit * (best + 1.0 + 0.5 * shift) / count, False


def _gain(arc: Arc, u: float) -> float:
    sine = (u + u) / (1.0 + u * u)
    bending = arc.shs + u * (u * arc.dhd - arc.dhs - arc.dhs)
    return sine * (u * arc.dg - arc.sg - 0.5 * sine * bending)


def _turn(path: Path, tangent: Array, curved_step: Array, curved: Array, u: float) -> Array:
    """Move the path by the angle of u; returns the Hessian times the free part of the step there."""
    cosine, sine = (1.0 - u * u) / (1.0 + u * u), (u + u) / (1.0 + u * u)
    path.gradient += (cosine - 1.0) * curved_step
    path.gradient += sine * curved
    path.step = np.where(path.free > 0.0, cosine * path.step + sine * tangent, path.step)
    return cosine * curved_step + sine * curved
