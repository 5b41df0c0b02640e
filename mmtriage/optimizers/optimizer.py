"""What an optimizer is, and what it answers.

A backend is one function, `search(objective, start, lower, upper, maxfun) -> Ending`; `Optimizer.run`
puts the same guard around each of them, so that all see the same objective and are counted by the same
counter.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from mmtriage.arrays import Array
from mmtriage.optimizers.guard import Guard, Objective, OutOfBudgetError

OptimizerStatus = Literal["converged", "maxfun", "stalled", "error"]
OptimizerKind = Literal["quadratic model", "linear model", "simplex", "quasi-Newton", "Newton"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Ending:
    """How a backend says it ended."""

    theta: Array  # (m,)
    value: float
    code: int  # lme4's convergence code, 0 = fine
    message: str  # the backend's words; lme4's where lme4 uses the same algorithm
    status: OptimizerStatus
    warnings: tuple[str, ...] = ()  # what the R optimizer warns of by itself, before lme4 looks at its code


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class OptimizerResult:
    """One run of one optimizer."""

    theta: Array  # (m,), read-only
    value: float  # the criterion there; inf when no point could be evaluated
    evaluations: int  # calls of the objective, finite differences included
    code: int
    message: str
    status: OptimizerStatus
    warnings: tuple[str, ...] = ()
    failures: int = 0  # points at which the objective could not be evaluated


Search = Callable[[Guard, Array, Array, Array, int], Ending]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Optimizer:
    """A named way to minimize over a box."""

    name: str  # mmtriage's name for it: lme4's where the algorithm is lme4's
    kind: OptimizerKind  # two optimizers of one kind that agree are one witness
    note: str  # one sentence: what it is, and what it stands in for
    search: Search
    default_maxfun: Callable[[int], int]  # number of parameters -> lme4's default budget
    r_name: str  # what lme4's messages call it: "convergence code 5 from nloptwrap: ..."
    r_budget: str = "maxfun"  # the entry of optCtrl that holds its budget of evaluations
    r_settings: str = ""  # other entries of optCtrl that ask lme4 for it, or for what it stands in for
    share: float = 1.0  # of the budget that allFit gives to every optimizer
    # Times the evaluations that lme4's own fit of a generalized model took: a stand-in is worth a part of it;
    # one of lme4's own runs to its end, but for a simplex that has lost its way on a flat criterion.
    share_of_glmer: float = 20.0

    def run(
        self,
        objective: Objective,
        start: Array,
        lower: Array,
        upper: Array,
        maxfun: int | None = None,
    ) -> OptimizerResult:
        """Minimize `objective` over the box `lower <= theta <= upper`, all (m,), from `start`.

        A point at which the objective is not finite, or raises FloatingPointError or LinAlgError, is
        passed to the backend as a large finite value; a NaN as it is, where R does so. Any other exception is
        not ours and goes through.
        """
        start = np.array(start, dtype=np.float64)
        budget = self.default_maxfun(len(start)) if maxfun is None else maxfun
        guard = Guard(objective)
        try:
            ending = self.search(guard, start, lower, upper, budget)
        except OutOfBudgetError:
            ending = self._out_of_budget(guard, start)
        return _result(guard, ending)

    def _out_of_budget(self, guard: Guard, start: Array) -> Ending:
        """The best point of a backend that had to be stopped from outside."""
        theta, value = guard.best or (start, np.inf)
        message = "maximum number of function evaluations exceeded"
        return Ending(theta=theta, value=value, code=1, message=message, status="maxfun")


def _result(guard: Guard, ending: Ending) -> OptimizerResult:
    theta, value = ending.theta, ending.value
    code, message, status = ending.code, ending.message, ending.status
    if guard.best is None:
        value, status, code = np.inf, "error", code or -1
        message = f"the criterion could not be evaluated at any point tried: {guard.last_failure}"
    elif guard.failures and not value <= guard.best[1]:
        theta, value = guard.best  # the backend ended on a penalty
    theta = np.array(theta, dtype=np.float64)
    theta.flags.writeable = False
    return OptimizerResult(
        theta=theta,
        value=float(value),
        evaluations=guard.evaluations,
        code=code,
        message=message,
        status=status,
        warnings=ending.warnings,
        failures=guard.failures,
    )
