"""lme4's differences of a linear model where no test of theirs can fail, from exact gradients.

Of the Hessian, which costs 2 m^2 + 1 evaluations, lme4 prints nothing unless a test fails. Its diagonal and
the gradient, 2 m + 1 evaluations, are taken here as lme4 takes them; the rest from differences of the exact
gradient, 2 m of these. The diagonal is then known in both ways, and by how much they differ says how wrong
the rest may be: by lme4's rounding, or because its step is long beside theta. If the tests pass whatever
these errors are, this is what lme4 finds; if not, its own differences are taken, for the digits that it
prints.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from mmtriage.arrays import Array
from mmtriage.engine.lme4.checks import GRADIENT_TOLERANCE, HESSIAN_TOLERANCE, gradient_statistic
from mmtriage.engine.lme4.differences import DELTA, Derivatives, along_axis, shifted
from mmtriage.optimizers import Objective

Slopes = Callable[[Array], Array]  # the exact gradient (m,) at theta (m,)

FEWEST = 7  # parameters from which a gradient, three evaluations, is the cheaper way
SAFETY = 10.0  # times the largest difference of the two diagonals


def foreseen_differences(objective: Objective, slopes: Slopes, theta: Array) -> Derivatives | None:
    """lme4's gradient, and its Hessian to a part of a thousand; None where a test of lme4's is not clear."""
    center = shifted(objective, theta)
    gradient, diagonal = np.array([along_axis(objective, theta, j, center) for j in range(len(theta))]).T
    try:
        exact = _slopes_of(slopes, theta)
    except np.linalg.LinAlgError:
        return None
    hessian = (exact + exact.T) / 2.0
    error = SAFETY * len(theta) * float(np.max(np.abs(np.diag(hessian) - diagonal)))
    np.fill_diagonal(hessian, diagonal)
    found = Derivatives(gradient=gradient, hessian=hessian)
    return found if _passes(found, error) else None


def _slopes_of(slopes: Slopes, theta: Array) -> Array:
    """Central differences of the gradient (m, m), with lme4's step."""
    steps = DELTA * np.eye(len(theta))
    return np.array([(slopes(theta + step) - slopes(theta - step)) / (2.0 * DELTA) for step in steps])


def _passes(found: Derivatives, error: float) -> bool:
    """Whether all of lme4's tests do, with eigenvalues off by as much as `error`."""
    if not (np.all(np.isfinite(found.hessian)) and np.isfinite(error)):
        return False
    eigenvalues = np.linalg.eigvalsh(found.hessian)
    least, largest = float(eigenvalues[0]) - error, float(eigenvalues[-1]) + error
    statistic, _ = gradient_statistic(found)
    if least <= 0.0 or statistic is None:
        return False
    is_flat = least <= HESSIAN_TOLERANCE * max(1.0, largest)
    is_steep = largest * HESSIAN_TOLERANCE >= 1.0
    return not is_flat and not is_steep and statistic * (1.0 + error / least) < GRADIENT_TOLERANCE
