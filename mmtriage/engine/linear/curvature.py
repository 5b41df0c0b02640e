"""Average information: cheap curvature of the criterion (Gilmour, Thompson & Cullis 1995).

With P as in `linear/likelihood.py` and A_x = dV/dx, the exact Hessian of the profiled criterion holds traces
`tr(P A_x P A_y)`; the average of observed and expected information replaces them by quadratic forms,

    H_xy = nu (y'P A_x P A_y P y / r2 - (y'P A_x P y)(y'P A_y P y) / r2^2),

which need one more solve with the factor already at hand. A_x = Z dS_x Z', so with h = Z'Py / sqrt(r2) and
V_x = dS_x h (`optimum/covariance_slopes.py`) they are V'Z'PZ V and V'h. The second
derivative of S by the parameters adds to that.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mmtriage.arrays import Array
from mmtriage.engine.optimum.covariance_slopes import add_bends
from mmtriage.engine.optimum.faces import Face


def average_information(
    face: Face,
    x: Array,
    V: Array,
    h: Array,
    form: Array,
    nu: int,
    factors: Sequence[Array],
    gradient: Sequence[Array],
) -> Array:
    """Approximate Hessian (m, m) in the parameters of `face`.

    Args:
        x: (m,) the parameters.
        V: (q, m) the directions dS h.
        h: (q,) Z'Py / sqrt(r2).
        form: (m, m) V'Z'PZ V.
        factors: F (k, k) per term.
        gradient: d criterion / d F (k, k) per term.
    """
    H = nu * (form - np.outer(V.T @ h, V.T @ h))
    add_bends(H, face, x, factors, gradient)
    return 0.5 * (H + H.T)
