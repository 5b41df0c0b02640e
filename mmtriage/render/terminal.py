"""The report for a person: what can be used, why, what to do, the estimates, then the evidence.

Code to paste is printed on lines of its own and never wrapped.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

from rich.console import Console
from rich.text import Text

from mmtriage import figures
from mmtriage.diagnose.finding import Finding
from mmtriage.errors import MmtriageError
from mmtriage.ladder.records import Remedy
from mmtriage.render import fact_words, labels, overview, remedy_words, sentences, since, tables
from mmtriage.render.console import console_of, grid, heading, paragraph, text_of, verbatim, with_code
from mmtriage.render.evidence import EvidencePart, parts
from mmtriage.render.problem import in_full
from mmtriage.render.settings import PLAIN, Settings, settings_of
from mmtriage.report import roles
from mmtriage.report.drift.changes import is_known
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
    _report(console, report, detail, settings)
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
    _report(console, printable(model.outcome), "normal" if detail == "full" else "brief", settings_of(model))


def _report(console: Console, report: Report, detail: Detail, settings: Settings = PLAIN) -> None:
    _verdict(console, report, settings)
    if detail != "brief":
        _model_lines(console, report)
    if (changed := since.part(report)) is not None:
        _part(console, changed)
    if is_known(report.drift) and detail != "full":
        paragraph(console, AS_BEFORE, indent=2, style="dim")
        return
    if detail == "brief":
        _in_brief(console, report)
        return
    _findings(console, report, detail)
    _remedies(console, report, detail)
    for part in parts(report, full=detail == "full"):
        _part(console, part)
    if detail == "full":
        heading(console, labels.SECONDS)
        grid(console, tables.timing(report))
    _where_to_read_on(console, report)


def _verdict(console: Console, report: Report, settings: Settings) -> None:
    """The verdict, and beside it what can be used: whoever stops here has not been misled."""
    verdict = report.verdict
    said, *more = sentences.lead(report) or [""]
    title = sentences.verdict_title(report, settings.fail_on)
    paragraph(console, Text.assemble((title, STYLE[verdict.severity]), "   " if said else "", said))
    if verdict.headline and verdict.status == "undetermined":
        for text in more:
            paragraph(console, text)
    if incomplete := sentences.incomplete(report):
        paragraph(console, incomplete)


def _model_lines(console: Console, report: Report) -> None:
    formula, table = report.model.formula, sentences.table_line(report)
    console.print()
    if len(formula) + len(table) + 6 <= console.width:
        paragraph(console, Text.assemble((formula, "bold"), "    ", table), indent=2)
    else:
        paragraph(console, formula, indent=2, hanging=4, style="bold")
        paragraph(console, table, indent=2)
    paragraph(console, sentences.model_line(report.model), indent=2)
    for note in report.model.notes:
        paragraph(console, f"Note: {note}", indent=2, hanging=2)


def _in_brief(console: Console, report: Report) -> None:
    """Of -q: cause and warnings by name, and the first remedy with its code."""
    others = [found for found in roles.others(report) if found.severity in ("error", "warning")]
    for finding in (*roles.causes(report), *others):
        paragraph(
            console, with_code(finding.code, sentences.name_of(finding), STYLE[finding.severity]), indent=2
        )
    calm = sentences.nothing_to_do(report)
    if calm is not None:
        paragraph(console, calm, indent=2)
    for remedy in report.remedies[:1]:
        paragraph(console, remedy_words.title(remedy), indent=2, hanging=3, style="bold")
        written = dict(remedy_words.code(remedy))
        for program in ("statsmodels", "R", "mmtriage"):
            if program in written:
                verbatim(console, written[program], indent=5, style="green")
                break


def _findings(console: Console, report: Report, detail: Detail) -> None:
    shown = report if detail == "full" else replace(report, findings=roles.news(report))
    causes, others = roles.causes(shown), roles.others(shown)
    _listed(console, labels.CAUSES, causes, report, detail)
    if detail == "full":
        _listed(console, labels.CONSEQUENCES, roles.consequences(shown), report, detail)
        _listed(console, labels.OTHERS, others, report, detail)
    else:
        _noted(console, others, report)
    if known := len(report.findings) - len(shown.findings):
        console.print()
        paragraph(console, f"{figures.count(known, 'known finding')}: -v shows all.", indent=2, style="dim")


def _listed(
    console: Console, title: str, findings: tuple[Finding, ...], report: Report, detail: Detail
) -> None:
    if findings:
        heading(console, title)
        for finding in findings:
            _finding(console, finding, report, detail)


def _noted(console: Console, others: tuple[Finding, ...], report: Report) -> None:
    """Warnings in a sentence each, what is for information in a line of names."""
    grave = tuple(found for found in others if found.severity in ("error", "warning"))
    light = [found for found in others if found not in grave]
    _listed(console, labels.OTHERS, grave, report, "normal")
    if light:
        if not grave:
            heading(console, labels.OTHERS)
        names = ", ".join(f"{found.name} ({found.code})" for found in light)
        paragraph(console, f"For information (-v has the sentences): {names}.", indent=2, style="dim")


def _finding(console: Console, finding: Finding, report: Report, detail: Detail) -> None:
    if detail == "full":
        paragraph(console, sentences.finding_title(finding), indent=2, style=STYLE[finding.severity])
        paragraph(console, finding.message, indent=4)
        if finding.evidence:
            paragraph(console, fact_words.facts(finding, report), indent=4, style="dim")
        return
    paragraph(console, with_code(sentences.in_short(finding), sentences.code_of(finding)), indent=2)


def _remedies(console: Console, report: Report, detail: Detail) -> None:
    calm = sentences.nothing_to_do(report)
    if not report.remedies and calm is None:
        return
    heading(console, labels.REMEDIES)
    if calm is not None:
        paragraph(console, calm, indent=2)
    shown = remedy_words.in_view(report.remedies, SHOWN_REMEDIES[detail])
    told: list[Remedy] = []
    for position in shown:
        remedy = report.remedies[position]
        if detail == "full" and told:
            console.print()
        heads = remedy_words.step_heading(report.remedies, position)
        if heads and remedy.step not in {other.step for other in told}:
            paragraph(console, heads, indent=2, style="bold")
        _remedy(console, remedy, report, detail, told)
        told.append(remedy)
    if hidden := len(report.remedies) - len(shown):
        paragraph(
            console,
            f"{figures.count(hidden, 'more remedy', 'more remedies')}: -v shows all.",
            indent=2,
            style="dim",
        )
    if detail == "full" and len(report.remedies) > 1:
        console.print()
        paragraph(console, sentences.ranked_by(), indent=2, style="dim")


def _remedy(console: Console, remedy: Remedy, report: Report, detail: Detail, told: Sequence[Remedy]) -> None:
    """A remedy: R code first; the command of the first alone, unless all is asked for."""
    full = detail == "full"
    effect = remedy_words.effect_of(remedy, report.verdict.status)
    head = Text.assemble((remedy_words.title(remedy), "bold"), f" ({effect})")
    paragraph(console, head, indent=2, hanging=3)
    code = remedy_words.code(remedy)
    for program, text in code:
        if program != "mmtriage":
            verbatim(console, text, indent=7, style="green")
    alike = next((other for other in told if remedy_words.is_measured_alike(other, remedy)), None)
    for line in remedy_words.lines(remedy, report.model, full=full, alike=None if full else alike):
        paragraph(console, line, indent=5, hanging=2)
    for program, text in code:
        if program == "mmtriage" and (full or not told or len(code) == 1):
            verbatim(console, text, indent=7, style="green")


def _part(console: Console, part: EvidencePart) -> None:
    is_table = part.grid is not None and part.title.startswith((labels.FIXED_EFFECTS, labels.RANDOM_EFFECTS))
    if is_table and part.grid is not None:
        console.print()
        _, *columns = part.grid.header
        grid(console, replace(part.grid, header=(part.title, *columns)), style="bold")
    else:
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
