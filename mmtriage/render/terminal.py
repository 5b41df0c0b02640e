"""The report for a person: verdict and cause, what to do, then the evidence.

Code to paste is printed on lines of its own and never wrapped.
"""

from __future__ import annotations

import io
from dataclasses import replace
from typing import Literal

from rich.console import Console

from mmtriage import figures
from mmtriage.diagnose.finding import Finding
from mmtriage.errors import MmtriageError
from mmtriage.ladder.records import Remedy
from mmtriage.render import labels, overview, sentences, since, tables
from mmtriage.render.console import console_of, grid, heading, paragraph, text_of, verbatim
from mmtriage.render.evidence import EvidencePart, parts
from mmtriage.render.problem import in_full
from mmtriage.render.settings import PLAIN, Settings
from mmtriage.report import roles
from mmtriage.report.drift import is_known
from mmtriage.report.facts import Report
from mmtriage.report.printable import printable, printable_text
from mmtriage.report.summary import Checked, Summary

Detail = Literal["brief", "normal", "full"]
AS_BEFORE = "The rest is as it was: -v shows all."
DEFAULT_WIDTH = 100  # where nobody says how wide the screen is
LEAST_FOR_ADVICE = 64  # columns of the screen, for a table with causes and remedies
SHOWN_MODELS: dict[Detail, int] = {"brief": 0, "normal": 3, "full": 100_000}  # of those that fail
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
    console = console_of(page, width=width, color=color)
    if settings.name:
        heading(console, printable(settings.name))
    _report(console, report, detail)
    return text_of(page)


def render_all(
    summary: Summary,
    *,
    width: int = DEFAULT_WIDTH,
    color: bool = False,
    detail: Detail = "normal",
) -> str:
    """A line for each model, then the worst ones in brief; -v shows all that fail, -q none."""
    page = io.StringIO()
    console = console_of(page, width=width, color=color)
    listed = summary.failing if detail == "brief" else summary.models
    if listed:
        grid(console, overview.grid(listed, narrow=console.width < LEAST_FOR_ADVICE))
        console.print()
    style = STYLE["error" if summary.failing else "ok"]
    paragraph(console, overview.headline(summary), style=style)
    paragraph(console, overview.tally(summary), indent=2)
    shown = summary.failing[: SHOWN_MODELS[detail]]
    for model in shown:
        _model(console, model, detail)
    hidden = len(summary.failing) - len(shown)
    if hidden and detail != "brief":
        console.print()
        paragraph(console, f"{figures.count(hidden, 'more model')} in detail: -v, or name them.", style="dim")
    return text_of(page)


def _model(console: Console, model: Checked, detail: Detail) -> None:
    """A model that fails, below its name and where it is written down."""
    heading(console, f"{overview.name(model)} ({printable_text(model.path)}, line {model.line})")
    console.print()
    if isinstance(model.outcome, MmtriageError):
        verbatim(console, in_full(model.outcome), indent=0)
        return
    _report(console, printable(model.outcome), "normal" if detail == "full" else "brief")


def _report(console: Console, report: Report, detail: Detail) -> None:
    _verdict(console, report)
    if (changed := since.part(report)) is not None:
        _part(console, changed)
    if is_known(report.drift) and detail != "full":
        paragraph(console, AS_BEFORE, indent=2, style="dim")
        return
    _findings(console, report, detail)
    _remedies(console, report, detail)
    if detail != "brief":
        _evidence(console, report, detail)
        if detail == "full":
            heading(console, labels.SECONDS)
            grid(console, tables.timing(report))
        _where_to_read_on(console, report)


