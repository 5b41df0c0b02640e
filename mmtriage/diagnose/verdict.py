"""The verdict record, and how far from the optimum is too far.

A verdict compares lme4's fit with the proven optimum. What distance is material is said here once: the
judgement, the ladder's attempts and the comparison with an earlier report all ask for it. Nothing here
imports more than the standard library.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from mmtriage.diagnose.severity import VerdictSeverity

VerdictStatus = Literal[
    "undetermined",
    "unidentifiable",
    "not_converged",
    "wrong_se",
    "singular",
    "false_alarm",
    "converged",
]

SEVERITY_OF: dict[VerdictStatus, VerdictSeverity] = {
    "undetermined": "error",
    "unidentifiable": "error",
    "not_converged": "error",
    "wrong_se": "error",
    "singular": "warning",
    "false_alarm": "info",
    "converged": "ok",
}

Answer = Literal["yes", "with_care", "no"]

GAP = 0.01  # deviance units that are material
RELATIVE_GAP = 1e-9  # the same as a share of the criterion: below it a difference is rounding
SHIFT_SE = 0.05  # standard errors a fixed effect may lie away
SD_CHANGE = 0.10  # relative change of a random-effect SD that is material ...
SD_GAP = 1e-3  # ... when the gap is at least this many deviance units
SE_FACTOR = 1.2  # between a standard error and the right one that is material


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """Whether one kind of number that R prints can be used."""

    answer: Answer
    reason: str  # one clause
    see: str | None = None  # what `explain` has a page on


@dataclass(frozen=True, slots=True, kw_only=True)
class Usable:
    """What can be used of what R prints for a fit, by the numbers where it ended."""

    estimates: Use  # fixed effects
    standard_errors: Use
    tests: Use
    variances: Use  # of the random effects, as standard deviations
    correlations: Use


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The judgement of lme4's fit against the proven optimum."""

    status: VerdictStatus
    severity: VerdictSeverity
    codes: tuple[str, ...]  # codes of the findings that explain the status, causes first
    message: str  # one sentence
    gap: float | None  # deviance units, lme4's fit minus the optimum
    max_shift_se: float | None  # largest move of a fixed effect, in standard errors at the optimum
    thresholds: Mapping[str, float]  # printed beside the values they are compared with
    cleared_by: str | None = None  # id of the rung that clears it
    usable: Usable | None = None  # None: nothing was asked
    headline: str = ""  # the same in a sentence or two


def allowed_gap(criterion: float) -> float:
    """Deviance units a fit may lie above an optimum of this criterion."""
    return max(GAP, RELATIVE_GAP * abs(criterion))
