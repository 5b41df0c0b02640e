"""The time budget is kept where nobody asks the clock: a signal rings once, wherever Python is."""

from __future__ import annotations

import importlib
import os
import re
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from mmtriage import deadline
from mmtriage import triage_table as story
from mmtriage.arrays import Array
from mmtriage.command import main as command
from mmtriage.data.read_table import read_table
from mmtriage.deadline import (
    NEVER,
    Deadline,
    TimeBudgetError,
    alarm_at,
    deadline_in,
    foresee,
    present,
    undisturbed,
)
from mmtriage.diagnose.finding import Finding, finding
from mmtriage.errors import UnjudgedError
from mmtriage.ladder.workbench import Workbench
from mmtriage.model import tall
from mmtriage.model.design import Design
from mmtriage.model.tall import least_squares, orthonormal_columns, triangular_factor
from mmtriage.options import TriageOptions
from mmtriage.report.facts import Report
from tests.triaged import SAMPLES

pytestmark = pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="needs alarms")
PAST = Deadline(0.0, 2.0)  # a moment that has been


def spin() -> None:
    """What never asks the clock, and never ends."""
    while True:
        pass


def test_the_alarm_rings_where_nobody_asks() -> None:
    with pytest.raises(TimeBudgetError, match="the time budget of 2 s ran out"), alarm_at(PAST):
        spin()
    assert signal.getsignal(signal.SIGALRM) == signal.SIG_DFL
    assert signal.getitimer(signal.ITIMER_REAL)[0] == 0


def test_it_is_put_off_when_all_is_done() -> None:
    with alarm_at(deadline_in(3600)):
        assert signal.getitimer(signal.ITIMER_REAL)[0] > 0
    assert signal.getitimer(signal.ITIMER_REAL)[0] == 0


def test_it_takes_no_signal_that_somebody_uses() -> None:
    def theirs(*_: object) -> None:
        raise AssertionError

    before = signal.signal(signal.SIGALRM, theirs)
    try:
        with alarm_at(PAST):
            assert signal.getsignal(signal.SIGALRM) is theirs
    finally:
        signal.signal(signal.SIGALRM, before)
    with alarm_at(NEVER):
        assert signal.getitimer(signal.ITIMER_REAL)[0] == 0


def test_a_thread_has_no_alarm() -> None:
    """Only the main thread hears signals; there the criterion asks the clock, as ever."""
    timers: list[float] = []

    def work() -> None:
        with alarm_at(PAST):
            timers.append(signal.getitimer(signal.ITIMER_REAL)[0])

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert timers == [0]


def test_a_long_call_is_not_begun_where_it_would_overrun(monkeypatch: pytest.MonkeyPatch) -> None:
    """No signal interrupts LAPACK: the rank of 20,000 rows of 1,500 columns took 5 s of a budget of 3."""
    monkeypatch.setattr(deadline, "operations_per_second", lambda: 1e9)
    foresee(1e30)  # no budget, no end
    with alarm_at(deadline_in(3600)):
        foresee(3500e9)
        with pytest.raises(TimeBudgetError) as caught:
            foresee(7200e9)
    assert caught.value.message == "the time budget of 3600 s is too short for a step of about 7,200.0 s"
    with alarm_at(PAST):
        foresee(0.9 * deadline.SHORT)