def _verdict(console: Console, report: Report) -> None:
    verdict = report.verdict
    paragraph(console, sentences.verdict_title(report), style=STYLE[verdict.severity])
    for text in sentences.lead(report):
        paragraph(console, text, indent=2)
    if incomplete := sentences.incomplete(report):
        paragraph(console, incomplete, indent=2)
    console.print()
    paragraph(console, report.model.formula, indent=2, hanging=4, style="bold")
    paragraph(console, sentences.model_line(report.model), indent=2)
    paragraph(console, sentences.table_line(report), indent=2)
    for note in report.model.notes:
        paragraph(console, f"Note: {note}", indent=2, hanging=2)


def _findings(console: Console, report: Report, detail: Detail) -> None:
    shown = report if detail == "full" else replace(report, findings=roles.news(report))
    causes, others = roles.causes(shown), roles.others(shown)
    if causes:
        heading(console, sentences.causes_heading(causes))
        for finding in causes:
            _finding(console, finding, report, detail)
    if detail == "brief" and report.verdict.severity in ("ok", "info"):
        others = tuple(finding for finding in others if finding.severity in ("error", "warning"))
    elif detail == "brief":
        return
    if consequences := roles.consequences(shown):
        heading(console, labels.CONSEQUENCES)
        for finding in consequences:
            _finding(console, finding, report, detail)
    if others:
        heading(console, labels.OTHERS)
        for finding in others:
            _finding(console, finding, report, detail)
    if known := len(report.findings) - len(shown.findings):
        console.print()
        paragraph(console, f"{figures.count(known, 'known finding')}: -v shows all.", indent=2, style="dim")


def _finding(console: Console, finding: Finding, report: Report, detail: Detail) -> None:
    paragraph(console, sentences.finding_title(finding), indent=2, style=STYLE[finding.severity])
    paragraph(console, finding.message, indent=4)
    if detail == "full" and finding.evidence:
        paragraph(console, sentences.evidence(finding, report), indent=4, style="dim")


def _remedies(console: Console, report: Report, detail: Detail) -> None:
    calm = sentences.nothing_to_do(report)
    if not report.remedies and calm is None:
        return
    heading(console, labels.REMEDIES)
    if calm is not None:
        paragraph(console, calm, indent=2)
    shown = report.remedies[: SHOWN_REMEDIES[detail]]
    for position, remedy in enumerate(shown):
        if position > 0:
            console.print()
        if head := sentences.step_heading(report.remedies, position):
            paragraph(console, head, indent=2, style="bold")
        _remedy(console, remedy, report)
    if detail == "brief" or len(report.remedies) == 1:
        return
    console.print()
    if hidden := len(report.remedies) - len(shown):
        paragraph(
            console, f"{figures.count(hidden, 'more remedy', 'more remedies')}: -v shows all.", indent=2
        )
    paragraph(console, sentences.ranked_by(), indent=2, style="dim")


def _remedy(console: Console, remedy: Remedy, report: Report) -> None:
    paragraph(console, sentences.remedy_title(remedy), indent=2, hanging=3, style="bold")
    paragraph(console, sentences.effect_of(remedy, report.verdict.status), indent=5)
    for line in sentences.remedy_lines(remedy, report.model):
        paragraph(console, line, indent=5, hanging=2)
    for program, code in sentences.remedy_code(remedy):
        paragraph(console, f"{program}:", indent=5, style="dim")
        verbatim(console, code, indent=7, style="green")


def _evidence(console: Console, report: Report, detail: Detail) -> None:
    for part in parts(report, full=detail == "full"):
        _part(console, part)


def _part(console: Console, part: EvidencePart) -> None:
    heading(console, part.title)
    if part.grid is not None:
        grid(console, part.grid)
    if part.quote_head:
        paragraph(console, part.quote_head, indent=2)
    for quote in part.quotes:
        verbatim(console, quote, indent=4)
    for line in part.lines:
        paragraph(console, line, indent=2, hanging=2 if part.title == labels.UNASSESSED else 0)


def _where_to_read_on(console: Console, report: Report) -> None:
    if where := sentences.read_on(report):
        console.print()
        paragraph(console, where, style="dim")
