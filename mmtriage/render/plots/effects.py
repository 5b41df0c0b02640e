"""Fixed effects with their intervals: of lme4's fit, the optimum, and each remedy, each effect in its unit.

Every effect has a strip with a scale of its own and a line at zero. A strip shows `FARTHEST` standard errors
about the optimum's estimate: what lies beyond, as an intercept that centering moves or the zero of a precise
one, is an arrow.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from mmtriage import figures
from mmtriage.plotted.plot_data import EffectSet
from mmtriage.render.plots import ink
from mmtriage.render.settings import Plot
from mmtriage.report.facts import Report

QUANTILE = 1.96  # Wald intervals of 95 %
FARTHEST = 12.0  # standard errors on either side of the optimum that are shown
MARGIN = 0.08  # share of a strip on either side
MOST_EFFECTS = 14  # those that move most
ROW, HEAD, SCALE = 0.135, 0.2, 0.24  # inches: of an interval, above the first, of the numbers below the last
MOST_TICKS = 4
NAME = "fixed-effects"
TITLE = "Fixed effects with 95 % intervals"
HEADING = "Fixed effects"
READING = (
    "Estimates with 95 % Wald intervals, each effect on its own scale. The thick line is zero, the dashed "
    "one the optimum's estimate."
)


@dataclass(frozen=True, slots=True)
class _Estimate:
    """A fixed effect of one fit."""

    fit: int
    value: float
    reach: float  # half the interval


@dataclass(frozen=True, slots=True)
class _Effect:
    name: str
    optimum: float
    se: float  # the optimum's
    estimates: tuple[_Estimate, ...]

    @property
    def text(self) -> str:
        """The optimum's estimate."""
        estimate, se = (figures.to_precision_of(value, self.se) for value in (self.optimum, self.se))
        return f"{estimate} (SE {se})"

    @property
    def largest(self) -> float:
        """How far a fit moves it at the most, in standard errors."""
        return max(abs(estimate.value - self.optimum) for estimate in self.estimates) / self.se

    def is_near(self, value: float) -> bool:
        """Whether a value is within the strip."""
        return abs(value - self.optimum) <= FARTHEST * self.se


@dataclass(frozen=True, slots=True)
class _Strip:
    """Where values of one effect lie between 0 and 1."""

    low: float
    high: float

    def at(self, value: float) -> float:
        return (value - self.low) / (self.high - self.low)


def plots(report: Report) -> Iterator[Plot]:
    """One, if there is an optimum."""
    sets = () if report.plot_data is None else report.plot_data.effects
    optimum = next((s for s in sets if s.kind == "optimum"), None)
    if optimum is not None:
        yield from _plots(optimum, sets, _without_estimate(report))


def _without_estimate(report: Report) -> frozenset[str]:
    """Effects that the data separate: nothing finite can be drawn of them."""
    effects = () if report.reference is None else report.reference.fixed_effects
    return frozenset(effect.name for effect in effects if not math.isfinite(effect.estimate))


def _plots(optimum: EffectSet, sets: Sequence[EffectSet], infinite: frozenset[str]) -> Iterator[Plot]:
    finite = [position for position, name in enumerate(optimum.names) if name not in infinite]
    effects = [_effect(position, optimum, sets) for position in finite]
    if not effects:
        return
    order = sorted(range(len(effects)), key=lambda i: -effects[i].largest)[:MOST_EFFECTS]
    shown = [effects[i] for i in sorted(order)]
    left_out = len(effects) - len(shown)
    marks = _marks(sets)
    legend: list[tuple[ink.Mark | None, str]] = [
        (mark, _label(fit)) for mark, fit in zip(marks, sets, strict=True)
    ]
    if left_out:
        legend.append((None, f"{left_out} more effects move less and are not shown"))
    if infinite:
        legend.append(
            (None, f"without a finite estimate, and not shown: {figures.count(len(infinite), 'effect')}")
        )
    height = sum(HEAD + ROW * len(effect.estimates) + SCALE for effect in shown)
    with ink.style():
        drawn = ink.sheet(TITLE, height=height, left=0.2, below=0.1, legend=legend)
        _draw(drawn.axes, shown, marks)
        yield ink.plot(NAME, TITLE, _description(effects, sets), drawn, heading=HEADING, reading=READING)


def _marks(sets: Sequence[EffectSet]) -> list[ink.Mark]:
    remedies = iter(ink.OTHERS)
    own = {"lme4": ink.LME4, "optimum": ink.OPTIMUM}
    return [own[fit.kind] if fit.kind in own else next(remedies) for fit in sets]


def _label(fit: EffectSet) -> str:
    text = fit.label if fit.kind != "optimum" or not fit.also else f"{fit.label}; also {'; '.join(fit.also)}"
    return ink.short(text.replace("`", ""), 150)


def _effect(position: int, optimum: EffectSet, sets: Sequence[EffectSet]) -> _Effect:
    name = optimum.names[position]
    found = []
    for number, fit in enumerate(sets):
        if name in fit.names:
            at = fit.names.index(name)
            found.append(_Estimate(number, fit.estimates[at], QUANTILE * fit.ses[at]))
    return _Effect(name, optimum.estimates[position], optimum.ses[position], tuple(found))


