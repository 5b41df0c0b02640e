"""The time budget is kept where nobody asks the clock: a signal rings once, wherever Python is."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator

import pytest

from mmtriage import triage_table as story
from mmtriage.data.read_table import read_table
from mmtriage.deadline import NEVER, Deadline, TimeBudgetError, alarm_at, deadline_in
from mmtriage.diagnose.finding import Finding, finding
from mmtriage.errors import UnjudgedError
from mmtriage.model.design import Design
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
