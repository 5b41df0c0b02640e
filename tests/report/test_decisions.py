"""Findings that a team accepts, and findings that it looks at."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mmtriage.diagnose.declared import CATALOGUE
from mmtriage.errors import OptionError
from mmtriage.render import sentences
from mmtriage.report import roles
from mmtriage.report.decisions import accepted, codes_of, selected
from mmtriage.report.document import report_document
from mmtriage.report.exit_code import exit_code_of
from mmtriage.report.facts import Report
from tests.real_reports.records import CONVERGED, FALSE_ALARM, NOT_CONVERGED, REPORTS, SINGULAR, UNDETERMINED

EVERYTHING = dict.fromkeys(CATALOGUE, "so be it")
CAUSES = {finding.code: "known" for finding in roles.causes(SINGULAR)}


def test_a_verdict_with_all_causes_ignored_is_info() -> None:
    report = accepted(SINGULAR, CAUSES)
    assert (SINGULAR.verdict.severity, report.verdict.severity) == ("warning", "info")
    assert report.verdict.status == "singular"
    assert report.verdict.message.startswith(SINGULAR.verdict.message)
    assert "known" in report.verdict.message
    assert (exit_code_of(SINGULAR, "warning"), exit_code_of(report, "warning")) == (1, 0)
    assert exit_code_of(report, "info") == 1


def test_one_cause_left_keeps_the_verdict() -> None:
    first = SINGULAR.findings[0]
    other = replace(first, code="MM312", name="covariance-rank")
    codes = (*SINGULAR.verdict.codes, "MM312")
    two = replace(
        SINGULAR, findings=(*SINGULAR.findings, other), verdict=replace(SINGULAR.verdict, codes=codes)
    )
    assert accepted(two, CAUSES).verdict == two.verdict
    assert accepted(two, {**CAUSES, "MM312": "too"}).verdict.severity == "info"


def test_ignored_findings_stay_with_their_reason() -> None:
    report = accepted(SINGULAR, CAUSES)
    assert [finding.code for finding in report.findings] == [finding.code for finding in SINGULAR.findings]
    for finding in report.findings:
        expected = ("info", "known") if finding.code in CAUSES else (finding.severity, None)
        assert (finding.severity, finding.ignored) == expected
    record = report_document(report)["findings"]
    assert isinstance(record, list)
    assert [item["ignored"] for item in record if isinstance(item, dict)] == [
        f.ignored for f in report.findings
    ]


def test_the_cause_is_what_must_be_ignored_not_what_follows_from_it() -> None:
    consequences = {finding.code: "noise" for finding in roles.consequences(NOT_CONVERGED)}
    assert consequences
    assert accepted(NOT_CONVERGED, consequences).verdict == NOT_CONVERGED.verdict
    causes = {finding.code: "known" for finding in roles.causes(NOT_CONVERGED)}
    assert accepted(NOT_CONVERGED, causes).verdict.severity == "info"


def test_what_was_never_judged_cannot_be_accepted() -> None:
    assert accepted(UNDETERMINED, EVERYTHING).verdict == UNDETERMINED.verdict
    without_cause = replace(SINGULAR, findings=(), verdict=replace(SINGULAR.verdict, codes=()))
    assert accepted(without_cause, EVERYTHING) == without_cause


@pytest.mark.parametrize("report", [CONVERGED, FALSE_ALARM], ids=["converged", "false_alarm"])
def test_a_harmless_verdict_stays_as_it_is(report: Report) -> None:
    assert accepted(report, EVERYTHING).verdict == report.verdict


@pytest.mark.parametrize("name", REPORTS)
def test_nothing_ignored_changes_nothing(name: str) -> None:
    assert accepted(REPORTS[name], {}) is REPORTS[name]


@pytest.mark.parametrize("name", REPORTS)
def test_selected_findings_only_and_the_verdict_stands(name: str) -> None:
    report = selected(REPORTS[name], ("MM310", "MM403"))
    assert {finding.code for finding in report.findings} <= {"MM310", "MM403"}
    assert {item.code for item in report.not_assessed} <= {"MM310", "MM403"}
    assert report.verdict == REPORTS[name].verdict


def test_a_word_stands_for_codes() -> None:
    assert codes_of("MM310", "here") == codes_of("zero-variance", "here") == ("MM310",)
    assert codes_of("MM5", "here") == ("MM501", "MM502", "MM503")
    with pytest.raises(OptionError) as caught:
        codes_of("mm310", "option --ignore")
    assert (caught.value.message, caught.value.where) == (
        "`mm310` is no code of a finding",
        "option --ignore",
    )
    assert caught.value.hint is not None
    assert caught.value.hint.startswith("Did you mean `MM310`? ")


def test_a_reader_is_told_what_is_ignored() -> None:
    report = accepted(SINGULAR, CAUSES)
    (cause, *_) = roles.causes(report)
    assert sentences.finding_title(cause).endswith("(info, ignored: known)")
