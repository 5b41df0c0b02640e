"""The linear predictor of a design: X beta, offset, and Z b of the random effects."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mmtriage.arrays import Array
from mmtriage.model.design import Design


def linear_predictor(design: Design, beta: Array, modes: Sequence[Array] = ()) -> Array:
    """What the model says of each row used (n,), on the scale of the link.

    Args:
        modes: random effects (levels, k) of each term; none are random effects of zero.
    """
    eta: Array = design.X @ beta
    if design.offset is not None:
        eta = eta + design.offset
    for term, b in zip(design.random if modes else (), modes, strict=True):
        eta = eta + np.sum(term.Z * b[term.codes], axis=1)
    return eta
