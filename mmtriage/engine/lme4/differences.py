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
    """lme4's gradient and Hessian of the criterion at `theta`, (m,)."""
    m = len(theta)
    gradient, hessian = np.zeros(m), np.zeros((m, m))

    def shifted(*moves: tuple[int, float]) -> float:
        point = theta.copy()
        for index, move in moves:
            point[index] = theta[index] + move
        try:
            return objective(point)
        except np.linalg.LinAlgError:
            return np.nan

    center = shifted()
    for j in range(m):
        above, below = shifted((j, delta)), shifted((j, -delta))
        hessian[j, j] = above / delta**2 - 2 * center / (delta * delta) + below / delta**2
        gradient[j] = (above - below) / (delta + delta)
        for i in range(j):
            corners = [
                sign_i * sign_j * shifted((i, sign_i * delta), (j, sign_j * delta)) / (delta + delta) ** 2
                for sign_i, sign_j in ((1, 1), (1, -1), (-1, 1), (-1, -1))
            ]
            hessian[i, j] = hessian[j, i] = corners[0] + corners[1] + corners[2] + corners[3]
    return Derivatives(gradient=gradient, hessian=hessian)
