"""The report as JSON: strict (no NaN), full precision, stable key order."""

from __future__ import annotations

import json

from mmtriage.errors import MmtriageError
from mmtriage.render.settings import PLAIN, Settings
from mmtriage.report.document import Json, Report, error_dict
from mmtriage.report.summary import Summary
from mmtriage.version import SCHEMA_VERSION


def render(report: Report, _settings: Settings = PLAIN) -> str:
    """The report as schema/report-1.json describes it."""
    return dump(report.to_dict())


def render_all(summary: Summary) -> str:
    """What schema/check-1.json describes."""
    return dump(summary.to_dict())


def render_error(error: MmtriageError) -> str:
    """What schema/error-1.json describes."""
    return dump({"schema_version": SCHEMA_VERSION, "error": error_dict(error)})


def dump(value: Json) -> str:
    """Any JSON value as the program prints it; ASCII only, so that no pipe can mangle it."""
    return json.dumps(value, indent=2, allow_nan=False) + "\n"
