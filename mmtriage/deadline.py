"""The time budget: one deadline, asked at every evaluation of a criterion."""

from __future__ import annotations

import time
from dataclasses import dataclass

from mmtriage.errors import UnjudgedError


class TimeBudgetError(UnjudgedError):
    """The time budget ran out; what was done so far can still be reported."""

    kind = "time-budget"


@dataclass(frozen=True, slots=True)
class Deadline:
    """A moment on the monotonic clock; infinity is never."""

    moment: float
    seconds: float  # the budget it came from

    def check(self) -> None:
        """Raise TimeBudgetError once the moment has passed."""
        if time.monotonic() > self.moment:
            raise TimeBudgetError(
                f"the time budget of {self.seconds:g} s ran out",
                hint="Give it more with --time-budget, or leave the option out.",
            )


NEVER = Deadline(float("inf"), float("inf"))


def deadline_in(seconds: float | None) -> Deadline:
    """The deadline `seconds` from now; None is never."""
    return NEVER if seconds is None else Deadline(time.monotonic() + seconds, seconds)
