"""Trust-region Newton on exact gradients.

Curvature comes from the objective itself (for likelihoods it is average information, `linear/curvature.py`),
corrected by symmetric rank-one updates so that it reproduces the latest exact changes of the gradient.
Few parameters, so every step comes from an eigendecomposition: negative curvature is used, never ignored
(More & Sorensen 1983).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from mmtriage.arrays import Array

SearchStatus = Literal["converged", "stopped", "iterations", "stalled"]

DECREMENT = 1e-9  # deviance units still to be gained at which it ends; the certificate polishes further
DIFFERENCE_STEP = 1e-5  # natural units; gradients are exact: forward differences are good to the same order
CENTRAL_STEP = 1e-4  # natural units: truncation of order 1e-8
FIRST_RADIUS = 1.0  # natural units
MAX_ITERATIONS = 200
NULL_CURVATURE = 1e-10  # relative eigenvalue below which a direction counts as flat
QUIET = 1e-8  # slope along a flat direction, deviance units per natural step, that is rounding
LEAST_CURVATURE = 1e-6  # deviance units per natural step squared: with less the criterion is all but flat
ODD_UNIT = 30.0  # units so far apart, by the curvatures in them, are not natural
REMEMBERED_PAIRS = 2  # gradient changes that the curvature is made to reproduce


@dataclass(frozen=True, slots=True, eq=False)
class Point:
    """An evaluated point: value, gradient (m,), and curvature (m, m) on demand."""

    value: float
    gradient: Array
    curvature: Callable[[], Array]


SmoothObjective = Callable[[Array], Point]  # raises LinAlgError outside the domain


@dataclass(frozen=True, slots=True, eq=False)
class Minimum:
    """Where the iteration ended."""

    x: Array
    value: float
    status: SearchStatus
    gradients: int  # gradient evaluations spent


def minimize(
    objective: SmoothObjective,
    start: Array,
    *,
    stop: Callable[[Array, float], bool] | None = None,
    max_iterations: int = MAX_ITERATIONS,
) -> Minimum:
    """Minimize `objective` from `start` (m,), all parameters in units of a natural step.

    `stop(x, value)` is asked at every accepted point. Units that the curvatures at the start show not to be
    natural are changed for those that they call for. Raises LinAlgError if the start has no value.
    """
    x = np.array(start, dtype=float)
    point = objective(x)
    if stop is not None and stop(x, point.value):
        return Minimum(x, point.value, "stopped", 1)
    if not len(x):
        return Minimum(x, point.value, "converged", 1)
    H = point.curvature()
    units = natural_units(H)
    if units is None:
        return _descent(objective, x, point, H, stop, max_iterations)
    asked = None if stop is None else lambda z, value: stop(z * units, value)
    own = in_units(objective, units)
    found = _descent(own, x / units, own(x / units), H * np.outer(units, units), asked, max_iterations)
    return replace(found, x=found.x * units, gradients=found.gradients + 1)


def natural_units(H: Array) -> Array | None:
    """Units (m,) in which the curvature H (m, m) is the same along all parameters; None if it nearly is.

    The least curved one keeps its unit, and so does one along which the criterion is flat or falls: its
    curvature says nothing.
    """
    diagonal = np.diag(H)
    curved = np.isfinite(diagonal) & (diagonal > LEAST_CURVATURE)
    if not np.any(curved):
        return None
    units = np.where(curved, np.sqrt(np.min(diagonal[curved]) / np.where(curved, diagonal, 1.0)), 1.0)
    return units if np.min(units) * ODD_UNIT < 1.0 else None


def in_units(objective: SmoothObjective, units: Array) -> SmoothObjective:
    """The objective of parameters in these units (m,) of the present ones."""

    def evaluate(z: Array) -> Point:
        at = objective(z * units)
        return Point(at.value, at.gradient * units, lambda: at.curvature() * np.outer(units, units))

    return evaluate


def _descent(
    objective: SmoothObjective,
    x: Array,
    point: Point,
    H: Array,
    stop: Callable[[Array, float], bool] | None,
    max_iterations: int,
) -> Minimum:
    """Minimize from an evaluated point."""
    spent, radius, trusted = 1, FIRST_RADIUS, True
    pairs: list[tuple[Array, Array]] = []
    for _ in range(max_iterations):
        step, predicted, interior = trust_region_step(H, point.gradient, radius)
        noise = 8.0 * np.finfo(float).eps * abs(point.value)
        if interior and trusted and predicted <= max(DECREMENT, noise):
            return Minimum(x, point.value, "converged", spent)
        try:
            tried = objective(x + step)
            ratio = float((point.value - tried.value + noise) / (predicted + noise))
        except np.linalg.LinAlgError:
            tried, ratio = point, -np.inf
        spent += 1
        length = float(np.linalg.norm(step))
        trusted = 0.5 <= ratio <= 2.0 or predicted <= DECREMENT
        if ratio < 0.25:
            radius = 0.25 * min(radius, length)
        elif ratio > 0.75 and not interior:
            radius = min(2.5 * radius, 1e6)
        if ratio > -np.inf:
            pairs = [*pairs[1 - REMEMBERED_PAIRS :], (step, tried.gradient - point.gradient)]
        if ratio > 1e-4:
            x, point = x + step, tried
            if stop is not None and stop(x, point.value):
                return Minimum(x, point.value, "stopped", spent)
            H = point.curvature()
        elif radius < 1e-9:
            return Minimum(x, point.value, "stalled", spent)
        for pair in pairs:
            H = _rank_one_update(H, *pair)
    return Minimum(x, point.value, "iterations", spent)


def trust_region_step(H: Array, g: Array, radius: float) -> tuple[Array, float, bool]:
    """Minimize `g's + s'Hs/2` over `|s| <= radius`: step, predicted gain, whether it is interior."""
    eigenvalues, Q = np.linalg.eigh(H)
    rotated = Q.T @ g
    floor = NULL_CURVATURE * max(float(np.max(np.abs(eigenvalues))), 1e-300)
    if eigenvalues[0] > floor:
        step = -rotated / eigenvalues
        if np.linalg.norm(step) <= radius:
            return Q @ step, 0.5 * float(np.sum(rotated**2 / eigenvalues)), True
    elif eigenvalues[0] > -floor:
        # The criterion is flat to rounding: these directions say nothing unless the gradient does.
        flat = eigenvalues <= floor
        quiet = bool(np.all(np.abs(rotated[flat]) <= QUIET * (1.0 + min(np.max(np.abs(eigenvalues)), 1e2))))
        if quiet:
            step = np.where(flat, 0.0, -rotated / np.where(flat, 1.0, eigenvalues))
            if np.linalg.norm(step) <= radius:
                return Q @ step, 0.5 * float(-(rotated @ step)), True
    step = _boundary_step(eigenvalues, rotated, radius)
    predicted = -float(rotated @ step + 0.5 * np.sum(eigenvalues * step**2))
    return Q @ step, predicted, False


def differenced_hessian(gradient_at: Callable[[Array], Array], x: Array, gradient: Array) -> Array:
    """Hessian (m, m) from m forward differences of the exact gradient."""
    H = np.empty((len(x), len(x)))
    for i in range(len(x)):
        moved = x.copy()
        moved[i] += DIFFERENCE_STEP
        H[:, i] = (gradient_at(moved) - gradient) / DIFFERENCE_STEP
    return 0.5 * (H + H.T)


def central_hessian(gradient_at: Callable[[Array], Array], x: Array) -> Array:
    """Hessian (m, m) from 2m central differences of the exact gradient: two more digits at twice the cost."""
    H = np.empty((len(x), len(x)))
    for i in range(len(x)):
        step = np.zeros(len(x))
        step[i] = CENTRAL_STEP
        H[:, i] = (gradient_at(x + step) - gradient_at(x - step)) / (2.0 * CENTRAL_STEP)
    return 0.5 * (H + H.T)


def newton_step(H: Array, g: Array) -> tuple[Array, float]:
    """`H^+ g` (m,) and the decrement: what the criterion is still to gain, in deviance units.

    Directions of relative curvature below `NULL_CURVATURE` have no step. The slope along them counts in full,
    as what one natural step would gain: a direction is flat only if the criterion does not fall along it.
    """
    eigenvalues, Q = np.linalg.eigh(H)
    rotated = Q.T @ g
    keep = np.abs(eigenvalues) > NULL_CURVATURE * max(float(np.max(np.abs(eigenvalues))), 1e-300)
    solved: Array = Q[:, keep] @ (rotated[keep] / eigenvalues[keep])
    gain = 0.5 * float(np.sum(rotated[keep] ** 2 / np.abs(eigenvalues[keep])))
    return solved, gain + float(np.sum(np.abs(rotated[~keep])))


def _boundary_step(eigenvalues: Array, rotated: Array, radius: float) -> Array:
    """The step of length `radius` with `(H + mu I) s = -g`, mu making H + mu I positive."""
    low = max(0.0, -float(eigenvalues[0]))
    tiny = 1e-14 * max(1.0, float(np.max(np.abs(eigenvalues))))

    def length(mu: float) -> float:
        return float(np.linalg.norm(rotated / (eigenvalues + mu)))

    lower = low + tiny
    if length(lower) < radius:
        # The hard case of More & Sorensen: the gradient has no part along the lowest curvature, so the step
        # goes that way as far as the radius allows.
        step = -rotated / (eigenvalues + lower)
        step[0] += np.copysign(np.sqrt(max(radius**2 - float(step @ step), 0.0)), step[0] or 1.0)
        return step
    upper = low + float(np.linalg.norm(rotated)) / radius + tiny
    for _ in range(200):
        mu = 0.5 * (lower + upper)
        if length(mu) > radius:
            lower = mu
        else:
            upper = mu
        if upper - lower <= 1e-12 * max(upper, 1.0):
            break
    step_on_sphere: Array = -rotated / (eigenvalues + upper)
    return step_on_sphere


def _rank_one_update(H: Array, step: Array, change: Array) -> Array:
    """Symmetric rank-one update, skipped where its denominator is not safe (Conn, Gould & Toint 1991)."""
    residual = change - H @ step
    denominator = float(residual @ step)
    if abs(denominator) < 1e-8 * float(np.linalg.norm(step) * np.linalg.norm(residual)) or denominator == 0.0:
        return H
    return H + np.outer(residual, residual) / denominator
