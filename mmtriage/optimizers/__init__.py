"""Optimizers over a box, one small adapter each, in one table.

The table is data: the order is the order of lme4's allFit, the names are lme4's where the algorithm is
lme4's. A caller may add an entry of his own (the engine's Newton method needs derivatives that no adapter
here has).
"""

from __future__ import annotations

from dataclasses import replace

import nlopt

from mmtriage.arrays import Array
from mmtriage.optimizers import lbfgsb, minqa, nelder_mead, nmkb, pybobyqa_backend
from mmtriage.optimizers.guard import Guard, Objective, OutOfBudgetError
from mmtriage.optimizers.nlopt_backend import EXACT, NLMINB, TIGHT, derivative_free, with_differences
from mmtriage.optimizers.optimizer import (
    Ending,
    Optimizer,
    OptimizerKind,
    OptimizerResult,
    OptimizerStatus,
    Search,
)

__all__ = [
    "ALLFIT",
    "ALLFIT_MAXFUN",
    "DEFAULT",
    "OPTIMIZERS",
    "STAND_INS",
    "TIGHTENED",
    "Array",
    "Ending",
    "Guard",
    "Objective",
    "Optimizer",
    "OptimizerKind",
    "OptimizerResult",
    "OptimizerStatus",
    "OutOfBudgetError",
    "Search",
]

DEFAULT = "nloptwrap"  # lme4's for lmer
ALLFIT_MAXFUN = 100_000  # lme4's allFit gives every optimizer this budget
# What the two that lme4 has not may spend of it: further witnesses, which arrive early or hardly at all.
PYBOBYQA_SHARE = 0.005  # an evaluation costs 10 ms of algebra on six parameters, ten times a criterion
COBYLA_SHARE = 0.02

_TABLE = (
    Optimizer(
        name="nloptwrap",
        kind="quadratic model",
        note="lme4's default: NLopt's BOBYQA, stopped by nloptr's relative tolerance of 1e-4",
        search=derivative_free(nlopt.LN_BOBYQA, takes_nan=True),
        default_maxfun=lambda n: 100_000,
        r_name="nloptwrap",
        r_budget="maxeval",
    ),
    Optimizer(
        name="bobyqa",
        kind="quadratic model",
        note="Powell's BOBYQA on the path of minqa's, run to a much smaller radius than nloptwrap's",
        search=minqa.search,
        default_maxfun=lambda n: 10_000,
        r_name="bobyqa",
    ),
    Optimizer(
        name="pybobyqa",
        kind="quadratic model",
        note="Py-BOBYQA: the same method by other code, made for noisy criteria; not one of lme4's",
        search=pybobyqa_backend.search,
        default_maxfun=lambda n: 10_000,
        r_name="bobyqa",
        share=PYBOBYQA_SHARE,
        share_of_glmer=0.1,  # its algebra costs ten evaluations and more
    ),
    Optimizer(
        name="Nelder_Mead",
        kind="simplex",
        note="lme4's own simplex search, clipped to the box",
        search=nelder_mead.search,
        default_maxfun=lambda n: 10_000,
        r_name="Nelder_Mead",
    ),
    Optimizer(
        name="SLSQP",
        kind="quasi-Newton",
        note="NLopt's sequential quadratic programming on differences; stands in for nlminbwrap (PORT)",
        search=with_differences(nlopt.LD_SLSQP, NLMINB),
        default_maxfun=lambda n: 10_000,
        r_name="nlminbwrap",
        r_budget="eval.max",
    ),
    Optimizer(
        name="nmkbw",
        kind="simplex",
        note="Kelley's simplex search in coordinates without walls: cannot reach an exact zero",
        search=nmkb.search,
        default_maxfun=lambda n: min(5_000, max(1_500, 20 * n**2)),
        r_name="nmkbw",
        r_budget="maxfeval",
    ),
    Optimizer(
        name="L-BFGS-B",
        kind="quasi-Newton",
        note="limited-memory BFGS in a box by SciPy, on differences of 1e-3, as optimx has it",
        search=lbfgsb.search,
        default_maxfun=lambda n: 100_000,
        r_name="optimx",
        r_budget="maxit",
        r_settings='method = "L-BFGS-B"',
    ),
    Optimizer(
        name="nloptwrap.NLOPT_LN_NELDERMEAD",
        kind="simplex",
        note="NLopt's simplex search, stopped by nloptr's relative tolerance of 1e-4",
        search=derivative_free(nlopt.LN_NELDERMEAD),
        default_maxfun=lambda n: 100_000,
        r_name="nloptwrap",
        r_budget="maxeval",
        r_settings='algorithm = "NLOPT_LN_NELDERMEAD"',
    ),
    Optimizer(
        name="nloptwrap.NLOPT_LN_BOBYQA",
        kind="quadratic model",
        note="the same as nloptwrap, under the name allFit gives it",
        search=derivative_free(nlopt.LN_BOBYQA, takes_nan=True),
        default_maxfun=lambda n: 100_000,
        r_name="nloptwrap",
        r_budget="maxeval",
        r_settings='algorithm = "NLOPT_LN_BOBYQA"',
    ),
    Optimizer(
        name="COBYLA",
        kind="linear model",
        note="Powell's COBYLA by NLopt: linear models through n + 1 points; not one of lme4's",
        search=derivative_free(nlopt.LN_COBYLA, TIGHT, most=10_000),
        default_maxfun=lambda n: 10_000,
        r_name="nloptwrap",
        r_budget="maxeval",
        r_settings='algorithm = "NLOPT_LN_COBYLA", xtol_rel = 1e-6',
        share=COBYLA_SHARE,
        share_of_glmer=1.0,
    ),
)

# nloptwrap as lmerControl(optCtrl = list(...)) can have it: not a name of its own.
TIGHTENED = replace(
    _TABLE[0],
    search=derivative_free(nlopt.LN_BOBYQA, EXACT, takes_nan=True),
    note="nloptwrap with stop rules of 1e-12",
    r_settings=f"xtol_rel = {EXACT.xtol_rel:g}, xtol_abs = {EXACT.xtol_abs:g}, ftol_abs = {EXACT.ftol_abs:g}",
)

# Names of lme4's whose optimizer is not to be had outside R -> what runs in its place, under its own name.
STAND_INS = {"nlminbwrap": "SLSQP"}

OPTIMIZERS: dict[str, Optimizer] = {optimizer.name: optimizer for optimizer in _TABLE}

# The rows of our allFit, in order; "nloptwrap" is the short name of one of them.
ALLFIT: tuple[str, ...] = tuple(name for name in OPTIMIZERS if name != DEFAULT)
