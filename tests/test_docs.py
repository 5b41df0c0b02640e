"""The README tells the truth: its examples are run, its output compared."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from mmtriage.command.main import run
from mmtriage.diagnose.declared import DECLARED

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


EXAMPLES = re.findall(r"<!-- example: (.*?) -->\n```text\n(.*?)```", README, re.S)


def test_there_are_examples() -> None:
    assert len(EXAMPLES) == 3


@pytest.mark.parametrize(
    ("command", "printed"),
    [
        pytest.param(*EXAMPLES[0], id="given"),
        pytest.param(*EXAMPLES[1], id="linear"),
        pytest.param(*EXAMPLES[2], id="generalized", marks=pytest.mark.slow),
    ],
)
def test_the_examples_in_the_readme_are_real_output(
    command: str, printed: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("COLUMNS", "100")
    run(shlex.split(command)[1:])
    assert capsys.readouterr().out.rstrip() == printed.rstrip()


def test_its_table_of_findings_has_them_all() -> None:
    ranges = re.findall(r"^\| MM(\d+) to (\d+) \|", README, re.M)
    listed = {f"MM{code}" for first, last in ranges for code in range(int(first), int(last[-3:]) + 1)}
    assert listed == {declaration.code for declaration in DECLARED}


def test_it_is_short_and_says_first_how_to_get_it() -> None:
    assert len(README.splitlines()) < 400
    first_screen = "\n".join(README.splitlines()[:30])
    assert "pip install -q ." in first_screen


@pytest.mark.parametrize("code", re.findall(r"<!-- python example -->\n```python\n(.*?)```", README, re.S))
def test_a_python_example_prints_what_its_comments_say(
    code: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    exec(compile(code, "README.md", "exec"), {})
    printed = capsys.readouterr().out
    said = re.findall(r"^print\(.*\)  # (.+)$", code, re.M)
    assert said
    assert all(f"{line}\n" in printed for line in said)


def test_the_configuration_in_the_readme_gives_the_summary_below_it(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")
    (tmp_path / "sample_data").symlink_to(ROOT / "sample_data")
    configuration, summary = (
        re.search(rf"<!-- {name} -->\n```\w+\n(.*?)```", README, re.S)
        for name in ("configuration", "summary")
    )
    assert configuration is not None
    assert summary is not None
    (tmp_path / "pyproject.toml").write_text(configuration.group(1), encoding="utf-8")
    assert run(["check", "-j", "2"]) == 1
    table, count, *_ = capsys.readouterr().out.split("\n\n")
    assert summary.group(1).rstrip("\n") == f"{table}\n\n{count}"
