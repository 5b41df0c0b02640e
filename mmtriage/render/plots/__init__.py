"""Plots as SVG, from the Report alone; matplotlib is imported when one is drawn, and only here.

Report -> a drawing each (`fitted_lines`, `effects`, `levels`, `criterion`, `endings`) -> `ink.svg_text`
"""

from __future__ import annotations

from importlib.util import find_spec

from mmtriage.render.settings import Plot
from mmtriage.report.facts import Report
from mmtriage.report.printable import printable

HOW_TO_GET = "pip install matplotlib"


def can_draw() -> bool:
    """Whether matplotlib is installed."""
    return find_spec("matplotlib") is not None


def plots_of(report: Report) -> tuple[Plot, ...]:
    """All plots of a report, in the order in which they are read; none without its plot data."""
    if report.plot_data is None:
        return ()
    from mmtriage.render.plots.settings_of_nobody import settings_of_nobody

    with settings_of_nobody():
        from mmtriage.render.plots import criterion, effects, endings, fitted_lines, levels
        from mmtriage.render.plots.ink import quietly

    report = printable(report)
    with quietly():
        return (
            *fitted_lines.plots(report),
            *effects.plots(report),
            *levels.plots(report),
            *criterion.plots(report),
            *endings.plots(report),
        )


def remarks(report: Report) -> tuple[str, ...]:
    """What is not plotted, and why, or how to get plots."""
    notes = () if report.plot_data is None else report.plot_data.notes
    said = tuple(f"{note[:1].upper()}{note[1:]}." for note in notes)
    return said if can_draw() else (*said, f"For plots: `{HOW_TO_GET}`")
