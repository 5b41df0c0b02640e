"""One side of a curve: from the optimum outwards, until it has risen enough or can go no further.

    root of the rise
      |            o  top
      |         o
      |      o
      |   o
      o------------ coordinate
    optimum

Along its coordinate (an SD, or Fisher's z of a correlation) the criterion is nearly quadratic, so the root of
its rise is nearly a straight line. Steps are chosen for this root to grow evenly, `STEPS` of them to the top.
A step that gains too little is followed by a longer one; one that gains far too much is taken back and made
shorter, for the curve has a bend on its way.

A slice moves one parameter and leaves the others where they are at the optimum. A profile optimizes them anew
at each point, by the penalty that `plotted/surface` explains, from the point before.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mmtriage.arrays import Array
from mmtriage.deadline import TimeBudgetError
from mmtriage.engine.comparison import Comparison
from mmtriage.engine.optimum.certificate import natural_scale
from mmtriage.engine.optimum.faces import Place
from mmtriage.engine.optimum.newton import Point, minimize, newton_step
from mmtriage.errors import MmtriageError
from mmtriage.plotted.plot_data import CurveKind
from mmtriage.plotted.surface import CLOSEST, Parameter, Spot, Surface

STEPS = {"profile": 7.0, "slice": 5.0}  # to the top, on either side
MOST_POINTS = 22  # on either side, those taken back among them
MOST_FAILURES = 3  # in a row, each with half the step
CHANGES = (0.3, 3.0)  # of a step from one point to the next: at least and at most this share
TOO_FAR = 0.45  # share of a step that would have been enough, below which it is taken back
LEAST_GAIN = 1e-3  # of the root of the rise, that a step is taken to have had
NO_STEP = 1e-3  # of a step: places that are nearer to each other are one
LAST_STEP = 1.25  # of a step: a bound that is nearer is stepped to, so that none of it is left over
FLAT_FROM = 0.999  # correlation from which a curve that no longer rises has come to its bound
FLAT_GAIN = 0.05  # of the gain that is wanted: a curve that gains less does not rise
OPEN_Z = 3.8  # Fisher's z of 0.999, where a curve starts whose optimum is a perfect correlation

FIRST_STEP = 0.5  # of a standard error
FIRST_OF_Z = 0.3  # where there is no standard error: of Fisher's z
FIRST_OF_SD = 0.2  # and of an SD, as a share of itself
BELIEVED = (1e-3, 1e2)  # times those, between which a standard error is believed

STIFFNESS = 30.0  # of the penalty, in curvatures of the criterion along the parameter
FIRMER = (1.0, 10.0, 100.0)  # steps are shorter by these at a bound, which is to be reached
INVISIBLE = 5e-3  # deviance units by which a point may miss its profile
OPENED = 0.05  # natural steps that a direction at zero is opened by: it may want to grow elsewhere
MOST_ITERATIONS = 60


@dataclass(frozen=True, slots=True, eq=False)
class Tracer:
    """What is the same for all curves of a model."""

    comparison: Comparison
    surface: Surface
    origin: Spot  # the optimum
    level: float  # the criterion there
    kind: CurveKind


@dataclass(frozen=True, slots=True, eq=False)
class _Stand:
    """How far a side has been followed."""

    spot: Spot
    value: float  # of the parameter, in the user's units
    coordinate: float  # of that value, but within `OPEN_Z` where the curve begins
    rise: float  # of the criterion above the optimum's, deviance units

    @property
    def root(self) -> float:
        """The root of the rise, which grows evenly."""
        return float(np.sqrt(max(self.rise, 0.0)))


@dataclass(frozen=True, slots=True, eq=False)
class _Side:
    """One side of one curve."""

    tracer: Tracer
    parameter: Parameter
    outward: float  # -1: to lower values; 1: to higher ones
    top: float  # rise up to which it is followed, deviance units

    @property
    def bound(self) -> float:
        """The coordinate beyond which the parameter cannot be."""
        return self.parameter.bounds[0 if self.outward < 0 else 1]

    @property
    def gain(self) -> float:
        """What a step should add to the root of the rise."""
        return float(np.sqrt(self.top)) / STEPS[self.tracer.kind]

    def has_ended(self, stand: _Stand, step: float) -> bool:
        """Whether the side is at the top or at its bound."""
        return stand.rise >= self.top or self._room(stand) <= NO_STEP * step

    def target(self, stand: _Stand, step: float) -> float:
        """The coordinate to go for."""
        is_last = self._room(stand) < LAST_STEP * step
        return self.bound if is_last else stand.coordinate + self.outward * step

    def leads_on(self, stand: _Stand, following: _Stand, step: float) -> bool:
        """Whether a step has led anywhere."""
        moved = self.outward * (following.coordinate - stand.coordinate)
        return moved > NO_STEP * step and bool(np.isfinite(following.rise))

    def is_flat(self, stand: _Stand, gained: float) -> bool:
        """Whether the side comes to a perfect correlation, and no longer rises."""
        is_near = self.parameter.is_correlation and abs(stand.value) > FLAT_FROM
        return is_near and gained < FLAT_GAIN * self.gain

    def _room(self, stand: _Stand) -> float:
        return self.outward * (self.bound - stand.coordinate)


def followed(
    tracer: Tracer, parameter: Parameter, optimum: float, *, outward: float, top: float
) -> list[tuple[float, float]]:
    """(value, rise) of the points of one side, from the optimum's value outwards.

    There is none where the optimum is at a bound, or where no point beside it can be had.
    """
    if parameter.is_correlation and outward * optimum > 1.0 - CLOSEST:
        return []
    side = _Side(tracer, parameter, outward, top)
    stand, step = _start(tracer, parameter, optimum), _first_step(tracer, parameter, optimum)
    points: list[tuple[float, float]] = []
    failures = 0
    for _ in range(MOST_POINTS):
        if side.has_ended(stand, step):
            break
        following = _following(side, stand, step)
        if following is None:
            step, failures = 0.5 * step, failures + 1
            if failures > MOST_FAILURES:
                break
            continue
        failures = 0
        if not side.leads_on(stand, following, step):
            break
        gained = following.root - stand.root
        change = float(np.clip(side.gain / max(gained, LEAST_GAIN), *CHANGES))
        step *= change
        if change < TOO_FAR:
            continue
        stand = following
        points.append((stand.value, stand.rise))
        if side.is_flat(stand, gained):
            break
    return points


def _start(tracer: Tracer, parameter: Parameter, optimum: float) -> _Stand:
    """The optimum; one with a perfect correlation is infinitely far on Fisher's scale, so it is moved in."""
    coordinate = parameter.coordinate(optimum)
    if parameter.is_correlation and abs(optimum) > 1.0 - CLOSEST:
        coordinate = float(np.clip(coordinate, -OPEN_Z, OPEN_Z))
    return _Stand(tracer.origin, optimum, coordinate, 0.0)


