"""What the shell is told: of one report, and of several.

The exit code of several models is the worst one's. From good to bad: 0 nothing found, 1 found, 3 not judged,
2 wrong input, 130 interrupted. A finding is an answer; a model without a verdict may hide any finding; a
model that could not even be read hides the same, and stays so until somebody repairs the configuration. Of
an interrupted check nothing is known of what was not done.
"""

from __future__ import annotations

from mmtriage.diagnose.severity import FAIL_ON
from mmtriage.errors import InputError, InterruptedTriageError, UnjudgedError
from mmtriage.report.facts import Report

CLEAN, FOUND, INVALID, UNJUDGED = 0, 1, InputError.exit_code, UnjudgedError.exit_code
INTERRUPTED = InterruptedTriageError.exit_code
BADNESS = (CLEAN, FOUND, UNJUDGED, INVALID, INTERRUPTED)


def exit_code_of(report: Report, fail_on: str) -> int:
    """What the shell is told about one report; `fail_on` is the least severity that fails, or "never"."""
    if report.verdict.status == "undetermined":
        return UNJUDGED
    severities = {report.verdict.severity, *(finding.severity for finding in report.findings)}
    if report.drift is not None:  # what was so before is no news
        severities = {change.severity for change in report.drift.changes}
    return FOUND if any(fails(severity, fail_on) for severity in severities) else CLEAN


def fails(severity: str, fail_on: str) -> bool:
    """Whether a finding or a verdict of this severity fails the check."""
    return fail_on != "never" and severity in FAIL_ON[: FAIL_ON.index(fail_on) + 1]
