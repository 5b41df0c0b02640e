"""The report as annotations of a GitHub Actions run: `::error file=...,line=...,title=...::message`.

A converged fit is a line in the log. The escapes are those of the runner's own toolkit; what is within a line
cannot begin a command.
"""

from __future__ import annotations

from mmtriage.diagnose.severity import VerdictSeverity
from mmtriage.errors import MmtriageError
from mmtriage.render.annotated import Annotation, annotations_of, is_news, of_error, verdict_title
from mmtriage.render.settings import PLAIN, Location, Settings, settings_of
from mmtriage.report.facts import Report
from mmtriage.report.printable import printable
from mmtriage.report.summary import Summary

COMMAND: dict[VerdictSeverity, str] = {"error": "error", "warning": "warning", "info": "notice"}


def render(report: Report, settings: Settings = PLAIN) -> str:
    """One line for each annotation."""
    report, settings = printable(report), printable(settings)
    lines = [_annotated(annotation) for annotation in annotations_of(report, settings)]
    if not is_news(report):
        lines.insert(0, _line(f"{verdict_title(report, settings)}: {report.model.formula}"))
    return "\n".join(lines) + "\n"


def render_all(summary: Summary) -> str:
    """The annotations of every model, at its line of the configuration."""
    return "".join(
        error_command(model.outcome, settings_of(model))
        if isinstance(model.outcome, MmtriageError)
        else render(model.outcome, settings_of(model))
        for model in summary.models
    )


def render_error(error: MmtriageError) -> str:
    """One annotation, for a model that has no report."""
    return error_command(error)


def error_command(error: MmtriageError, settings: Settings = PLAIN) -> str:
    """An annotation where the model is written down."""
    return _annotated(of_error(error, printable(settings))) + "\n"


def _annotated(annotation: Annotation) -> str:
    place = _properties(annotation.location)
    return _command(COMMAND[annotation.severity], {**place, "title": annotation.title}, annotation.message)


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
