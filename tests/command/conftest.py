"""Commands run in this process, on a tiny table and a report that is there already."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from mmtriage.command import main as cli
from mmtriage.report.facts import Report
from tests.command.running import Result, Triage
from tests.real_reports.records import CONVERGED


@pytest.fixture
def data(tmp_path: Path) -> str:
    path = tmp_path / "d.csv"
    path.write_text("Reaction,Days,Subject\n250,0,a\n260,1,a\n")
    return str(path)


@pytest.fixture
def stub(monkeypatch: pytest.MonkeyPatch) -> Callable[[Report | Triage], None]:
    """Replace the triage by a canned report or a function."""

    def install(answer: Report | Triage) -> None:
        function = (lambda *_: answer) if isinstance(answer, Report) else answer
        monkeypatch.setattr("mmtriage.triage_table.triage_table", function)

    return install


@pytest.fixture
def mmtriage(
    stub: Callable[[Report | Triage], None], capsys: pytest.CaptureFixture[str]
) -> Callable[..., Result]:
    """Run a command in this process, on a canned report unless told otherwise."""

    def run(*argv: str, answer: Report | Triage = CONVERGED) -> Result:
        stub(answer)
        code = cli.run(argv)
        captured = capsys.readouterr()
        return Result(code, captured.out, captured.err)

    return run
