"""Severities, the gravest first: the one place that knows their order.

A finding is an error, a warning or an info; a verdict may also be ok. `--fail-on` names the least severity
that fails a check, or `never`. Nothing here imports more than the standard library, since the command line
reads it to print its help.
"""

from __future__ import annotations

from typing import Literal, TypeAlias, get_args

Severity: TypeAlias = Literal["error", "warning", "info"]
VerdictSeverity: TypeAlias = Literal["error", "warning", "info", "ok"]

SEVERITIES: tuple[Severity, ...] = get_args(Severity)
VERDICT_SEVERITIES: tuple[VerdictSeverity, ...] = get_args(VerdictSeverity)
FAIL_ON = (*SEVERITIES, "never")
DEFAULT_FAIL_ON: Severity = "warning"


def is_graver(now: VerdictSeverity, then: VerdictSeverity) -> bool:
    """Whether a severity is worse than another."""
    return VERDICT_SEVERITIES.index(now) < VERDICT_SEVERITIES.index(then)
