"""The records of `mmtriage check`: a report or an error for each of several models, and their sum."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import get_args

from mmtriage.diagnose.severity import DEFAULT_FAIL_ON
from mmtriage.diagnose.verdict import VerdictStatus
from mmtriage.errors import InterruptedTriageError, MmtriageError
from mmtriage.report.exit_code import BADNESS, CLEAN, exit_code_of
from mmtriage.report.facts import Report, ToolFacts

STATUSES: tuple[VerdictStatus, ...] = get_args(VerdictStatus)  # gravest first


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """One model of a configuration, and what came of it."""

    name: str
    path: str  # of the configuration, as seen from the working directory
    line: int  # where the model begins
    fail_on: str = DEFAULT_FAIL_ON
    outcome: Report | MmtriageError
    traceback: str | None = None  # of a bug
    is_fitted: bool = True  # False: it asks what an earlier report was asked, which is its outcome

    @property
    def exit_code(self) -> int:
        """What `fit` would have told the shell."""
        if isinstance(self.outcome, MmtriageError):
            return self.outcome.exit_code
        return exit_code_of(self.outcome, self.fail_on)


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
    def undone(self) -> tuple[str, ...]:
        """The names of the models that were not checked, for the check was interrupted."""
        return tuple(m.name for m in self.models if isinstance(m.outcome, InterruptedTriageError))

    @property
    def not_fitted(self) -> int:
        """How many models were not fitted again, for nothing about them has changed."""
        return sum(not model.is_fitted for model in self.models)

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
