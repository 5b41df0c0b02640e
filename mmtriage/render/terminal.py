"""The report for a person: verdict and cause, what to do, then the evidence.

Nothing but ASCII of our own, so that it reads the same in any locale; colour only adds emphasis. Code to
paste is printed on lines of its own and never wrapped.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Literal

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from mmtriage.diagnose.finding import Finding
from mmtriage.ladder.rung import Remedy
from mmtriage.render import tables, words
from mmtriage.render.evidence import parts
from mmtriage.render.printable import printable
from mmtriage.render.settings import PLAIN, Settings
from mmtriage.render.tables import Grid
from mmtriage.report import Report

Detail = Literal["brief", "normal", "full"]
DEFAULT_WIDTH = 100  # where nobody says how wide the screen is
NARROWEST, WIDEST = 40, 120  # longer lines are hard to read
INDENT, GUTTER = 2, 2  # of tables
LEAST_WORDS = 12  # a column of words is never narrower
SHOWN_REMEDIES: dict[Detail, int] = {"brief": 1, "normal": 3, "full": 1000}
STYLE = {"error": "bold red", "warning": "bold yellow", "info": "bold cyan", "ok": "bold green"}


def render(
    report: Report,
    settings: Settings = PLAIN,
    *,
    width: int = DEFAULT_WIDTH,
    color: bool = False,
    detail: Detail = "normal",
) -> str:
    """The report as text of at most `width` columns, code to paste excepted."""
    report = printable(report)
    page = io.StringIO()
    console = Console(
        file=page,
        width=max(NARROWEST, min(width, WIDEST)),
        force_terminal=color,
        color_system="standard" if color else None,
        no_color=not color,
        highlight=False,
        markup=False,
        emoji=False,
        legacy_windows=False,
        _environ={},  # the environment is read in cli.py, not here
    )
    if settings.name:
        _heading(console, printable(settings.name))
    _verdict(console, report)
    _findings(console, report, detail)
    _remedies(console, report, detail)
    if detail != "brief":
        _evidence(console, report, detail)
        if detail == "full":
            _heading(console, words.SECONDS)
            _grid(console, tables.timing(report))
        _where_to_read_on(console, report)
    return "\n".join(line.rstrip() for line in page.getvalue().splitlines()).strip("\n") + "\n"


def _verdict(console: Console, report: Report) -> None:
    verdict = report.verdict
    _paragraph(console, words.verdict_title(verdict), style=STYLE[verdict.severity])
    _paragraph(console, verdict.message, indent=2)
    if incomplete := words.incomplete(report):
        _paragraph(console, incomplete, indent=2)
    console.print()
    _paragraph(console, report.model.formula, indent=2, hanging=4, style="bold")
    _paragraph(console, words.model_line(report.model), indent=2)
    _paragraph(console, words.table_line(report), indent=2)
    for note in report.model.notes:
        _paragraph(console, f"Note: {note}", indent=2, hanging=2)


def _findings(console: Console, report: Report, detail: Detail) -> None:
    causes, others = words.causes(report), words.others(report)
    if causes:
        _heading(console, words.causes_heading(causes))
        for finding in causes:
            _finding(console, finding, detail)
    if detail == "brief" and report.verdict.severity in ("ok", "info"):
        others = tuple(finding for finding in others if finding.severity in ("error", "warning"))
    elif detail == "brief":
        return
    if consequences := words.consequences(report):
        _heading(console, words.CONSEQUENCES)
        for finding in consequences:
            _finding(console, finding, detail)
    if others:
        _heading(console, words.OTHERS)
        for finding in others:
            _finding(console, finding, detail)


def _finding(console: Console, finding: Finding, detail: Detail) -> None:
    _paragraph(console, words.finding_title(finding), indent=2, style=STYLE[finding.severity])
    _paragraph(console, finding.message, indent=4)
    if detail == "full" and finding.evidence:
        _paragraph(console, words.evidence(finding), indent=4, style="dim")


def _remedies(console: Console, report: Report, detail: Detail) -> None:
    if not report.remedies:
        return
    _heading(console, words.REMEDIES)
    shown = report.remedies[: SHOWN_REMEDIES[detail]]
    for position, remedy in enumerate(shown):
        if position > 0:
            console.print()
        _remedy(console, remedy, report)
    if detail == "brief" or len(report.remedies) == 1:
        return
    console.print()
    if hidden := len(report.remedies) - len(shown):
        _paragraph(console, f"{words.count(hidden, 'more remedy', 'more remedies')}: -v shows all.", indent=2)
    _paragraph(console, words.ranked_by(), indent=2, style="dim")


def _remedy(console: Console, remedy: Remedy, report: Report) -> None:
    _paragraph(console, words.remedy_title(remedy), indent=2, hanging=3, style="bold")
    _paragraph(console, words.effect_of(remedy, report.verdict.status), indent=5)
    for line in words.remedy_lines(remedy, report.model):
        _paragraph(console, line, indent=5, hanging=2)
    for program, code in words.remedy_code(remedy):
        _paragraph(console, f"{program}:", indent=5, style="dim")
        _verbatim(console, code, indent=7, style="green")


def _evidence(console: Console, report: Report, detail: Detail) -> None:
    for part in parts(report, full=detail == "full"):
        _heading(console, part.title)
        if part.grid is not None:
            _grid(console, part.grid)
        if part.quote_head:
            _paragraph(console, part.quote_head, indent=2)
        for quote in part.quotes:
            _verbatim(console, quote, indent=4)
        for line in part.lines:
            _paragraph(console, line, indent=2, hanging=2 if part.title == words.UNASSESSED else 0)


def _where_to_read_on(console: Console, report: Report) -> None:
    if where := words.read_on(report):
        console.print()
        _paragraph(console, where, style="dim")


def _heading(console: Console, text: str) -> None:
    console.print()
    console.print(Text(text, style="bold underline"))


def _paragraph(console: Console, text: str, *, indent: int = 0, hanging: int = 0, style: str = "") -> None:
    """Wrapped text, folded where a word is too long; `hanging` indents all lines but the first."""
    wrapped = Text(text, style=style).wrap(console, console.width - indent - hanging, overflow="fold")
    for position, line in enumerate(wrapped):
        left = indent + (hanging if position > 0 else 0)
        console.print(Text(" " * left) + line, soft_wrap=True)


def _verbatim(console: Console, text: str, *, indent: int, style: str = "") -> None:
    """Text that must stay as it is, to be pasted or searched for: its own lines, never wrapped."""
    for line in text.splitlines():
        console.print(Text(" " * indent + line, style=style), soft_wrap=True)


def _grid(console: Console, grid: Grid) -> None:
    """A table without a frame: two blanks between columns, numbers aligned at their decimal points.

    Columns of words share the width that is left and wrap; numbers never do. (A `rich` table would crop.)
    """
    columns = [
        [cell + " " * missing for cell, missing in zip(cells, tables.padding(cells), strict=True)]
        if position in grid.numeric
        else list(cells)
        for position, cells in enumerate(zip(*grid.rows, strict=True))
    ]
    widths = _widths(grid, columns, console.width - INDENT)
    if any(grid.header):
        _row(console, grid.header, widths, grid.numeric, style="dim")
    for cells in zip(*columns, strict=True):
        _row(console, cells, widths, grid.numeric)


def _widths(grid: Grid, columns: list[list[str]], available: int) -> list[int]:
    """The width of each column. Where room is short, headers of numbers wrap, then words, the last first."""
    gutters = GUTTER * (len(columns) - 1)
    widths = [_natural(name, cells) for name, cells in zip(grid.header, columns, strict=True)]
    if sum(widths) + gutters > available:
        for position in grid.numeric:
            longest = max(grid.header[position].split(), key=cell_len, default="")
            widths[position] = _natural(longest, columns[position])
    for position in reversed(range(len(columns))):
        excess = sum(widths) + gutters - available
        if excess > 0 and position not in grid.numeric:
            widths[position] = max(min(LEAST_WORDS, widths[position]), widths[position] - excess)
    return widths


def _natural(name: str, cells: list[str]) -> int:
    return max(cell_len(cell) for cell in (name, *cells))


def _row(
    console: Console, cells: Sequence[str], widths: list[int], numeric: frozenset[int], style: str = ""
) -> None:
    wrapped = [
        Text(cell).wrap(console, max(1, width), overflow="fold") if cell else [Text("")]
        for cell, width in zip(cells, widths, strict=True)
    ]
    for height in range(max(len(lines) for lines in wrapped)):
        line = Text(" " * INDENT, style=style)
        for position, (lines, width) in enumerate(zip(wrapped, widths, strict=True)):
            part = lines[height] if height < len(lines) else Text("")
            blank = " " * (width - part.cell_len)
            after = " " * GUTTER if position < len(widths) - 1 else ""
            line.append_text(Text(blank) + part if position in numeric else part + Text(blank)).append(after)
        console.print(line, soft_wrap=True)
