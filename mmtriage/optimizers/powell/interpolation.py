"""Interpolation points, and the matrix H that gives their Lagrange functions.

With points x0 + y_k, k = 1 .. m, the quadratics that BOBYQA works with have a Hessian sum_k mu_k y_k y_k'
(beside a matrix that interpolation does not see), so to interpolate is to solve the KKT system of

        | A   e   Y |
    W = | e'  0   0 |,   A_jk = (y_j'y_k)^2 / 2,   e of ones,   Y (m, n) the rows y_k.
        | Y'  0   0 |

H = W^-1 is kept in two parts (Powell 2004): its leading block is Z'Z, Z (m - n - 1, m), whose rank so
survives rounding errors; its last n columns, without the row of the constant, are B (m + n, n). The column of
the constant is not needed where displacements are taken from one of the points.

Let y = c + d be a new point, c the best one, and w the column of W that y would have, less the column of c:

    w_k = (y_k'y)^2 / 2 - (y_k'c)^2 / 2 = y_k'd (y_k'd / 2 + y_k'c),   then 0, then d

The first m elements of H w, with 1 added to that of c, are the Lagrange functions tau_k = l_k(y), and

    beta    = |y|^4 / 2 - (c'y)^2 + |c|^4 / 2 - w'H w,
    sigma_k = alpha_k beta + tau_k^2,   alpha_k = (Z'Z)_kk,

the latter being the factor by which det W changes when y takes the place of y_k, and so the denominator of
that update of H, which has rank two.

Where the points are far from x0 and close together the y_j'y_k lose their digits: then the base x0 is moved.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from mmtriage.arrays import Array
from mmtriage.optimizers.powell.fixed_order import column_sums, combined, dot, mirrored, row_products, total

NEGLIGIBLE = 1e-20  # of the largest element of Z: not worth a rotation (Powell's Fortran, update.f)


@dataclass(slots=True, eq=False)
class Interpolation:
    """Points and H; changed in place by the search that owns it."""

    base: Array  # (n,) x0
    lower: Array  # (n,) the walls, as displacements from the base
    upper: Array  # (n,)
    Y: Array  # (m, n)
    values: Array  # (m,) of the objective
    best: int  # the point of the least value
    B: Array  # (m + n, n)
    Z: Array  # (m - n - 1, m)

    @property
    def centre(self) -> Array:
        """The best point, (n,), from the base: a view."""
        row: Array = self.Y[self.best]
        return row

    @property
    def least(self) -> float:
        """The value of the best point."""
        return float(self.values[self.best])


@dataclass(frozen=True, slots=True, eq=False)
class Lagrange:
    """H w for a step to a new point."""

    values: Array  # (m + n,) the Lagrange functions at the new point, then the last n elements of H w
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
    crossed = total((sums[[m - 1, -1]] * step).ravel(order="F"))
    values[points.best] += 1.0
    beta = _quartic(centre, step) + squares - crossed
    return Lagrange(np.concatenate((values, sums[-1])), beta, products)


def _quartic(centre: Array, step: Array) -> float:
    """|y|^4 / 2 - (c'y)^2 + |c|^4 / 2 without cancellation, c being the centre and y - c the step."""
    along, length, distance = dot(step, centre), dot(step, step), dot(centre, centre)
    return along * along + length * (distance + along + along + 0.5 * length)


def denominators(points: Interpolation, at: Lagrange) -> Array:
    """sigma_k, (m,): for each point, the denominator of the update that replaces it."""
    tau = at.values[: len(points.Y)]
    return at.beta * column_sums(points.Z * points.Z) + tau * tau


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
    column = np.concatenate((pivot * Z[0], B[k]))  # k of H
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
    """Rotate the rows of Z until the first alone has an element at k; Z'Z stays what it is."""
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
    """Make the best point the base: of H, B alone changes."""
    centre = points.centre.copy()
    quarter = 0.25 * dot(centre, centre)
    onto = np.full(len(points.Y), -2.0 * quarter)
    middle = combined(centre, np.ascontiguousarray(points.Y.T), onto)  # (y_k - c / 2)'c
    _move_inverse(points, centre, middle, quarter)
    move_points(points)


def _move_inverse(points: Interpolation, centre: Array, middle: Array, quarter: float) -> None:
    """H for points displaced by -`centre`, (n,): a congruence with the map from old to new monomials."""
    B, Z, Y = points.B, points.Z, points.Y
    m, n = Y.shape
    halfway = middle[:, None] * Y + (quarter - 0.5 * middle)[:, None] * centre
    pairs = np.empty((m, 2, n, n))
    pairs[:, 0] = B[:m, :, None] * halfway[:, None, :]
    pairs[:, 1] = halfway[:, :, None] * B[:m, None, :]
    block = column_sums(np.concatenate((B[None, m:], pairs.reshape(2 * m, n, n))))
    for z in Z:
        weighted = middle * z
        factor = quarter * total(z) - 0.5 * total(weighted)
        row = combined(weighted, Y, factor * centre)
        B[:m] += z[:, None] * row
        block += row[:, None] * row
    B[m:] = mirrored(block)


def move_points(points: Interpolation) -> None:
    """Take every displacement from the best point; H is left as it is."""
    centre = points.centre.copy()
    points.Y -= centre
    points.base = points.base + centre
    points.lower = points.lower - centre
    points.upper = points.upper - centre
