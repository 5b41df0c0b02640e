"""The criterion along each covariance parameter: how sharply the data determine it, and where lme4 stopped.

From the optimum the curve is followed to both sides, in steps that raise the square root of the rise evenly,
until the criterion has risen by `TOP` (or beyond lme4's fit, if that is not far) or a bound is reached.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from mmtriage.arrays import Array
from mmtriage.deadline import TimeBudgetError
from mmtriage.engine.comparison import Comparison
from mmtriage.engine.estimates import Fit, correlation
from mmtriage.engine.optimum.certificate import natural_scale
from mmtriage.engine.optimum.faces import Place
from mmtriage.engine.optimum.newton import Point, minimize, pseudo_solve
from mmtriage.errors import MmtriageError
from mmtriage.plotted.shown import CriterionCurve, CurveKind
from mmtriage.plotted.surface import CLOSEST, Parameter, Spot, Surface

TOP = 10.0  # deviance units: the 95 % interval ends at 3.84
HIGHEST_TOP = 60.0  # up to which a curve is followed to be beside lme4's fit
STEPS = {"profile": 7.0, "slice": 5.0}  # to the top, on either side
MOST_POINTS = 22  # on either side, those taken back among them
MOST_PARAMETERS = 12  # curves; a term of eight columns has 36
MOST_PROFILED = 9  # parameters of a model that are optimized anew at each point
PROFILED_WORK = 40_000  # numbers touched by an evaluation up to which profiles are cheap
ROW_WORK = 20  # numbers touched per row, by an evaluation of a generalized model
STIFFNESS = 30.0  # of the penalty, in curvatures of the criterion along the parameter
MOST_FAILURES = 3  # in a row, each with half the step
FIRMER = (1.0, 10.0, 100.0)  # steps are shorter by these at a bound, which is to be reached
TOO_FAR = 0.45  # share of a step that would have been enough, below which it is taken back
INVISIBLE = 5e-3  # deviance units by which a point may miss its profile
FLAT_FROM = 0.999  # correlation from which a curve that no longer rises has come to its bound
OPEN_Z = 3.8  # Fisher's z of 0.999, where a curve starts whose optimum is a perfect correlation
OPENED = 0.05  # natural steps that a direction at zero is opened by: it may want to grow elsewhere
MOST_ITERATIONS = 60


@dataclass(frozen=True, slots=True, eq=False)
class _Tracer:
    """What is the same for all curves of a model."""

    comparison: Comparison
    surface: Surface
    origin: Spot
    level: float  # the criterion there
    kind: CurveKind


def parameters_of(comparison: Comparison) -> tuple[Parameter, ...]:
    """All standard deviations, then all correlations, term by term in the order of the model.

    No correlations of a model that is not identifiable.
    """
    widths = comparison.prepared.sizes
    sds = [Parameter(t, i) for t, k in enumerate(widths) for i in range(k)]
    if comparison.prepared.null:  # where SDs may be anything, correlations have many local profiles
        return tuple(sds)
    return (*sds, *(Parameter(t, i, j) for t, k in enumerate(widths) for i in range(k) for j in range(i)))


def criterion_curves(comparison: Comparison) -> Iterator[CriterionCurve | str]:
    """A curve for each parameter, or why there is none.

    Raises TimeBudgetError where the time budget runs out between curves.
    """
    tracer = _tracer(comparison)
    wanted = parameters_of(comparison)
    for parameter in wanted[:MOST_PARAMETERS]:
        yield _curve(tracer, parameter)
    if (left := len(wanted) - MOST_PARAMETERS) > 0:
        yield f"the criterion along {left} more covariance parameters is not plotted"
    if comparison.prepared.null and any(k > 1 for k in comparison.prepared.sizes):
        yield "the criterion along correlations is not plotted, for the data cannot determine this model"


def _tracer(comparison: Comparison) -> _Tracer:
    fit = comparison.optimum_fit
    surface = Surface(comparison.prepared, float(np.log(fit.sigma)))
    return _Tracer(
        comparison=comparison,
        surface=surface,
        origin=Spot(comparison.optimum.place, surface.log_sigma),
        level=fit.criterion,
        kind="profile" if _is_cheap(comparison) else "slice",
    )


def _is_cheap(comparison: Comparison) -> bool:
    """By size, not by the clock: the same command must draw the same curves."""
    problem = comparison.prepared.problem
    free = len(comparison.optimum_fit.theta) + len(problem.free_scale)
    is_linear = Surface(comparison.prepared, 0.0).frees_sigma
    work = problem.plan.store_size if is_linear else problem.rows.plan.store_size + ROW_WORK * problem.n
    return free <= MOST_PROFILED and work <= PROFILED_WORK


def _curve(tracer: _Tracer, parameter: Parameter) -> CriterionCurve | str:
    term = tracer.comparison.prepared.design.random[parameter.term]
    columns = tuple(term.columns[c] for c in (parameter.j, parameter.i) if c is not None)
    here = tracer.surface.measure(parameter, tracer.origin)
    if not np.isfinite(here):
        return (
            f"the correlation of {' and '.join(columns)} by {term.group} is undefined at the optimum, "
            "where an SD is zero"
        )
    below, above = (_side(tracer, parameter, here, side) for side in (-1.0, 1.0))
    if not below and not above:
        what = (
            f"the correlation of {' and '.join(columns)}"
            if parameter.is_correlation
            else f"the SD of {columns[0]}"
        )
        return f"the criterion along {what} by {term.group} cannot be followed away from the optimum"
    points = sorted([*below, (here, 0.0), *above])
    baseline = _baseline_value(tracer.comparison.lme4_fit, parameter)
    return CriterionCurve(
        group=term.group,
        columns=columns,
        kind=tracer.kind,
        values=tuple(value for value, _ in points),
        rises=tuple(rise for _, rise in points),
        reference=here,
        baseline=baseline,
        baseline_rise=None if baseline is None else tracer.comparison.gap,
        bounds=(-1.0, 1.0) if parameter.is_correlation else (0.0,),
    )


def _baseline_value(fit: Fit | None, parameter: Parameter) -> float | None:
    if fit is None:
        return None
    sd, rho = correlation(fit.covariances[parameter.term])
    value = float(sd[parameter.i] if parameter.j is None else rho[parameter.i, parameter.j])
    return value if np.isfinite(value) else None


def _side(tracer: _Tracer, parameter: Parameter, here: float, side: float) -> list[tuple[float, float]]:
    """(value, rise) from the optimum outwards; ends at the top, at a bound, or where nothing can be had."""
    if parameter.is_correlation and side * here > 1.0 - CLOSEST:
        return []
    bound = parameter.bounds[0 if side < 0 else 1]
    top = _top(tracer, parameter, here, side)
    step, wanted = _first_step(tracer, parameter, here), np.sqrt(top) / STEPS[tracer.kind]
    points: list[tuple[float, float]] = []
    failures = 0
    at, c, rise = tracer.origin, parameter.coordinate(here), 0.0
    if parameter.is_correlation and abs(here) > 1.0 - CLOSEST:
        c = float(np.clip(c, -OPEN_Z, OPEN_Z))
    for _ in range(MOST_POINTS):
        if rise >= top or side * (bound - c) <= 1e-3 * step:
            break
        is_last = side * (bound - c) < 1.25 * step
        target = bound if is_last else c + side * step
        try:
            spot, reached, higher = _followed(tracer, parameter, at, target, step)
        except TimeBudgetError:
            raise
        except (np.linalg.LinAlgError, MmtriageError):
            step, failures = 0.5 * step, failures + 1
            if failures > MOST_FAILURES:
                break
            continue
        failures = 0
        moved = side * (parameter.coordinate(reached) - c)
        if not moved > 1e-3 * step or not np.isfinite(higher):
            break
        gained = np.sqrt(max(higher, 0.0)) - np.sqrt(max(rise, 0.0))
        change = float(np.clip(wanted / max(gained, 1e-3), 0.3, 3.0))
        step *= change
        if change < TOO_FAR:  # the curve has a bend on the way
            continue
        at, c, rise = spot, parameter.coordinate(reached), higher
        points.append((reached, rise))
        if parameter.is_correlation and abs(reached) > FLAT_FROM and gained < 0.05 * wanted:
            break
    return points


def _top(tracer: _Tracer, parameter: Parameter, here: float, side: float) -> float:
    """How far up a side is followed: to beside lme4's fit, if that is there."""
    baseline = _baseline_value(tracer.comparison.lme4_fit, parameter)
    gap = tracer.comparison.gap
    if baseline is None or gap is None or not np.isfinite(gap) or side * (baseline - here) <= 0:
        return TOP
    return max(TOP, min(1.3 * gap, HIGHEST_TOP))


