"""How many evaluations each optimizer of rung 3 may spend.

Of a linear model those of lme4 have what its allFit gives them; the others are there as further witnesses. Of
a generalized model, where an evaluation is dear, none of the others costs more than lme4's own fit did by
far, and one of lme4's own at most twenty times as much. Counts decide, and no clock.
"""

from __future__ import annotations

from mmtriage.engine.comparison import Comparison
from mmtriage.optimizers import ALLFIT_MAXFUN, Optimizer

FEWEST = 500  # evaluations of a stand-in, however few lme4's own fit took
FEWEST_OF_LME4S = 5_000  # of one of lme4's own


def share_of(optimizer: Optimizer, comparison: Comparison) -> int:
    """The evaluations that an optimizer may spend in each of its stages."""
    whole, run = round(optimizer.share * ALLFIT_MAXFUN), comparison.lme4
    if comparison.prepared.design.spec.is_linear or run is None:
        return whole
    fewest = FEWEST if optimizer.share_of_glmer <= 1.0 else FEWEST_OF_LME4S
    return min(whole, max(fewest, round(optimizer.share_of_glmer * run.total_evaluations)))
