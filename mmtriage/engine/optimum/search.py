"""The optimum of a model: the best point found from several starts, and the proof that it is one.

Every start descends by trust-region Newton in orthonormal coordinates, first with all covariances of full
rank, and then settles on the face where its optimum lies (`settling.py`). The best settled point is certified
(`certificate.py`); the others are kept as evidence for or against further optima.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from mmtriage.arrays import Array
from mmtriage.engine.optimum.certificate import (
    Certificate,
    natural_scale,
    polish_and_certify,
    uncertified,
)
from mmtriage.engine.optimum.faces import Face, Place, face_at, open_face
from mmtriage.engine.optimum.found import DISTINCT_OPTIMUM, Descent, Optimum, Start, distinct_ends
from mmtriage.engine.optimum.protocol import Likelihood, cones, interior
from mmtriage.engine.optimum.settling import (
    SADDLE_GAIN,
    SNAP_COST,
    FacePoint,
    escape,
    minimize_on,
    settle,
)
from mmtriage.engine.optimum.starts import is_at_risk, is_grave

# Deviance units, and relative distance in S, within which a descent heads for a known optimum: where several
# are to be feared it is not given up before it has all but arrived.
NEARNESS = (0.5, 0.3)
CAREFUL_NEARNESS = (0.02, 0.05)
# The same of free parameters, in their scales, where the likelihood is not convex in them: with one criterion
# and covariance they may be on either side of a ridge.
FREE_NEARNESS = 0.5
FAR_AWAY = 1e3  # relative SD beyond which a search that has not arrived may never do so
STILL_FALLING = "the criterion still falls where the search gave up, at a relative SD of {:.0e}"
FAR_OUT = 15.0  # relative SD from which a search that gave up says little, beside others that ended elsewhere
ADRIFT = (
    "at a relative SD of {:.3g} the criterion is so flat that searches do not come to an end: they were left "
    "at {}, and nothing shows which of the optima there is the lowest"
)
MOST_TOLD = 3  # other ends
CROWD = 4  # optima, the reference among them, where the likelihood of the fixed effects is not convex
CROWD_FAR_OUT = 5  # optima where it is: they lie where random effects are many times as large as one
CROWDED = 2.0  # deviance units from the reference within which they are
AMONG_MANY = (
    "the searches met {} optima within {:g} deviance units of each other, at {}: where there are so many, "
    "nothing shows that there is not a lower one"
)
MOST_SPENT = 3000  # gradients, after which no more starts are followed if some search has not come to an end
RUNAWAY = 1e9  # relative SD at which the residual variance is running to zero: double precision ends there
BEYOND_DIGITS = (
    f"a random effect is more than {RUNAWAY:.0e} times as large as the residual: double precision cannot "
    "tell whether anything is left of the response"
)
MAX_CERTIFICATION_ROUNDS = 4
UPWARDS = "the polish leads upwards: the criterion has no digits left where the search ended"


def perturbed(likelihood: Likelihood, place: Place, seed: int) -> Place:
    """A start well away from `place`: every direction is rescaled at random, and zero ones are opened."""
    generator = np.random.default_rng(seed)
    moved = []
    scales = natural_scale(likelihood, place.factors)
    for F, basis, scale in zip(place.factors, likelihood.basis.terms, scales, strict=True):
        r = basis.rank
        G = np.zeros_like(F)
        noise = generator.normal(size=(r, r)) / np.sqrt(max(r, 1))
        G[:r, :r] = F[:r, :r] * np.exp(generator.normal(scale=0.7)) + 0.5 * scale * noise
        moved.append(G)
    return Place(moved, place.free + likelihood.free_scale * generator.normal(size=len(place.free)))


def find_optimum(
    likelihood: Likelihood,
    starts: Sequence[Start],
    further: Callable[[], Sequence[Start]] = list,
    *,
    seed: int = 0,
) -> Optimum:
    """Descend from every start, and certify the best point found.

    Args:
        further: more starts; followed, with a perturbation of the best point, where several optima are to be
            feared, and where the first starts are too little evidence.

    Raises LinAlgError only if no start can be evaluated at all.
    """
    descents: list[Descent] = []
    settled: dict[str, FacePoint] = {}
    for start in starts:
        _descend(likelihood, start, descents, settled)
    if is_at_risk(likelihood) or _is_doubtful(likelihood, descents):
        known = {d.label for d in descents}
        for start in further():
            if start.label not in known and not _is_spent(descents):
                _descend(likelihood, start, descents, settled)
        if descents and is_grave(likelihood) and not _is_spent(descents):
            best = min(descents, key=lambda d: d.criterion)
            nearby = Start("perturbed", *perturbed(likelihood, best.place, seed))
            _descend(likelihood, nearby, descents, settled)
    if not descents:
        raise np.linalg.LinAlgError("no starting point has a finite criterion")
    best = min((d for d in descents if d.joined is None), key=lambda d: d.criterion)
    end = settled[best.label]
    if _is_runaway(end.place.factors):
        place, certificate = end.place, uncertified(end.face, BEYOND_DIGITS)
        criterion = likelihood.criterion(*place)
    else:
        place, certificate = _certify(likelihood, end)
        criterion = likelihood.criterion(*place)
        if criterion > end.value + MAX_CERTIFICATION_ROUNDS * SNAP_COST:
            place, certificate = end.place, uncertified(end.face, UPWARDS)
            criterion = likelihood.criterion(*place)
        certificate = _in_the_light_of(likelihood, best, descents, certificate, place, criterion)
    return Optimum(
        place=place,
        criterion=criterion,
        certificate=certificate,
        start=best.label,
        descents=tuple(descents),
        gradients=sum(d.gradients for d in descents),
        runaway=_is_runaway(place.factors),
    )


def _is_doubtful(likelihood: Likelihood, descents: Sequence[Descent]) -> bool:
    """Whether the first starts are too little evidence: one alone, two that disagree, or a variance at zero.

    Where groups are of very different sizes, many large ones that do not differ may hide a second peak that a
    few small ones make far from zero (Henn & Hodges 2014, Int. Stat. Rev. 82(3)).
    """
    ends = [d for d in descents if d.joined is None]
    return len(descents) < 2 or len(ends) != 1 or ends[0].strata != interior(likelihood)


def _is_spent(descents: Sequence[Descent]) -> bool:
    """Whether so much was spent on searches that do not come to an end that another would not tell more."""
    return sum(d.gradients for d in descents) > MOST_SPENT and not all(d.arrived for d in descents)


def _in_the_light_of(
    likelihood: Likelihood,
    best: Descent,
    descents: Sequence[Descent],
    certificate: Certificate,
    place: Place,
    criterion: float,
) -> Certificate:
    """The certificate, where other optima crowd around this one, or the search that led to it gave up."""
    met = [d.criterion for d in distinct_ends(descents, best.label)]
    near = [f"{end:.4f}" for end in met if abs(end - criterion) <= CROWDED]
    if certificate.certified and len(near) >= (CROWD_FAR_OUT if likelihood.is_convex else CROWD):
        reason = AMONG_MANY.format(len(near), CROWDED, ", ".join(near))
        return replace(certificate, certified=False, reason=reason)
    size = max(float(np.max(np.abs(F), initial=0.0)) for F in place.factors)
    if best.arrived or size <= FAR_OUT:
        return certificate
    if not certificate.certified:
        still = f"{STILL_FALLING.format(size)} ({certificate.reason})"
        return replace(certificate, reason=still) if size > FAR_AWAY else certificate
    ends = sorted(d.criterion for d in descents if d.joined is None)
    elsewhere = [f"{end:.4f}" for end in ends if end > criterion + DISTINCT_OPTIMUM]
    if not elsewhere and not _is_spent(descents):
        return certificate
    left = ", ".join([f"{criterion:.4f}", *elsewhere[:MOST_TOLD]])
    return replace(certificate, certified=False, reason=ADRIFT.format(size, left))


def certified_at(likelihood: Likelihood, found: Optimum, end: Descent) -> Optimum:
    """Another of the optima found, certified."""
    face, x = face_at(end.place.factors, end.strata, cones(likelihood), end.place.free)
    place, certificate = _certify(likelihood, FacePoint(face, x, end.criterion))
    criterion = likelihood.criterion(*place)
    has_stayed = end.criterion - criterion <= DISTINCT_OPTIMUM
    reached = replace(end, arrived=end.arrived and has_stayed)
    return replace(
        found,
        place=place,
        criterion=criterion,
        certificate=_in_the_light_of(likelihood, reached, found.descents, certificate, place, criterion),
        start=end.label,
    )


def _certify(likelihood: Likelihood, at: FacePoint) -> tuple[Place, Certificate]:
    """Certify a settled point; if the proof meets a way down, go down first."""
    for _ in range(MAX_CERTIFICATION_ROUNDS):
        face = at.face
        at = FacePoint(face, at.x, likelihood.criterion(*at.place))
        escaped = escape(likelihood, at)
        try:
            polished, certificate = polish_and_certify(likelihood, face, at.x, saddle_free=escaped is None)
        except np.linalg.LinAlgError as failure:
            reason = f"the criterion has no value beside the point found ({failure})"
            return at.place, uncertified(face, reason)
        if certificate.certified:
            lower = settle(likelihood, FacePoint(face, polished, likelihood.criterion(*face.place(polished))))
            if lower.face.strata == face.strata:
                break
            at = lower  # the polish has brought a direction so near to zero that it can be set to it
            continue
        if escaped is None:
            escaped = _leave_saddle(likelihood, face, polished, certificate)
        if escaped is None:
            break
        at = settle(likelihood, escaped)
    return face.place(polished), certificate


def _leave_saddle(likelihood: Likelihood, face: Face, x: Array, certificate: Certificate) -> FacePoint | None:
    """Descend along a direction of negative curvature, or go on from where the decrement is still large."""
    value = likelihood.criterion(*face.place(x))
    moves = [np.zeros_like(x)]
    if certificate.negative_direction is not None:
        moves += [0.5 * certificate.negative_direction, -0.5 * certificate.negative_direction]
    for move in moves:
        try:
            found = minimize_on(likelihood, face, x + move)
        except np.linalg.LinAlgError:
            continue
        if found.value < value - SADDLE_GAIN:
            return FacePoint(face, found.x, found.value, found.gradients)
    return None


def _descend(
    likelihood: Likelihood, start: Start, descents: list[Descent], settled: dict[str, FacePoint]
) -> None:
    """Follow one start and add where it led to `descents`; a start that cannot be evaluated adds nothing."""
    face, x = open_face(start.factors, cones(likelihood), start.free)
    began = face.place(x) if not likelihood.layout.is_ordinary else Place(start.factors, start.free)
    joined: list[str] = []

    def stop(at: Array, value: float) -> bool:
        if np.max(np.abs(at), initial=0.0) > RUNAWAY:
            return True
        known = _joins(likelihood, face.place(at), value, descents, heeds_free=not likelihood.is_convex)
        joined.extend(known)
        return bool(known)

    try:
        found = minimize_on(likelihood, face, x, stop=stop)
    except np.linalg.LinAlgError:
        return
    if joined:
        target = next(d for d in descents if d.label == joined[0])
        descents.append(_joining(start.label, began, target, found.gradients))
        return
    end = settle(likelihood, FacePoint(face, found.x, found.value, found.gradients))
    place = end.place
    same = _joins(likelihood, place, end.value, descents)
    is_known = bool(same) and end.value >= min(d.criterion for d in descents) - SNAP_COST
    descents.append(
        Descent(
            label=start.label,
            began=began,
            criterion=end.value,
            place=place,
            strata=end.face.strata,
            gradients=end.gradients,
            joined=same[0] if is_known else None,
            saddles=end.saddles,
            arrived=found.status == "converged",
        )
    )
    settled[start.label] = end


def _joining(label: str, began: Place, target: Descent, gradients: int) -> Descent:
    """A descent that was given up where it headed for a known optimum."""
    return Descent(
        label=label,
        began=began,
        criterion=target.criterion,
        place=target.place,
        strata=target.strata,
        gradients=gradients,
        joined=target.label,
        saddles=0,
        arrived=True,
    )


def _joins(
    likelihood: Likelihood, at: Place, value: float, descents: Sequence[Descent], *, heeds_free: bool = False
) -> list[str]:
    """Labels of known optima that a point is about to reach, or has reached.

    Args:
        heeds_free: the free parameters have to be near as well. An end that differs in them alone is the same
            optimum in another sign; a point on the way may be about to pass it.
    """
    found = []
    same_criterion, same_covariance = CAREFUL_NEARNESS if is_at_risk(likelihood) else NEARNESS
    for d in descents:
        if d.joined is not None or abs(value - d.criterion) > same_criterion:
            continue
        scale = natural_scale(likelihood, d.place.factors)
        near = [
            np.linalg.norm(F @ F.T - E @ E.T) <= same_covariance * s**2
            for F, E, s in zip(at.factors, d.place.factors, scale, strict=True)
        ]
        if heeds_free:
            moved = np.abs(at.free - d.place.free) / likelihood.free_scale
            near.append(np.max(moved, initial=0.0) <= FREE_NEARNESS)
        if all(near):
            found.append(d.label)
    return found


def _is_runaway(factors: Sequence[Array]) -> bool:
    return any(float(np.max(np.abs(F), initial=0.0)) > RUNAWAY for F in factors)
