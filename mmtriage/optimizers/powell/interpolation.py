"""Interpolation points, and the matrix H that gives their Lagrange functions.

With points x0 + y_k, k = 1 .. m, the quadratics that BOBYQA works with have a Hessian sum_k mu_k y_k y_k'
(beside a matrix that interpolation does not see), so to interpolate is to solve the KKT system

    | A   e   Y |       A_jk = (y_j'y_k)^2 / 2, e of ones, Y (m, n) the rows y_k,
    | e'  0   0 | = W
    | Y'  0   0 |       H = W^-1: its rows hold the m Lagrange functions, l_j(y_k) = (j == k).

H is kept in two parts, as in Powell (2004, Math. Program. 100, 183-215) and (2009, NA06): the upper left
block is Z'Z, Z (m - n - 1, m), whose rank so survives rounding errors; the last n columns without the row of
the constant are B (m + n, n). That row and column are never needed, because every displacement is taken from
the best point, whose Lagrange function is one there.

For a new point x0 + y, with w_k = (y_k'y)^2 / 2 minus its value at the best point, H w holds the Lagrange
functions there, and

    sigma_k = alpha_k beta + tau_k^2,   tau_k = l_k(y), alpha_k = (Z'Z)_kk, beta = |y|^4 / 2 - w'H w

is the factor by which the determinant of W grows when y takes the place of y_k: the denominator of the
update of H, which has rank two.

Moving the base x0 leaves the problem as it is but not the rounding errors: y'y_k loses digits when the points
are far from x0 and close together.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from mmtriage.optimizers.guard import Array
from mmtriage.optimizers.powell.fixed_order import combined, dot, mirrored, row_products, total

NEGLIGIBLE = 1e-20  # of the largest element of Z: not worth a rotation (Powell's Fortran, update.f)


@dataclass(slots=True, eq=False)
class Interpolation:
    """Points and H; changed in place by the search that owns it."""

    base: Array  # (n,) x0
    lower: Array  # (n,) the walls, as displacements from the base
    upper: Array  # (n,)
    Y: Array  # (m, n)
    values: Array  # (m,) of the objective
    best: int  # the first of the points with the least value
    B: Array  # (m + n, n)
    Z: Array  # (m - n - 1, m)

    @property
    def centre(self) -> Array:
        """The best point, (n,), from the base."""
        return self.Y[self.best]

    @property
    def least(self) -> float:
        """The value of the best point."""
        return float(self.values[self.best])


@dataclass(frozen=True, slots=True, eq=False)
class Lagrange:
    """H w for a step to a new point."""

    values: Array  # (m + n,) first the Lagrange functions at the new point
    beta: float
    products: Array  # (m,) of the step with every point


def lagrange_functions(points: Interpolation, step: Array) -> Lagrange:
    """The Lagrange functions at `step` (n,) from the best point."""
    m, centre = len(points.Y), points.centre
    products = row_products(points.Y, step)
    w = products * (0.5 * products + row_products(points.Y, centre))
    values = row_products(points.B[:m], step)
    squares = 0.0
    for z in points.Z:
        component = dot(z, w)
        squares -= component * component
        values = values + component * z
    sums = np.add.accumulate(np.concatenate((w, step))[:, None] * points.B, axis=0)
    crossed = total(np.stack((sums[m - 1] * step, sums[-1] * step), axis=1).ravel())
    values[points.best] += 1.0
    beta = _distance_term(centre, step) + squares - crossed
    return Lagrange(np.concatenate((values, sums[-1])), beta, products)


def _distance_term(centre: Array, step: Array) -> float:
    """|y|^4 / 2 without its terms of first order in the step, which cancel against those of w'H w."""
    along, length, distance = dot(step, centre), dot(step, step), dot(centre, centre)
    return along * along + length * (distance + along + along + 0.5 * length)


def denominators(points: Interpolation, at: Lagrange) -> Array:
    """sigma_k, (m,): for each point, the denominator of the update that replaces it."""
    tau = at.values[: len(points.Y)]
    return at.beta * np.add.reduce(points.Z * points.Z, axis=0) + tau * tau


def squared_distances(points: Interpolation, target: Array) -> Array:
    """|y_k - target|^2, (m,)."""
    apart = points.Y - target
    return row_products(apart, apart)


def update_inverse(points: Interpolation, k: int, at: Lagrange, sigma: float) -> None:
    """Change H as the new point takes the place of point k."""
    B, Z, m = points.B, points.Z, len(points.Y)
    _gather(Z, k)
    pivot = float(Z[0, k])
    alpha, tau = pivot * pivot, float(at.values[k])
    column = np.concatenate((pivot * Z[0], B[k]))  # of H
    moved = at.values.copy()
    moved[k] -= 1.0
    root = math.sqrt(sigma)
    Z[0] = tau / root * Z[0] - pivot / root * moved[:m]
    by_moved = (alpha * moved[m:] - tau * column[m:]) / sigma
    by_column = (-at.beta * column[m:] - tau * moved[m:]) / sigma
    B += moved[:, None] * by_moved
    B += column[:, None] * by_column
    B[m:] = mirrored(B[m:], upper=True)


def _gather(Z: Array, k: int) -> None:
    """Rotate the rows of Z until the first alone has a component at k; Z'Z stays what it is."""
    if len(Z) == 1:
        return
    negligible = NEGLIGIBLE * float(np.max(np.abs(Z)))
    for j in range(1, len(Z)):
        a, b = float(Z[0, k]), float(Z[j, k])
        if abs(b) > negligible:
            length = math.sqrt(a * a + b * b)
            cosine, sine = a / length, b / length
            Z[0], Z[j] = cosine * Z[0] + sine * Z[j], cosine * Z[j] - sine * Z[0]
        Z[j, k] = 0.0


def move_base(points: Interpolation) -> None:
    """Make the best point the base; H changes in its last n rows and columns only."""
    Y, centre = points.Y, points.centre.copy()
    quarter = 0.25 * dot(centre, centre)
    middle = combined(centre, np.ascontiguousarray(Y.T), np.full(len(Y), -2.0 * quarter))
    _move_inverse(points, centre, middle, quarter)
    move_points(points)


def _move_inverse(points: Interpolation, centre: Array, middle: Array, quarter: float) -> None:
    """The congruence of H that belongs to a shift by `centre` (n,); `middle` is (y_k - centre / 2)'centre."""
    B, Z, Y = points.B, points.Z, points.Y
    m, n = Y.shape
    halfway = middle[:, None] * Y + (quarter - 0.5 * middle)[:, None] * centre
    pairs = np.empty((m, 2, n, n))
    pairs[:, 0] = B[:m, :, None] * halfway[:, None, :]
    pairs[:, 1] = halfway[:, :, None] * B[:m, None, :]
    block = np.add.reduce(np.concatenate((B[None, m:], pairs.reshape(2 * m, n, n))), axis=0)
    for z in Z:
        weighted = middle * z
        factor = quarter * total(z) - 0.5 * total(weighted)
        row = combined(weighted, Y, factor * centre)
        B[:m] += z[:, None] * row
        block += row[:, None] * row
    B[m:] = mirrored(block)


def move_points(points: Interpolation) -> None:
    """Take every displacement from the best point."""
    centre = points.centre.copy()
    points.Y -= centre
    points.base = points.base + centre
    points.lower = points.lower - centre
    points.upper = points.upper - centre
