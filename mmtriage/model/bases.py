"""Bases over one numeric variable, computed as R does: orthogonal polynomials, B-splines, natural splines.

B-splines by the Cox-de Boor recursion; the natural spline is the B-spline basis times the null space of its
second derivatives at the boundary knots, with the signs of R's Householder QR (`splines::ns`), so that
columns agree with R's.
"""

from __future__ import annotations

import numpy as np

from mmtriage.arrays import Array
from mmtriage.model.tall import orthonormal_columns

RANK_TOLERANCE = 1e-7  # R's qr()


def standardize(x: Array, center: float | None, scale: float | None) -> Array:
    """R's `scale`: subtract the mean (or `center`), divide by the root mean square with n - 1 (or `scale`).

    NaN means "compute it", None means "leave it out".
    """
    present = ~np.isnan(x)
    if not present.any():
        return x
    if center is not None:
        x = x - (x[present].mean() if np.isnan(center) else center)
    if scale is not None:
        degrees_of_freedom = max(1, int(np.count_nonzero(present)) - 1)
        mean_square = np.sum(x[present] ** 2) / degrees_of_freedom
        x = x / (np.sqrt(mean_square) if np.isnan(scale) else scale)
    return x


def orthogonal_polynomials(x: Array, degree: int) -> Array | None:
    """Orthonormal polynomials of degree 1..degree, (n, degree), leading coefficients positive.

    None if x has too few distinct values, which R refuses as well.
    """
    if np.unique(x).size <= degree:
        return None
    centered = x - x.mean()
    powers = (centered / np.abs(centered).max())[:, None] ** np.arange(degree + 1)
    Q, R = orthonormal_columns(powers)
    diagonal = np.diag(R)
    if np.any(np.abs(diagonal) < RANK_TOLERANCE * np.linalg.norm(powers, axis=0)):
        return None
    return np.asarray((Q * np.sign(diagonal))[:, 1:])


def b_spline_basis(
    x: Array, *, degree: int, interior: Array, boundary: tuple[float, float], intercept: bool
) -> Array:
    """R's `splines::bs`, (n, k)."""
    order = degree + 1
    knots = np.sort(np.concatenate([np.repeat(boundary, order), interior]))
    basis = _b_splines(x, knots, order)
    return basis if intercept else basis[:, 1:]


def natural_spline_basis(
    x: Array, *, interior: Array, boundary: tuple[float, float], intercept: bool
) -> Array:
    """R's `splines::ns`, (n, k)."""
    knots = np.sort(np.concatenate([np.repeat(boundary, 4), interior]))
    basis = _b_splines(x, knots, 4)
    curvature = _second_derivatives(np.array(boundary), knots)
    if not intercept:
        basis, curvature = basis[:, 1:], curvature[:, 1:]
    return _times_householder(basis, curvature.T)[:, 2:]


def interior_knots(x: Array, count: int) -> Array:
    """Knots at equally spaced quantiles, as bs and ns choose them."""
    return np.asarray(np.quantile(x, np.linspace(0.0, 1.0, count + 2)[1:-1]))


def _b_splines(x: Array, knots: Array, order: int) -> Array:
    """All B-splines of this order at x, (n, len(knots) - order); the last interval is closed."""
    last = np.flatnonzero(knots < knots[-1])[-1]
    interval = np.minimum(np.searchsorted(knots, x, side="right") - 1, last)
    basis = (interval[:, None] == np.arange(knots.size - 1)).astype(np.float64)
    for k in range(2, order + 1):
        count = knots.size - k
        left, right = knots[:count], knots[k:]
        rise = _ratio(x[:, None] - left, knots[k - 1 : k - 1 + count] - left)
        fall = _ratio(right - x[:, None], right - knots[1 : 1 + count])
        basis = rise * basis[:, :count] + fall * basis[:, 1 : count + 1]
    return np.asarray(basis)


def _second_derivatives(x: Array, knots: Array) -> Array:
    """Second derivatives of the cubic B-splines, from differences of linear ones."""
    derivative = _b_splines(x, knots, 2)
    for k in (3, 4):
        count = knots.size - k
        before = _ratio(derivative[:, :count], knots[k - 1 : k - 1 + count] - knots[:count])
        after = _ratio(derivative[:, 1 : count + 1], knots[k:] - knots[1 : 1 + count])
        derivative = (k - 1) * (before - after)
    return derivative


def _ratio(numerator: Array, denominator: Array) -> Array:
    """Quotient with 0/0 = 0: an interval between equal knots carries no spline."""
    return np.divide(numerator, denominator, out=np.zeros_like(numerator), where=denominator != 0)


def _times_householder(basis: Array, constraints: Array) -> Array:
    """basis @ Q, where Q R = constraints by Householder reflections with LINPACK's signs."""
    basis, constraints = basis.copy(), constraints.copy()
    for j in range(constraints.shape[1]):
        v = constraints[j:, j].copy()
        v[0] += np.copysign(np.linalg.norm(v), v[0])
        v /= np.linalg.norm(v)
        constraints[j:] -= 2.0 * np.outer(v, v @ constraints[j:])
        basis[:, j:] -= 2.0 * np.outer(basis[:, j:] @ v, v)
    return basis
