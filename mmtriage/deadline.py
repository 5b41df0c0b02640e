"""The time budget: one deadline, asked at every evaluation of a criterion, and an alarm where nobody asks.

Whoever evaluates a criterion asks the deadline before, and tells it the value after, so that a user who waits
can be shown how far it has come. An alarm waits for a call of LAPACK: how long that takes is foreseen, and
one that would overrun is not begun.
"""

from __future__ import annotations

import itertools
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache
from types import FrameType

from mmtriage.errors import UnjudgedError

MORE = "Give it more with --time-budget, or leave the option out."


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
            hint=MORE,
        )


NEVER = Deadline(float("inf"), float("inf"))


def deadline_in(seconds: float | None) -> Deadline:
    """The deadline `seconds` from now; None is never."""
    return NEVER if seconds is None else Deadline(time.monotonic() + seconds, seconds)


GRACE = 0.3  # seconds after its moment that an alarm rings: until then whoever asks says better where it is
AGAIN = 0.02  # seconds until it rings again where it cannot be heard
IMPORTING = "<frozen importlib._bootstrap>"  # the file of the code that imports
SHORT = 1e8  # operations on numbers: no computer takes half a second for them
_PRESENT: ContextVar[Deadline] = ContextVar("deadline", default=NEVER)  # of what is being done


@contextmanager
def alarm_at(deadline: Deadline) -> Iterator[None]:
    """Raise TimeBudgetError soon after the moment, once, wherever Python is: in a design, a check, a rung.

    Only a call of a library can overrun: those that may take long are foreseen (`foresee`).
    """
    before = _PRESENT.set(deadline)
    try:
        with _ringing(deadline):
            yield
    finally:
        _PRESENT.reset(before)


def present() -> Deadline:
    """The deadline of what is being done; never, if nobody has set an alarm."""
    return _PRESENT.get()


@contextmanager
def said_while(doing: str) -> Iterator[None]:
    """Where there is nothing to report yet, have a TimeBudgetError say what was being done."""
    try:
        yield
    except TimeBudgetError as stop:
        raise TimeBudgetError(f"{stop.message} while {doing}", hint=stop.hint) from None


def foresee(operations: float) -> None:
    """Raise TimeBudgetError where one call of LAPACK would end after the alarm: nothing interrupts it.

    Args:
        operations: on floating-point numbers, as textbooks count them; of a QR decomposition, or as many as
            it would do in the time.
    """
    deadline = present()
    if operations < SHORT or deadline.moment == float("inf"):
        return
    seconds = operations / operations_per_second()
    if time.monotonic() + seconds > deadline.moment + GRACE:
        raise TimeBudgetError(
            f"the time budget of {deadline.seconds:g} s is too short for a step of about {seconds:,.1f} s",
            hint=MORE,
        )


@cache
def operations_per_second() -> float:
    """How fast a QR decomposition is on this machine, as busy as it is: the best of three, measured once."""
    import numpy as np  # here, since no option waits for it, and few triages need it

    rows, columns = 1000, 224
    tall = np.random.default_rng(0).normal(size=(rows, columns))
    times = [time.perf_counter()]
    for _ in range(3):
        np.linalg.qr(tall, mode="r")
        times.append(time.perf_counter())
    return 2.0 * rows * columns**2 / min(after - before for before, after in itertools.pairwise(times))


@contextmanager
def undisturbed() -> Iterator[None]:
    """Put off the alarm while what has been found is put together, which is not to be lost."""
    if not hasattr(signal, "setitimer") or not isinstance(signal.getsignal(signal.SIGALRM), _Ring):
        yield
        return
    left, _ = signal.setitimer(signal.ITIMER_REAL, 0)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, left)


@dataclass(frozen=True, slots=True)
class _Ring:
    """What an alarm does."""

    deadline: Deadline
    imports: int  # that were going on when it was set, as of a script that is imported

    def __call__(self, _: int, frame: FrameType | None) -> None:
        # A module that is half imported is lost to this process, and says ImportError of whatever stopped it.
        if _imports_in(frame) > self.imports:
            signal.setitimer(signal.ITIMER_REAL, AGAIN)
            return
        raise self.deadline.error()


def _imports_in(frame: FrameType | None) -> int:
    """How much of what is being done, from a frame outwards, is done for an import."""
    found = 0
    while frame is not None:
        found += frame.f_code.co_filename == IMPORTING
        frame = frame.f_back
    return found


@contextmanager
def _ringing(deadline: Deadline) -> Iterator[None]:
    """A signal rings, where the system has it and nobody else uses it."""
    is_free = (
        deadline.moment < float("inf")
        and hasattr(signal, "setitimer")
        and threading.current_thread() is threading.main_thread()
        and signal.getsignal(signal.SIGALRM) == signal.SIG_DFL
    )
    if not is_free:
        yield
        return
    before = signal.signal(signal.SIGALRM, _Ring(deadline, _imports_in(sys._getframe())))
    signal.setitimer(signal.ITIMER_REAL, max(0.0, deadline.moment - time.monotonic()) + GRACE)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
