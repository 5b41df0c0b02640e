"""From where a descent ended to a point that cannot be bettered by going to another face.

A descent takes all covariances for full-rank ones, so an optimum at which a variance is zero is only
approached. To settle is to do two things in turn until neither changes anything:

* principal directions whose relative standard deviation is below `SNAP` are set to zero, and the rest is
  optimized again on that face; if that costs nothing, the optimum lies there;
* a negative multiplier on the face is a saddle: the factor is extended along it, and the descent goes on.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from mmtriage.arrays import Array
from mmtriage.engine.optimum.certificate import (
    Multiplier,
    face_objective,
    face_scale,
    multipliers,
    natural_scale,
)
from mmtriage.engine.optimum.faces import Face, Place, face_at
from mmtriage.engine.optimum.newton import Minimum, minimize
from mmtriage.engine.optimum.protocol import Likelihood, cones
from mmtriage.engine.structures.interfaces import Stratum

SNAP = 1e-3  # relative SD below which a direction is tried at zero: 0.1 % of the residual SD
SNAP_COST = 1e-6  # deviance units that setting a direction to zero may cost
SADDLE_GAIN = 1e-7  # deviance units that following a negative multiplier must gain to count
MAX_SETTLING_ROUNDS = 12
MANY_STEPS = 60  # of a descent; most arrive in ten
FEW_PARAMETERS = 12  # up to which a curvature by differences is not too dear
MAX_HALVINGS = 24  # of the first step off a face


@dataclass(frozen=True, slots=True, eq=False)
class FacePoint:
    """A point on a face, with the criterion there and what it took to come to it."""

    face: Face
    x: Array  # (m,) parameters of the face
    value: float
    gradients: int = 0  # evaluations spent
    saddles: int = 0  # saddle points left on the way

    @property
    def place(self) -> Place:
        """The point as factors and free parameters."""
        return self.face.place(self.x)


def minimize_on(
    likelihood: Likelihood, face: Face, x: Array, stop: Callable[[Array, float], bool] | None = None
) -> Minimum:
    """Descend on a face from x (m,), by trust-region Newton in natural steps.

    A descent that has not arrived after many steps goes on from where it is, in steps that are natural there,
    and by the criterion's own curvature where that is not too dear: it costs m gradients a step.
    """
    found = _descended(likelihood, face, x, stop)
    if found.status in ("converged", "stopped"):
        return found
    is_exact = len(x) <= FEW_PARAMETERS
    try:
        again = _descended(likelihood, face, found.x, stop, is_exact=is_exact)
    except np.linalg.LinAlgError:  # differences lead to where the criterion has no value
        return found
    spent = again.gradients * (1 + len(x)) if is_exact else again.gradients
    return replace(again, gradients=found.gradients + spent)


def _descended(
    likelihood: Likelihood,
    face: Face,
    x: Array,
    stop: Callable[[Array, float], bool] | None,
    *,
    is_exact: bool = False,
) -> Minimum:
    """Where `MANY_STEPS` lead at most, in steps that are natural at x (m,)."""
    scale = face_scale(likelihood, face, x)
    asked = None if stop is None else lambda z, value: stop(z * scale, value)
    objective = face_objective(likelihood, face, scale, is_exact=is_exact)
    found = minimize(objective, x / scale, stop=asked, max_iterations=MANY_STEPS)
    return replace(found, x=found.x * scale)


def settle(likelihood: Likelihood, at: FacePoint) -> FacePoint:
    """Set small directions to zero and leave saddles, until neither changes anything."""
    for _ in range(MAX_SETTLING_ROUNDS):
        at = _snapped(likelihood, at)
        escaped = escape(likelihood, at)
        if escaped is None:
            break
        at = replace(escaped, gradients=at.gradients + escaped.gradients, saddles=at.saddles + 1)
    return at


def escape(likelihood: Likelihood, at: FacePoint) -> FacePoint | None:
    """Leave a saddle along the most negative multiplier; None if there is none or nothing is gained.

    None too where the multipliers have no value, without which nothing can be certified either.
    """
    try:
        negative = [m for m in multipliers(likelihood, at.face, at.x) if m.value < 0]
    except np.linalg.LinAlgError:
        return None
    for m in sorted(negative, key=lambda m: m.value):
        extended = _extended(likelihood, at, m)
        if extended is None:
            continue
        wider = [
            term.opened(m.along) if t == m.term else term.stratum for t, term in enumerate(at.face.terms)
        ]
        tried = _on_strata(likelihood, extended, wider)
        if tried is not None and tried.value < at.value - SADDLE_GAIN:
            return tried
    return None


def _snapped(likelihood: Likelihood, at: FacePoint) -> FacePoint:
    """The lowest face that costs no more than `SNAP_COST`: all small directions at once, else one by one."""
    place, face = at.place, at.face
    points = list(zip(face.terms, face.parts(at.x), place.factors, strict=True))
    small = sorted((d, t) for t, (term, x, F) in enumerate(points) for d in term.near_bounds(x, F, SNAP))
    if not small:
        return at

    def closing(counts: Sequence[int]) -> list[Stratum]:
        return [
            term.closed(x, F, count) if count else term.stratum
            for (term, x, F), count in zip(points, counts, strict=True)
        ]

    of_terms = [t for _, t in small]
    together = closing([of_terms.count(t) for t in range(len(points))])
    proposals = [together]
    if len(small) > 1:
        proposals += [closing([int(t == s) for s in range(len(points))]) for t in dict.fromkeys(of_terms)]
    spent = at.gradients
    for proposal in proposals:
        tried = _on_strata(likelihood, place, proposal)
        if tried is None:
            continue
        spent += tried.gradients
        if tried.value <= at.value + SNAP_COST:
            reached = replace(tried, gradients=spent, saddles=at.saddles)
            return reached if proposal is together else _snapped(likelihood, reached)
    return replace(at, gradients=spent)


def _on_strata(likelihood: Likelihood, place: Place, strata: Sequence[Stratum]) -> FacePoint | None:
    """The optimum on the face of these strata that is nearest to a place; None where it has no value."""
    face, x = face_at(place.factors, strata, cones(likelihood), place.free)
    try:
        found = minimize_on(likelihood, face, x)
    except np.linalg.LinAlgError:
        return None
    return FacePoint(face, found.x, found.value, found.gradients)


def _extended(likelihood: Likelihood, at: FacePoint, along: Multiplier) -> Place | None:
    """The place a step along a multiplier, the first step that lowers the criterion; None if none does."""
    place, face = at.place, at.face
    t = along.term
    x = face.parts(at.x)[t]
    step = 0.5 * natural_scale(likelihood, place.factors)[t]
    for _ in range(MAX_HALVINGS):
        factors = [F.copy() for F in place.factors]
        factors[t] = face.terms[t].moved(x, place.factors[t], along.along, step)
        extended = Place(factors, place.free)
        try:
            if likelihood.criterion(*extended) < at.value:
                return extended
        except np.linalg.LinAlgError:
            pass
        step *= 0.5
    return None
