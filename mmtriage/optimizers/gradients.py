"""Finite-difference gradients for optimizers that want one: central, one-sided at the walls of the box."""

from __future__ import annotations

from mmtriage.arrays import Array
from mmtriage.optimizers.guard import Guard


def box_gradient(objective: Guard, theta: Array, lower: Array, upper: Array, steps: Array) -> Array:
    """(m,) slopes (f(theta + a e_i) - f(theta - b e_i)) / (a + b), a and b the steps cut at the bounds.

    This is the gradient R's optim() makes for itself, with its `ndeps` as steps.
    """
    gradient = theta.copy()
    for i, step in enumerate(steps):
        above, below = theta.copy(), theta.copy()
        above[i] = min(theta[i] + step, upper[i])
        below[i] = max(theta[i] - step, lower[i])
        gradient[i] = (objective(above) - objective(below)) / (above[i] - below[i])
    return gradient
