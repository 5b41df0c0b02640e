"""The report as annotations of a GitHub Actions run: `::error file=...,line=...,title=...::message`.

One annotation for the verdict and one for each finding that does not merely follow from another and is not
ignored. A converged fit is a line in the log. With a baseline only news is annotated, and what has drifted.
The escapes are those of the runner's own toolkit; what is within a line cannot begin a command.
"""

from __future__ import annotations

from mmtriage.diagnose.finding import Finding
from mmtriage.diagnose.severity import VerdictSeverity
from mmtriage.errors import MmtriageError
from mmtriage.render import sentences, since
from mmtriage.render.problem import in_full
from mmtriage.render.settings import PLAIN, Location, Settings, location_of, settings_of
from mmtriage.report import roles
from mmtriage.report.drift import moved, verdict_counts
from mmtriage.report.facts import Report
from mmtriage.report.printable import printable
from mmtriage.report.summary import Summary

COMMAND: dict[VerdictSeverity, str] = {"error": "error", "warning": "warning", "info": "notice"}


def render(report: Report, settings: Settings = PLAIN) -> str:
    """One line for each annotation."""
    report, settings = printable(report), printable(settings)
    place = _place(report, settings)
    lines = [_verdict(report, settings, place)]
    lines += _drift(report, settings, place)
    lines += [
        _finding(finding, report, settings, place)
        for finding in roles.news(report)
        if not finding.caused_by and finding.ignored is None
    ]
    return "\n".join(lines) + "\n"


def render_all(summary: Summary) -> str:
    """The annotations of every model, at its line of the configuration."""
    return "".join(
        error_command(model.outcome, settings_of(model)) + "\n"
        if isinstance(model.outcome, MmtriageError)
        else render(model.outcome, settings_of(model))
        for model in summary.models
    )


def render_error(error: MmtriageError) -> str:
    """One annotation, for a model that has no report."""
    return error_command(error) + "\n"


def error_command(error: MmtriageError, settings: Settings = PLAIN) -> str:
    """An annotation where the model is written down."""
    settings = printable(settings)
    title, _, message = in_full(error).partition(": ")
    place = _properties(settings.location)
    return _command("error", {**place, "title": _title(title, settings)}, message)


def _verdict(report: Report, settings: Settings, place: dict[str, str]) -> str:
    verdict = report.verdict
    title = _title(sentences.verdict_words(report, settings.fail_on), settings)
    if verdict.severity == "ok" or not verdict_counts(report.drift):
        return _line(f"{title}: {report.model.formula}")
    message = "\n".join([report.model.formula, *sentences.story(report)])
    return _command(COMMAND[verdict.severity], {**place, "title": title}, message)


def _drift(report: Report, settings: Settings, place: dict[str, str]) -> list[str]:
    """One annotation for all that has moved since the report of --baseline."""
    changes = () if report.drift is None else moved(report.drift)
    if not changes:
        return []
    severities = {change.severity for change in changes}
    gravest: VerdictSeverity = "error" if "error" in severities else "warning"
    message = f"{report.model.formula}\n{since.lines(report, changes)}"
    return [_command(COMMAND[gravest], {**place, "title": _title(since.TITLE, settings)}, message)]


def _finding(finding: Finding, report: Report, settings: Settings, place: dict[str, str]) -> str:
    title = _title(f"{finding.code} {finding.name}", settings)
    message = f"{report.model.formula}\n{finding.message}"
    return _command(COMMAND[finding.severity], {**place, "title": title}, message)


def _title(text: str, settings: Settings) -> str:
    return f"{settings.name}: {text}" if settings.name else f"mmtriage: {text}"


def _place(report: Report, settings: Settings) -> dict[str, str]:
    return _properties(location_of(report, settings))


def _properties(location: Location | None) -> dict[str, str]:
    return {} if location is None else {"file": location.path, "line": str(location.line)}


def _command(name: str, properties: dict[str, str], message: str) -> str:
    shown = ",".join(f"{key}={_property(value)}" for key, value in properties.items())
    return f"::{name} {shown}::{_data(message)}"


def _line(text: str) -> str:
    """A line of the log; one that begins with `::`, whatever space is before it, would be a command."""
    return _data(f"mmtriage: {text}" if text.lstrip().startswith("::") else text)


def _data(text: str) -> str:
    """A message; `##[` would begin a command of the old style anywhere in a line."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A").replace("##[", "## [")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
