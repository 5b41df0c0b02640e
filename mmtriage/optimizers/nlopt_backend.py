"""NLopt's algorithms, stopped by the rules that lme4's `nloptwrap` really has.

lme4 asks for xtol_abs = ftol_abs = 1e-8 only; nloptr fills what is left open with its own defaults,
xtol_rel = 1e-4 among them, and that is the rule that stops most fits. NLopt's BOBYQA is the same C code here
and there.
"""

from __future__ import annotations

from dataclasses import dataclass

import nlopt
import numpy as np

from mmtriage.arrays import Array
from mmtriage.optimizers.gradients import box_gradient
from mmtriage.optimizers.guard import Guard
from mmtriage.optimizers.optimizer import Ending, OptimizerStatus, Search


@dataclass(frozen=True, slots=True, kw_only=True)
class StopRules:
    """Changes of the parameters and of the criterion below which NLopt stops."""

    xtol_abs: float
    xtol_rel: float
    ftol_abs: float
    ftol_rel: float


# lme4's; the relative ones are nloptr's
NLOPTWRAP = StopRules(xtol_abs=1e-8, xtol_rel=1e-4, ftol_abs=1e-8, ftol_rel=0.0)
NLMINB = StopRules(xtol_abs=0.0, xtol_rel=1.5e-8, ftol_abs=0.0, ftol_rel=1e-10)  # R's nlminb
EXACT = StopRules(
    xtol_abs=1e-12, xtol_rel=1e-12, ftol_abs=1e-12, ftol_rel=0.0
)  # lme4's ?convergence, and more
TIGHT = StopRules(xtol_abs=1e-8, xtol_rel=1e-6, ftol_abs=1e-8, ftol_rel=0.0)  # for what lme4 does not have

# Until 2.10 the Python wrapper raised RuntimeError and ValueError, with a text; since then errors of its own.
NLOPT_ERRORS: tuple[type[Exception], ...] = (nlopt.exception,) if hasattr(nlopt, "exception") else ()

# Return codes by how such a text begins: those of its C++ layer, and SLSQP's own ("bug: more than iter ...").
OF_TEXTS = {"nlopt invalid argument": -2, "nlopt failure": -1, "bug: ": -1}

DIFFERENCE = 6e-6  # the cube root of the machine epsilon, times max(1, |theta|)
MAXEVAL_REACHED = 5
ROUNDOFF_LIMITED = -4

# nloptr's words, by NLopt's return code
MESSAGES = {
    1: "NLOPT_SUCCESS: Generic success return value.",
    2: "NLOPT_STOPVAL_REACHED: Optimization stopped because stopval (above) was reached.",
    3: "NLOPT_FTOL_REACHED: Optimization stopped because ftol_rel or ftol_abs (above) was reached.",
    4: "NLOPT_XTOL_REACHED: Optimization stopped because xtol_rel or xtol_abs (above) was reached.",
    5: "NLOPT_MAXEVAL_REACHED: Optimization stopped because maxeval (above) was reached.",
    6: "NLOPT_MAXTIME_REACHED: Optimization stopped because maxtime (above) was reached.",
    -1: "NLOPT_FAILURE: Generic failure code.",
    -2: "NLOPT_INVALID_ARGS: Invalid arguments (e.g. lower bounds are bigger than upper bounds, an unknown "
    "algorithm was specified, etcetera).",
    -3: "NLOPT_OUT_OF_MEMORY: Ran out of memory.",
    -4: "NLOPT_ROUNDOFF_LIMITED: Roundoff errors led to a breakdown of the optimization algorithm. In this "
    "case, the returned minimum may still be useful. (e.g. this error occurs in NEWUOA if one tries to "
    "achieve a tolerance too close to machine precision.)",
}


def derivative_free(
    algorithm: int,
    rules: StopRules = NLOPTWRAP,
    *,
    most: int | None = None,
    first_step: float | None = None,
    takes_nan: bool = False,
) -> Search:
    """The search of an NLopt algorithm that needs values only.

    Args:
        takes_nan: a NaN is handed to it, as nloptr does; BOBYQA has no model any more, and soon ends.
        most: caps any budget.
        first_step: of every coordinate; None leaves it to NLopt, as lme4 does.
    """

    def search(objective: Guard, start: Array, lower: Array, upper: Array, maxfun: int) -> Ending:
        if takes_nan:
            objective.hand_on_nan()
        problem = _problem(algorithm, rules, lower, upper)
        problem.set_maxeval(maxfun if most is None else min(maxfun, most))
        if first_step is not None:
            problem.set_initial_step(first_step)
        problem.set_min_objective(lambda theta, _gradient: objective(theta))
        return _optimize(problem, objective, start)

    return search


def with_differences(algorithm: int, rules: StopRules) -> Search:
    """The search of an NLopt algorithm that wants a gradient: it gets central differences."""

    def search(objective: Guard, start: Array, lower: Array, upper: Array, maxfun: int) -> Ending:
        def value_and_gradient(theta: Array, gradient: Array) -> float:
            if gradient.size > 0:
                steps = DIFFERENCE * np.maximum(1.0, np.abs(theta))
                gradient[:] = box_gradient(objective, theta, lower, upper, steps)
            return objective(theta)

        problem = _problem(algorithm, rules, lower, upper)
        problem.set_min_objective(value_and_gradient)
        objective.limit(maxfun)  # NLopt would not count the differences
        return _optimize(problem, objective, start)

    return search


def _problem(algorithm: int, rules: StopRules, lower: Array, upper: Array) -> nlopt.opt:
    problem = nlopt.opt(algorithm, len(lower))
    problem.set_lower_bounds(lower)
    problem.set_upper_bounds(upper)
    problem.set_xtol_abs(rules.xtol_abs)
    problem.set_xtol_rel(rules.xtol_rel)
    problem.set_ftol_abs(rules.ftol_abs)
    problem.set_ftol_rel(rules.ftol_rel)
    return problem


def _optimize(problem: nlopt.opt, objective: Guard, start: Array) -> Ending:
    """Run NLopt; its Python wrapper raises for the negative return codes."""
    try:
        theta = problem.optimize(start)
        value, code = problem.last_optimum_value(), problem.last_optimize_result()
    except (nlopt.RoundoffLimited, ValueError, RuntimeError, *NLOPT_ERRORS) as failure:
        code = _code_of(failure)
        theta, value = objective.best or (start, np.inf)
    except SystemError as failure:  # where the objective stops the search, BOBYQA may yet return a result
        raise failure.__cause__ or failure from None
    return Ending(
        theta=theta,
        value=value,
        code=code if code < 0 or code == MAXEVAL_REACHED else 0,
        message=MESSAGES[code],
        status=_status(code),
    )


def _code_of(failure: Exception) -> int:
    """NLopt's negative return code; an exception that is the objective's own goes on its way."""
    if isinstance(failure, nlopt.RoundoffLimited):
        return ROUNDOFF_LIMITED
    if isinstance(failure, NLOPT_ERRORS):
        return -2 if isinstance(failure, getattr(nlopt, "invalid_argument", ())) else -1
    for text, code in OF_TEXTS.items():
        if str(failure).startswith(text):
            return code
    raise failure


def _status(code: int) -> OptimizerStatus:
    if code == MAXEVAL_REACHED:
        return "maxfun"
    if code == ROUNDOFF_LIMITED:
        return "stalled"
    return "converged" if code > 0 else "error"