def _following(side: _Side, stand: _Stand, step: float) -> _Stand | None:
    """The point one step on, or near it; None where none can be had."""
    tracer, parameter = side.tracer, side.parameter
    try:
        spot = _point_of_curve(tracer, parameter, stand.spot, side.target(stand, step), step)
        value = tracer.surface.measure(parameter, spot)
        rise = tracer.surface.value(spot) - tracer.level
    except TimeBudgetError:
        raise
    except (np.linalg.LinAlgError, MmtriageError):
        return None
    return _Stand(spot, value, parameter.coordinate(value), rise)


def _first_step(tracer: Tracer, parameter: Parameter, optimum: float) -> float:
    """Half a standard error of the coordinate by the curvature at the optimum, else a share of itself."""
    fallback = _guessed_step(tracer, parameter, optimum)
    error = _standard_error(tracer, parameter)
    least, most = BELIEVED
    if error is None or not least * fallback < error < most * fallback:
        return fallback
    return FIRST_STEP * error


def _guessed_step(tracer: Tracer, parameter: Parameter, optimum: float) -> float:
    """A step by the parameter's own size; of an SD at zero, by the scale on which its term matters at all."""
    if parameter.is_correlation:
        return FIRST_OF_Z
    model = tracer.comparison.prepared.model
    natural = natural_scale(model, tracer.origin.place.factors)[parameter.term]
    row = float(np.linalg.norm(model.basis.terms[parameter.term].inverse[parameter.i]))
    return FIRST_OF_SD * max(optimum, natural * row * float(np.exp(tracer.surface.log_sigma)))