def _first_step(tracer: _Tracer, parameter: Parameter, here: float) -> float:
    """Half a standard error of the coordinate by the curvature at the optimum, else a share of itself."""
    if parameter.is_correlation:
        fallback = 0.3
    else:
        basis = tracer.comparison.prepared.problem.basis.terms[parameter.term]
        natural = natural_scale(tracer.comparison.prepared.problem, tracer.origin.place.factors)[
            parameter.term
        ]
        row = float(np.linalg.norm(basis.inverse[parameter.i]))
        fallback = 0.2 * max(here, natural * row * float(np.exp(tracer.surface.log_sigma)))
    slope = _standard_error(tracer, parameter)
    return 0.5 * slope if slope is not None and 1e-3 * fallback < slope < 1e2 * fallback else fallback


def _standard_error(tracer: _Tracer, parameter: Parameter) -> float | None:
    """sqrt(2 g' H^-1 g) at an optimum of full rank; None elsewhere."""
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


def _followed(
    tracer: _Tracer, parameter: Parameter, last: Spot, target: float, step: float
) -> tuple[Spot, float, float]:
    """The next spot of a curve, at or near a coordinate, the parameter there, and the rise."""
    surface = tracer.surface
    if tracer.kind == "slice":
        spot = surface.move(parameter, tracer.origin, parameter.value(target), exactly=True)
        return spot, surface.measure(parameter, spot), surface.value(spot) - tracer.level
    moved = surface.move(parameter, last, parameter.value(target), exactly=False)
    spot = _opened(surface, moved)
    for shorter in FIRMER if target in parameter.bounds else FIRMER[:1]:
        spot = _penalized(surface, parameter, spot, target, step / shorter)
    return spot, surface.measure(parameter, spot), surface.value(spot) - tracer.level


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
    return 0.5 * abs(float(point.gradient @ pseudo_solve(point.curvature(), point.gradient)))


def _opened(surface: Surface, spot: Spot) -> Spot:
    """The spot with no direction of any term at zero, where the slope in F is zero whatever wants to grow."""
    factors = []
    scales = natural_scale(surface.prepared.problem, spot.place.factors)
    for F, support, scale in zip(spot.place.factors, surface.prepared.supports, scales, strict=True):
        U, d, Vt = np.linalg.svd(F[:support, :support])
        G = np.zeros_like(F)
        G[:support, :support] = (U * np.maximum(d, OPENED * scale)) @ Vt
        factors.append(G)
    return Spot(Place(factors, spot.place.free), spot.log_sigma)
