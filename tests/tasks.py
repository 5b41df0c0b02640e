"""Tasks for processes of their own: they must be found by name."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path

from mmtriage.deadline import TimeBudgetError


def double(number: int) -> int:
    return 2 * number


def late_first(number: int) -> int:
    """The first takes longest."""
    time.sleep(0.3 if number == 0 else 0.0)
    return number


def who(_: int) -> int:
    time.sleep(0.05)
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
    """Write down who works here, then never end."""
    Path(path).write_text(str(os.getpid()))
    time.sleep(60)


def raise_at_three(number: int) -> int:
    if number == 3:
        raise TimeBudgetError("the time budget ran out", hint="Give it more.")
    return number
