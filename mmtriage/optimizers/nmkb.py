"""Kelley's simplex search in coordinates that have no walls: what lme4 calls `nmkbw` (dfoptim's nmkb).

A parameter with a lower bound is searched in log(theta - lower), one with two bounds in atanh. So the
search can neither start on a wall nor reach it, and misses exact zeros. The simplex is Nelder & Mead's;
when a step gains less than a sufficient decrease of the mean value, it is replaced by a small one
oriented along the simplex gradient (Kelley 1999, SIAM J. Optim. 10(1), 43-55). With one parameter lme4
leaves the simplex and uses Brent's method.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from mmtriage.arrays import Array
from mmtriage.optimizers.guard import Guard
from mmtriage.optimizers.optimizer import Ending, OptimizerStatus

VALUE_TOLERANCE = 1e-6  # dfoptim's tol: of the spread of the values
SIZE_TOLERANCE = 1e-6  # dfoptim: of the simplex, relative
SUFFICIENT_DECREASE = 1e-4  # Kelley
RESTARTS = 3  # dfoptim's restarts.max
REFLECT, EXPAND, OUTSIDE, INSIDE, SHRINK = 1.0, 2.0, 0.5, -0.5, 0.5

BRENT_TOLERANCE = 1.490116e-08  # optim's reltol
BRENT_RANGE = 100.0  # lme4: times the start
OFF_THE_WALL = 1e-3  # where a start on the wall is put: the coordinates have no wall to start from
LARGEST_EXPONENT = 50.0  # beyond it exp() would only make overflows


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenCoordinates:
    """The two ways between the box and R^m."""

    to_free: Callable[[Array], Array]
    to_box: Callable[[Array], Array]


def search(objective: Guard, start: Array, lower: Array, upper: Array, maxfun: int) -> Ending:
    """Minimize by Kelley's simplex, or by Brent's method if there is one parameter only."""
    if len(start) == 1:
        return _brent(objective, start, lower, upper, maxfun)
    coordinates = _coordinates(lower, upper)
    inside = np.where(start <= lower, lower + OFF_THE_WALL, start)
    inside = np.where(start >= upper, upper - OFF_THE_WALL, inside)

    def value_at(z: Array) -> float:
        return objective(coordinates.to_box(z))

    simplex = _Simplex(value_at, coordinates.to_free(inside))
    while objective.evaluations < maxfun and simplex.restarts < RESTARTS and not simplex.is_small:
        simplex.step()
    code, message, status = _outcome(simplex, exhausted=objective.evaluations >= maxfun)
    return Ending(
        theta=coordinates.to_box(simplex.vertices[0]),
        value=float(simplex.values[0]),
        code=code,
        message=message,
        status=status,
    )


def _outcome(simplex: _Simplex, *, exhausted: bool) -> tuple[int, str, OptimizerStatus]:
    if simplex.is_small:
        return 0, "Successful convergence", "converged"
    if exhausted:
        return 1, "Maximum number of fevals exceeded", "maxfun"
    return 2, "Stagnation in Nelder-Mead", "stalled"


class _Simplex:
    """n + 1 vertices (n + 1, n) with their values, best first, and how often the simplex was thrown away."""

    def __init__(self, value_at: Callable[[Array], float], center: Array) -> None:
        self._value_at = value_at
        self.restarts = 0
        self.vertices = _regular_simplex(center)
        self.values = np.array([value_at(vertex) for vertex in self.vertices])
        self._sort()
        gradient = self._gradient()
        length = np.sqrt(np.sum(gradient**2))
        self._decrease = SUFFICIENT_DECREASE * self._diameters().max() / length if length > 0 else 0.0

    @property
    def is_small(self) -> bool:
        """Whether the values, or the vertices, are as close to each other as they need to be."""
        edges = np.abs(self.vertices[1:] - self.vertices[0]).sum()
        relative_size = edges / max(1.0, float(np.abs(self.vertices[0]).sum()))
        return bool(self.values[-1] - self.values[0] <= VALUE_TOLERANCE or relative_size <= SIZE_TOLERANCE)

    def step(self) -> None:
        """Replace the worst vertex, or shrink; restart from an oriented simplex if the gain is too small."""
        better = self._better_point()
        if better is not None and self._gains_too_little(better[1]):
            self._orient()
            better = None
        if better is not None:
            self.vertices[-1], self.values[-1] = better
            self._sort()
        elif self.restarts < RESTARTS:
            self._shrink()

    def _better_point(self) -> tuple[Array, float] | None:
        """Reflection, expansion or a contraction, with its value; None if only a shrink is left."""
        values = self.values
        point, value = self._moved(REFLECT)
        if value < values[0]:
            further, further_value = self._moved(EXPAND)
            return (further, further_value) if further_value < value else (point, value)
        if value < values[-2]:
            return point, value
        if value < values[-1]:
            nearer, nearer_value = self._moved(OUTSIDE)
            return (nearer, nearer_value) if nearer_value <= value else None
        nearer, nearer_value = self._moved(INSIDE)
        return (nearer, nearer_value) if nearer_value < values[-1] else None

    def _moved(self, factor: float) -> tuple[Array, float]:
        centroid = self.vertices[:-1].mean(axis=0)
        point = (1.0 + factor) * centroid - factor * self.vertices[-1]
        return point, self._value_at(point)

    def _gains_too_little(self, value: float) -> bool:
        """Kelley's test on the mean value of the simplex, before and after."""
        n = len(self.values) - 1
        gain = (value - self.values[-1]) / (n + 1)
        return bool(gain > -self._decrease * np.sum(self._gradient() ** 2) / n)

    def _orient(self) -> None:
        """A simplex as small as the shortest edge, its edges along the axes and against the gradient."""
        self.restarts += 1
        steps = self._diameters().min() * np.sign(self._gradient())
        self.vertices[1:] = self.vertices[0] - np.diag(steps)

    def _shrink(self) -> None:
        """Halve the simplex and turn it round the best vertex."""
        self.vertices[1:] = self.vertices[0] - SHRINK * (self.vertices[1:] - self.vertices[0])
        self.values[1:] = [self._value_at(vertex) for vertex in self.vertices[1:]]
        self._sort()

    def _sort(self) -> None:
        order = np.argsort(self.values, kind="stable")
        self.vertices, self.values = self.vertices[order], self.values[order]

    def _diameters(self) -> Array:
        edges = self.vertices[1:] - self.vertices[0]
        return np.asarray(np.sqrt(np.sum(edges**2, axis=1)))

    def _gradient(self) -> Array:
        """The simplex gradient as dfoptim has it: edges times rises, not solved for slopes."""
        return np.asarray((self.vertices[1:] - self.vertices[0]).T @ (self.values[1:] - self.values[0]))


