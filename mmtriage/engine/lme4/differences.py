"""Finite-difference derivatives exactly as lme4 takes them (its `deriv12`).

Central differences with one absolute step, bounds ignored:

    g_j  = (f(+j) - f(-j)) / 2d
    H_jj = (f(+j) - 2 f + f(-j)) / d^2
    H_ij = (f(+i+j) - f(+i-j) - f(-i+j) + f(-i-j)) / 4d^2

2 m^2 + 1 evaluations. They decide which warnings lme4 prints, so they are kept as they are, cancellation
included: quotients are taken before sums because that is how lme4 rounds.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mmtriage.arrays import Array
from mmtriage.optimizers.guard import Objective

DELTA = 1e-4  # lme4's step, whatever the scale of theta


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Derivatives:
    """First and second differences of the criterion at one point; NaN where it cannot be evaluated."""

    gradient: Array  # (m,)
    hessian: Array  # (m, m), symmetric


def finite_differences(objective: Objective, theta: Array, *, delta: float = DELTA) -> Derivatives:
    """lme4's gradient and Hessian of the criterion at `theta`, (m,).

    The order of evaluations is lme4's: a criterion that starts where the last one ended depends on it.
    """
    m = len(theta)
    gradient, hessian = np.zeros(m), np.zeros((m, m))
    center = shifted(objective, theta)
    for j in range(m):
        gradient[j], hessian[j, j] = along_axis(objective, theta, j, center, delta=delta)
        for i in range(j):
            corners = [
                sign_i
                * sign_j
                * shifted(objective, theta, (i, sign_i * delta), (j, sign_j * delta))
                / (delta + delta) ** 2
                for sign_i, sign_j in ((1, 1), (1, -1), (-1, 1), (-1, -1))
            ]
            hessian[i, j] = hessian[j, i] = corners[0] + corners[1] + corners[2] + corners[3]
    return Derivatives(gradient=gradient, hessian=hessian)


def along_axis(
    objective: Objective, theta: Array, j: int, center: float, *, delta: float = DELTA
) -> tuple[float, float]:
    """lme4's first and second difference in one parameter."""
    above, below = shifted(objective, theta, (j, delta)), shifted(objective, theta, (j, -delta))
    second = above / delta**2 - 2 * center / (delta * delta) + below / delta**2
    return (above - below) / (delta + delta), second


def shifted(objective: Objective, theta: Array, *moves: tuple[int, float]) -> float:
    """The criterion some moves (parameter, by how much) away; NaN where it cannot be evaluated."""
    point = theta.copy()
    for index, move in moves:
        point[index] = theta[index] + move
    try:
        return objective(point)
    except np.linalg.LinAlgError:
        return np.nan
