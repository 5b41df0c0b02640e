"""The quadratic model of the objective, and how a new value changes it.

    Q(c + d) = f(c) + g'd + d'(E + sum_k mu_k y_k y_k') d / 2,   c the best point

Fewer values than a quadratic has coefficients leave a freedom, which is taken up by changing the Hessian as
little as possible, in Frobenius norm (Powell 2004): the change of Q is the residual of the new value times
the Lagrange function of the new point t. Its Hessian is sum_k (Z'Z)_kt y_k y_k', so it goes to mu; E takes in
what belonged to points that have left.

Powell has one triangle of E. Here the two are kept equal to the last bit, so that products with E may run
along its rows.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mmtriage.arrays import Array
from mmtriage.optimizers.powell.fixed_order import (
    column_sums,
    combined,
    dot,
    half_square,
    mirrored,
    row_products,
    total,
)
from mmtriage.optimizers.powell.interpolation import Interpolation


@dataclass(slots=True, eq=False)
class Quadratic:
    """The model; changed in place by the search that owns it."""

    gradient: Array  # (n,) at the best point
    explicit: Array  # (n, n) E, symmetric
    implicit: Array  # (m,) mu


def moved_gradient(model: Quadratic, points: Interpolation, step: Array) -> Array:
    """The gradient (n,) at `step` from where it is now."""
    terms = model.explicit * step
    terms[:, 0] += model.gradient
    by_explicit = np.add.accumulate(terms, axis=1)[:, -1]
    return combined(row_products(points.Y, step) * model.implicit, points.Y, by_explicit)


def predicted_change(model: Quadratic, step: Array, products: Array) -> float:
    """Q(y_best + step) - Q(y_best); `products` (m,) are the y_k'step."""
    n = len(step)
    terms = np.empty((n, n + 1))
    terms[:, 0] = step * model.gradient
    terms[:, 1:] = step[:, None] * step * half_square(n) * model.explicit
    return total(np.concatenate((terms.ravel(), 0.5 * model.implicit * (products * products))))


def diagonal_curvature(model: Quadratic, points: Interpolation, j: int) -> float:
    """The second derivative along coordinate j."""
    column = points.Y[:, j]
    terms = model.implicit * (column * column)
    return total(np.concatenate((model.explicit[j, j : j + 1], terms)))


def forget_point(model: Quadratic, points: Interpolation, k: int) -> None:
    """Move the share that point k has in the Hessian from mu to E."""
    y, weight = points.Y[k], float(model.implicit[k])
    model.explicit = mirrored(model.explicit + (weight * y)[:, None] * y)
    model.implicit[k] = 0.0


def take_in(model: Quadratic, points: Interpolation, k: int, centre: Array, residual: float) -> None:
    """Add `residual` times the Lagrange function of the new point k; `centre` (n,) is where g is taken."""
    for z in points.Z:
        model.implicit += residual * float(z[k]) * z
    curvatures = combined(points.Z[:, k], points.Z) if len(points.Z) > 1 else points.Z[0, k] * points.Z[0]
    slope = combined(curvatures * row_products(points.Y, centre), points.Y, points.B[k])
    model.gradient = model.gradient + residual * slope


def move_model(model: Quadratic, points: Interpolation, centre: Array, *, share: float) -> None:
    """Change E so that the Hessian stays, as the points are displaced by -`centre`, (n,), c below.

    E takes in sum_k mu_k (y_k c' + c y_k' - c c') of the y_k before the move, or with + c c' of those after:
    `share` is -1/2 or 1/2 accordingly.
    """
    onto = share * total(model.implicit) * centre
    half = combined(model.implicit, points.Y, onto)
    explicit = model.explicit + centre[:, None] * half
    explicit += half[:, None] * centre
    model.explicit = mirrored(explicit)


@dataclass(frozen=True, slots=True, eq=False)
class LeastNorm:
    """The interpolating quadratic whose Hessian itself has the least Frobenius norm."""

    gradient: Array  # (n,) at the best point
    implicit: Array  # (m,)


def least_norm_model(points: Interpolation) -> LeastNorm:
    """What the model would be if it were made anew of the values alone."""
    Y, m = points.Y, len(points.Y)
    rises = points.values - points.least
    implicit = np.zeros(m)
    for z in points.Z:
        implicit = implicit + dot(z, rises) * z
    terms = np.empty((m, 2, Y.shape[1]))
    np.multiply(points.B[:m], rises[:, None], out=terms[:, 0])
    np.multiply(Y, (row_products(Y, points.centre) * implicit)[:, None], out=terms[:, 1])
    return LeastNorm(column_sums(terms.reshape(2 * m, -1)), implicit)


def squared_projected_gradient(points: Interpolation, gradient: Array) -> float:
    """|g|^2 without what points out of the box at a wall where the best point is."""
    inward = np.where(points.centre == points.lower, np.minimum(gradient, 0.0), gradient)
    inward = np.where(points.centre == points.upper, np.maximum(gradient, 0.0), inward)
    return dot(inward, inward)
