"""Work that is counted and not timed: the same on every machine, however busy it is."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class TooManyStepsError(AssertionError):
    """More functions were called than allowed."""


class Steps:
    """How many functions of Python and of C have been called."""

    def __init__(self, limit: float) -> None:
        self.limit, self.taken = limit, 0

    def count(self, frame: FrameType, event: str, argument: object) -> None:
        """What the interpreter calls at every event."""
        self.taken += event in ("call", "c_call")
        if self.taken > self.limit:
            sys.setprofile(None)
            raise TooManyStepsError(f"more than {self.limit:g} function calls")


@contextmanager
def steps(at_most: float = float("inf")) -> Iterator[Steps]:
    """Count the function calls inside; stop them when there are too many."""
    counted = Steps(at_most)
    before = sys.getprofile()
    sys.setprofile(counted.count)
    try:
        yield counted
    finally:
        sys.setprofile(before)