def _description(effects: Sequence[_Effect], sets: Sequence[EffectSet]) -> str:
    moves = []
    for number, fit in enumerate(sets):
        shifts = [
            abs(estimate.value - effect.optimum) / effect.se
            for effect in effects
            for estimate in effect.estimates
            if estimate.fit == number
        ]
        if fit.kind != "optimum" and shifts:
            moves.append(f"{fit.label}: by at most {figures.shift(max(shifts))} SE.")
    counted = f"{figures.count(len(effects), 'fixed effect')}."
    return " ".join([counted, *(["Distances from the optimum:", *moves] if moves else [])])


def _draw(axes: Axes, effects: Sequence[_Effect], marks: Sequence[ink.Mark]) -> None:
    y = 0.0
    for effect in effects:
        label = f"{ink.short(effect.name, 28)}  {effect.text}"
        axes.text(0.0, y - 0.5 * HEAD, label, va="center", ha="left", fontsize=8.5, zorder=6)
        strip, y = _strip(effect), y - HEAD
        top = y
        for estimate in effect.estimates:
            _interval(axes, effect, estimate, strip, y - 0.5 * ROW, marks[estimate.fit])
            y -= ROW
        at = strip.at(effect.optimum)
        axes.plot([at, at], [top, y], color=ink.GREY, linewidth=0.9, linestyle=(0, (4, 3)), zorder=0)
        _zero(axes, effect, strip, top, y)
        _scale(axes, strip, y)
        y -= SCALE
    axes.set_xlim(0.0, 1.0)
    axes.set_ylim(y, 0.0)
    ink.bare(axes)


def _strip(effect: _Effect) -> _Strip:
    """All intervals and zero, as far as they are near."""
    most = FARTHEST * effect.se
    ends = [e.value + side * min(e.reach, most) for e in effect.estimates for side in (-1.0, 1.0)]
    near = [end for end in (*ends, 0.0) if effect.is_near(end)]
    low, high = min(near, default=effect.optimum - most), max(near, default=effect.optimum + most)
    margin = MARGIN * (high - low) or 1.0
    return _Strip(low - margin, high + margin)


def _zero(axes: Axes, effect: _Effect, strip: _Strip, top: float, bottom: float) -> None:
    if effect.is_near(0.0):
        axes.plot([strip.at(0.0)] * 2, [top, bottom], color=ink.INK, linewidth=1.8, zorder=1)
        return
    is_left = effect.optimum > 0
    axes.text(
        *(0.0 if is_left else 1.0, 0.5 * (top + bottom)),
        "\u2190 0" if is_left else "0 \u2192",
        ha="left" if is_left else "right",
        va="center",
        fontsize=ink.SMALL_SIZE,
        color=ink.GREY,
    )


def _scale(axes: Axes, strip: _Strip, y: float) -> None:
    """The numbers of one effect below its intervals."""
    axes.plot([0.0, 1.0], [y, y], color=ink.GREY, linewidth=0.7, solid_capstyle="butt")
    ticks = MaxNLocator(MOST_TICKS, steps=[1, 2, 2.5, 5, 10]).tick_values(strip.low, strip.high)
    for tick in ticks:
        at = strip.at(float(tick))
        if 0.04 <= at <= 0.96:
            axes.plot([at, at], [y, y - 0.03], color=ink.GREY, linewidth=0.7)
            axes.text(at, y - 0.045, f"{tick:.6g}", ha="center", va="top", fontsize=ink.SMALL_SIZE)


def _interval(
    axes: Axes, effect: _Effect, estimate: _Estimate, strip: _Strip, y: float, mark: ink.Mark
) -> None:
    low, high = (strip.at(estimate.value + side * estimate.reach) for side in (-1.0, 1.0))
    if low < 1.0 and high > 0.0:
        ends = [max(low, 0.0), min(high, 1.0)]
        axes.plot(ends, [y, y], color=mark.color, linewidth=1.3, solid_capstyle="butt")
    smaller = replace(mark, size=0.8 * mark.size)
    if effect.is_near(estimate.value):
        axes.plot([strip.at(estimate.value)], [y], zorder=4, clip_on=False, **smaller.options())
    else:
        _beyond(axes, estimate.value, y, estimate.value > effect.optimum, smaller)


def _beyond(axes: Axes, value: float, y: float, is_right: bool, mark: ink.Mark) -> None:
    """A mark that points off the scale, with the number it stands for."""
    edge, from_edge = (1.0, -1.0) if is_right else (0.0, 1.0)
    at = edge + 0.07 * from_edge
    axes.plot([at], [y], zorder=4, **mark.options())
    axes.annotate(
        "",
        xy=(edge, y),
        xytext=(at, y),
        arrowprops={"arrowstyle": "->", "color": mark.color, "shrinkA": 0, "shrinkB": 0, "linewidth": 1.3},
    )
    anchor = "right" if is_right else "left"
    axes.text(at + 0.025 * from_edge, y, f"{value:.4g}", ha=anchor, va="center", fontsize=ink.SMALL_SIZE)
