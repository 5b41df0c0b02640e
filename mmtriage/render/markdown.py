"""The report as GitHub-flavored Markdown, for a comment on a pull request.

Verdict, cause and the best remedy are in the open, the rest folds out. Names of the user's are text or code,
never markup: no HTML, no links, no mentions of people who happen to be called like a column.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from mmtriage import figures
from mmtriage.diagnose.finding import Finding
from mmtriage.errors import MmtriageError
from mmtriage.ladder.records import Remedy
from mmtriage.render import fact_words, labels, overview, remedy_words, sentences, since
from mmtriage.render.evidence import EvidencePart, parts
from mmtriage.render.problem import in_full
from mmtriage.render.prose import one_line, pieces
from mmtriage.render.settings import PLAIN, Settings, settings_of
from mmtriage.render.tables import Grid
from mmtriage.report import roles
from mmtriage.report.drift.changes import is_known
from mmtriage.report.facts import Report, ToolFacts
from mmtriage.report.printable import printable
from mmtriage.report.summary import Checked, Summary

LANGUAGE = {"statsmodels": "python", "mmtriage": "sh", "R": "r"}
MOST_ROWS = 40  # of a table: GitHub refuses comments of more than 65,536 characters
MOST_CHARACTERS = 60_000
# Characters of Markdown and HTML, which are written as references; and what GitHub would make a link of
# (people, issues, addresses), which is broken up by a blank that nobody sees.
SPECIAL = re.compile(r"(?P<markup>[\\`*\[\]<>|~&$]|(?<![^\W_])_|_(?![^\W_]))|[@#](?=\w)|:(?=//)|\bwww(?=\.)")
NO_WIDTH = "&#8203;"


def render(report: Report, settings: Settings = PLAIN) -> str:
    """The report as one comment."""
    blocks = [*_blocks(printable(report), settings), _signature(report.tool)]
    return "\n\n".join(blocks) + "\n"


def render_all(summary: Summary) -> str:
    """A line for each model, and what folds out of those that fail, as far as a comment can hold it."""
    listed = summary.models if len(summary.models) <= MOST_ROWS else summary.failing
    blocks = [f"## {_text(overview.headline(summary))}", _text(overview.tally(summary))]
    if listed:
        blocks.append(_table(overview.grid(listed)))
    if (more := len(summary.models) - min(len(listed), MOST_ROWS)) > 0:
        blocks.append(_text(sentences.more_rows(more)))
    room = MOST_CHARACTERS - sum(map(len, blocks))
    for position, model in enumerate(summary.failing):
        folded = _folded(overview.title(model), _model(model))
        if len(folded) > room:
            left = figures.count(len(summary.failing) - position, "more model")
            blocks.append(_text(f"{left} in detail: the JSON report has all."))
            break
        blocks.append(folded)
        room -= len(folded)
    return "\n\n".join([*blocks, _signature(summary.tool)]) + "\n"


def _model(model: Checked) -> list[str]:
    """A model below its name."""
    if isinstance(model.outcome, MmtriageError):
        return [_code(in_full(model.outcome), "text")]
    return _blocks(printable(model.outcome), settings_of(model))


def _signature(tool: ToolFacts) -> str:
    return f"<sub>{_text(f'{tool.name} {tool.version}')}</sub>"


def _blocks(report: Report, settings: Settings) -> list[str]:
    advice = [*_findings(report), *_remedies(report)]
    if is_known(report.drift) and advice:
        advice = [_folded(since.KNOWN, advice)]
    return [
        *_head(report, settings),
        *_drift(report),
        *advice,
        *(_folded(part.title, _part(part)) for part in parts(report, full=True)),
    ]


def _head(report: Report, settings: Settings) -> list[str]:
    model = report.model
    name = f"{printable(settings.name)}: " if settings.name else ""
    title = sentences.verdict_words(report, settings.fail_on)
    blocks = [f"## {_text(name + title)}", *map(_prose, sentences.lead(report))]
    if incomplete := sentences.incomplete(report):
        blocks.append(f"**{_prose(incomplete)}**")
    table = f"{_span(_flat(report.input.source))}: {sentences.rows_line(report)}"
    blocks += [_code(model.formula, "r"), _text(sentences.model_line(model)), table]
    return blocks + [_prose(f"Note: {note}") for note in model.notes]


def _drift(report: Report) -> list[str]:
    part = since.part(report)
    return [] if part is None else [f"### {part.title}", *_part(part)]


def _findings(report: Report) -> list[str]:
    blocks = []
    if causes := roles.causes(report):
        blocks += [f"### {labels.CAUSES}", *_each(causes, report)]
    others = roles.others(report)
    grave = [finding for finding in others if finding.severity != "info"]
    if grave:
        blocks += [f"### {labels.OTHERS}", *_each(grave, report)]
    folded = (
        (labels.CONSEQUENCES, roles.consequences(report)),
        (labels.OTHERS, tuple(finding for finding in others if finding.severity == "info")),
    )
    return blocks + [_folded(title, _each(found, report)) for title, found in folded if found]


def _each(findings: Iterable[Finding], report: Report) -> list[str]:
    return [_finding(finding, report) for finding in findings]


def _finding(finding: Finding, report: Report) -> str:
    lines = [f"**{_text(sentences.finding_title(finding))}**", _prose(finding.message)]
    if finding.evidence:
        lines.append(f"<sub>{_text(fact_words.facts(finding, report))}</sub>")
    return "  \n".join(lines)


def _remedies(report: Report) -> list[str]:
    calm = sentences.nothing_to_do(report)
    blocks = [f"### {labels.REMEDIES}"] if calm or report.remedies else []
    if calm is not None:
        blocks.append(_prose(calm))
    for position, remedy in enumerate(report.remedies):
        if head := remedy_words.step_heading(report.remedies, position):
            blocks.append(_prose(head))
        title = remedy_words.title(remedy)
        if position == 0:
            blocks += [f"**{_prose(title)}**", *_remedy(remedy, report)]
        else:
            blocks.append(_folded(title, _remedy(remedy, report)))
    if len(report.remedies) > 1:
        blocks.append(f"<sub>{_text(sentences.ranked_by())}</sub>")
    return blocks


def _remedy(remedy: Remedy, report: Report) -> list[str]:
    facts = [f"- {_prose(line)}" for line in remedy_words.lines(remedy, report.model)]
    written = [_code(code, LANGUAGE[program]) for program, code in remedy_words.code(remedy)]
    effect = _text(sentences.as_sentence(remedy_words.effect_of(remedy, report.verdict.status)))
    return [effect, *(["\n".join(facts)] if facts else []), *written]


def _part(part: EvidencePart) -> Iterable[str]:
    if part.grid is not None and part.grid.rows:
        yield _table(part.grid)
        if (more := len(part.grid.rows) - MOST_ROWS) > 0:
            yield _text(sentences.more_rows(more))
    if part.quote_head:
        yield _text(part.quote_head)
    if part.quotes:
        yield _code("\n".join(part.quotes), "text")
    yield from (_prose(line) for line in part.lines)


def _table(grid: Grid) -> str:
    rule = ["---:" if position in grid.numeric else "---" for position in range(len(grid.header))]
    rows = [list(map(_text, grid.header)), rule, *(list(map(_prose, row)) for row in grid.rows[:MOST_ROWS])]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _folded(title: str, blocks: Iterable[str]) -> str:
    """What folds out; Markdown begins after the blank line, the summary is HTML."""
    summary = "".join(
        f"<code>{_escaped(piece)}</code>" if is_code else _escaped(piece)
        for is_code, piece in pieces(_flat(title))
    )
    return "\n\n".join([f"<details>\n<summary>{summary}</summary>", *blocks, "</details>"])


def _code(text: str, language: str) -> str:
    """A fenced block whose fence is longer than any run of backticks in it."""
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{text.rstrip()}\n{fence}"


def _prose(text: str) -> str:
    return "".join(_span(piece) if is_code else _escaped(piece) for is_code, piece in pieces(_flat(text)))


def _span(code: str) -> str:
    """Code within a line; a pipe would end the cell of a table even between backticks."""
    return f"`{code}`" if not {"|", "`"} & set(code) else f"<code>{_escaped(code)}</code>"


def _text(text: str) -> str:
    return _escaped(_flat(text))


def _flat(text: str) -> str:
    return one_line(text) if "\n" in text else text.strip()


def _escaped(text: str) -> str:
    """Text that means nothing to Markdown, HTML or GitHub."""
    return SPECIAL.sub(lambda found: _as_reference(found["markup"]) or found.group() + NO_WIDTH, text)


def _as_reference(character: str | None) -> str:
    return f"&#{ord(character)};" if character else ""
