"""The random effects of the recommended model, level by level in order of size: a caterpillar.

Of few levels each has its row. Of many, a band: the median mode and the median 95 % interval of runs of
levels with consecutive ranks, between the named levels of both ends.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from matplotlib.axes import Axes

from mmtriage import figures
from mmtriage.plotted.plot_data import LevelEffects, LevelMode
from mmtriage.render.plots import ink
from mmtriage.render.settings import Plot
from mmtriage.report.facts import Report

QUANTILE = 1.96
ROW = 0.145  # inches
NAMES = 1.2, 7.5  # inches and points
BAND_ROWS = 22  # as high as so many levels
GAP = 0.8  # rows between the band and the named levels
AWAY = ink.Mark(shape="o", color=ink.BLUE, size=4.2)  # its interval leaves out zero
TITLE = "Random effects of"
HEADING = "Random effects"
READING = (
    "Conditional modes in order of size, with 1.96 conditional SDs on either side, given the estimates of "
    "all parameters."
)
NEAR = ink.Mark(shape="o", color=ink.GREY, size=4.2, filled=False)


def plots(report: Report) -> Iterator[Plot]:
    """One for each column of each random term."""
    if report.plot_data is None:
        return
    for number, effects in enumerate(report.plot_data.levels, start=1):
        yield _plot(effects, report.plot_data.levels_of, number)


def _plot(effects: LevelEffects, whose: str, number: int) -> Plot:
    title = f"{TITLE} {ink.short(effects.column, 32)} by {ink.short(effects.group, 32)}"
    rows = len(effects.levels) + (BAND_ROWS + 2 * GAP if effects.bands else 0.0)
    with ink.style():
        names, left = ink.labels([level.level for level in effects.levels], *NAMES)
        drawn = ink.sheet(title, height=ROW * rows + 0.1, left=left, legend=_legend(effects))
        _draw(drawn.axes, effects, rows, names)
        return ink.plot(
            ink.file_name("random-effects", number, title.removeprefix(TITLE)),
            title,
            _description(effects),
            drawn,
            heading=HEADING,
            reading=f"{READING} Model: {whose}.",
        )


def _legend(effects: LevelEffects) -> list[tuple[ink.Mark | None, str]]:
    marks: list[tuple[ink.Mark | None, str]] = []
    if any(_is_away(level) for level in effects.levels):
        marks.append((AWAY, "95 % interval leaves out zero"))
    if not all(_is_away(level) for level in effects.levels):
        marks.append((NEAR, "95 % interval contains zero"))
    if effects.bands:
        size = effects.bands[0].last - effects.bands[0].first + 1
        text = f"{effects.n_levels:,} levels: the band has medians of about {size} levels each"
        marks.append((None, text))
    return marks


def _is_away(level: LevelMode) -> bool:
    return abs(level.mode) > QUANTILE * level.sd


def _description(effects: LevelEffects) -> str:
    low, high = effects.levels[0], effects.levels[-1]
    ends = (
        f"from {figures.spread(low.mode)} ({ink.short(low.level, 40)}) to {figures.spread(high.mode)} "
        f"({ink.short(high.level, 40)})"
    )
    return (
        f"{figures.count(effects.n_levels, 'level')}, {ends}; the SD of the random effect is "
        f"{figures.spread(effects.sd)}."
    )


def _draw(axes: Axes, effects: LevelEffects, rows: float, names: Sequence[str]) -> None:
    levels = effects.levels
    half = len(levels) // 2
    if effects.bands:
        places = [*range(half), *(half + BAND_ROWS + 2 * GAP + k for k in range(len(levels) - half))]
        _band(axes, effects, half - 0.5 + GAP)
    else:
        places = list(range(len(levels)))
    axes.axvline(0.0, color=ink.GREY, linewidth=0.9, linestyle=(0, (4, 3)), zorder=0)
    _rows(axes, levels, places)
    axes.set_ylim(-0.8, rows - 0.2)
    axes.set_yticks(places, names)
    axes.tick_params(axis="y", length=0, labelsize=NAMES[1])
    axes.margins(x=0.04)
    axes.set_xlabel("conditional mode, 95 % interval")
    ink.plain_numbers(axes)


def _rows(axes: Axes, levels: Sequence[LevelMode], places: Sequence[float]) -> None:
    for level, y in zip(levels, places, strict=True):
        mark = AWAY if _is_away(level) else NEAR
        reach = QUANTILE * level.sd
        axes.plot([level.mode - reach, level.mode + reach], [y, y], color=mark.color, linewidth=1.2)
        axes.plot([level.mode], [y], zorder=3, **mark.options())


def _band(axes: Axes, effects: LevelEffects, bottom: float) -> None:
    ranks = np.array([0.5 * (band.first + band.last) for band in effects.bands])
    y = bottom + BAND_ROWS * ranks / effects.n_levels
    modes = np.array([band.mode for band in effects.bands])
    reach = QUANTILE * np.array([band.sd for band in effects.bands])
    axes.fill_betweenx(y, modes - reach, modes + reach, color=ink.SKY, alpha=0.45, linewidth=0.0)
    for edge in (modes - reach, modes + reach):
        axes.plot(edge, y, color=ink.BLUE, linewidth=0.7, linestyle=(0, (3, 2)))
    axes.plot(modes, y, color=ink.BLUE, linewidth=1.8)
    for border in (bottom - 0.5 * GAP, bottom + BAND_ROWS + 0.5 * GAP):
        axes.axhline(border, color=ink.PALE, linewidth=0.8)
