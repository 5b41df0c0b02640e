"""The report as JSON: strict (no NaN), full precision, stable key order."""

from __future__ import annotations

from mmtriage.errors import MmtriageError
from mmtriage.render.settings import PLAIN, Settings
from mmtriage.report.document import error_document, json_text, report_document, summary_document
from mmtriage.report.facts import Report
from mmtriage.report.summary import Summary


def render(report: Report, settings: Settings = PLAIN) -> str:
    """The document of one report."""
    return json_text(report_document(report, settings.fail_on))


def render_all(summary: Summary) -> str:
    """The document of several."""
    return json_text(summary_document(summary))


def render_error(error: MmtriageError) -> str:
    """What takes the place of a report."""
    return json_text(error_document(error))
