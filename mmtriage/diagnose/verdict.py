"""The verdict record: how far the baseline is from the proven optimum, in one status."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

VerdictStatus = Literal[
    "undetermined", "unidentifiable", "not_converged", "singular", "false_alarm", "converged"
]
VerdictSeverity = Literal["error", "warning", "info", "ok"]

SEVERITY_OF: dict[VerdictStatus, VerdictSeverity] = {
    "undetermined": "error",
    "unidentifiable": "error",
    "not_converged": "error",
    "singular": "warning",
    "false_alarm": "info",
    "converged": "ok",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The judgement of the baseline fit against the reference optimum."""

    status: VerdictStatus
    severity: VerdictSeverity
    codes: tuple[str, ...]  # finding codes that explain the status, causes first
    message: str  # one sentence
    gap: float | None  # deviance units, baseline minus reference
    max_shift_se: float | None  # largest move of a fixed effect, in the reference's SE
    thresholds: Mapping[str, float]  # printed beside the values they are compared with
    cleared_by: str | None = None  # id of the rung that clears it
