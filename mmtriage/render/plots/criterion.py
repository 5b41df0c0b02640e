"""The criterion along each standard deviation and correlation, lme4's fit and the optimum on or above it."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, FuncFormatter

from mmtriage import figures
from mmtriage.arrays import Array
from mmtriage.plotted.plot_data import CriterionCurve
from mmtriage.render import sentences
from mmtriage.render.plots import ink
from mmtriage.render.settings import Plot
from mmtriage.report.facts import Report

INTERVAL = 3.841  # chi-squared on one degree of freedom, 95 %
HEADING = "The criterion along each covariance parameter"
READING = {
    "profile": (
        "Profiles: at each value of the parameter all others are optimised anew. Values below the dashed "
        "line are the 95 % interval. Where the line is flat the data say nothing; hatched is what cannot be."
    ),
    "slice": (
        "Slices: at each value of the parameter the other covariance parameters stay where they are at the "
        "optimum, so the data determine it less sharply than it looks. Hatched is what cannot be."
    ),
}
NEAR_ONE = 0.99  # correlations beyond are told apart on Fisher's scale only
EXACT = 1.0 - 1e-9
NINES = (0.0, 0.5, 0.9, 0.99, 0.999, 0.9999, 0.99999, 0.999999, 0.9999999)  # ticks on Fisher's scale
MORE_ROOM = 1.15  # height of the axes over the highest point of interest


def plots(report: Report) -> Iterator[Plot]:
    """One for each curve."""
    curves = () if report.plot_data is None else report.plot_data.criterion
    for number, curve in enumerate(curves, start=1):
        yield _plot(report, curve, number)


def _plot(report: Report, curve: CriterionCurve, number: int) -> Plot:
    title, what = _title(curve), sentences.criterion_name(report.model)
    subtitle = f"{what} above the optimum, {curve.kind}"
    legend = _legend(curve, report)
    with ink.style():
        drawn = ink.sheet(title, subtitle=subtitle, height=1.7, left=0.42, legend=legend)
        _draw(drawn.axes, curve)
        return ink.plot(
            ink.file_name("criterion", number, title),
            title,
            _description(curve, what, legend),
            drawn,
            heading=HEADING,
            reading=READING[curve.kind],
        )


def _title(curve: CriterionCurve) -> str:
    names = " and ".join(ink.short(column, 32) for column in curve.columns)
    kind = "Correlation" if curve.is_correlation else "SD"
    return f"{kind} of {names} by {ink.short(curve.group, 32)}"


def _value(curve: CriterionCurve, value: float) -> str:
    return figures.correlation(value) if curve.is_correlation else figures.spread(value)


def _optimum(report: Report) -> str:
    """What the optimum may be called: a proven one, or not."""
    certificate = None if report.reference is None else report.reference.certificate
    is_proven = certificate is None or certificate.certified
    return "the proven optimum" if is_proven else "the best point found, not certified"


def _legend(curve: CriterionCurve, report: Report) -> list[tuple[ink.Mark | None, str]]:
    optimum = f"{_optimum(report)}: {_value(curve, curve.optimum)}"
    lines: list[tuple[ink.Mark | None, str]] = [(ink.OPTIMUM, optimum)]
    notes: list[tuple[ink.Mark | None, str]] = []
    if _Scale(curve).is_fisher:
        notes.append((None, "stretched scale: -1 and 1 are beyond its ends"))
    if curve.lme4 is None or curve.lme4_rise is None:
        return [*lines, (None, "lme4 made no fit, or has no such value"), *notes]
    lme4 = f"lme4's fit: {_value(curve, curve.lme4)}, {_height(curve, report)}"
    return [*lines, (ink.LME4, lme4), *notes]


def _height(curve: CriterionCurve, report: Report) -> str:
    """How far lme4's fit is above the optimum."""
    rise, criterion = _rise(curve), None if report.reference is None else report.reference.criterion
    if rise < figures.noise(criterion):
        return "no higher"
    return f"{figures.gap(rise, criterion)} above the optimum"


def _rise(curve: CriterionCurve) -> float:
    """Of lme4's fit; rounding below the optimum is none."""
    return max(0.0, curve.lme4_rise or 0.0)


def _description(curve: CriterionCurve, what: str, legend: list[tuple[ink.Mark | None, str]]) -> str:
    ends = f"from {_value(curve, curve.values[0])} to {_value(curve, curve.values[-1])}"
    where = " ".join(f"{text[:1].upper()}{text[1:]}." for _, text in legend)
    return f"{_title(curve)}: the {what} above its optimum, {ends}. {where}"


