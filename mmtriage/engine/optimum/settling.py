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
from mmtriage.engine.optimum.protocol import Likelihood, supports
from mmtriage.engine.structures.covariance_factor import covariance_factors

SNAP = 1e-3  # relative SD below which a direction is tried at zero: 0.1 % of the residual SD
SNAP_COST = 1e-6  # deviance units that setting a direction to zero may cost
SADDLE_GAIN = 1e-7  # deviance units that following a negative multiplier must gain to count
MAX_SETTLING_ROUNDS = 12
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
    """Descend on a face from x (m,), by trust-region Newton in natural steps."""
    scale = face_scale(likelihood, face, x)
    asked = None if stop is None else lambda z, value: stop(z * scale, value)
    found = minimize(face_objective(likelihood, face, scale), x / scale, stop=asked)
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
    """Leave a saddle along the most negative multiplier; None if there is none or nothing is gained."""
    place, ranks = at.place, at.face.ranks
    negative = [m for m in multipliers(likelihood, place, ranks) if m.value < 0]
    for m in sorted(negative, key=lambda m: m.value):
        extended = _extended(likelihood, place, m, ranks[m.term], at.value)
        if extended is None:
            continue
        higher = [rank + (t == m.term) for t, rank in enumerate(ranks)]
        tried = _on_ranks(likelihood, extended, higher)
        if tried is not None and tried.value < at.value - SADDLE_GAIN:
            return tried
    return None


def _snapped(likelihood: Likelihood, at: FacePoint) -> FacePoint:
    """The lowest face that costs no more than `SNAP_COST`: all small directions at once, else one by one."""
    place, ranks = at.place, at.face.ranks
    values = [factor.singular_values for factor in covariance_factors(place.factors, ranks)]
    small = sorted((float(d), t) for t, rank in enumerate(ranks) for d in values[t][:rank] if d < SNAP)
    if not small:
        return at
    together = list(ranks)
    for _, t in small:
        together[t] -= 1
    proposals = [together]
    if len(small) > 1:
        proposals += [_one_less(ranks, t) for t in dict.fromkeys(t for _, t in small)]
    spent = at.gradients
    for proposal in proposals:
        tried = _on_ranks(likelihood, place, proposal)
        if tried is None:
            continue
        spent += tried.gradients
        if tried.value <= at.value + SNAP_COST:
            reached = replace(tried, gradients=spent, saddles=at.saddles)
            return reached if proposal is together else _snapped(likelihood, reached)
    return replace(at, gradients=spent)


def _one_less(ranks: Sequence[int], term: int) -> list[int]:
    return [rank - (t == term) for t, rank in enumerate(ranks)]


def _on_ranks(likelihood: Likelihood, place: Place, ranks: Sequence[int]) -> FacePoint | None:
    """The optimum on the face of these ranks that is nearest to a place; None where it has no value."""
    face, x = face_at(place.factors, ranks, supports(likelihood), place.free)
    try:
        found = minimize_on(likelihood, face, x)
    except np.linalg.LinAlgError:
        return None
    return FacePoint(face, found.x, found.value, found.gradients)


def _extended(
    likelihood: Likelihood, place: Place, along: Multiplier, rank: int, value: float
) -> Place | None:
    """`F` with a column `eps direction` added, eps the first that lowers the criterion; None if none does."""
    factor = covariance_factors(place.factors, supports(likelihood))[along.term]
    eps = 0.5 * natural_scale(likelihood, place.factors)[along.term]
    for _ in range(MAX_HALVINGS):
        factors = [F.copy() for F in place.factors]
        factors[along.term] = factor.with_column(eps * along.direction, rank)
        extended = Place(factors, place.free)
        try:
            if likelihood.criterion(*extended) < value:
                return extended
        except np.linalg.LinAlgError:
            pass
        eps *= 0.5
    return None
