"""L-BFGS-B (Byrd, Lu, Nocedal, Zhu 1995) by SciPy, set up as R's optim() does it for optimx.

That is factr 1e7, pgtol 0, five corrections, gradients by differences of 1e-3.
"""

from __future__ import annotations

import numpy as np

from mmtriage.arrays import Array
from mmtriage.optimizers.gradients import box_gradient
from mmtriage.optimizers.guard import Guard
from mmtriage.optimizers.optimizer import Ending, OptimizerStatus

NDEPS = 1e-3  # optim
FACTR = 1e7  # optim, in units of the machine epsilon
CORRECTIONS = 5  # optim's lmm

# optim's code and ours, by SciPy's status: converged, iteration or evaluation limit, abnormal line search
CODES: dict[int, tuple[int, OptimizerStatus]] = {0: (0, "converged"), 1: (1, "maxfun"), 2: (52, "stalled")}


def search(objective: Guard, start: Array, lower: Array, upper: Array, maxfun: int) -> Ending:
    """Minimize by limited-memory BFGS in a box."""
    from scipy.optimize import Bounds, minimize  # slow to import

    steps = np.full(len(start), NDEPS)

    def value_and_gradient(theta: Array) -> tuple[float, Array]:
        return objective(theta), box_gradient(objective, theta, lower, upper, steps)

    objective.limit(maxfun)
    solution = minimize(
        value_and_gradient,
        start,
        (),
        jac=True,
        method="L-BFGS-B",
        bounds=Bounds(lower, upper),
        options={
            "maxcor": CORRECTIONS,
            "ftol": FACTR * np.finfo(float).eps,
            "gtol": 0.0,
            "maxiter": maxfun,
            "maxfun": maxfun,
        },
    )
    code, status = CODES[int(solution.status)]
    return Ending(
        theta=solution.x, value=float(solution.fun), code=code, message=str(solution.message), status=status
    )
