"""One line of progress, for who waits and looks."""

from __future__ import annotations

import io
import sys
import time
from collections.abc import Callable

import pytest

from mmtriage.command import main as cli
from mmtriage.command.progress import Ticker
from mmtriage.data.table import Table
from mmtriage.options import TriageOptions
from mmtriage.report.facts import Report
from tests.command.running import FORMULA, Terminal, Triage
from tests.real_reports.records import CONVERGED


def test_progress_is_for_a_terminal_only(
    data: str, monkeypatch: pytest.MonkeyPatch, stub: Callable[[Report | Triage], None]
) -> None:
    seen: list[bool] = []

    def triage(table: Table, formula: str, options: TriageOptions) -> Report:
        seen.append(options.progress is not None)
        return CONVERGED

    stub(triage)
    monkeypatch.setattr(sys, "stderr", Terminal())
    cli.run(["fit", data, FORMULA])
    cli.run(["fit", data, FORMULA, "-q"])
    file = io.StringIO()
    monkeypatch.setattr(sys, "stderr", file)
    cli.run(["fit", data, FORMULA])
    assert seen == [True, False, False]
    assert file.getvalue() == ""


def test_progress_is_silent_at_first_and_leaves_the_line_clean() -> None:
    screen = io.StringIO()
    quick = Ticker(screen, width=20)
    quick.say("reading")
    quick.clear()
    assert screen.getvalue() == ""
    slow = Ticker(screen, width=20, patience=0.0)
    while not screen.getvalue():
        time.sleep(0.001)
    slow.say("fitting with a name that is far too long")
    slow.clear()
    frames = screen.getvalue().split("\r")
    assert "fitting with a name " in frames
    assert frames[-2:] == [" " * 20, ""]
    assert max(len(frame) for frame in frames) == 20
