"""Optima at the edge of the means that a link has.

Under the identity link the mean of a count may go to zero, under a log link that of an answer to one: where a
row has that very answer, the likelihood may rise up to the edge, and end there without a slope of zero. Such
an optimum is known to the literature of the log-binomial model (Petersen & Deddens 2008, BMC Med. Res.
Methodol. 8:9). Derivatives do not prove it, since there are none beyond; so it is said where it lies.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from mmtriage import figures
from mmtriage.engine.generalized.model import GeneralizedModel
from mmtriage.engine.optimum.found import Optimum

EDGE = 1e-8  # share of the mean linear predictor, below which one has arrived at zero


def told_at_edge(model: GeneralizedModel, found: Optimum) -> Optimum:
    """The same; where nothing is proven because rows are at the edge, the reason names them."""
    family = model.family
    if found.certificate.certified or family.eta_sign is None:
        return found
    try:
        predictor = np.abs(family.link.link(model.users_mean(model.evaluate(*found.place))))
    except np.linalg.LinAlgError:
        return found
    rows = model.design.row_numbers[predictor <= EDGE * np.mean(predictor)].tolist()
    if not rows:
        return found
    reason = (
        f"the linear predictor of row{'s' if len(rows) > 1 else ''} {figures.rows(rows)} is zero there, "
        f"beyond which the {family.link.name} link has no mean: at that edge derivatives prove nothing"
    )
    return replace(found, certificate=replace(found.certificate, reason=reason))
