"""The report as GitLab's code quality: a JSON list of issues, which a merge request shows beside the lines.

The issues are the annotations; a good model has none. A fingerprint names the model and what is said of it,
and no numbers, so that GitLab knows an issue again.
"""

from __future__ import annotations

import hashlib
import os
from typing import cast

from mmtriage.diagnose.severity import VerdictSeverity
from mmtriage.errors import MmtriageError
from mmtriage.render.annotated import Annotation, annotations_of, of_error
from mmtriage.render.settings import PLAIN, Settings, settings_of
from mmtriage.report.document import Json, json_text
from mmtriage.report.facts import Report
from mmtriage.report.printable import printable
from mmtriage.report.summary import Summary

SEVERITY: dict[VerdictSeverity, str] = {"error": "critical", "warning": "major", "info": "info"}
NO_FILE = "-"  # a place is needed, whether there is one or not


def render(report: Report, settings: Settings = PLAIN) -> str:
    """The issues of one model."""
    return json_text(_issues(report, settings))


def render_all(summary: Summary) -> str:
    """The issues of every model, at its line of the configuration."""
    found: list[Json] = []
    for model in summary.models:
        if isinstance(model.outcome, MmtriageError):
            found.append(_of_error(model.outcome, settings_of(model)))
        else:
            found += _issues(model.outcome, settings_of(model))
    return json_text(found)


def render_error(error: MmtriageError) -> str:
    """One issue, for a model that has no report."""
    return json_text([_of_error(error, PLAIN)])


def _issues(report: Report, settings: Settings) -> list[Json]:
    report, settings = printable(report), printable(settings)
    model = settings.name or f"{report.input.source}\n{report.model.formula}"
    return [_issue(annotation, model) for annotation in annotations_of(report, settings)]


def _of_error(error: MmtriageError, settings: Settings) -> Json:
    settings = printable(settings)
    return _issue(of_error(error, settings), settings.name or "")


def _issue(annotation: Annotation, model: str) -> Json:
    path, line = NO_FILE, 1
    if annotation.location is not None:
        path, line = annotation.location.path.replace(os.sep, "/"), annotation.location.line
    return cast(
        Json,
        {
            "description": f"{annotation.title}\n{annotation.message}",
            "check_name": annotation.key[0],
            "fingerprint": hashlib.sha256("\n".join((model, *annotation.key)).encode()).hexdigest(),
            "severity": SEVERITY[annotation.severity],
            "location": {"path": path, "lines": {"begin": line}},
        },
    )
