"""The data of some groups, with what the fit says of them: a small panel each, all on the same scales."""

from __future__ import annotations

from collections.abc import Iterator

from matplotlib.axes import Axes

from mmtriage import figures
from mmtriage.plotted.plot_data import FittedLines, LevelLine
from mmtriage.render.plots import ink
from mmtriage.render.settings import Plot
from mmtriage.report.facts import Report

COLUMNS = 3
PANEL, GAP, HEAD = 0.78, 0.08, 0.17  # inches: height of a panel, room beside it, room for its name
TICKS = 0.55  # inches left of the panels, for numbers and the name of the response
NAME_ROOM = 1.1  # inches
CATEGORY_ROOM = 14  # letters that the names of categories share below a panel
NAME = "fitted-lines"
HEADING = "Data and fit"
READING = "Each panel is one level of the grouping factor, on the same scales."
ROWS = ink.Mark(shape="o", color=ink.GREY, size=2.8, filled=False)
FITTED = ink.Mark(shape="_", color=ink.BLUE, size=9.0)
FITTED_ROWS = ink.Mark(shape="x", color=ink.BLUE, size=3.6)
TYPICAL = ink.Mark(shape="_", color=ink.VERMILLION, size=5.0)


def plots(report: Report) -> Iterator[Plot]:
    """One, if the model has a grouping with several rows a level."""
    fitted = None if report.plot_data is None else report.plot_data.fitted
    if fitted is None:
        return
    title = f"{ink.short(fitted.response, 32)} by {ink.short(fitted.x, 32)}, levels of {_group(fitted)}"
    rows = -(-len(fitted.lines) // COLUMNS)
    height = rows * (PANEL + HEAD) + (rows - 1) * GAP
    with ink.style():
        drawn = ink.sheet(title, height=height, left=TICKS, legend=_legend(fitted))
        _draw(drawn, fitted, height)
        yield ink.plot(NAME, title, _description(fitted), drawn, heading=HEADING, reading=READING)


def _group(fitted: FittedLines) -> str:
    return ink.short(fitted.group, 32)


def _legend(fitted: FittedLines) -> list[tuple[ink.Mark | None, str]]:
    where = "the proven optimum" if fitted.is_certified else "the best point found, not certified"
    averaged = "mean at each value; " if fitted.is_line and _has_repeats(fitted) else ""
    said: list[tuple[ink.Mark | None, str]] = [
        (ROWS, "a row of the table"),
        (FITTED if fitted.is_line else FITTED_ROWS, f"the fit of the level ({averaged}{where})"),
    ]
    if fitted.is_line:
        said.append((TYPICAL, "dashed: a typical level, its random effects zero"))
    if len(fitted.lines) < fitted.n_levels:
        shown = f"{len(fitted.lines)} of {fitted.n_levels:,} levels, evenly spaced in the order of their fit"
        said.append((None, shown))
    if fitted.is_thinned:
        most = max(len(line.x) for line in fitted.lines)
        said.append((None, f"of a level with more rows {most} are shown"))
    return said


def _has_repeats(fitted: FittedLines) -> bool:
    return any(len(line.at) < len(line.x) for line in fitted.lines)


def _description(fitted: FittedLines) -> str:
    values = [y for line in fitted.lines for y in line.y]
    ends = [line.fitted[-1] - line.fitted[0] for line in fitted.lines]
    rising = sum(end > 0 for end in ends)
    return (
        f"{figures.count(len(fitted.lines), 'level')} of {fitted.n_levels:,}, responses from "
        f"{figures.spread(min(values))} to {figures.spread(max(values))}; the fit of {rising} of them ends "
        f"higher than it begins."
    )


def _draw(drawn: ink.Sheet, fitted: FittedLines, height: float) -> None:
    """Panels in the place of the sheet's axes, which keep their labels alone."""
    frame = drawn.axes
    inches = frame.get_position().width * ink.WIDTH
    (x,), _ = ink.labels([fitted.x], inches, ink.TEXT_SIZE)
    (response,), _ = ink.labels([fitted.response], height, ink.TEXT_SIZE)
    frame.set_xlabel(x, labelpad=14)
    frame.set_ylabel(response, labelpad=24)
    ink.bare(frame)
    frame.patch.set_visible(False)
    width = (inches - (COLUMNS - 1) * GAP) / COLUMNS
    low, high = _limits(fitted)
    for number, line in enumerate(fitted.lines):
        row, column = divmod(number, COLUMNS)
        left = column * (width + GAP) / inches
        top = 1.0 - (row * (PANEL + HEAD + GAP) + HEAD) / height
        panel = frame.inset_axes((left, top - PANEL / height, width / inches, PANEL / height))
        panel.set_xlim(*low)
        panel.set_ylim(*high)
        _panel(panel, line, fitted)
        is_last = number + COLUMNS >= len(fitted.lines)
        panel.tick_params(labelsize=ink.SMALL_SIZE, labelbottom=is_last, labelleft=column == 0, length=2)


def _limits(fitted: FittedLines) -> tuple[tuple[float, float], tuple[float, float]]:
    """Of x and y, the same for all panels."""
    xs = [x for line in fitted.lines for x in (*line.x, *line.at)]
    ys = [y for line in fitted.lines for y in (*line.y, *line.fitted, *line.typical)]
    x_margin, y_margin = (0.08 * (max(v) - min(v)) or 0.5 for v in (xs, ys))
    if fitted.categories:
        x_margin = 0.5
    return (min(xs) - x_margin, max(xs) + x_margin), (min(ys) - y_margin, max(ys) + y_margin)


def _panel(panel: Axes, line: LevelLine, fitted: FittedLines) -> None:
    (name,), _ = ink.labels([line.level], NAME_ROOM, ink.SMALL_SIZE)
    panel.text(0.0, 1.04, name, transform=panel.transAxes, fontsize=ink.SMALL_SIZE, va="bottom")
    rows = ROWS.options() | {"markeredgewidth": 0.7}
    panel.plot(line.x, line.y, zorder=2, **rows)
    if fitted.is_line and len(line.at) > 1:
        dashed = (0, (4, 2))
        panel.plot(line.at, line.typical, color=TYPICAL.color, linewidth=0.9, linestyle=dashed, zorder=3)
        panel.plot(line.at, line.fitted, color=FITTED.color, linewidth=1.5, zorder=4)
    elif fitted.is_line:  # of one row, say
        panel.plot(line.at, line.typical, zorder=3, **TYPICAL.options())
        panel.plot(line.at, line.fitted, zorder=4, **FITTED.options())
    else:
        marks = FITTED_ROWS.options() | {"markeredgewidth": 0.9}
        panel.plot(line.at, line.fitted, zorder=4, **marks)
    ink.plain_numbers(panel, x=not fitted.categories, y=True, most=(3, 3))
    if fitted.categories:
        room = max(2, CATEGORY_ROOM // len(fitted.categories))
        names = [ink.short(category, room) for category in fitted.categories]
        panel.set_xticks(range(len(fitted.categories)), names)
