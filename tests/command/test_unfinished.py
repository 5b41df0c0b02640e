"""What a triage that ends before its end prints: the report so far, with what is missing in `incomplete`."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from mmtriage.command import main as cli
from mmtriage.errors import InterruptedTriage, UnjudgedError
from mmtriage.ladder.workbench import Workbench
from mmtriage.report.facts import Report
from mmtriage.triage_table import triage_table
from tests.triaged import SAMPLES, report_validator

WORDS = ("fit", str(SAMPLES / "sleepstudy_year.csv"), "Reaction ~ Year + (Year | Subject)")
ROOT = Path(__file__).parents[2]
# The command, with a rung that waits for Ctrl-C, which a background job of a shell would ignore.
WAITING = """
import signal, sys, time
signal.signal(signal.SIGINT, signal.default_int_handler)
from mmtriage.command import main
from mmtriage.ladder import walk
from dataclasses import replace
def wait(case):
    print("ready", file=sys.stderr, flush=True)
    time.sleep(60)
walk.RUNGS = tuple(replace(r, climb=wait) if r.id == "rescale" else r for r in walk.RUNGS)
sys.exit(main.run(sys.argv[1:]))
"""


def interrupt(*_: object, **__: object) -> Any:
    raise KeyboardInterrupt


def run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    code = cli.run([*WORDS, *words])
    out, err = capsys.readouterr()
    return code, out, err


def test_an_interrupt_while_fitting_prints_the_design(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It said "Interrupted." and nothing else, though what the design shows had been found."""
    monkeypatch.setattr(Workbench, "compare", interrupt)
    code, out, err = run(capsys, "--format", "json")
    report = json.loads(out)
    report_validator().validate(report)
    assert (code, err) == (130, "\nInterrupted.\n")
    assert report["incomplete"] == ["fit", "diagnosis", "ladder"]
    assert report["incomplete_reason"] == "it was interrupted while the model was fitted"
    assert report["verdict"]["status"] == "undetermined"
    assert report["model"]["n_obs"] == 180


def test_an_interrupt_on_a_rung_keeps_the_verdict() -> None:
    script = [sys.executable, "-c", WAITING, *WORDS, "--format", "json"]
    started = subprocess.Popen(
        script,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    with started:
        assert started.stderr is not None
        assert started.stderr.readline() == b"ready\n"
        started.send_signal(signal.SIGINT)
        out, err = started.communicate()
    report = json.loads(out)
    report_validator().validate(report)
    assert (started.returncode, err) == (130, b"\nInterrupted.\n")
    assert report["verdict"]["status"] == "not_converged"
    assert report["incomplete"] == ["rescale", "simplify", "allfit", "singular", "maxfun", "remedies"]
    assert report["incomplete_reason"] == "it was interrupted on rung 1 (rescale)"
    assert report["reference"]["certificate"]["certified"]


def test_an_interrupt_before_the_data_are_read_is_an_error_object(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("mmtriage.data.read_table.read_table", interrupt)
    code, out, _ = run(capsys, "--format", "json")
    assert code == 130
    assert json.loads(out)["error"]["kind"] == "interrupted"


@pytest.mark.parametrize("format_name", ["text", "markdown", "html", "junit", "sarif", "github"])
def test_every_format_says_what_is_missing(
    format_name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(Workbench, "compare", interrupt)
    code, out, _ = run(capsys, "--format", format_name)
    assert code == 130
    assert "it was interrupted while" in out


def test_an_exit_of_3_prints_the_report_so_far(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*_: object) -> Any:
        raise UnjudgedError("no digits are left", hint="Rescale.")

    monkeypatch.setattr(Workbench, "compare", fail)
    code, out, err = run(capsys, "--format", "json")
    report = json.loads(out)
    report_validator().validate(report)
    assert (code, err) == (3, "Error: no digits are left\n  Rescale.\n")
    assert report["verdict"]["message"] == "No verdict: no digits are left. Rescale."
    assert report["incomplete_reason"] == "no digits are left"


def test_a_caller_in_python_hears_its_own_interrupt(monkeypatch: pytest.MonkeyPatch) -> None:
    """A loop over models must end; whoever wants the report so far finds it in the exception."""
    import mmtriage

    monkeypatch.setattr(Workbench, "compare", interrupt)
    with pytest.raises(KeyboardInterrupt) as caught:
        mmtriage.triage(SAMPLES / "sleepstudy.csv", "Reaction ~ Days + (Days | Subject)")
    assert isinstance(caught.value, InterruptedTriage)
    assert isinstance(caught.value.so_far, Report)
    assert triage_table.__doc__ is not None
