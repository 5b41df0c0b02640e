"""How many evaluations each optimizer of rung 3 may spend.

Those of lme4 have what its allFit gives them. The others are there as further witnesses: of a generalized
model, where an evaluation is dear, none of them costs more than lme4's own fit did by far. Counts decide, and
no clock.
"""

from __future__ import annotations

import math

from mmtriage.engine.comparison import Comparison
from mmtriage.optimizers import ALLFIT_MAXFUN, Optimizer

FEWEST = 500  # evaluations of a stand-in, however few lme4's own fit took


def share_of(optimizer: Optimizer, comparison: Comparison) -> int:
    """The evaluations that an optimizer may spend in each of its stages."""
    whole, run = round(optimizer.share * ALLFIT_MAXFUN), comparison.lme4
    if comparison.prepared.design.spec.is_linear or run is None or math.isinf(optimizer.share_of_glmer):
        return whole
    return min(whole, max(FEWEST, round(optimizer.share_of_glmer * run.total_evaluations)))
