"""Where the optimizers ended: the gap to the optimum, in clusters."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from mmtriage import figures
from mmtriage.ladder.records import Attempt, RungResult
from mmtriage.render.plots import ink
from mmtriage.render.settings import Plot
from mmtriage.report.facts import Report

SAME = 0.01  # deviance units within which two ends are of one cluster
TITLE = "Where each optimizer ended"
NAMES = 2.05, 7.5  # inches and points
HEADING = "The optimizers"
READING = (
    "Ends of one colour and shape are of one cluster. Left of the dashed line an optimizer has reached the "
    "optimum; a higher criterion means that it failed, not that there is a second answer."
)
NAME = "optimizers"
ROW = 0.21  # inches
REACHED = ink.OPTIMUM
FAILED = (
    ink.Mark(shape="^", color=ink.VERMILLION),
    ink.Mark(shape="s", color=ink.GREEN),
    ink.Mark(shape="D", color=ink.PURPLE),
    ink.Mark(shape="P", color=ink.BLACK),
    ink.Mark(shape="v", color=ink.ORANGE),
    ink.Mark(shape="s", color=ink.SKY, filled=False),
    ink.Mark(shape="D", color=ink.VERMILLION, filled=False),
    ink.Mark(shape="^", color=ink.BLACK, filled=False),
)  # as many as there are optimizers
ERROR = ink.Mark(shape="x", color=ink.GREY)


def plots(report: Report) -> Iterator[Plot]:
    """One, if all optimizers were run."""
    for result in report.ladder:
        if result.id == "allfit" and result.attempts:
            yield _plot(result)


def clusters(attempts: Sequence[Attempt]) -> list[list[Attempt]]:
    """By gap: the first is within `SAME` of the optimum, each other begins `SAME` above the end before it."""
    ended = sorted((a for a in attempts if a.gap is not None), key=_clipped)
    found: list[list[Attempt]] = [[]]
    for attempt in ended:
        gap = attempt.gap or 0.0
        last = found[-1][-1].gap if found[-1] else None
        is_new = gap > SAME if len(found) == 1 else gap - (last or 0.0) > SAME
        if is_new:
            found.append([attempt])
        else:
            found[-1].append(attempt)
    return found


def _plot(result: RungResult) -> Plot:
    groups = clusters(result.attempts)
    failures = [attempt for attempt in result.attempts if attempt.gap is None]
    rows = [(attempt, mark) for group, mark in _marked(groups) for attempt in group]
    rows += [(attempt, ERROR) for attempt in failures]
    legend: list[tuple[ink.Mark | None, str]] = [(mark, _said(group)) for group, mark in _marked(groups)]
    if failures:
        legend.append((ERROR, f"stopped with an error ({len(failures)})"))
    with ink.style():
        names, left = ink.labels([attempt.label for attempt, _ in rows], *NAMES)
        drawn = ink.sheet(TITLE, height=ROW * len(rows) + 0.1, left=left, legend=legend)
        _draw(drawn, rows, names)
        description = f"{result.reason[:1].upper()}{result.reason[1:]}. " + " ".join(
            f"{a.label}: {'an error' if a.gap is None else figures.gap(a.gap, a.criterion)}." for a, _ in rows
        )
        return ink.plot(NAME, TITLE, description, drawn, heading=HEADING, reading=READING)


def _marked(groups: Sequence[list[Attempt]]) -> list[tuple[list[Attempt], ink.Mark]]:
    """Clusters with their marks; what is beyond the marks there are shares the last."""
    marks = [REACHED, *(FAILED[min(k, len(FAILED) - 1)] for k in range(len(groups) - 1))]
    return [(group, mark) for group, mark in zip(groups, marks, strict=True) if group]


def _said(group: Sequence[Attempt]) -> str:
    low, high = map(_clipped, (group[0], group[-1]))
    if high <= SAME:
        return f"within {SAME:g} of the optimum ({len(group)})"
    ends = dict.fromkeys((f"{low:.4g}", f"{high:.4g}"))
    return f"{' to '.join(ends)} above the optimum: failed ({len(group)})"


def _clipped(attempt: Attempt) -> float:
    """The gap, or zero where it is rounding."""
    gap = attempt.gap or 0.0
    return 0.0 if gap < figures.noise(attempt.criterion) else gap


def _draw(drawn: ink.Sheet, rows: Sequence[tuple[Attempt, ink.Mark]], names: Sequence[str]) -> None:
    axes = drawn.axes
    gaps = [attempt.gap for attempt, _ in rows if attempt.gap is not None]
    first = int(np.log10(figures.NOISE))
    zero = first - 1.0
    last = max(0.0, float(np.ceil(np.log10(max([1.0, *gaps])))))
    for number, (attempt, mark) in enumerate(rows):
        y = len(rows) - 1 - number
        axes.axhline(y, color=ink.PALE, linewidth=0.6, zorder=0)
        if attempt.gap is None:
            x = last + 0.6
        else:
            gap = _clipped(attempt)
            x = float(np.log10(gap)) if gap > 0.0 else zero
        axes.plot([x], [y], zorder=3, clip_on=False, **mark.options())
    axes.axvline(np.log10(SAME), color=ink.GREY, linewidth=0.9, linestyle=(0, (4, 3)), zorder=1)
    axes.set_xlim(zero - 0.5, last + 0.9)
    axes.set_ylim(-0.7, len(rows) - 0.3)
    axes.set_yticks(range(len(rows)), names[::-1])
    axes.tick_params(axis="y", length=0, labelsize=NAMES[1])
    decades = [d for d in range(first, int(last) + 1) if (d - first) % 2 == 0]
    axes.set_xticks([zero, *decades], ["0", *(_decade(d) for d in decades)])
    axes.set_xlabel("deviance units above the optimum (log scale, broken at 0)", loc="right")
    _break(drawn, zero + 0.5)


def _decade(power: int) -> str:
    return f"{10.0**power:g}" if -3 <= power <= 4 else f"1e{power}"


def _break(drawn: ink.Sheet, x: float) -> None:
    """Two strokes across the axis: zero is not on the logarithmic scale."""
    height = drawn.axes.get_window_extent().height
    for shift in (-0.07, 0.07):
        drawn.axes.plot(
            [x + shift - 0.09, x + shift + 0.09],
            [-5.0 / height, 5.0 / height],
            transform=drawn.axes.get_xaxis_transform(),
            color=ink.GREY,
            linewidth=1.0,
            clip_on=False,
            zorder=5,
        )
