"""Tasks for the processes of `check`: they must be found by name."""

from __future__ import annotations

import os
import signal

from mmtriage.check.entries import ModelEntry
from mmtriage.check.triage_all import Answer, triage_entry
from mmtriage.errors import UnjudgedError


def crash_on_b(model: ModelEntry) -> Answer:
    if model.name == "b":
        os.kill(os.getpid(), signal.SIGSEGV)
    return triage_entry(model)


def bug_in_b(model: ModelEntry) -> Answer:
    if model.name == "b":
        return Answer(outcome=UnjudgedError("this is a bug"), traceback="Traceback: b\n")
    return triage_entry(model)
