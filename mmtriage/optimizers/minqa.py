"""Powell's BOBYQA as `glmer` has it from minqa, by NLopt: the same method, the radii that R gives.

Both run Powell's own procedure. With one parameter both interpolate at three points and take the same path,
evaluation for evaluation; with n of them minqa takes n + 2 points, NLopt 2 n + 1, and they end within 1e-6
of each other, as close as Py-BOBYQA with n + 2 points does (measured on lme4's nAGQ = 0 criteria), without
its half second to import.
"""

from __future__ import annotations

from dataclasses import replace

import nlopt
import numpy as np

from mmtriage.arrays import Array
from mmtriage.optimizers.guard import Guard
from mmtriage.optimizers.nlopt_backend import StopRules, derivative_free
from mmtriage.optimizers.optimizer import Ending, OptimizerStatus, Search
from mmtriage.optimizers.pybobyqa_backend import (
    ALL_ZERO_START,
    CODES,
    LARGEST_RHOBEG,
    RELATIVE_RHOBEG,
    RELATIVE_RHOEND,
    budget_warnings,
)

# what Py-BOBYQA would say, by our status of NLopt's return code
FLAGS: dict[OptimizerStatus, int] = {"converged": 0, "maxfun": 1, "stalled": -2, "error": -3}


def search(objective: Guard, start: Array, lower: Array, upper: Array, maxfun: int) -> Ending:
    """Minimize within the radii that minqa takes from the start."""
    start = np.full(len(start), ALL_ZERO_START) if not start.any() else start
    rhobeg = min(LARGEST_RHOBEG, RELATIVE_RHOBEG * float(np.max(np.abs(start))))
    return with_radii(rhobeg, RELATIVE_RHOEND * rhobeg)(objective, start, lower, upper, maxfun)


def with_radii(rhobeg: float, rhoend: float) -> Search:
    """The search from a radius of `rhobeg` to one of `rhoend`."""
    rules = StopRules(xtol_abs=0.0, xtol_rel=rhoend / rhobeg, ftol_abs=0.0, ftol_rel=0.0)
    by_nlopt = derivative_free(nlopt.LN_BOBYQA, rules, first_step=rhobeg)

    def search_with_radii(objective: Guard, start: Array, lower: Array, upper: Array, maxfun: int) -> Ending:
        ending = by_nlopt(objective, start, lower, upper, maxfun)
        code, message, status = CODES[FLAGS[ending.status]]
        warnings = budget_warnings(maxfun, len(start))
        return replace(ending, code=code, message=message, status=status, warnings=warnings)

    return search_with_radii
