"""The reference optimum: the best point found from several starts, and the proof that it is one.

Every start descends by trust-region Newton in orthonormal coordinates, first with all covariances of full
rank. Then it settles: principal directions whose relative standard deviation is below `SNAP` are set to
zero and the rest is optimized again on that face; if that costs nothing the optimum lies there. A
negative multiplier on the face is a saddle: the factor is extended along it and the descent goes on. The
best settled point is certified; the others are kept as evidence for or against further optima.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from mmtriage.arrays import Array
from mmtriage.engine.optimum.certificate import (
    Certificate,
    Multiplier,
    face_objective,
    face_scale,
    multipliers,
    natural_scale,
    polish_and_certify,
    uncertified,
)
from mmtriage.engine.optimum.faces import NO_FREE, Face, Place, face_at
from mmtriage.engine.optimum.newton import Minimum, minimize
from mmtriage.engine.optimum.protocol import Likelihood, supports
from mmtriage.engine.structures.covariance_factor import covariance_factors

SNAP = 1e-3  # relative SD below which a direction is tried at zero (SPEC 6)
SNAP_COST = 1e-6  # deviance units a direction set to zero may cost (SPEC 6)
SADDLE_GAIN = 1e-7  # deviance units that following a negative multiplier must gain to count
SAME_CRITERION = 0.5  # deviance units within which a descent is asked whether it heads for a known optimum
SAME_COVARIANCE = 0.3  # relative distance in S at which it does
DISTINCT_OPTIMUM = 1e-2  # deviance units between optima that count as several
RUNAWAY = 1e5  # relative SD at which the residual variance is running to zero: no real data have it
MAX_SETTLING_ROUNDS = 12
MAX_CERTIFICATION_ROUNDS = 4


@dataclass(frozen=True, slots=True, eq=False)
class Start:
    """A named starting point: factors (k, k) per term in orthonormal coordinates, free parameters."""

    label: str
    factors: Sequence[Array]
    free: Array = field(default_factory=lambda: NO_FREE)


@dataclass(frozen=True, slots=True, eq=False)
class Descent:
    """Where one start led."""

    label: str
    began: Place
    criterion: float
    place: Place
    ranks: tuple[int, ...]
    gradients: int
    joined: str | None  # label of the earlier descent whose optimum it ran into
    saddles: int  # saddle points escaped on the way
    arrived: bool = True  # at a stationary point, not where rounding or a limit ended the search


@dataclass(frozen=True, slots=True, eq=False)
class Optimum:
    """The reference optimum of a model."""

    place: Place
    criterion: float
    certificate: Certificate
    start: str  # label of the start that led here
    descents: tuple[Descent, ...]
    gradients: int  # gradient evaluations over all starts
    runaway: bool  # the criterion falls without end as the residual variance goes to zero

    @property
    def factors(self) -> Sequence[Array]:
        """F (k, k) of each term at the optimum."""
        return self.place.factors

    @property
    def distinct_optima(self) -> int:
        """Local optima found, this one included."""
        return len(self.optima)

    @property
    def optima(self) -> tuple[float, ...]:
        """Criteria of the distinct local optima, the best first."""
        ends = [d for d in self.descents if d.joined is None and (d.arrived or d.label == self.start)]
        values = sorted(d.criterion for d in ends)
        return tuple(v for i, v in enumerate(values) if i == 0 or v - values[i - 1] > DISTINCT_OPTIMUM)


def perturbed(likelihood: Likelihood, place: Place, seed: int) -> Place:
    """A start well away from `place`: every direction rescaled at random, zero ones opened."""
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


def find_optimum(likelihood: Likelihood, starts: Sequence[Start], *, seed: int = 0) -> Optimum:
    """Descend from every start and from a perturbation of the best, and certify the best point found.

    Raises LinAlgError only if no start can be evaluated at all.
    """
    descents: list[Descent] = []
    faces: dict[str, tuple[Face, Array]] = {}
    for start in starts:
        _descend(likelihood, start, descents, faces)
    if not descents:
        raise np.linalg.LinAlgError("no starting point has a finite criterion")
    best = min(descents, key=lambda d: d.criterion)
    _descend(likelihood, Start("perturbed", *perturbed(likelihood, best.place, seed)), descents, faces)
    best = min((d for d in descents if d.joined is None), key=lambda d: d.criterion)
    face, x, certificate = _certify(likelihood, *faces[best.label])
    place = face.place(x)
    return Optimum(
        place=place,
        criterion=likelihood.criterion(*place),
        certificate=certificate,
        start=best.label,
        descents=tuple(descents),
        gradients=sum(d.gradients for d in descents),
        runaway=_is_runaway(place.factors),
    )


def _certify(likelihood: Likelihood, face: Face, x: Array) -> tuple[Face, Array, Certificate]:
    """Certify a settled point; if the proof meets a way down, go down first."""
    for _ in range(MAX_CERTIFICATION_ROUNDS):
        value = likelihood.criterion(*face.place(x))
        escaped = _escape(likelihood, face, x, value)
        try:
            polished, certificate = polish_and_certify(likelihood, face, x, saddle_free=escaped is None)
        except np.linalg.LinAlgError as failure:
            return (
                face,
                x,
                uncertified(face, f"the criterion has no value beside the point found ({failure})"),
            )
        if certificate.certified:
            return face, polished, certificate
        if escaped is None:
            escaped = _leave_saddle(likelihood, face, polished, certificate)
        if escaped is None:
            return face, polished, certificate
        face, x, lower, _ = escaped
        face, x, _, _, _ = _settle(likelihood, face, x, lower)
    return face, polished, certificate


def _leave_saddle(
    likelihood: Likelihood, face: Face, x: Array, certificate: Certificate
) -> tuple[Face, Array, float, int] | None:
    """Descend along a direction of negative curvature, or go on from where the decrement is still large."""
    value = likelihood.criterion(*face.place(x))
    moves = [np.zeros_like(x)]
    if certificate.negative_direction is not None:
        moves += [0.5 * certificate.negative_direction, -0.5 * certificate.negative_direction]
    for move in moves:
        try:
            found = _minimize_on(likelihood, face, x + move)
        except np.linalg.LinAlgError:
            continue
        if found.value < value - SADDLE_GAIN:
            return face, found.x, found.value, found.gradients
    return None


def _descend(
    likelihood: Likelihood, start: Start, descents: list[Descent], faces: dict[str, tuple[Face, Array]]
) -> None:
    """Follow one start and add where it led to `descents`; a start that cannot be evaluated adds nothing."""
    full = supports(likelihood)
    began = Place(start.factors, start.free)
    face, x = face_at(start.factors, full, full, start.free)
    joined: list[str] = []

    def stop(at: Array, value: float) -> bool:
        if np.max(np.abs(at), initial=0.0) > RUNAWAY:
            return True
        known = _joins(likelihood, face.factors(at), value, descents)
        joined.extend(known)
        return bool(known)

    try:
        found = _minimize_on(likelihood, face, x, stop=stop)
    except np.linalg.LinAlgError:
        return
    if joined:
        target = next(d for d in descents if d.label == joined[0])
        descents.append(
            Descent(
                label=start.label,
                began=began,
                criterion=target.criterion,
                place=target.place,
                ranks=target.ranks,
                gradients=found.gradients,
                joined=joined[0],
                saddles=0,
                arrived=True,
            )
        )
        return
    face, x, value, spent, saddles = _settle(likelihood, face, found.x, found.value)
    arrived = found.status == "converged" or _minimize_on(likelihood, face, x).status == "converged"
    place = face.place(x)
    same = _joins(likelihood, place.factors, value, descents)
    label = same[0] if same and value >= min(d.criterion for d in descents) - SNAP_COST else None
    descents.append(
        Descent(
            label=start.label,
            began=began,
            criterion=value,
            place=place,
            ranks=face.ranks,
            gradients=found.gradients + spent,
            joined=label,
            saddles=saddles,
            arrived=arrived,
        )
    )
    faces[start.label] = (face, x)


def _minimize_on(
    likelihood: Likelihood, face: Face, x: Array, stop: Callable[[Array, float], bool] | None = None
) -> Minimum:
    scale = face_scale(likelihood, face, x)
    asked = None if stop is None else lambda z, value: stop(z * scale, value)
    found = minimize(face_objective(likelihood, face, scale), x / scale, stop=asked)
    return replace(found, x=found.x * scale)


def _joins(
    likelihood: Likelihood, factors: Sequence[Array], value: float, descents: Sequence[Descent]
) -> list[str]:
    """Labels of known optima that a point is about to reach."""
    found = []
    for d in descents:
        if d.joined is not None or abs(value - d.criterion) > SAME_CRITERION:
            continue
        scale = natural_scale(likelihood, d.place.factors)
        near = [
            np.linalg.norm(F @ F.T - E @ E.T) <= SAME_COVARIANCE * s**2
            for F, E, s in zip(factors, d.place.factors, scale, strict=True)
        ]
        if all(near):
            found.append(d.label)
    return found


def _settle(
    likelihood: Likelihood, face: Face, x: Array, value: float
) -> tuple[Face, Array, float, int, int]:
    """Snap small directions to zero, leave saddles, until neither changes anything.

    Returns the face, the point on it, its criterion, the gradients spent and the saddles left.
    """
    spent, saddles = 0, 0
    for _ in range(MAX_SETTLING_ROUNDS):
        face, x, value, cost = _snap(likelihood, face, x, value)
        spent += cost
        escaped = _escape(likelihood, face, x, value)
        if escaped is None:
            break
        face, x, value, cost = escaped
        spent += cost
        saddles += 1
    return face, x, value, spent, saddles


def _snap(likelihood: Likelihood, face: Face, x: Array, value: float) -> tuple[Face, Array, float, int]:
    """The lowest face that costs no more than `SNAP_COST`: all small directions at once, else one by one."""
    place = face.place(x)
    values = [at.singular_values for at in covariance_factors(place.factors, face.ranks)]
    small = sorted((float(d), t) for t, rank in enumerate(face.ranks) for d in values[t][:rank] if d < SNAP)
    spent = 0
    if not small:
        return face, x, value, spent
    together = list(face.ranks)
    for _, t in small:
        together[t] -= 1
    proposals = [together]
    if len(small) > 1:
        proposals += [_one_less(face.ranks, t) for t in dict.fromkeys(t for _, t in small)]
    for ranks in proposals:
        tried = _on_ranks(likelihood, place, ranks)
        if tried is None:
            continue
        low_face, found = tried
        spent += found.gradients
        if found.value <= value + SNAP_COST:
            if ranks is together:
                return low_face, found.x, found.value, spent
            again = _snap(likelihood, low_face, found.x, found.value)
            return again[0], again[1], again[2], spent + again[3]
    return face, x, value, spent


def _one_less(ranks: Sequence[int], term: int) -> list[int]:
    return [rank - (t == term) for t, rank in enumerate(ranks)]


def _on_ranks(likelihood: Likelihood, place: Place, ranks: Sequence[int]) -> tuple[Face, Minimum] | None:
    face, x = face_at(place.factors, ranks, supports(likelihood), place.free)
    try:
        return face, _minimize_on(likelihood, face, x)
    except np.linalg.LinAlgError:
        return None


def _escape(
    likelihood: Likelihood, face: Face, x: Array, value: float
) -> tuple[Face, Array, float, int] | None:
    """Leave a saddle along the most negative multiplier; None if there is none or nothing is gained."""
    place = face.place(x)
    negative = [m for m in multipliers(likelihood, place, face.ranks) if m.value < 0]
    for m in sorted(negative, key=lambda m: m.value):
        extended = _extend(likelihood, place, m, face.ranks[m.term], value)
        if extended is None:
            continue
        ranks = [rank + (t == m.term) for t, rank in enumerate(face.ranks)]
        tried = _on_ranks(likelihood, extended, ranks)
        if tried is not None and tried[1].value < value - SADDLE_GAIN:
            return tried[0], tried[1].x, tried[1].value, tried[1].gradients
    return None


def _extend(likelihood: Likelihood, place: Place, along: Multiplier, rank: int, value: float) -> Place | None:
    """`F` with a column `eps direction` added, eps the first that lowers the criterion; None if none does."""
    grown = covariance_factors(place.factors, supports(likelihood))[along.term]
    eps = 0.5 * natural_scale(likelihood, place.factors)[along.term]
    for _ in range(24):
        factors = [F.copy() for F in place.factors]
        factors[along.term] = grown.with_column(eps * along.direction, rank)
        extended = Place(factors, place.free)
        try:
            if likelihood.criterion(*extended) < value:
                return extended
        except np.linalg.LinAlgError:
            pass
        eps *= 0.5
    return None


def _is_runaway(factors: Sequence[Array]) -> bool:
    return any(float(np.max(np.abs(F), initial=0.0)) > RUNAWAY for F in factors)
