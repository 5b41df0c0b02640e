"""What `mmtriage check` has to say about several models: a report or an error for each, and their sum.

The exit code is the worst model's. From good to bad: 0 nothing found, 1 found, 3 not judged, 2 wrong input. A
finding is an answer; a model without a verdict may hide any finding; a model that could not even be read
hides the same, and stays so until somebody repairs the configuration.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import get_args

from mmtriage.diagnose.verdict import VerdictStatus
from mmtriage.errors import MmtriageError
from mmtriage.option_values import FAIL_ON
from mmtriage.report.document import Json, Report, ToolFacts, error_dict
from mmtriage.version import SCHEMA_VERSION

CLEAN, FOUND, INVALID, UNJUDGED = 0, 1, 2, 3  # exit codes
BADNESS = (CLEAN, FOUND, UNJUDGED, INVALID)
STATUSES: tuple[VerdictStatus, ...] = get_args(VerdictStatus)  # gravest first


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """One model of a configuration, and what came of it."""

    name: str
    path: str  # of the configuration, as seen from the working directory
    line: int  # where the model begins
    fail_on: str = "warning"
    outcome: Report | MmtriageError
    traceback: str | None = None  # of a bug

    @property
    def exit_code(self) -> int:
        """What `fit` would have told the shell."""
        if isinstance(self.outcome, MmtriageError):
            return self.outcome.exit_code
        return exit_code(self.outcome, self.fail_on)

    def to_dict(self) -> dict[str, Json]:
        """The model as JSON values."""
        about: dict[str, Json] = {
            "name": self.name,
            "config": {"path": self.path, "line": self.line},
            "exit_code": self.exit_code,
        }
        if isinstance(self.outcome, MmtriageError):
            return {**about, "error": error_dict(self.outcome)}
        return {**about, "report": self.outcome.to_dict()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """All models, in the order of the configuration."""

    models: tuple[Checked, ...]
    tool: ToolFacts = field(default_factory=ToolFacts)

    @property
    def exit_code(self) -> int:
        """The worst model's."""
        return max((model.exit_code for model in self.models), key=BADNESS.index, default=CLEAN)

    @property
    def failing(self) -> tuple[Checked, ...]:
        """The models that fail the check, the worst first, else in order."""
        failing = [model for model in self.models if model.exit_code != CLEAN]
        return tuple(sorted(failing, key=lambda model: -BADNESS.index(model.exit_code)))

    @property
    def verdicts(self) -> dict[str, int]:
        """How many models have which verdict, the gravest first."""
        counted = Counter(m.outcome.verdict.status for m in self.models if isinstance(m.outcome, Report))
        return {status: counted[status] for status in STATUSES}

    @property
    def errors(self) -> int:
        """How many models have none, for want of a report."""
        return sum(isinstance(model.outcome, MmtriageError) for model in self.models)

    def to_dict(self) -> dict[str, Json]:
        """The summary as JSON values, key by key as in schema/check-1.json."""
        return {
            "schema_version": SCHEMA_VERSION,
            "tool": {"name": self.tool.name, "version": self.tool.version},
            "models": [model.to_dict() for model in self.models],
            "summary": {
                "models": len(self.models),
                "failing": len(self.failing),
                "errors": self.errors,
                "verdicts": {**self.verdicts},
                "exit_code": self.exit_code,
            },
        }


def exit_code(report: Report, fail_on: str) -> int:
    """What the shell is told about one report."""
    if report.verdict.status == "undetermined":
        return UNJUDGED
    grave = FAIL_ON[: FAIL_ON.index(fail_on) + 1] if fail_on != "never" else ()
    severities = {report.verdict.severity, *(finding.severity for finding in report.findings)}
    if report.drift is not None:  # what was so before is no news
        severities = {change.severity for change in report.drift.changes}
    return FOUND if severities.intersection(grave) else CLEAN
