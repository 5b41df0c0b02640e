"""Optima of the Laplace approximation that the likelihood itself does not have.

Laplace replaces the integral over a group's effect by its value at the mode. With a handful of events among
many answers the error grows with the variance, so that the approximate criterion may have a second, lower
optimum at a variance of thirty that no better approximation knows. Where the search found several optima, the
likelihood is asked which of them is its own:

* by adaptive quadrature with 25 points, where lme4 has it (one scalar term): its search starts at each of
  them, and one that is left for another is refuted;
* by sampling elsewhere (`sampling.py`): one at which the likelihood is lower than at another is refuted, if
  the difference is larger than chance.

The best one left is the reference (Pinheiro & Bates 1995, J. Comp. Graph. Stat. 4(1), sections 2.3 and 2.4).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from mmtriage.engine.generalized.model import GeneralizedModel
from mmtriage.engine.generalized.sampling import sampled_criterion
from mmtriage.engine.optimum.faces import open_face
from mmtriage.engine.optimum.found import DISTINCT_OPTIMUM, Descent, Optimum, Refuted
from mmtriage.engine.optimum.protocol import cones
from mmtriage.engine.optimum.search import certified_at
from mmtriage.engine.optimum.settling import FacePoint, settle
from mmtriage.model.family_names import FINE_POINTS, LAPLACE

MOST_ASKED = 4  # optima, the best first: the integrals of each take as long as a fit
SURE = 4.0  # standard errors of a difference of two sampled criteria
MATERIAL = 0.1  # deviance units


def without_refuted(model: GeneralizedModel, found: Optimum, *, seed: int) -> Optimum:
    """The best optimum that the likelihood confirms, certified; those below it are listed as refuted."""
    asked = found.ends[:MOST_ASKED]
    if len(asked) < 2 or not _is_laplace(model):
        return found
    if len(model.widths) == 1 and model.widths[0] == 1:
        confirmed, method = _by_quadrature(model, asked), f"quadrature with {FINE_POINTS} points"
    else:
        confirmed, method = _by_sampling(model, asked, seed), "sampling"
    if confirmed is None or confirmed is asked[0]:
        return found
    reference = certified_at(model, found, confirmed)  # which may have gone on to the end that seemed refuted
    refuted = tuple(
        Refuted(criterion=end.criterion, place=end.place, method=method)
        for end in asked
        if end.criterion < min(confirmed.criterion, reference.criterion - DISTINCT_OPTIMUM)
    )
    return replace(reference, refuted=refuted)


def _is_laplace(model: GeneralizedModel) -> bool:
    """Whether the criterion approximates a likelihood: with a scale to estimate lme4's is none."""
    return model.nagq == LAPLACE and not model.family.distribution.estimates_scale


def _by_quadrature(model: GeneralizedModel, ends: Sequence[Descent]) -> Descent | None:
    """The end nearest to the best optimum of quadrature that can be reached from any; None if none can be."""
    spec = replace(model.design.spec, nagq=FINE_POINTS)
    exact = GeneralizedModel.of(replace(model.design, spec=spec), model.deadline)
    reached = [point for end in ends if (point := _settled(exact, end)) is not None]
    if not reached:
        return None
    best = min(reached, key=lambda point: point.value).place.factors
    return min(ends, key=lambda end: abs(abs(end.place.factors[0][0, 0]) - abs(best[0][0, 0])))


def _settled(exact: GeneralizedModel, end: Descent) -> FacePoint | None:
    """Where quadrature's own descent from an optimum of Laplace leads; None where it has no value."""
    face, x = open_face(end.place.factors, cones(exact), end.place.free)
    try:
        return settle(exact, FacePoint(face, x, exact.criterion(*end.place)))
    except np.linalg.LinAlgError:
        return None


def _by_sampling(model: GeneralizedModel, ends: Sequence[Descent], seed: int) -> Descent | None:
    """The end with the highest likelihood, if that is sure; the first where it is not."""
    sampled = [sampled_criterion(model, end.place, seed) for end in ends]
    best = min(range(len(ends)), key=lambda i: sampled[i][0])
    difference = sampled[0][0] - sampled[best][0]
    error = float(np.hypot(sampled[0][1], sampled[best][1]))
    is_sure = np.isfinite(error) and difference > max(SURE * error, MATERIAL)
    return ends[best] if is_sure else ends[0]