def _regular_simplex(center: Array) -> Array:
    """An equilateral simplex with a vertex at `center` (n,) and edges of max(1, |center|)."""
    n = len(center)
    scale = max(1.0, float(np.sqrt(np.sum(center**2)))) / (n * np.sqrt(2.0))
    near, far = scale * (np.sqrt(n + 1.0) - 1.0), scale * (np.sqrt(n + 1.0) + n - 1.0)
    return np.vstack([center, center + near + (far - near) * np.eye(n)])


def _coordinates(lower: Array, upper: Array) -> OpenCoordinates:
    both = np.isfinite(lower) & np.isfinite(upper)
    below = np.isfinite(lower) & ~both
    above = np.isfinite(upper) & ~both
    center, half = (lower[both] + upper[both]) / 2.0, (upper[both] - lower[both]) / 2.0

    def to_free(theta: Array) -> Array:
        z = theta.copy()
        z[both] = np.arctanh((theta[both] - center) / half)
        z[below] = np.log(theta[below] - lower[below])
        z[above] = np.log(upper[above] - theta[above])
        return z

    def to_box(z: Array) -> Array:
        theta = z.copy()
        theta[both] = center + half * np.tanh(z[both])
        theta[below] = lower[below] + np.exp(np.minimum(z[below], LARGEST_EXPONENT))
        theta[above] = upper[above] - np.exp(np.minimum(z[above], LARGEST_EXPONENT))
        return theta

    return OpenCoordinates(to_free=to_free, to_box=to_box)


def _brent(objective: Guard, start: Array, lower: Array, upper: Array, maxfun: int) -> Ending:
    """Golden section and parabolas on [lower, 100 * start], as R's optim(method = "Brent")."""
    from scipy.optimize import minimize_scalar  # slow to import

    end = min(BRENT_RANGE * (float(start[0]) if start[0] > 0 else 1.0), float(upper[0]))
    solution = minimize_scalar(
        lambda theta: objective(np.array([theta])),
        bounds=(max(float(lower[0]), -abs(end)), end),
        method="bounded",
        options={"xatol": BRENT_TOLERANCE, "maxiter": maxfun},
    )
    exhausted = objective.evaluations >= maxfun
    return Ending(
        theta=np.array([float(solution.x)]),
        value=float(solution.fun),
        code=1 if exhausted else 0,
        message="Maximum number of fevals exceeded" if exhausted else "",
        status="maxfun" if exhausted else "converged",
    )
