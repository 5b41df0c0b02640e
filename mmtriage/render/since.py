"""What has changed since the report of --baseline, in words, for every format."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mmtriage import figures
from mmtriage.diagnose.declared import CATALOGUE
from mmtriage.render import sentences
from mmtriage.render.evidence import EvidencePart
from mmtriage.render.tables import Grid
from mmtriage.report.drift.changes import Change, Drift, is_known
from mmtriage.report.exit_code import fails
from mmtriage.report.facts import ModelFacts, Report
from mmtriage.report.printable import printable_text

if TYPE_CHECKING:
    from mmtriage.report.baseline_file import Kept

TITLE = "Since the baseline"
KNOWN = "As in the baseline"
HEADER = ("", "before", "now", "moved by")
NONE = "none"
FIRST = "first report"
SAME = "unchanged"
SHOWN_DIGITS = 12  # of a checksum


def part(report: Report) -> EvidencePart | None:
    """The changes as a table; None without a baseline."""
    if report.drift is None:
        return None
    rows = tuple(_row(change, report.model) for change in report.drift.changes)
    grid = Grid(header=HEADER, rows=rows, numeric=frozenset()) if rows else None
    return EvidencePart(title=TITLE, grid=grid, lines=(headline(report.drift),))


def headline(drift: Drift) -> str:
    """What the comparison comes to."""
    compared = f"the report in {drift.baseline} (mmtriage {drift.version})"
    if any(change.by_tool for change in drift.changes):
        return (
            f"{figures.count(len(drift.changes), 'change')} since {compared}: the table is the same, so "
            "they come from another version of mmtriage, and fail no check."
        )
    if is_known(drift):
        return f"Nothing is new and nothing has drifted since {compared}."
    return f"{figures.count(len(drift.changes), 'change')} since {compared}."


def brief(report: Report, fail_on: str) -> str:
    """What the comparison comes to, in a few words for a line among others: "Days moved 0.47 SE, +2 more"."""
    if report.drift is None:
        return FIRST
    changes = sorted(report.drift.changes, key=lambda change: not fails(change.severity, fail_on))
    if not changes:
        return SAME
    more = f", +{len(changes) - 1} more" if len(changes) > 1 else ""
    return f"{_briefly(changes[0], report.model)}{more}"


def _briefly(change: Change, model: ModelFacts) -> str:
    if change.by_tool:
        return "another mmtriage"
    match change.what:
        case "finding":
            return f"{change.code} {'new' if change.before is None else 'gone'}"
        case "severity":
            return f"{change.code or 'verdict'} {change.before} before"
        case "verdict":
            return f"{_value(change, change.before)} before"
        case "model":
            return f"{change.where} edited"
        case "table":
            return "another table"
        case "certificate":
            return "certified before"
        case "criterion" | "estimate":
            moved, _, _ = _moved(change).partition(" (")
            return f"{_what(change, model)} moved {moved}".rstrip()


def kept(update: Kept) -> str:
    """What --update-baseline says."""
    return printable_text(f"Baseline {update.path}: {_outcome(update)}\n")


def _outcome(update: Kept) -> str:
    match update.outcome:
        case "no_verdict":
            return "not written, for there is no verdict"
        case "unwritten":
            return f"cannot be written: {update.refusal}"
        case "unchanged":
            return "nothing has changed"
        case "created":
            return "created"
        case "replaced":
            return f"replaced; {update.other_model or _replaced(update.report)}"


def _replaced(report: Report) -> str:
    """What has changed since the report whose place another one takes."""
    changes = () if report.drift is None else report.drift.changes
    if not changes:
        return "nothing is new and nothing has drifted"
    return "\n  ".join([f"{figures.count(len(changes), 'change')}:", *_lines(report, changes)])


def line(change: Change, model: ModelFacts) -> str:
    """A change in one line: "Days: 10.467 before, 11.2 now; 0.47 SE (limit 0.1)"."""
    what, before, after, moved = _row(change, model)
    return f"{what}: {before} before, {after} now{f'; {moved}' if moved else ''}"


def lines(report: Report, changes: tuple[Change, ...]) -> str:
    """Changes, one a line."""
    return "\n".join(_lines(report, changes))


def _lines(report: Report, changes: tuple[Change, ...]) -> list[str]:
    return [line(change, report.model) for change in changes]


def _row(change: Change, model: ModelFacts) -> tuple[str, str, str, str]:
    return _what(change, model), _value(change, change.before), _value(change, change.after), _moved(change)


def _what(change: Change, model: ModelFacts) -> str:
    if change.code is not None:
        known = CATALOGUE.get(change.code)  # a later version may know more codes
        name = known.name if known else ""
        return ", ".join(part for part in (f"{change.code} {name}".rstrip(), change.where) if part)
    match change.what:
        case "estimate":
            return change.where
        case "criterion":
            return sentences.criterion_name(model)
        case "severity":
            return f"severity of the {change.where}"
        case "model":
            return change.where
        case _:
            return change.what


def _value(change: Change, value: float | str | None) -> str:
    if value is None:
        return NONE
    if isinstance(value, str) and change.what == "model":
        return value
    if isinstance(value, str):
        return value[:SHOWN_DIGITS] if change.what == "table" else value.replace("_", " ")
    if change.what == "criterion":
        return figures.criterion(value)
    return figures.to_precision_of(value, _standard_error(change))


def _standard_error(change: Change) -> float:
    """The one that the move was measured in."""
    if (
        not change.size
        or not isinstance(change.before, float | int)
        or not isinstance(change.after, float | int)
    ):
        return 0.0
    return abs(change.after - change.before) / change.size


def _moved(change: Change) -> str:
    if change.what == "table":
        return "other contents: the criterion is not compared"
    if change.size is None or change.threshold is None:
        return ""
    units = "SE" if change.units == "SE" else "deviance units"
    size = figures.shift(change.size) if change.units == "SE" else figures.brief(change.size)
    return f"{size} {units} (limit {figures.brief(change.threshold)})"
