"""Tasks for processes of their own: they must be found by name."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path
from typing import Never

from mmtriage.deadline import TimeBudgetError

FOREVER = 3600.0  # seconds: longer than any test waits


def double(number: int) -> int:
    return 2 * number


def late_first(item: tuple[str, int]) -> int:
    """The first ends when the third's answer has been heard: there is a file 2."""
    directory, number = item
    while number == 0 and not Path(directory, "2").exists():
        time.sleep(0.01)
    return number


def who(directory: str) -> int:
    """Who works here; nobody answers before there are two."""
    Path(directory, str(os.getpid())).touch()
    while len(os.listdir(directory)) < 2:
        time.sleep(0.01)
    return os.getpid()


def process(_: int) -> int:
    """Who works here."""
    return os.getpid()


def die_at_three(number: int) -> int:
    if number == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def leave_at_three(number: int) -> int:
    if number == 3:
        sys.stdout.flush()
        os._exit(7)
    return number


def always_die(_: int) -> int:
    os._exit(1)


def sleep_and_tell(path: str) -> None:
    """Write down who works here, then never end of oneself."""
    Path(path).write_text(str(os.getpid()))
    time.sleep(FOREVER)


def raise_at_three(number: int) -> int:
    if number == 3:
        raise TimeBudgetError("the time budget ran out", hint="Give it more.")
    return number


def die_fitting(*_: object, **__: object) -> Never:
    """In the place of a fit by one optimizer."""
    os._exit(3)