@pytest.mark.parametrize(
    ("decomposed", "cost"),
    [
        (triangular_factor, 2 * 10 * 3**2),
        (orthonormal_columns, 4 * 10 * 3**2),
        (lambda X: least_squares(X, X[:, 0]), 4 * 10 * 3**2),
    ],
    ids=["triangular_factor", "orthonormal_columns", "least_squares"],
)
def test_decompositions_of_many_rows_are_foreseen(
    decomposed: Callable[[Array], object], cost: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[float] = []
    monkeypatch.setattr(tall, "foresee", asked.append)
    decomposed(np.eye(10, 3))
    assert asked == [cost]


def test_how_fast_lapack_is_is_measured_once() -> None:
    assert deadline.operations_per_second() == deadline.operations_per_second() > 0


def test_what_has_been_found_is_put_together_undisturbed() -> None:
    """An alarm in the last sentence of a report cost all of it."""
    with alarm_at(deadline_in(3600)):
        with undisturbed():
            assert signal.getitimer(signal.ITIMER_REAL)[0] == 0
        assert signal.getitimer(signal.ITIMER_REAL)[0] > 0
    with undisturbed():
        pass


def test_nothing_is_left_half_imported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An alarm within a library's initialization became an ImportError, "a bug in mmtriage"."""
    looks = "import signal\n" + "signal.raise_signal(signal.SIGALRM)\n" * 3 + "whole = True\n"
    (tmp_path / "slowly_imported.py").write_text(looks)
    monkeypatch.syspath_prepend(tmp_path)

    def imported_then_endless() -> None:
        importlib.import_module("slowly_imported")
        spin()

    with pytest.raises(TimeBudgetError), alarm_at(deadline_in(3600)):
        imported_then_endless()
    assert sys.modules["slowly_imported"].__dict__["whole"]


def test_a_script_that_is_imported_has_its_alarm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = "from tests.test_deadline import PAST, alarm_at, spin\nwith alarm_at(PAST):\n    spin()\n"
    (tmp_path / "triages.py").write_text(script)
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(TimeBudgetError):
        importlib.import_module("triages")


def test_a_triage_has_the_deadline_that_its_table_was_read_under() -> None:
    table = read_table(SAMPLES / "sleepstudy.csv")
    with alarm_at(deadline_in(3600)):
        assert Workbench(table, TriageOptions(time_budget=1.0)).deadline == present()
    assert Workbench(table, TriageOptions()).deadline == present() == NEVER


@pytest.mark.parametrize("held", [False, True], ids=["nobody writes", "nobody closes it"])
def test_a_pipe_without_an_end_ends_with_the_budget(held: bool, tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    writer = os.open(path, os.O_RDWR) if held else None
    if writer is not None:
        os.write(writer, b"y,x,g\n1,2,a\n")
    message = f"the time budget of 2 s ran out while `{path}` was read"
    try:
        with pytest.raises(TimeBudgetError, match=re.escape(message)), alarm_at(PAST):
            read_table(path)
    finally:
        if writer is not None:
            os.close(writer)


@pytest.mark.parametrize(
    "words",
    [
        ["fit", "PIPE", "y ~ x + (1 | g)"],
        ["fit", str(SAMPLES / "sleepstudy.csv"), "Reaction ~ Days + (Days | Subject)", "--baseline", "PIPE"],
        ["judge", "PIPE"],
        ["check", "--config", "PIPE"],
    ],
    ids=["table", "baseline", "fit", "configuration"],
)
def test_no_command_waits_for_a_file_longer_than_its_budget(
    words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    argv = [str(path) if word == "PIPE" else word for word in words]
    assert command.run([*argv, "--time-budget", "0.01"]) == 3
    said = capsys.readouterr()
    assert (said.out, said.err.splitlines()[0]) == (
        "",
        f"Error: the time budget of 0.01 s ran out while `{path}` was read",
    )


def test_what_the_design_has_shown_until_then_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    """A design of a million cells, whose checks took longer than the budget, had no report at all."""
    found = finding("MM306", "seen before the budget ran out")

    def endless(_: Design) -> Iterator[Finding]:
        yield found
        signal.setitimer(signal.ITIMER_REAL, 0.001)  # now the hour is over
        spin()

    monkeypatch.setattr(story, "of_design", endless)
    table = read_table(SAMPLES / "sleepstudy.csv")
    with pytest.raises(UnjudgedError) as caught:
        story.triage_table(table, "Reaction ~ Days + (Days | Subject)", TriageOptions(time_budget=3600.0))
    report = caught.value.so_far
    assert isinstance(report, Report)
    assert report.findings == (found,)
    assert report.incomplete is not None
    assert report.incomplete.kind == "time-budget"
