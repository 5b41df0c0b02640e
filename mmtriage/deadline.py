"""The time budget: one deadline, asked at every evaluation of a criterion, and an alarm where nobody asks.

Whoever evaluates a criterion asks the deadline before, and tells it the value after: so that a user who waits
can be shown how far it has come.
"""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from mmtriage.errors import UnjudgedError


class TimeBudgetError(UnjudgedError):
    """The time budget ran out; what was done so far can still be reported."""

    kind = "time-budget"


@dataclass(frozen=True, slots=True)
class Deadline:
    """A moment on the monotonic clock; infinity is never."""

    moment: float
    seconds: float  # the budget it came from
    listener: Callable[[float], None] | None = None  # told each value of a criterion

    def check(self) -> None:
        """Raise TimeBudgetError once the moment has passed."""
        if time.monotonic() > self.moment:
            raise self.error()

    def tell(self, criterion: float) -> None:
        """Pass on a value that a criterion had."""
        if self.listener is not None:
            self.listener(criterion)

    def __reduce__(self) -> tuple[type[Deadline], tuple[float, float]]:
        """In another process nobody listens: what shows progress is this one's."""
        return Deadline, (self.moment, self.seconds)

    def error(self) -> TimeBudgetError:
        """What is raised then."""
        return TimeBudgetError(
            f"the time budget of {self.seconds:g} s ran out",
            hint="Give it more with --time-budget, or leave the option out.",
        )


NEVER = Deadline(float("inf"), float("inf"))


def deadline_in(seconds: float | None, listener: Callable[[float], None] | None = None) -> Deadline:
    """The deadline `seconds` from now; None is never."""
    if seconds is None:
        return replace(NEVER, listener=listener)
    return Deadline(time.monotonic() + seconds, seconds, listener)


GRACE = 0.3  # seconds after its moment that an alarm rings: until then whoever asks says better where it is


@contextmanager
def alarm_at(deadline: Deadline) -> Iterator[None]:
    """Raise TimeBudgetError soon after the moment, once, wherever Python is: in a design, a check, a rung.

    A signal does it, where the system has it and nobody else uses it: only a call of a library can overrun.
    """
    is_free = (
        deadline.moment < float("inf")
        and hasattr(signal, "setitimer")
        and threading.current_thread() is threading.main_thread()
        and signal.getsignal(signal.SIGALRM) == signal.SIG_DFL
    )
    if not is_free:
        yield
        return

    def ring(*_: object) -> None:
        raise deadline.error()

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, max(0.0, deadline.moment - time.monotonic()) + GRACE)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
