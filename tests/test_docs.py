"""The README tells the truth: its examples are run, its output compared."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from mmtriage.cli import run

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_example_in_the_readme_is_real_output(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("COLUMNS", "100")
    command, printed = _example()
    run(shlex.split(command)[1:])
    assert capsys.readouterr().out.rstrip() == printed.rstrip()


def test_the_python_example_runs(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    code = re.search(r"<!-- python example -->\n```python\n(.*?)```", README, re.S)
    assert code is not None
    exec(compile(code.group(1), "README.md", "exec"), {})
    assert capsys.readouterr().out.startswith("singular\n")


def _example() -> tuple[str, str]:
    found = re.search(r"<!-- example: (.*?) -->\n```text\n(.*?)```", README, re.S)
    assert found is not None
    return found.group(1), found.group(2)
