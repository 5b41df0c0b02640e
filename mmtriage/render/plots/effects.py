"""Fixed effects with their intervals: lme4's fit, the optimum, and after each remedy.

All in standard errors of the optimum, from the optimum's estimate: effects of any unit stand on one scale,
and it is the scale of the verdict. A coefficient that a remedy moves off the scale, as centering moves an
intercept, is an arrow with the number beside it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from mmtriage import figures
from mmtriage.plotted.plot_data import EffectSet
from mmtriage.render.plots import ink
from mmtriage.render.settings import Plot
from mmtriage.report.facts import Report

QUANTILE = 1.96  # Wald intervals of 95 %
WIDEST = 8.0  # standard errors on either side of the optimum that are shown
MOST_EFFECTS = 14  # those that move most
ROW, HEAD = 0.135, 0.2  # inches
NAME = "fixed-effects"
TITLE = "Fixed effects before and after each remedy"
HEADING = "Fixed effects"
READING = (
    "Estimates with 95 % Wald intervals on one scale: standard errors of the optimum, from the optimum's "
    "estimate. A tick marks where an effect is zero."
)


@dataclass(frozen=True, slots=True)
class _Estimate:
    """A fixed effect of one fit, in standard errors of the optimum from the optimum's estimate."""

    fit: int
    shift: float
    reach: float  # half the interval


@dataclass(frozen=True, slots=True)
class _Effect:
    name: str
    text: str  # the optimum's estimate
    zero: float  # where the effect would be zero
    estimates: tuple[_Estimate, ...]

    @property
    def largest(self) -> float:
        return max(abs(estimate.shift) for estimate in self.estimates)


def plots(report: Report) -> Iterator[Plot]:
    """One, if there is an optimum and something to compare it with."""
    sets = () if report.plot_data is None else report.plot_data.effects
    optimum = next((s for s in sets if s.kind == "optimum"), None)
    if optimum is not None and len(sets) > 1:
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
    height = sum(HEAD + ROW * len(effect.estimates) for effect in shown) + 0.05
    with ink.style():
        drawn = ink.sheet(TITLE, height=height, left=0.2, legend=legend)
        _draw(drawn, shown, marks)
        yield ink.plot(NAME, TITLE, _description(effects, sets), drawn, heading=HEADING, reading=READING)


def _marks(sets: Sequence[EffectSet]) -> list[ink.Mark]:
    remedies = iter(ink.OTHERS)
    own = {"lme4": ink.LME4, "optimum": ink.OPTIMUM}
    return [own[fit.kind] if fit.kind in own else next(remedies) for fit in sets]


def _label(fit: EffectSet) -> str:
    text = fit.label if fit.kind != "optimum" or not fit.also else f"{fit.label}; also {'; '.join(fit.also)}"
    return ink.short(text.replace("`", ""), 150)


def _effect(position: int, optimum: EffectSet, sets: Sequence[EffectSet]) -> _Effect:
    name, estimate, se = optimum.names[position], optimum.estimates[position], optimum.ses[position]
    found = []
    for number, fit in enumerate(sets):
        if name in fit.names:
            at = fit.names.index(name)
            found.append(_Estimate(number, (fit.estimates[at] - estimate) / se, QUANTILE * fit.ses[at] / se))
    text = f"{figures.to_precision_of(estimate, se)} (SE {figures.spread(se)})"
    return _Effect(name, text, -estimate / se, tuple(found))


def _description(effects: Sequence[_Effect], sets: Sequence[EffectSet]) -> str:
    moves = []
    for number, fit in enumerate(sets):
        shifts = [abs(e.shift) for effect in effects for e in effect.estimates if e.fit == number]
        if fit.kind != "optimum" and shifts:
            moves.append(f"{fit.label}: by at most {figures.shift(max(shifts))} SE.")
    return " ".join([f"{figures.count(len(effects), 'fixed effect')}. Distances from the optimum:", *moves])


def _draw(drawn: ink.Sheet, effects: Sequence[_Effect], marks: Sequence[ink.Mark]) -> None:
    axes = drawn.axes
    limit = _limit(effects)
    y = 0.0
    for effect in effects:
        label = f"{ink.short(effect.name, 28)}  {effect.text}"
        axes.text(-limit, y - 0.5 * HEAD, label, va="center", ha="left", fontsize=8.5, zorder=6)
        y -= HEAD
        top = y
        for estimate in effect.estimates:
            _interval(drawn, estimate, y - 0.5 * ROW, limit, marks[estimate.fit])
            y -= ROW
        axes.plot([0.0, 0.0], [top, y], color=ink.GREY, linewidth=0.9, linestyle=(0, (4, 3)), zorder=0)
        if abs(effect.zero) < limit:
            axes.plot([effect.zero] * 2, [top, y + 0.01], color=ink.INK, linewidth=2.0, zorder=1)
    axes.set_xlim(-limit, limit)
    axes.set_ylim(y - 0.05, 0.0)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.set_xlabel("standard errors from the optimum's estimate (tick: effect zero)")
    ink.plain_numbers(axes)


def _limit(effects: Sequence[_Effect]) -> float:
    ends = [abs(e.shift) + e.reach for effect in effects for e in effect.estimates]
    return 1.08 * min(max(ends), WIDEST)


def _interval(drawn: ink.Sheet, estimate: _Estimate, y: float, limit: float, mark: ink.Mark) -> None:
    axes = drawn.axes
    low, high = estimate.shift - estimate.reach, estimate.shift + estimate.reach
    if low < limit and high > -limit:
        ends = [max(low, -limit), min(high, limit)]
        axes.plot(ends, [y, y], color=mark.color, linewidth=1.3, solid_capstyle="butt")
    smaller = replace(mark, size=0.8 * mark.size)
    if abs(estimate.shift) <= limit:
        axes.plot([estimate.shift], [y], zorder=4, clip_on=False, **smaller.options())
    else:
        _beyond(drawn, estimate.shift, y, limit, smaller)


def _beyond(drawn: ink.Sheet, shift: float, y: float, limit: float, mark: ink.Mark) -> None:
    """A mark that points off the scale, with the number it stands for."""
    axes, side = drawn.axes, 1.0 if shift > 0 else -1.0
    axes.plot([side * 0.86 * limit], [y], zorder=4, **mark.options())
    axes.annotate(
        "",
        xy=(side * limit, y),
        xytext=(side * 0.86 * limit, y),
        arrowprops={"arrowstyle": "->", "color": mark.color, "shrinkA": 0, "shrinkB": 0, "linewidth": 1.3},
    )
    text, anchor = f"{shift:+.3g} SE", "right" if side > 0 else "left"
    axes.text(side * 0.81 * limit, y, text, ha=anchor, va="center", fontsize=7.5)
