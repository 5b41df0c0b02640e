"""One line of progress, for who waits and looks."""

from __future__ import annotations

import io
import pickle
import sys
import time
from collections.abc import Callable
from dataclasses import replace

import pytest

from mmtriage.command import main as cli
from mmtriage.command.progress import Ticker
from mmtriage.data.read_table import read_table
from mmtriage.data.reading import Reading
from mmtriage.data.table import Table
from mmtriage.deadline import NEVER
from mmtriage.options import TriageOptions
from mmtriage.report.facts import Report
from mmtriage.triage_table import triage_table
from tests.command.running import FORMULA, ROOT, Terminal, Triage
from tests.real_reports.records import CONVERGED

SLEEPSTUDY = str(ROOT / "sample_data" / "sleepstudy.csv")
ERASED = "\x1b[2K"  # what a terminal is told to clear the line


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


def test_progress_is_silent_at_first() -> None:
    screen = io.StringIO()
    quick = Ticker(screen, width=20)
    quick.say("reading")
    quick.clear()
    assert screen.getvalue() == ""


def drawn(tell: Callable[[Ticker], None], wanted: str, *, width: int = 100) -> str:
    """What is on the screen when `wanted` is, and after the line has gone."""
    screen = io.StringIO()
    ticker = Ticker(screen, width=width, patience=0.0)
    tell(ticker)
    while wanted not in screen.getvalue():
        time.sleep(0.001)
    ticker.clear()
    return screen.getvalue()


def test_the_line_says_the_stage_its_evaluations_the_criterion_and_the_seconds_and_is_cleared() -> None:
    def tell(ticker: Ticker) -> None:
        ticker.say("reading")
        ticker.evaluated(9.0)
        ticker.say("fitting as lme4 does")
        ticker.evaluated(1800.0)
        ticker.evaluated(1743.62827)

    screen = drawn(tell, "criterion")
    assert "0 s  criterion 1743.6283 after 2 evaluations: fitting as lme4 does" in screen
    assert screen.endswith(ERASED)


def test_a_line_too_long_for_the_terminal_is_cut() -> None:
    screen = drawn(lambda ticker: ticker.say("fitting with a name that is far too long"), "fitting", width=20)
    assert "0 s  fitting with" in screen
    assert "\u2026" in screen
    assert "too long" not in screen


def test_models_that_are_done_are_a_bar() -> None:
    screen = drawn(lambda ticker: ticker.models(3, 4), "3/4 models")
    assert "\u2501" * 20 in screen


def test_a_fit_tells_its_evaluations_and_other_processes_do_not() -> None:
    told: list[float] = []
    deadline = replace(NEVER, listener=told.append)
    options = TriageOptions(evaluated=told.append)
    triage_table(read_table(SLEEPSTUDY, Reading()), FORMULA, options)
    assert len(told) > 100
    assert any(value == pytest.approx(1743.6283, abs=1e-4) for value in told)
    assert pickle.loads(pickle.dumps(deadline)) == NEVER
