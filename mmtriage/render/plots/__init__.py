"""Plots as SVG, from the Report alone; matplotlib is imported when one is drawn, and only here.

Report -> a drawing each (`fitted_lines`, `effects`, `levels`, `criterion`, `endings`) -> `ink.svg_text`
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec

from mmtriage.deadline import TimeBudgetError, present
from mmtriage.render.settings import Plot
from mmtriage.report.facts import Report
from mmtriage.report.printable import printable

HOW_TO_GET = "pip install matplotlib"


def can_draw() -> bool:
    """Whether matplotlib is installed."""
    return find_spec("matplotlib") is not None


def plots_of(report: Report) -> tuple[Plot, ...]:
    """All plots of a report, in the order in which they are read; none without its plot data."""
    return tuple(_drawn(report))


def plots_in_time(report: Report) -> tuple[tuple[Plot, ...], tuple[str, ...]]:
    """The plots that are drawn before the time budget runs out, and a remark if those are not all."""
    plots: list[Plot] = []
    try:
        plots.extend(_drawn(report))
    except TimeBudgetError as stop:
        return tuple(plots), (f"{stop.message[:1].upper()}{stop.message[1:]}: {len(plots)} plots are drawn.",)
    return tuple(plots), ()


def _drawn(report: Report) -> Iterator[Plot]:
    if report.plot_data is None:
        return
    present().check()  # importing matplotlib takes as long as drawing
    from mmtriage.render.plots.settings_of_nobody import settings_of_nobody

    with settings_of_nobody():
        from mmtriage.render.plots import criterion, effects, endings, fitted_lines, levels
        from mmtriage.render.plots.ink import quietly

    report = printable(report)
    with quietly():
        for kind in (fitted_lines, effects, levels, criterion, endings):
            present().check()
            yield from kind.plots(report)


def remarks(report: Report) -> tuple[str, ...]:
    """What is not plotted, and why, or how to get plots."""
    notes = () if report.plot_data is None else report.plot_data.notes
    said = tuple(f"{note[:1].upper()}{note[1:]}." for note in notes)
    return said if can_draw() else (*said, f"For plots: `{HOW_TO_GET}`")
