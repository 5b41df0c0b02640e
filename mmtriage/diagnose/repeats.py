"""The check whether lme4's answer hangs on rounding (MM409); what its repeats say together is in `chance`."""

from __future__ import annotations

from collections.abc import Sequence

from mmtriage.diagnose.chance import in_words
from mmtriage.diagnose.finding import Said, finding, not_assessed
from mmtriage.diagnose.fitted import Fitted

HARMLESS = {
    "converged",
    "false_alarm",
}  # the same estimates: only whether lme4 warns of them hangs on rounding


def hangs_on_rounding(fitted: Fitted) -> Sequence[Said]:
    """MM409: runs that differ in the last bit of the data end differently."""
    repeats = fitted.repeats
    if repeats is None:
        return []  # not yet: it takes the findings of the structure first
    if isinstance(repeats, str):
        return [not_assessed("MM409", repeats)]
    if repeats.agree:
        return []
    return [
        finding(
            "MM409",
            f"lme4's answer hangs on rounding: {in_words(repeats)}",
            severity="info" if {status for status, _ in repeats.counts} <= HARMLESS else "warning",
            counts=repeats.counts,
            runs=len(repeats.runs),
        )
    ]
