"""The criterion along each covariance parameter: how sharply the data determine it, and where lme4 stopped.

From the optimum each curve is followed to both sides (`plotted/tracing`), until the criterion has risen by
`TOP`, or beyond lme4's fit if that is not far, or until a bound is reached.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from mmtriage.engine.comparison import Comparison
from mmtriage.engine.estimates import Fit, correlation
from mmtriage.plotted.plot_data import CriterionCurve
from mmtriage.plotted.surface import Parameter, Spot, Surface
from mmtriage.plotted.tracing import Tracer, followed

TOP = 10.0  # deviance units: the 95 % interval ends at 3.84
HIGHEST_TOP = 60.0  # up to which a curve is followed to be beside lme4's fit
BEYOND = 1.3  # times the rise of lme4's fit, to which a curve is followed
MOST_PARAMETERS = 12  # curves; a term of eight columns has 36
MOST_PROFILED = 9  # parameters of a model that are optimized anew at each point
PROFILED_WORK = 40_000  # numbers touched by an evaluation up to which profiles are cheap
NOT_OF_STRUCTURES = (
    "the criterion along the parameters of a model with a structured covariance is not plotted"
)
ROW_WORK = 20  # numbers touched per row, by an evaluation of a generalized model


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
    if not comparison.prepared.model.layout.is_ordinary:
        yield NOT_OF_STRUCTURES
        return
    tracer = _tracer(comparison)
    wanted = parameters_of(comparison)
    for parameter in wanted[:MOST_PARAMETERS]:
        yield _curve(tracer, parameter)
    if (left := len(wanted) - MOST_PARAMETERS) > 0:
        yield f"the criterion along {left} more covariance parameters is not plotted"
    if comparison.prepared.null and any(k > 1 for k in comparison.prepared.sizes):
        yield "the criterion along correlations is not plotted, for the data cannot determine this model"


def _tracer(comparison: Comparison) -> Tracer:
    fit = comparison.optimum_fit
    surface = Surface(comparison.prepared, float(np.log(fit.sigma)))
    return Tracer(
        comparison=comparison,
        surface=surface,
        origin=Spot(comparison.optimum.place, surface.log_sigma),
        level=fit.criterion,
        kind="profile" if _is_cheap(comparison) else "slice",
    )


def _is_cheap(comparison: Comparison) -> bool:
    """By size, not by the clock: the same command must draw the same curves."""
    model = comparison.prepared.model
    free = len(comparison.optimum_fit.theta) + len(model.free_scale)
    by_row = ROW_WORK * model.n if model.design.spec.is_approximated else 0
    work = model.plan.store_size + by_row
    return free <= MOST_PROFILED and work <= PROFILED_WORK


def _curve(tracer: Tracer, parameter: Parameter) -> CriterionCurve | str:
    """The curve along a parameter, or why there is none."""
    comparison = tracer.comparison
    term = comparison.prepared.design.random[parameter.term]
    columns = tuple(term.columns[c] for c in (parameter.j, parameter.i) if c is not None)
    optimum = tracer.surface.measure(parameter, tracer.origin)
    what = f"{_called(columns)} by {term.group}"
    if not np.isfinite(optimum):
        return f"{what} is undefined at the optimum, where an SD is zero"
    lme4 = _value_of(comparison.lme4_fit, parameter)
    below, above = (
        followed(tracer, parameter, optimum, outward=outward, top=_top(comparison, optimum, lme4, outward))
        for outward in (-1.0, 1.0)
    )
    if not below and not above:
        return f"the criterion along {what} cannot be followed away from the optimum"
    points = sorted([*below, (optimum, 0.0), *above])
    return CriterionCurve(
        group=term.group,
        columns=columns,
        kind=tracer.kind,
        values=tuple(value for value, _ in points),
        rises=tuple(rise for _, rise in points),
        optimum=optimum,
        lme4=lme4,
        lme4_rise=None if lme4 is None else comparison.gap,
        bounds=(-1.0, 1.0) if parameter.is_correlation else (0.0,),
    )


def _called(columns: tuple[str, ...]) -> str:
    """A parameter in words: the SD of one column, or the correlation of two."""
    return f"the {'SD' if len(columns) == 1 else 'correlation'} of {' and '.join(columns)}"


def _value_of(fit: Fit | None, parameter: Parameter) -> float | None:
    """A parameter of a fit; None without a fit, and for an undefined correlation."""
    if fit is None:
        return None
    sd, rho = correlation(fit.covariances[parameter.term])
    value = float(sd[parameter.i] if parameter.j is None else rho[parameter.i, parameter.j])
    return value if np.isfinite(value) else None


def _top(comparison: Comparison, optimum: float, lme4: float | None, outward: float) -> float:
    """How far up a side is followed: to beside lme4's fit, if that is on this side."""
    gap = comparison.gap
    if lme4 is None or gap is None or not np.isfinite(gap) or outward * (lme4 - optimum) <= 0:
        return TOP
    return max(TOP, min(BEYOND * gap, HIGHEST_TOP))
