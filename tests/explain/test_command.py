"""`mmtriage explain`: exit codes, streams, and an answer without waiting for the engine."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from mmtriage.command import main as cli
from mmtriage.render import terminal
from tests.real_reports.records import NOT_CONVERGED, REPORTS

ROOT = Path(__file__).parent.parent.parent
SLOW = {"numpy", "scipy", "pandas", "nlopt", "rich", "mmtriage.engine", "mmtriage.triage_table"}


@pytest.mark.parametrize(
    "argv", [["MM304"], ["far-origin"], ["singular"], ["ladder"], ["not", "converged"], []]
)
def test_a_page_is_printed_and_all_is_well(argv: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["explain", *argv]) == 0
    captured = capsys.readouterr()
    assert captured.err == ""
    assert len(captured.out.splitlines()) > 15


def test_several_topics_are_told_one_after_the_other(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["explain", "MM106", "mm403"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("MM106 far-origin\n")
    assert "\nMM403 stopped-short\n" in out


def test_an_unknown_topic_is_the_users_mistake(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["explain", "M304"]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "there is no page on `M304`" in captured.err
    assert "Did you mean `MM304`? `mmtriage explain` lists all topics." in captured.err


def test_an_unknown_option_points_to_the_right_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["explain", "MM304", "--format", "json"]) == 2
    assert "`mmtriage explain --help` lists them." in capsys.readouterr().err


def test_the_width_is_that_of_the_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    assert cli.run(["explain", "MM308"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert 50 < max(len(line) for line in lines) <= 60


@pytest.mark.parametrize("argv", [["explain"], ["explain", "MM304"], ["explain", "rescale"]])
def test_no_slow_module_is_imported(argv: list[str]) -> None:
    code = (
        "import sys; from mmtriage.command import main as cli; cli.run(sys.argv[1:]); "
        "print(*(name for name in sys.modules), file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *argv],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert not SLOW & set(done.stderr.split())


def test_a_report_says_where_to_read_on() -> None:
    text = terminal.render(NOT_CONVERGED, width=80)
    code = NOT_CONVERGED.verdict.codes[0]
    assert text.endswith(f"\n\nMore: mmtriage explain {code}, and -v for all that was tried.\n")


@pytest.mark.parametrize("name", REPORTS)
def test_only_a_report_with_findings_says_so(name: str) -> None:
    report = REPORTS[name]
    shown = [f for f in report.findings if f.baseline_state != "unchanged"]
    assert ("More: mmtriage explain " in terminal.render(report)) == bool(shown)
    assert "More: mmtriage explain " not in terminal.render(report, detail="brief")
