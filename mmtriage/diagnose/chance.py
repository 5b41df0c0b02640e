"""What the repeats of lme4's fit say together (MM409): the verdict is that of the median, by gravity.

Where the runs do not agree lme4's own answer is chance: which of them the user has seen hangs on the
computer. The fit that is shown is then the first whose status is the verdict's.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import get_args

from mmtriage import figures
from mmtriage.diagnose.finding import Finding
from mmtriage.diagnose.judgement import status_of
from mmtriage.diagnose.verdict import VerdictStatus
from mmtriage.engine.comparison import Comparison

GRAVITY: tuple[VerdictStatus, ...] = get_args(VerdictStatus)  # gravest first
DECIDED: tuple[VerdictStatus, ...] = ("unidentifiable", "undetermined")  # whatever a run of lme4 does
# What a run does, and what several do.
IN_WORDS: dict[VerdictStatus, tuple[str, str]] = {
    "undetermined": ("ends below what was proven", "end below what was proven"),
    "not_converged": ("stops short of the optimum", "stop short of the optimum"),
    "wrong_se": ("is at the optimum with wrong standard errors", "are there with wrong standard errors"),
    "singular": ("is at the singular optimum", "are at the singular optimum"),
    "false_alarm": ("is at the optimum with a false alarm", "are at the optimum with a false alarm"),
    "converged": ("is at the optimum", "are at the optimum"),
}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Repeats:
    """A fit and its repeats; the one that is repeated is the first."""

    runs: tuple[Comparison, ...]
    statuses: tuple[VerdictStatus, ...]

    @property
    def differ_in(self) -> str:
        """What the runs differ in, where they do not agree."""
        first = self.runs[0].lme4
        refits = () if first is None else first.refits
        are_refits = any(run.lme4 in refits for run in self.runs)
        return "the last digits of theta" if are_refits else "a last bit of the data"

    @property
    def status(self) -> VerdictStatus:
        """The median of the statuses by gravity."""
        return sorted(self.statuses, key=GRAVITY.index)[(len(self.statuses) - 1) // 2]

    @property
    def shown(self) -> Comparison:
        """The first run whose status is the verdict's."""
        return self.runs[self.statuses.index(self.status)]

    @property
    def counts(self) -> tuple[tuple[VerdictStatus, int], ...]:
        """How many runs have which status, the gravest first."""
        counted = Counter(self.statuses)
        return tuple((status, counted[status]) for status in GRAVITY if counted[status])

    @property
    def agree(self) -> bool:
        return len(self.counts) == 1

    @property
    def is_close(self) -> bool:
        """Whether one run more or less would change the verdict."""
        return not self.agree and 2 * self.statuses.count(self.status) - len(self.statuses) <= 1


def judged_together(runs: Sequence[Comparison], findings: Sequence[Finding]) -> Repeats:
    """The runs with the status of each; `findings` are those of the structure, which no run changes."""
    return Repeats(runs=tuple(runs), statuses=tuple(status_of(run, findings) for run in runs))


def in_words(repeats: Repeats) -> str:
    """`of 5 runs that differ in a last bit of the data, 4 stop short of the optimum and 1 is at it`."""
    said = [f"{count} {IN_WORDS[status][count > 1]}" for status, count in repeats.counts]
    listed = said[0] if len(said) == 1 else f"{', '.join(said[:-1])} and {said[-1]}"
    return f"of {figures.count(len(repeats.runs), 'run')} that differ in {repeats.differ_in}, {listed}"
