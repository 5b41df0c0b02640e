"""The report as JSON: strict (no NaN), full precision, stable key order."""

from __future__ import annotations

import json

from mmtriage.render.settings import PLAIN, Settings
from mmtriage.report import Json, Report


def render(report: Report, _settings: Settings = PLAIN) -> str:
    """The report as schema/report-1.json describes it."""
    return dump(report.to_dict())


def dump(value: Json) -> str:
    """Any JSON value as the program prints it; ASCII only, so that no pipe can mangle it."""
    return json.dumps(value, indent=2, allow_nan=False) + "\n"
