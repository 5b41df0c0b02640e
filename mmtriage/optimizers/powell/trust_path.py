"""Where the path of a trust region step is: the step so far, the walls it has met, the model there."""

from __future__ import annotations

import numpy as np

from mmtriage.arrays import Array
from mmtriage.optimizers.powell.fixed_order import combined, row_products
from mmtriage.optimizers.powell.interpolation import Interpolation
from mmtriage.optimizers.powell.quadratic import Quadratic

LITTLE = 0.01  # of the reduction so far: a path that gains no more has ended (trsbox.f)
NOTHING = 1e-4  # of its square: by the slopes, no more can be gained (trsbox.f)
REACH = 1.001  # of the radius: a wall further away cannot be met


class Path:
    """Lines and arcs from the best point; the end of them moves in place."""

    def __init__(self, points: Interpolation, model: Quadratic, radius: float) -> None:
        self.centre, self.lower, self.upper = points.centre, points.lower, points.upper
        n = len(self.centre)
        self.step = np.zeros(n)
        self.gradient = model.gradient.copy()  # of the model at the end of the step
        self.room = radius * radius  # less the squares of the elements that are fixed
        self.reduction = 0.0  # of the model, so far
        self.curvature = -1.0  # the least one met; -1: none yet
        self.lines = 0  # followed so far
        self.free = np.ones(n)  # 1 or 0 for every coordinate
        self.walls: dict[int, int] = {}  # fixed coordinate -> -1, the lower wall, or 1
        self._Y, self._implicit = points.Y, model.implicit
        self._rows = np.concatenate((model.explicit, points.Y))
        self._near = self._within(REACH * radius)
        self._fix_at_start()

    @property
    def fixed(self) -> int:
        """How many coordinates are."""
        return len(self.walls)

    def near(self) -> list[int]:
        """The free coordinates that a wall may yet stop."""
        return [i for i in self._near if i not in self.walls] if self.walls else self._near

    def curved(self, direction: Array) -> Array:
        """The model's Hessian times `direction`, (n,)."""
        n = len(direction)
        products = row_products(self._rows, direction)
        return combined(products[n:] * self._implicit, self._Y, products[:n])

    def fix(self, i: int, side: int) -> None:
        """Keep coordinate i at a wall from now on."""
        self.walls[i] = side
        self.free[i] = 0.0

    def end(self) -> Array:
        """The end of the path as a displacement from the base, (n,)."""
        point = np.maximum(np.minimum(self.centre + self.step, self.upper), self.lower)
        for i, side in self.walls.items():
            point[i] = self.lower[i] if side < 0 else self.upper[i]
        return point

    def _within(self, reach: float) -> list[int]:
        nearest = np.minimum(self.centre - self.lower, self.upper - self.centre)
        return [i for i, distance in enumerate(nearest.tolist()) if distance <= reach]

    def _fix_at_start(self) -> None:
        """A wall under the best point holds a coordinate that would go down through it."""
        for i in self._near:
            if self.centre[i] <= self.lower[i] and self.gradient[i] >= 0.0:
                self.fix(i, -1)
            elif self.centre[i] >= self.upper[i] and self.gradient[i] <= 0.0:
                self.fix(i, 1)
