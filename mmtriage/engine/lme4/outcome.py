"""What came of a fit by lme4: the fit, or the error with which lme4 stops."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np

from mmtriage.arrays import Array
from mmtriage.engine.lme4.checks import ConvergenceCheck
from mmtriage.engine.lme4.vcov import covariance_of_beta
from mmtriage.optimizers import OptimizerStatus

# Of a fit whose criterion was NaN at a point on the way: lme4 does not forget it.
NO_NUMBERS = "its coefficients, standard errors and SDs are NaN"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Lme4Run:
    """lme4's fit. Arrays are read-only; theta is lme4's raw theta, (m,).

    Where the optimizer sets beta too, gradient and Hessian are over (theta, beta).
    """

    theta: Array
    criterion: float
    start: Array  # (m,)
    optimizer: str
    status: OptimizerStatus
    code: int  # lme4's convergence code, 0 = fine
    message: str  # the optimizer's words
    evaluations: int  # lme4's feval: of the last run of the optimizer, without differences
    total_evaluations: int  # every call of the criterion
    gradient: Array | None  # (m,) or (m + p,) lme4's, where the optimizer ended; None: not asked for
    hessian: Array | None  # square
    max_abs_gradient: float | None
    scaled_gradient_statistic: float | None  # what lme4 compares with 0.002; None: not assessed
    lme4_messages: tuple[str, ...]  # everything lme4 would have said, in its order
    singular: bool  # lme4's isSingular
    restarted: bool  # from the edge
    moved_to_edge: tuple[int, ...]  # indices of theta that a boundary step set to their bound
    check: ConvergenceCheck
    beta: Array | None = None  # (p,) where the optimizer sets it: generalized models
    nb_theta: float | None = None  # negative binomial: the theta of its variance
    predictor: Array | None = None  # (n,) eta where PIRLS ended last, of generalized models
    is_lost: bool = False  # `NO_NUMBERS`, but for theta
    refits: tuple[Lme4Run, ...] = ()  # the last before this one at all but the same theta: glmer.nb's search

    @property
    def covariance_of_beta(self) -> Array | None:
        """Covariance (p, p) of beta from the Hessian; None where lme4 takes it from RX."""
        if self.hessian is None or self.beta is None or len(self.hessian) == len(self.theta):
            return None
        return covariance_of_beta(self.hessian, len(self.theta))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Lme4Failure:
    """lme4 would have stopped with an error and left no fit."""

    error: str
    start: Array  # (m,)
    optimizer: str
    total_evaluations: int
    lme4_messages: tuple[str, ...]  # what it had said before

    @classmethod
    def of_lost(cls, run: Lme4Run) -> Self:
        """A refit of which nothing that is asked for is a number."""
        return cls(
            error="its estimates are NaN",
            start=run.start,
            optimizer=run.optimizer,
            total_evaluations=run.total_evaluations,
            lme4_messages=run.lme4_messages,
        )


def frozen(array: Array) -> Array:
    """A read-only copy."""
    copy = np.array(array, dtype=np.float64)
    copy.flags.writeable = False
    return copy
