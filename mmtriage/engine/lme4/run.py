"""The fit that lme4 1.1-31 would have made of a model, or the error with which it would have stopped.

lme4 has a function for linear models and one for generalized ones; this is the door to both.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, TypeAlias

from mmtriage.engine.linear.model import LinearModel
from mmtriage.engine.lme4.lmer import fit_linear_model
from mmtriage.engine.lme4.outcome import Lme4Failure, Lme4Run
from mmtriage.engine.lme4.transform import Transform
from mmtriage.optimizers import DEFAULT, OPTIMIZERS, Optimizer

if TYPE_CHECKING:
    from mmtriage.engine.generalized.model import GeneralizedModel

Model: TypeAlias = "LinearModel | GeneralizedModel"


def fit_like_lme4(
    model: Model,
    *,
    optimizers: Sequence[Optimizer] | None = None,
    maxfun: int | None = None,
    start: Lme4Run | None = None,
    transform: Transform | None = None,
    tolerance: float | None = None,
) -> Lme4Run | Lme4Failure:
    """Fit as lme4 would, from its own start or from where another run ended.

    Args:
        optimizers: of lme4's stages, None for its own; a generalized model has two, one given does both.
        maxfun: the budget of each stage, None for lme4's defaults.
        transform: fit on other columns; the estimates come back in the user's.
        tolerance: glmer's tolPwrss, None for its own.
    """
    if isinstance(model, LinearModel):
        return fit_linear_model(
            model,
            optimizer=optimizers[-1] if optimizers else OPTIMIZERS[DEFAULT],
            maxfun=maxfun,
            start=start,
            transform=transform,
        )
    # Here: linear models start sooner without.
    from mmtriage.engine.lme4.glmer import fit_glmer
    from mmtriage.engine.lme4.glmer_pirls import TOLERANCE

    return fit_glmer(
        model.design,
        optimizers=(optimizers[0], optimizers[-1]) if optimizers else None,
        maxfun=maxfun,
        start=None if start is None else (start.theta, start.beta),
        transform=transform,
        deadline=model.deadline,
        tolerance=TOLERANCE if tolerance is None else tolerance,
    )