def _standard_error(tracer: Tracer, parameter: Parameter) -> float | None:
    """The coordinate's standard error sqrt(2 g' H^-1 g), at an optimum of full rank; None elsewhere."""
    if tracer.comparison.is_singular:
        return None
    face, x, scale = tracer.surface.face(tracer.origin)
    z = x / scale
    H = tracer.surface.point(face, scale, z).curvature()
    _, g = tracer.surface.coordinate(parameter, face, scale, z)
    eigenvalues, Q = np.linalg.eigh(H)
    if eigenvalues[0] <= 1e-10 * eigenvalues[-1]:
        return None
    return float(np.sqrt(2.0 * np.sum((Q.T @ g) ** 2 / eigenvalues)))


def _point_of_curve(tracer: Tracer, parameter: Parameter, last: Spot, target: float, step: float) -> Spot:
    """A spot of the curve, at or near a coordinate."""
    surface = tracer.surface
    if tracer.kind == "slice":
        return surface.move(parameter, tracer.origin, parameter.value(target), exactly=True)
    moved = surface.move(parameter, last, parameter.value(target), exactly=False)
    spot = _opened(surface, moved)
    for shorter in FIRMER if target in parameter.bounds else FIRMER[:1]:
        spot = _penalized(surface, parameter, spot, target, step / shorter)
    return spot


def _penalized(surface: Surface, parameter: Parameter, start: Spot, target: float, step: float) -> Spot:
    """The spot of least criterion plus penalty: on the profile, `step` away from the target or nearer."""
    face, x, scale = surface.face(start)
    kappa = STIFFNESS / step**2  # the criterion's own curvature is about one over a squared step, or less

    def penalized(z: Array) -> Point:
        point = surface.point(face, scale, z)
        c, g = surface.coordinate(parameter, face, scale, z)
        off = c - target
        return Point(
            point.value + 0.5 * kappa * off**2,
            point.gradient + kappa * off * g,
            lambda: point.curvature() + kappa * np.outer(g, g),
        )

    found = minimize(penalized, x / scale, max_iterations=MOST_ITERATIONS)
    if found.status != "converged" and _still_to_gain(penalized(found.x)) > INVISIBLE:
        raise np.linalg.LinAlgError("the profile's other parameters do not settle")
    return surface.spot(face, found.x * scale)


def _still_to_gain(point: Point) -> float:
    """The Newton decrement, in deviance units."""
    return newton_step(point.curvature(), point.gradient)[1]


def _opened(surface: Surface, spot: Spot) -> Spot:
    """The spot with no direction of any term at zero, where the slope in F is zero whatever wants to grow."""
    factors = []
    scales = natural_scale(surface.prepared.model, spot.place.factors)
    for F, support, scale in zip(spot.place.factors, surface.prepared.supports, scales, strict=True):
        U, d, Vt = np.linalg.svd(F[:support, :support])
        G = np.zeros_like(F)
        G[:support, :support] = (U * np.maximum(d, OPENED * scale)) @ Vt
        factors.append(G)
    return Spot(Place(factors, spot.place.free), spot.log_sigma)
