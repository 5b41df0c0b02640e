"""The kept reports are what the program prints, and the records of the tests are those reports."""

from __future__ import annotations

import json
import re
from collections.abc import Collection
from typing import Any

import pytest

from mmtriage.render import jsondoc
from tests.real_reports.commands import COMMANDS, path_of
from tests.real_reports.records import KEPT, REPORTS
from tests.triaged import ROOT, triaged

# lme4's tests of gradient and Hessian lie there on rounding, and so do the ends of optimizers on a ridge: its
# words, and the parameter that they name, hang on the processor. Of golden_cases these are `toy_separation`,
# `contraception`, `grouseticks_height` and `sleepstudy_year`.
WORDS_ARE_NOISE = {"unidentifiable", "false_alarm", "wrong_se", "not_converged"}
OF_LME4S_TESTS = ("MM401", "MM402")
OUT_OF_SHARE = "ran out of its share"
NUMBER = re.compile(r"<? ?[-+]?\d[\d,]*\.?\d*(e[-+]?\d+)?")


def shape(value: Any, *, without: Collection[str] = ("timing",)) -> Any:
    """A document without its numbers, whose last digits are another machine's, and without some keys."""
    if isinstance(value, dict):
        return {key: shape(item, without=without) for key, item in value.items() if key not in without}
    if isinstance(value, list):
        return [shape(item, without=without) for item in value]
    if isinstance(value, str):
        return NUMBER.sub("#", value.replace(f"{ROOT}/", "").replace("'", ""))
    return "number" if isinstance(value, (int, float)) and not isinstance(value, bool) else value


def steady(report: dict[str, Any]) -> dict[str, Any]:
    """A report without what lme4's tests say in particular, and without which optimizers ran out."""
    findings = [
        {**found, "message": "", "evidence": {}} if found["code"] in OF_LME4S_TESTS else found
        for found in report["findings"]
    ]
    ladder = [{**rung, "attempts": list(map(_without_share, rung["attempts"]))} for rung in report["ladder"]]
    return {**report, "findings": findings, "ladder": ladder}


def _without_share(attempt: dict[str, Any]) -> dict[str, Any]:
    """On a ridge Py-BOBYQA gives up early or late."""
    return {**attempt, "note": None} if OUT_OF_SHARE in str(attempt["note"]) else attempt


@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=pytest.mark.slow) if name == "wrong_se" else name for name in COMMANDS],
)
def test_a_kept_report_is_what_the_command_says_today(name: str) -> None:
    """If not: pytest --refresh-reports, and then pytest --update-snapshots."""
    data, formula, *options = COMMANDS[name]
    now = triaged(str(ROOT / data), formula, *options).report
    kept = json.loads(path_of(name).read_text(encoding="utf-8"))
    without: tuple[str, ...] = ("timing",)
    if name in WORDS_ARE_NOISE:
        now, kept, without = steady(now), steady(kept), ("timing", "lme4_messages")
    assert shape(now, without=without) == shape(kept, without=without)


@pytest.mark.parametrize("name", COMMANDS)
def test_the_record_is_the_report(name: str) -> None:
    assert jsondoc.render(KEPT[name]) == path_of(name).read_text(encoding="utf-8")


def test_the_reports_have_every_shape_that_formats_tell_apart() -> None:
    reports = REPORTS.values()
    assert {report.verdict.status for report in reports} == {
        "converged",
        "false_alarm",
        "wrong_se",
        "not_converged",
        "singular",
        "undetermined",
        "unidentifiable",
    }
    assert {(report.baseline is None, report.reference is None) for report in reports} == {
        (False, False),
        (True, False),
        (True, True),
    }
    assert {remedy.scope for report in reports for remedy in report.remedies} == {
        "same_model",
        "changes_model",
        "advice",
    }
    assert {result.status for report in reports for result in report.ladder} == {
        *("cleared", "cleared_by_change", "improved", "no_effect"),
        *("not_needed", "not_applicable", "failed"),
    }
    assert {report.model.nagq is None for report in reports} == {True, False}
    assert any(remedy.lrt for report in reports for remedy in report.remedies)
    assert any(report.incomplete for report in reports)
    assert any(report.model.dropped_columns for report in reports)
    assert any(report.drift for report in reports)
    assert any(report.baseline and report.baseline.lme4_messages for report in reports)
    assert any(report.baseline_error for report in reports)
