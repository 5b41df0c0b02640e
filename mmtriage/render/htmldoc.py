"""The report as one HTML file: no network, no script, readable on a phone and on paper.

`page/document.html` is the file around `page/report.html`; both are Jinja templates that escape every value.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from itertools import groupby
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from mmtriage.errors import MmtriageError
from mmtriage.explain import Page, blocks, page
from mmtriage.render import fact_words, labels, overview, remedy_words, sentences, since
from mmtriage.render.evidence import parts
from mmtriage.render.plots import can_draw, plots_of, remarks
from mmtriage.render.problem import in_full
from mmtriage.render.prose import pieces
from mmtriage.render.settings import PLAIN, Plot, Settings, settings_of
from mmtriage.render.tables import Grid, padding
from mmtriage.report import roles
from mmtriage.report.facts import Report
from mmtriage.report.printable import printable
from mmtriage.report.summary import Checked, Summary

PAGE = Path(__file__).parent / "page"
ROOT = ".mmtriage"  # with which every selector begins
STRONGER = ":is(.mmtriage, #mmtriage)"  # the same elements, weighed as an id: more than any class of the host
# The file system's date would be that of a checkout: then the same table would not give the same page.
NOT_DATED = "none in the table itself; the checksum says which it is"
FRAGMENT = "fragment.html"
WIDE = 4  # columns; tables with more become one block a row on a narrow screen


def render(report: Report, settings: Settings = PLAIN) -> str:
    """The whole document."""
    return _filled("document.html", report, settings)


def render_all(summary: Summary) -> str:
    """A page with a line for each model, and each report folded below it."""
    models = [(model, _model(model, number)) for number, model in enumerate(summary.models, start=1)]
    return _ascii(
        _environment()
        .get_template("check.html")
        .render(
            summary=summary,
            models=models,
            grid=overview.grid(summary.models),
            overview=overview,
            style=_style(),
        )
    )


def _model(model: Checked, number: int) -> Markup:
    """A report to stand below others, or the error there is instead."""
    if isinstance(model.outcome, MmtriageError):
        block = Markup('<pre tabindex="0" role="group" aria-label="error"><code>{}</code></pre>')
        return block.format(in_full(model.outcome))
    ids = f"model-{number}-"  # of two models there may be one and the same picture
    return Markup(_filled("report.html", model.outcome, settings_of(model), root="div", ids=ids))


def fragment(report: Report, settings: Settings = PLAIN) -> str:
    """The report with its style, to stand within another page such as a notebook."""
    return _filled(FRAGMENT, report, settings, root="div")


def _filled(template: str, report: Report, settings: Settings, *, root: str = "main", ids: str = "") -> str:
    """A template about one report.

    Args:
        root: the element that holds it.
        ids: with which those of its plots begin.
    """
    plots = _drawn(report) if settings.plots is None else settings.plots
    report = printable(report)
    text = (
        _environment()
        .get_template(template)
        .render(
            root=root,
            report=report,
            name=printable(settings.name),
            fail_on=settings.fail_on,
            plots=_by_kind(plots, ids),
            plot_remarks=(*settings.plot_remarks, *remarks(report)),
            changed=since.part(report),
            parts=parts(report, full=True),
            explained=_explained(report),
            style=_style(is_guest=template == FRAGMENT),
            about=_about(report),
        )
    )
    return _ascii(text)


def _explained(report: Report) -> list[Page]:
    """The pages of `mmtriage explain` on what the report says: whoever was sent it may have no tool."""
    found = dict.fromkeys(finding.code for finding in report.findings)
    return [page(topic) for topic in (report.verdict.status, *found)]


def _style(*, is_guest: bool = False) -> Markup:
    """The style of a report; of one that is a guest on another page, stronger than the style of its host."""
    style = (PAGE / "report.css").read_text(encoding="ascii")
    return Markup(style.replace(ROOT, STRONGER) if is_guest else style)


def _ascii(text: str) -> str:
    """Other letters as references: whoever saves or serves the file cannot get its encoding wrong."""
    return text.encode("ascii", "xmlcharrefreplace").decode("ascii")


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(PAGE),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["prose"] = _prose
    environment.globals.update(
        labels=labels,
        roles=roles,
        sentences=sentences,
        fact_words=fact_words,
        remedy_words=remedy_words,
        WIDE=WIDE,
        padding=_padding,
        blocks=blocks,
    )
    return environment


def _prose(text: str) -> Markup:
    """A sentence with what stands between backticks as code."""
    return Markup("").join(
        Markup("<code>{}</code>").format(piece) if is_code else piece for is_code, piece in pieces(text)
    )


def _padding(grid: Grid) -> list[tuple[int, ...]]:
    """For each row, how many digits' width each cell lacks on the right for the decimal points to meet."""
    columns = [
        padding(cells) if position in grid.numeric else (0,) * len(cells)
        for position, cells in enumerate(zip(*grid.rows, strict=True))
    ]
    return list(zip(*columns, strict=True))


def _drawn(report: Report) -> tuple[Plot, ...]:
    """The plots of a report that knows what they show, where there is something to draw them with."""
    return plots_of(report) if report.plot_data is not None and can_draw() else ()


def _by_kind(plots: Sequence[Plot], ids: str) -> list[tuple[str, str, list[tuple[str, Markup]]]]:
    """Heading, how to read them, and the plots below it as title and element."""
    return [
        (heading, reading, [(plot.title, _inline(plot, ids)) for plot in kind])
        for (heading, reading), kind in groupby(plots, key=lambda plot: (plot.heading, plot.reading))
    ]


def _inline(plot: Plot, ids: str) -> Markup:
    """An SVG document as an element of the page: without XML declaration and document type."""
    svg = plot.svg.replace(plot.ids, f"{ids}{plot.ids}") if plot.ids else plot.svg
    return Markup(svg[max(0, svg.find("<svg")) :])


def _about(report: Report) -> list[tuple[str, str | int]]:
    """What is needed to make the same report again."""
    return [
        ("Data", report.input.source),
        ("SHA-256", report.input.sha256),
        ("Date of the data", report.input.dated or NOT_DATED),
        ("Seed", report.input.seed),
        ("Made by", f"{report.tool.name} {report.tool.version}"),
        *([("lme4", report.baseline.lme4)] if report.baseline and report.baseline.lme4 else []),
    ]
