"""The records of a comparison with an earlier report."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from mmtriage.diagnose.severity import VerdictSeverity

What = Literal["table", "model", "verdict", "certificate", "finding", "severity", "criterion", "estimate"]
OF_VERDICT = "verdict"  # where a severity has changed


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One thing that is not as it was."""

    what: What
    where: str  # of a finding its terms or columns, of an estimate the coefficient, of a model its key
    code: str | None = None  # of a finding
    severity: VerdictSeverity  # what --fail-on looks at; ok where it is for the better, or no concern
    before: float | str | None  # None: there was none
    after: float | str | None
    size: float | None = None  # how far a number moved, in `units`
    units: Literal["SE", "deviance"] | None = None
    threshold: float | None = None  # how far it may
    by_tool: bool = False  # the table is the same: what differs is another version of the program


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """What has changed since an earlier report; nothing, if there are no changes."""

    baseline: str  # the file
    version: str  # of the program that wrote it
    changes: tuple[Change, ...]


def verdict_counts(drift: Drift | None) -> bool:
    """Whether the verdict is news: another one than in the earlier report, of another model, or the first."""
    return drift is None or any(
        (change.what in ("verdict", "model") or change.where == OF_VERDICT) and not change.by_tool
        for change in drift.changes
    )


def moved(drift: Drift) -> tuple[Change, ...]:
    """The changes that neither verdict nor findings show."""
    return tuple(
        change for change in drift.changes if change.what in ("certificate", "criterion", "estimate")
    )


def is_known(drift: Drift | None) -> bool:
    """Whether a report has nothing to say that the earlier one has not said."""
    return drift is not None and all(change.severity == "ok" for change in drift.changes)
