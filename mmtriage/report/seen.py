"""What a triage has seen so far: how long its stages took, and the report if it has to end before its end."""

from __future__ import annotations

import time
from collections.abc import Sequence

from mmtriage.data.table import Table
from mmtriage.deadline import TimeBudgetError
from mmtriage.diagnose.finding import Finding
from mmtriage.errors import UnjudgedError
from mmtriage.ladder.records import Stop
from mmtriage.model.design import Design
from mmtriage.options import TriageOptions
from mmtriage.report.facts import Report

STAGES = {  # in order, with what is being done
    "design": "while the model was built",
    "fit": "while the model was fitted",
    "diagnosis": "while the fit was looked at",
    "ladder": "while remedies were tried",
}


class Seen:
    """The pieces of a report, as they come."""

    def __init__(self, table: Table, options: TriageOptions) -> None:
        self.table = table
        self.options = options
        self.watch = Stopwatch()
        self.design: Design | None = None
        self.findings: Sequence[Finding] = ()

    def interrupted(self) -> Report | None:
        """The report so far of a triage that the user ends; None where there is nothing to report yet."""
        return self._unfinished(
            Stop(kind="interrupted", reason=f"it was interrupted {self._where}", stages=self._undone)
        )

    def unjudged(self, error: UnjudgedError) -> Report | None:
        """The same of a triage that runs out of time or of digits."""
        is_budget = isinstance(error, TimeBudgetError)
        return self._unfinished(
            Stop(
                kind="time-budget" if is_budget else "unjudged",
                reason=f"{error.message} {self._where}" if is_budget else error.message,
                stages=self._undone,
                hint=error.hint,
            )
        )

    def _unfinished(self, stop: Stop) -> Report | None:
        if self.design is None:
            return None
        from mmtriage.report.unfinished import unfinished_report  # here, since most reports are finished

        return unfinished_report(
            self.table, self.design, self.options, self.findings, stop, self.watch.timing
        )

    @property
    def _undone(self) -> tuple[str, ...]:
        """The stages that are not over."""
        return tuple(stage for stage in STAGES if stage not in self.watch.timing)

    @property
    def _where(self) -> str:
        """What is being done, in words."""
        return next((STAGES[stage] for stage in self._undone), "at its end")


class Stopwatch:
    """Seconds that each stage of a triage took."""

    def __init__(self) -> None:
        self.timing: dict[str, float] = {}
        self._began = time.perf_counter()

    def lap(self, stage: str) -> None:
        """End a stage, which may have been taken up again; the next begins."""
        now = time.perf_counter()
        self.timing[stage] = self.timing.get(stage, 0.0) + now - self._began
        self._began = now
