"""The part that each finding plays in a report: a cause of the verdict, a consequence of one, or none."""

from __future__ import annotations

from mmtriage.diagnose.finding import Finding
from mmtriage.report.facts import Report


def causes(report: Report) -> tuple[Finding, ...]:
    """The findings at the root of the verdict, in its order."""
    return tuple(finding for finding in _explaining(report) if not finding.caused_by)


def consequences(report: Report) -> tuple[Finding, ...]:
    """The findings of the verdict that follow from its causes."""
    return tuple(finding for finding in _explaining(report) if finding.caused_by)


def others(report: Report) -> tuple[Finding, ...]:
    """The findings that have no part in the verdict."""
    return tuple(finding for finding in report.findings if finding.code not in report.verdict.codes)


def news(report: Report) -> tuple[Finding, ...]:
    """The findings that an earlier report does not have, or has as less grave; all, if there is none."""
    return tuple(finding for finding in report.findings if finding.baseline_state != "unchanged")


def _explaining(report: Report) -> list[Finding]:
    order = report.verdict.codes
    mine = [finding for finding in report.findings if finding.code in order]
    return sorted(mine, key=lambda finding: order.index(finding.code))
