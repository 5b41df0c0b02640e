"""A step that makes the model small, inside the box and inside the trust region (Powell's TRSBOX).

    min  g'd + d'H d / 2   subject to   lower <= c + d <= upper,   |d| <= Delta,   c the best point

Conjugate gradients from d = 0 in the coordinates that are free. A line that meets a wall ends there: its
coordinate is fixed for good, and the directions begin anew. Where the path meets the edge of the trust region
it goes on along the edge (`trust_edge`). It ends as well when there is nothing left to gain, and one percent
of what has been gained so far is nothing.

The least curvature met, if the path stayed inside, later tells whether a step is short because the model is
good or because it is wrong.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np

from mmtriage.arrays import Array
from mmtriage.optimizers.powell.fixed_order import column_sums, dot
from mmtriage.optimizers.powell.interpolation import Interpolation
from mmtriage.optimizers.powell.quadratic import Quadratic
from mmtriage.optimizers.powell.trust_edge import along_edge
from mmtriage.optimizers.powell.trust_path import LITTLE, NOTHING, Path

End = Literal["wall", "edge", "done"]


@dataclass(frozen=True, slots=True, eq=False)
class TrustStep:
    """The end of the path."""

    point: Array  # (n,) displacement from the base, exactly on the walls that it met
    step: Array  # (n,) from the best point
    squared: float  # |step|^2
    gradient: Array  # (n,) of the model there
    curvature: float  # the least one met; 0 if the path met the edge of the trust region, -1 if it met none


@dataclass(frozen=True, slots=True, eq=False)
class Line:
    """A line to be followed from the end of the path."""

    direction: Array  # (n,)
    curved: Array  # (n,) the model's Hessian times it
    curvature: float  # along it, per unit of length
    bend: float  # direction'H direction
    edge: float  # the multiple of the direction at which the trust region ends
    length: float  # and the one at which to stop
    wall: int | None  # the coordinate that stops it


def trust_region_step(points: Interpolation, model: Quadratic, radius: float) -> TrustStep:
    """The step for a trust region of `radius` round the best point."""
    path = Path(points, model, radius)
    if _reaches_edge(path):
        path.curvature = 0.0
        along_edge(path)
    point = path.end()
    step = point - points.centre
    return TrustStep(point, step, dot(step, step), path.gradient, path.curvature)


def _reaches_edge(path: Path) -> bool:
    end: End = "wall"
    while end == "wall":
        end = _until_wall(path)
    return end == "edge"


def _until_wall(path: Path) -> End:
    """Conjugate gradients from where the path is."""
    direction = -(path.gradient * path.free)
    squared = slope = dot(direction, direction)  # |direction|^2, and that of the free gradient
    last = path.lines + len(direction) - path.fixed
    while squared != 0.0 and not slope * path.room <= NOTHING * path.reduction * path.reduction:
        line = _line(path, direction, squared, slope)
        if line is None:
            return "edge"
        before = slope
        slope, gain = _followed(path, line, slope)
        if line.wall is not None:
            return _stopped_by(path, line.wall, direction)
        if not line.length < line.edge:
            return "edge"
        if path.lines == last or gain <= LITTLE * path.reduction:
            return "done"
        direction = slope / before * direction - path.gradient * path.free
        squared = dot(direction, direction)
    return "done"


def _line(path: Path, direction: Array, squared: float, slope: float) -> Line | None:
    """Along `direction` to its minimum, the edge or a wall; None if the path is on the edge."""
    curved = path.curved(direction)
    left, along, bend = _products(path, direction, curved)
    if left <= 0.0:
        return None
    edge = _to_edge(squared, along, left)
    length = min(edge, slope / bend) if bend > 0.0 else edge
    length, wall = _to_wall(path, direction, length)
    return Line(direction, curved, bend / squared, bend, edge, length, wall)


def _products(path: Path, direction: Array, curved: Array) -> tuple[float, float, float]:
    """Room - |d|^2 over the free coordinates, direction'd and direction'H direction."""
    terms = np.empty((len(direction) + 1, 3))
    terms[0] = path.room, 0.0, 0.0
    held = path.step * path.free
    terms[1:, 0] = -(held * held)
    terms[1:, 1] = direction * path.step
    terms[1:, 2] = direction * curved
    left, along, bend = column_sums(terms).tolist()
    return left, along, bend


def _to_edge(squared: float, along: float, left: float) -> float:
    """The positive root t of |d + t direction|^2 = room, without cancellation."""
    root = math.sqrt(squared * left + along * along)
    if along < 0.0:
        return (root - along) / squared
    return left / (root + along) if root + along != 0.0 else math.inf  # an underflow


def _to_wall(path: Path, direction: Array, length: float) -> tuple[float, int | None]:
    """`length`, or the shorter one at which a wall is met, and its coordinate."""
    wall = None
    for i in path.near():
        s = direction.item(i)
        if s != 0.0:
            limit = path.upper if s > 0.0 else path.lower
            reached = (limit.item(i) - (path.centre.item(i) + path.step.item(i))) / s
            if reached < length:
                length, wall = reached, i
    return length, wall


def _followed(path: Path, line: Line, slope: float) -> tuple[float, float]:
    """Move the path along the line: the square of the free gradient at its end, and the reduction."""
    if not line.length > 0.0:
        return slope, 0.0
    path.lines += 1
    if line.wall is None and line.curvature > 0.0:
        known = path.curvature != -1.0
        path.curvature = min(path.curvature, line.curvature) if known else line.curvature
    path.gradient += line.length * line.curved
    path.step += line.length * line.direction
    gain = max(line.length * (slope - 0.5 * line.length * line.bend), 0.0)
    path.reduction += gain
    free = path.gradient * path.free
    return dot(free, free), gain


def _stopped_by(path: Path, wall: int, direction: Array) -> End:
    path.fix(wall, -1 if direction[wall] < 0.0 else 1)
    held = float(path.step[wall])
    path.room -= held * held
    return "edge" if path.room <= 0.0 else "wall"
