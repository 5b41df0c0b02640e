"""A long fuzz run that was ended goes on where it stands."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
import yaml

from tests import fuzz
from tests.fuzz_log import Log

NIGHTLY = Path(__file__).parents[1] / ".github" / "workflows" / "nightly.yml"


def entry(case: str) -> dict[str, str]:
    return {"case": case, "ended": "converged"}


def test_what_was_done_is_not_done_again(tmp_path: Path) -> None:
    """The last line was cut short: that case is done again."""
    path = tmp_path / "fuzz.jsonl"
    first = Log(path)
    first.add(entry("formula 0 0"))
    first.add(entry("formula 0 1"))
    path.write_text(path.read_text()[:-9])
    second = Log(path)
    assert list(second.entries) == ["formula 0 0"]
    second.add(entry("formula 0 1"))
    assert Log(path).entries == first.entries


def test_a_run_logs_each_case(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked: list[tuple[str, ...]] = []

    def ask(*argv: str, budget: float) -> fuzz.Answer:
        asked.append(argv)
        return fuzz.Answer(argv, 2, '{"error": {"kind": "data"}}', "wrong", 0.5)

    monkeypatch.setattr(fuzz, "ask", ask)
    monkeypatch.setattr(fuzz, "complaints", lambda answer: ())
    monkeypatch.setattr(sys, "argv", ["fuzz", "2", "0", "--log", str(tmp_path / "log")])
    assert (fuzz.main(), fuzz.main()) == (0, 0)
    assert len(asked) == 2
    entries = Log(tmp_path / "log").entries
    assert list(entries) == ["formula 0 0", "formula 0 1"]
    assert entries["formula 0 0"]["seconds"] == 0.5
    assert "the largest:" in capsys.readouterr().out


def test_a_night_runs_a_tenth_of_the_long_run() -> None:
    assert fuzz.__doc__ is not None
    whole = _cases_in(fuzz.__doc__)
    steps = yaml.safe_load(NIGHTLY.read_text(encoding="utf-8"))["jobs"]["fuzz"]["steps"]
    command = next(step["run"] for step in steps if "tests.fuzz" in step.get("run", ""))
    assert [10 * n for n in _cases_in(command)] == whole


def _cases_in(text: str) -> list[int]:
    """The numbers of cases in the first command that a text has."""
    words = text.split("python -m tests.fuzz ")[1].split()
    return [int(word) for word in words[:3]]
