"""What is said of a model beside the line on which it is written down, for services that show code.

One annotation for the verdict and one for each finding that does not merely follow from another and is not
ignored. With a baseline only news is annotated, and what has drifted.
"""

from __future__ import annotations

from dataclasses import dataclass

from mmtriage.diagnose.finding import Finding
from mmtriage.diagnose.severity import VerdictSeverity
from mmtriage.errors import MmtriageError
from mmtriage.render import sentences, since
from mmtriage.render.problem import in_full
from mmtriage.render.settings import Location, Settings, location_of
from mmtriage.report import roles
from mmtriage.report.drift.changes import moved, verdict_counts
from mmtriage.report.facts import Report


@dataclass(frozen=True, slots=True, kw_only=True)
class Annotation:
    """One remark on one model."""

    severity: VerdictSeverity
    title: str
    message: str  # lines
    key: tuple[str, ...]  # what makes it the same one in another run
    location: Location | None


def annotations_of(report: Report, settings: Settings) -> list[Annotation]:
    """All of them, the verdict first; none for a verdict that is good, or no news."""
    found = [_verdict(report, settings)] if is_news(report) else []
    found += _drift(report, settings)
    return found + [
        _finding(finding, report, settings)
        for finding in roles.news(report)
        if not finding.caused_by and finding.ignored is None
    ]


def of_error(error: MmtriageError, settings: Settings) -> Annotation:
    """The one of a model that has no report."""
    title, _, message = in_full(error).partition(": ")
    return Annotation(
        severity="error",
        title=_title(title, settings),
        message=message,
        key=("error", error.kind),
        location=settings.location,
    )


def is_news(report: Report) -> bool:
    """Whether the verdict is bad, and was not so before."""
    return report.verdict.severity != "ok" and verdict_counts(report.drift)


def verdict_title(report: Report, settings: Settings) -> str:
    """The verdict in a few words."""
    return _title(sentences.verdict_words(report, settings.fail_on), settings)


def _verdict(report: Report, settings: Settings) -> Annotation:
    return Annotation(
        severity=report.verdict.severity,
        title=verdict_title(report, settings),
        message="\n".join([report.model.formula, *sentences.story(report)]),
        key=("verdict",),
        location=location_of(report, settings),
    )


def _drift(report: Report, settings: Settings) -> list[Annotation]:
    """One annotation for all that has moved since the report of --baseline."""
    changes = () if report.drift is None else moved(report.drift)
    if not changes:
        return []
    severities = {change.severity for change in changes}
    return [
        Annotation(
            severity="error" if "error" in severities else "warning",
            title=_title(since.TITLE, settings),
            message=f"{report.model.formula}\n{since.lines(report, changes)}",
            key=("drift",),
            location=location_of(report, settings),
        )
    ]


def _finding(finding: Finding, report: Report, settings: Settings) -> Annotation:
    return Annotation(
        severity=finding.severity,
        title=_title(f"{finding.code} {finding.name}", settings),
        message=f"{report.model.formula}\n{finding.message}",
        key=(finding.code, *finding.columns, *finding.terms),
        location=location_of(report, settings),
    )


def _title(text: str, settings: Settings) -> str:
    return f"{settings.name}: {text}" if settings.name else f"mmtriage: {text}"
