"""A team may accept some findings and look at some only: a report after such decisions.

An ignored finding stays in the report, as info and with the reason. When every cause of a verdict is
ignored, the verdict itself is info: a known singular fit need not fail a build for ever. A verdict whose
cause is unknown cannot be accepted in this way, nor one that was never reached.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

from mmtriage.diagnose.declared import CATALOGUE, GROUPS
from mmtriage.diagnose.finding import Finding
from mmtriage.diagnose.verdict import Verdict
from mmtriage.errors import OptionError, did_you_mean
from mmtriage.report.facts import Report


def codes_of(word: str, where: str) -> tuple[str, ...]:
    """The codes that a word stands for: a code, the name of a finding, or how the codes of a group begin.

    Args:
        where: the place of the word, for an error.
    """
    names = {declared.name: code for code, declared in CATALOGUE.items()}
    if word in CATALOGUE:
        return (word,)
    if word in names:
        return (names[word],)
    if word in GROUPS:
        return tuple(code for code, declared in CATALOGUE.items() if declared.group == word)
    guess = did_you_mean(word, (*CATALOGUE, *names))
    hint = "`mmtriage explain` lists all findings; MM3 stands for all that begin with it."
    raise OptionError(
        f"`{word}` is no code of a finding", where=where, hint=f"{guess} {hint}" if guess else hint
    )


def accepted(report: Report, reasons: Mapping[str, str]) -> Report:
    """The report after the findings of these codes have been accepted.

    Args:
        reasons: code -> why it may be ignored.
    """
    if not any(finding.code in reasons for finding in report.findings):
        return report
    findings = tuple(_ignored(finding, reasons) for finding in report.findings)
    return replace(report, findings=findings, verdict=_demoted(report.verdict, findings))


def selected(report: Report, codes: Collection[str]) -> Report:
    """The report with the findings of these codes only; the verdict stands, whatever it rests on."""
    drift = report.drift
    if drift is not None:
        changes = (change for change in drift.changes if change.code is None or change.code in codes)
        drift = replace(drift, changes=tuple(changes))
    return replace(
        report,
        drift=drift,
        findings=tuple(finding for finding in report.findings if finding.code in codes),
        not_assessed=tuple(item for item in report.not_assessed if item.code in codes),
    )


def _ignored(finding: Finding, reasons: Mapping[str, str]) -> Finding:
    reason = reasons.get(finding.code)
    return finding if reason is None else replace(finding, severity="info", ignored=reason)


def _demoted(verdict: Verdict, findings: tuple[Finding, ...]) -> Verdict:
    causes = [finding for finding in findings if finding.code in verdict.codes and not finding.caused_by]
    is_accepted = causes and all(cause.ignored is not None for cause in causes)
    if not is_accepted or verdict.severity not in ("error", "warning") or verdict.status == "undetermined":
        return verdict
    why = "; ".join(dict.fromkeys(f"{cause.code}, {cause.ignored}" for cause in causes))
    return replace(verdict, severity="info", message=f"{verdict.message} Accepted ({why}).")
