"""The file of --baseline: read before any work is done, compared with, and replaced.

It holds a report as --format json prints it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from mmtriage.diagnose.finding import BaselineState, Finding
from mmtriage.errors import OptionError
from mmtriage.report.document import json_text, report_document
from mmtriage.report.drift.compare import compare, is_by_tool, state_of
from mmtriage.report.drift.snapshot import snapshot
from mmtriage.report.facts import Report
from mmtriage.system.limited import MEGABYTE, OverLimitError, read_file_limited
from mmtriage.system.whole_files import nameable, write_whole

WHERE = "option --baseline"
MOST_BYTES = 100 * MEGABYTE  # of a report: the largest that was seen has a hundredth
Outcome = Literal["created", "replaced", "unchanged", "no_verdict", "unwritten"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Baseline:
    """A file, and what is in it."""

    path: Path
    document: object = None  # JSON, of which nothing is known yet; None: there is no such file


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What came of --update-baseline; `render.since` has the words for it."""

    path: Path
    outcome: Outcome
    report: Report  # compared with the earlier one, where there is one on this model
    other_model: str | None = None  # why the earlier one cannot be compared
    refusal: str | None = None  # of the system, why it is unwritten

    @property
    def is_kept(self) -> bool:
        """Whether the report is the baseline now: then nothing that it says fails the build."""
        return self.outcome not in ("no_verdict", "unwritten")


def open_baseline(path: Path, *, update: bool) -> Baseline:
    """The file as it is; where it is to be updated it need not exist, but must be one of ours."""
    name = str(nameable(path, WHERE))
    if path.is_dir() or not path.parent.is_dir():
        problem = "is a directory" if path.is_dir() else "is in a directory that does not exist"
        raise OptionError(f"`{name}` {problem}", where=WHERE, hint="Give the file of a JSON report.")
    if update and not path.exists():
        return Baseline(path=path)
    document = _document(path, name)
    if not isinstance(document, dict) or "schema_version" not in document:
        hint = "A baseline is what --format json prints; --update-baseline writes one."
        if update:
            hint = "It is not overwritten. Name another file, which is then created."
        raise OptionError(f"`{name}` is JSON, but no report of mmtriage", where=WHERE, hint=hint)
    return Baseline(path=path, document=document)


def compared(report: Report, earlier: object, source: str) -> Report:
    """The report with what has changed since an earlier one, a JSON document.

    Raises:
        OptionError: the document is no report, or one on another model.
    """
    before = snapshot(earlier, source)
    after = snapshot(report_document(report), "this report")
    drift = compare(before, after, source)
    is_old = is_by_tool(before, after)  # then no finding is news of the model

    def state(finding: Finding) -> BaselineState:
        key = (finding.code, finding.terms, finding.columns)
        return "unchanged" if is_old else state_of(key, finding.severity, before)

    findings = tuple(replace(finding, baseline_state=state(finding)) for finding in report.findings)
    return replace(report, findings=findings, drift=drift)


def keep(report: Report, baseline: Baseline) -> Kept:
    """Put a report in the place of an earlier one; without a verdict nothing is kept."""
    other_model = None
    shown = report
    if baseline.document is not None:
        try:
            shown = compared(report, baseline.document, str(baseline.path))
        except OptionError as error:
            other_model = error.message
    outcome = _outcome(report, baseline)
    kept = Kept(path=baseline.path, outcome=outcome, report=shown, other_model=other_model)
    if outcome in ("created", "replaced"):
        try:
            write_whole(baseline.path, json_text(report_document(report)))
        except OSError as error:
            return replace(kept, outcome="unwritten", refusal=error.strerror)
    return kept


def _outcome(report: Report, baseline: Baseline) -> Outcome:
    if report.verdict.status == "undetermined":
        return "no_verdict"
    if is_same(baseline, report):
        return "unchanged"
    return "created" if baseline.document is None else "replaced"


def is_same(baseline: Baseline, report: Report) -> bool:
    """Whether the file already says what a report says, but for what depends on the clock."""
    if not isinstance(baseline.document, dict):
        return False
    return {**baseline.document, "timing": None} == {**report_document(report), "timing": None}


def _document(path: Path, name: str) -> object:
    try:
        return json.loads(
            read_file_limited(path, MOST_BYTES).decode("utf-8-sig"), parse_constant=_no_constant
        )
    except OverLimitError as error:
        raise OptionError(f"{error} in `{name}`", where=WHERE, hint="Name a JSON report.") from None
    except FileNotFoundError:
        raise OptionError(
            f"there is no file `{name}`", where=WHERE, hint="--update-baseline creates it."
        ) from None
    except OSError as error:
        raise OptionError(f"`{name}` cannot be read: {error.strerror}", where=WHERE) from None
    except (ValueError, RecursionError):  # not UTF-8, not JSON, or JSON that no report is
        hint = "A baseline is what --format json prints; --update-baseline writes one."
        raise OptionError(f"`{name}` is not JSON", where=WHERE, hint=hint) from None


def _no_constant(constant: str) -> float:
    raise ValueError(f"{constant} is not JSON")
