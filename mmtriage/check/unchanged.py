"""Models that ask what they asked before (`--changed`): their earlier report is the report."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from mmtriage.check.entries import ModelEntry
from mmtriage.check.entry_question import request_of_entry
from mmtriage.errors import MmtriageError
from mmtriage.report.baseline_file import Baseline
from mmtriage.report.facts import Report
from mmtriage.report.from_document import report_from


def unchanged(models: tuple[ModelEntry, ...], baselines: Mapping[str, Baseline]) -> dict[str, Report]:
    """The earlier reports of the models whose table, formula, options and program are the same.

    A model that lists some findings only is none of them, for its report may have left others out.
    """
    found = {}
    for model in models:
        document = baselines[model.name].document if model.name in baselines else None
        if model.select is None and isinstance(document, dict) and _asks_the_same(model, document):
            report = _report(document)
            if report is not None and _accepts_the_same(model, report):
                found[model.name] = replace(report, drift=None)
    return found


def _asks_the_same(model: ModelEntry, document: Mapping[str, Any]) -> bool:
    earlier = document.get("input")
    if not isinstance(earlier, dict) or "request" not in earlier or document.get("incomplete"):
        return False
    try:
        request = request_of_entry(model)
    except MmtriageError:  # whoever fits the model says what is wrong
        return False
    return bool(earlier["request"] == request)


def _report(document: Mapping[str, Any]) -> Report | None:
    """The record of a document, unless that is damaged: anything may have written it."""
    try:
        return report_from(document)
    except (KeyError, TypeError, ValueError, IndexError, AttributeError):
        return None


def _accepts_the_same(model: ModelEntry, report: Report) -> bool:
    return all(found.ignored == model.ignore.get(found.code) for found in report.findings)