def _draw(axes: Axes, curve: CriterionCurve) -> None:
    scale = _Scale(curve)
    x, y = _line(curve, scale)
    top = max(INTERVAL * 1.3, float(np.max(y)))
    rise = _rise(curve)
    if curve.lme4 is not None and rise <= 1.5 * top:
        top = max(top, rise)
    _limits(axes, x, scale, top)
    axes.plot(x, y, color=ink.INK, linewidth=1.6, zorder=2)
    dots = scale.of(np.array(curve.values))
    axes.plot(dots, curve.rises, marker=".", markersize=3.5, color=ink.INK, linestyle="none", zorder=2)
    if curve.kind == "profile":
        axes.axhline(INTERVAL, color=ink.GREY, linewidth=0.9, linestyle=(0, (4, 3)), zorder=1)
    _bounds(axes, curve, scale)
    axes.plot(scale.of(np.array([curve.optimum])), [0.0], zorder=4, clip_on=False, **ink.OPTIMUM.options())
    _lme4_fit(axes, curve, scale)
    axes.set_xlabel("correlation" if curve.is_correlation else "standard deviation")
    scale.ticks(axes)


class _Scale:
    """Where a value stands on the horizontal axis."""

    def __init__(self, curve: CriterionCurve) -> None:
        near = max(abs(curve.optimum), abs(curve.lme4 or 0.0))
        self.is_fisher = curve.is_correlation and near > NEAR_ONE and abs(curve.optimum) < EXACT
        self.curve = curve

    def of(self, values: Array) -> Array:
        """The places of values (n,)."""
        return np.arctanh(np.clip(values, -EXACT, EXACT)) if self.is_fisher else values

    def ticks(self, axes: Axes) -> None:
        """Round numbers; on Fisher's scale as many nines as it takes."""
        if not self.is_fisher:
            ink.plain_numbers(axes, y=True)
            return
        ink.plain_numbers(axes, x=False, y=True)
        low, high = axes.get_xlim()
        places = sorted({sign * np.arctanh(nine) for nine in NINES for sign in (-1.0, 1.0)})
        inside = [place for place in places if low <= place <= high]
        every = -(-len(inside) // 4)
        axes.xaxis.set_major_locator(FixedLocator(inside[::every]))
        axes.xaxis.set_major_formatter(FuncFormatter(lambda place, _: f"{np.tanh(place):.7g}"))


def _line(curve: CriterionCurve, scale: _Scale) -> tuple[Array, Array]:
    """A smooth line through the points, by the signed root of the rise: almost straight where it can be."""
    from scipy.interpolate import PchipInterpolator

    x = scale.of(np.array(curve.values))
    rises = np.maximum(np.array(curve.rises), 0.0)
    root = np.sign(np.array(curve.values) - curve.optimum) * np.sqrt(rises)
    distinct = np.concatenate([[True], np.diff(x) > 0])
    x, root = x[distinct], root[distinct]
    if len(x) < 3:
        return x, root**2
    fine = np.unique(np.concatenate([np.linspace(x[0], x[-1], 121), x]))
    return fine, PchipInterpolator(x, root)(fine) ** 2


def _limits(axes: Axes, x: Array, scale: _Scale, top: float) -> None:
    curve = scale.curve
    low, high = float(x[0]), float(x[-1])
    if curve.lme4 is not None:
        place = float(scale.of(np.array([curve.lme4]))[0])
        span = high - low
        if low - 0.6 * span <= place <= high + 0.6 * span:
            low, high = min(low, place), max(high, place)
    if high <= low:
        low, high = low - 1.0, high + 1.0
    room = 0.04 * (high - low)
    axes.set_xlim(low - room, high + room)
    axes.set_ylim(-0.03 * top, MORE_ROOM * top)


def _bounds(axes: Axes, curve: CriterionCurve, scale: _Scale) -> None:
    """Hatched where the parameter cannot be."""
    if scale.is_fisher:
        return
    low, high = axes.get_xlim()
    for bound in curve.bounds:
        outer = low if bound < curve.optimum or bound <= low + 0.1 * (high - low) else high
        if low < bound < high:
            axes.axvspan(
                outer, bound, facecolor="#eef0f2", edgecolor=ink.GREY, hatch="////", linewidth=0.0, zorder=0
            )
            axes.axvline(bound, color=ink.GREY, linewidth=1.2, zorder=1)


def _lme4_fit(axes: Axes, curve: CriterionCurve, scale: _Scale) -> None:
    """lme4's fit: in its place, or at the edge with an arrow that points to it."""
    if curve.lme4 is None:
        return
    (low, high), (_, top) = axes.get_xlim(), axes.get_ylim()
    place, rise = float(scale.of(np.array([curve.lme4]))[0]), _rise(curve)
    x, y = min(max(place, low), high), min(rise, 0.93 * top)
    axes.plot([x], [y], zorder=5, clip_on=False, **ink.LME4.options())
    dx, dy = np.sign(place - x), float(rise > y)
    if dx or dy:
        inward = (-20.0 * dx, -16.0 * dy)
        axes.annotate(
            "",
            xy=(x, y),
            xytext=inward,
            textcoords="offset points",
            arrowprops={"arrowstyle": "->", "color": ink.VERMILLION, "shrinkA": 0, "shrinkB": 7},
        )
