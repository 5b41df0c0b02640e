"""The JSON documents of a report, of a summary and of an error, and their text.

Keys are field names in field order, tuples are lists, NaN and infinities are null. Fields that are marked so
have a key only where there is something to say. This is the one spelling
of every key (schema/report-1.json, check-1.json, error-1.json). A document differs from the records in few
places: remedies are listed once, ranked, beside the ladder; seconds are gathered under `timing`; what plots
show is left out, for every number of it can be had by refitting.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import fields, is_dataclass

import numpy as np

from mmtriage.diagnose.finding import Finding
from mmtriage.diagnose.severity import DEFAULT_FAIL_ON
from mmtriage.diagnose.verdict import Verdict
from mmtriage.errors import MmtriageError
from mmtriage.ladder.rank import RANKED_BY
from mmtriage.ladder.records import Attempt, Remedy, RungResult
from mmtriage.report.exit_code import CLEAN, exit_code_of
from mmtriage.report.facts import FitFacts, Report
from mmtriage.report.summary import Checked, Summary
from mmtriage.version import SCHEMA_VERSION

Json = None | bool | int | float | str | list["Json"] | dict[str, "Json"]


def json_text(value: Json) -> str:
    """Any JSON value as the program prints it; ASCII only, so that no pipe can mangle it."""
    return json.dumps(value, indent=2, allow_nan=False) + "\n"


def report_document(report: Report, fail_on: str = DEFAULT_FAIL_ON) -> dict[str, Json]:
    """What schema/report-1.json describes; `fail_on` is the least severity that is not ok."""
    return {
        "schema_version": report.schema_version,
        "tool": _plain(report.tool),
        "input": _plain(report.input),
        "model": _plain(report.model),
        "verdict": {**verdict_document(report.verdict), "ok": exit_code_of(report, fail_on) == CLEAN},
        "findings": _plain(report.findings),
        "not_assessed": _plain(report.not_assessed),
        "baseline": _fit(report.baseline, certificate=False),
        "baseline_error": report.baseline_error,
        "reference": _fit(report.reference, certificate=True),
        "ladder": [_rung(result) for result in report.ladder],
        "ranked_by": list(RANKED_BY),
        "remedies": [_remedy(remedy) for remedy in report.remedies],
        "incomplete": None if report.incomplete is None else list(report.incomplete.stages),
        "incomplete_reason": None if report.incomplete is None else report.incomplete.reason,
        "error": None,  # a report is never the error object, whatever its exit code
        "drift": None if report.drift is None else _plain(report.drift),
        "timing": {**_mapping(report.timing), "attempts": _attempt_seconds(report.ladder)},
    }


def summary_document(summary: Summary) -> dict[str, Json]:
    """What schema/check-1.json describes."""
    return {
        "schema_version": SCHEMA_VERSION,
        "tool": {"name": summary.tool.name, "version": summary.tool.version},
        "models": [_model(model) for model in summary.models],
        "summary": {
            "models": len(summary.models),
            "failing": len(summary.failing),
            "errors": summary.errors,
            "verdicts": {**summary.verdicts},
            "exit_code": summary.exit_code,
        },
    }


def error_document(error: MmtriageError) -> dict[str, Json]:
    """What schema/error-1.json describes."""
    return {"schema_version": SCHEMA_VERSION, "error": _error_object(error)}


def verdict_document(verdict: Verdict) -> dict[str, Json]:
    """The verdict of a report."""
    return _record(verdict)


def finding_document(finding: Finding) -> dict[str, Json]:
    """A finding of a report."""
    return _record(finding)


def _model(model: Checked) -> dict[str, Json]:
    about: dict[str, Json] = {
        "name": model.name,
        "config": {"path": model.path, "line": model.line},
        "exit_code": model.exit_code,
        "fitted": model.is_fitted,
    }
    if isinstance(model.outcome, MmtriageError):
        return {**about, "error": _error_object(model.outcome)}
    return {**about, "report": report_document(model.outcome, model.fail_on)}


def _error_object(error: MmtriageError) -> dict[str, Json]:
    return {
        "kind": error.kind,
        "message": error.message,
        "where": error.where,
        "hint": error.hint,
        "text": error.text,
        "span": None if error.span is None else [error.span.start, error.span.end],
    }


def _fit(fit: FitFacts | None, *, certificate: bool) -> Json:
    if fit is None:
        return None
    record = _record(fit)
    for key in ("source", "software", "lme4", "repeats") if certificate else ("certificate",):
        del record[key]
    return record


def _rung(result: RungResult) -> Json:
    record = _record(result)
    del record["remedies"]  # listed once, ranked, beside the ladder
    record["attempts"] = [_attempt(attempt) for attempt in result.attempts]
    return record


def _attempt(attempt: Attempt) -> Json:
    record = _record(attempt)
    del record["seconds"]
    return record


def _remedy(remedy: Remedy) -> Json:
    record = _record(remedy)
    del record["order"]  # of the ranking, which `rank` and `step` say
    return {"rank": record.pop("rank"), **record}


def _attempt_seconds(ladder: tuple[RungResult, ...]) -> Json:
    return {result.id: [_plain(attempt.seconds) for attempt in result.attempts] for result in ladder}


def _record(value: object) -> dict[str, Json]:
    assert is_dataclass(value)
    named = ((item, getattr(value, item.name)) for item in fields(value))
    return {
        item.name: _plain(own) for item, own in named if own is not None or not item.metadata.get("if_any")
    }


def _mapping(value: Mapping[str, object]) -> dict[str, Json]:
    return {str(key): _plain(item) for key, item in value.items()}


def _plain(value: object) -> Json:
    """Any value of a record as JSON."""
    if isinstance(value, (np.generic, np.ndarray)):
        return _plain(value.tolist())
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, Mapping):
        return _mapping(value)
    if isinstance(value, (tuple, list)):
        return [_plain(item) for item in value]
    return _record(value)
