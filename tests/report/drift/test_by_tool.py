"""A report of another version of the program on the same table: what differs is said, and fails no check."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from mmtriage.render import junit, since, terminal
from mmtriage.report.baseline_file import compared
from mmtriage.report.document import report_document
from mmtriage.report.drift.changes import is_known, verdict_counts
from mmtriage.report.exit_code import exit_code_of
from mmtriage.report.facts import Report
from tests.real_reports.records import CONVERGED, WRONG_SE

FILE = "base.json"


def document_of(report: Report, fail_on: str = "warning") -> dict[str, Any]:
    document: dict[str, Any] = report_document(report, fail_on)
    return document


def as_of_1_0(report: Report) -> dict[str, Any]:
    """What schema 1.0 had of the same fit: a false alarm, whose standard errors were a remark of MM402."""
    document: dict[str, Any] = json.loads(json.dumps(document_of(report)))
    document["schema_version"] = "1.0"
    verdict = document["verdict"]
    for key in ("usable", "headline", "ok"):
        del verdict[key]
    verdict.update(status="false_alarm", severity="info", codes=["MM402"])
    document["findings"] = [f for f in document["findings"] if f["code"] != "MM410"]
    return document


def test_a_verdict_that_another_version_gave_is_said_and_fails_no_check() -> None:
    report = compared(WRONG_SE, as_of_1_0(WRONG_SE), FILE)
    assert report.drift is not None
    assert {(c.what, c.code, c.severity, c.by_tool) for c in report.drift.changes} == {
        ("verdict", None, "ok", True),
        ("finding", "MM410", "ok", True),
    }
    assert exit_code_of(report, "info") == 0
    assert document_of(report)["verdict"]["ok"] is True
    assert is_known(report.drift)
    assert not verdict_counts(report.drift)
    assert "<failure" not in junit.render(report)
    text = terminal.render(report)
    assert "verdict" in text
    assert "they come from another version of mmtriage, and fail no check" in " ".join(text.split())
    assert since.headline(report.drift).startswith("2 changes since the report in base.json")


def test_the_same_version_or_another_table_is_no_excuse() -> None:
    same, other = as_of_1_0(WRONG_SE), as_of_1_0(WRONG_SE)
    same["schema_version"] = document_of(WRONG_SE)["schema_version"]
    other["input"]["sha256"] = "1" * 64
    for document in (same, other):
        report = compared(WRONG_SE, document, FILE)
        assert exit_code_of(report, "warning") == 1


def test_another_optimizer_is_no_matter_of_the_version() -> None:
    document = as_of_1_0(WRONG_SE)
    document["baseline"]["optimizer"] = "bobyqa"
    assert exit_code_of(compared(WRONG_SE, document, FILE), "warning") == 1


@pytest.mark.parametrize("fail_on", ["error", "warning", "info", "never"])
def test_ok_is_what_the_exit_code_says(fail_on: str) -> None:
    for report in (CONVERGED, WRONG_SE, replace(CONVERGED, findings=WRONG_SE.findings[-1:])):
        is_ok = document_of(report, fail_on)["verdict"]["ok"]
        assert is_ok == (exit_code_of(report, fail_on) == 0)
