"""MM411: the random effects have several conditional modes, and PIRLS finds the one nearest to its start.

Where the penalized deviance is not convex (square-root and inverse links, a Gaussian response with any link
but the identity), a group's effects may be best at two places: one on each side of zero, say. The criterion
here is the smallest Laplace criterion of the modes known; lme4's is that of the mode in which its PIRLS
happens to end.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mmtriage import figures
from mmtriage.diagnose.finding import Finding, Said, finding, not_assessed
from mmtriage.diagnose.fitted import Fitted
from mmtriage.engine.comparison import Comparison
from mmtriage.engine.generalized.model import GeneralizedModel
from mmtriage.engine.optimum.faces import Place


def several_modes(fitted: Fitted) -> Sequence[Said]:
    """MM411 where the optimum, or lme4's fit, has another conditional mode."""
    model = fitted.comparison.prepared.model
    if not isinstance(model, GeneralizedModel) or model.is_convex:
        return []
    try:
        found = [_found_at(model, where, place) for where, place in _reported(fitted.comparison)]
    except np.linalg.LinAlgError as failure:
        return [not_assessed("MM411", f"the criterion has no value where the fit ended: {failure}")]
    return [answer for answer in found if answer is not None][:1]


def _reported(comparison: Comparison) -> list[tuple[str, Place]]:
    """The points that are reported, in words."""
    points = [("at the optimum", comparison.optimum.place)]
    if comparison.lme4 is not None:
        points.append(("where lme4's fit ended", comparison.prepared.place_of(comparison.lme4)))
    return points


def _found_at(model: GeneralizedModel, where: str, place: Place) -> Finding | None:
    others = model.evaluate(*place).other_modes
    if not others:
        return None
    message = (
        f"{where} the random effects have {len(others) + 1} conditional modes; the criterion is smallest at "
        f"one, and {figures.gap(others[0])} deviance units larger at the next: which one glmer finds, and "
        "reports the criterion of, hangs on where its inner iteration starts"
    )
    return finding("MM411", message, gaps=others, modes=len(others) + 1)
