"""The recipes of the README are run by the tools they are for, on the models of its example."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from mmtriage.command.new_project import TEMPLATE

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
MODELS = ("reaction", "by-year", "herds", "yield")
ANNOTATION = re.compile(r"^::(error|warning|notice) file=pyproject\.toml,line=\d+,title=by-year%3A ", re.M)


def block(marker: str, language: str) -> str:
    """The code below a comment in the README."""
    found = re.search(rf"<!-- {re.escape(marker)} -->\n```{language}\n(.*?)```", README, re.S)
    assert found is not None, marker
    return found.group(1)


@dataclass(frozen=True)
class Project:
    """A directory with the models of the README, and an installed `mmtriage`."""

    directory: Path

    def run(self, command: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """A line of shell, as GitHub runs it: it ends at the first command that fails."""
        path = f"{self.directory / 'bin'}{os.pathsep}{os.environ['PATH']}"
        return subprocess.run(
            ["bash", "-e", "-o", "pipefail", "-c", command],
            cwd=self.directory,
            env={**os.environ, "PATH": path, "PYTHONPATH": str(ROOT), **variables},
            capture_output=True,
            text=True,
            check=False,
        )


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """One for all recipes: they only add files."""
    directory = tmp_path_factory.mktemp("project")
    (directory / "pyproject.toml").write_text(block("configuration", "toml"), encoding="utf-8")
    shutil.copytree(ROOT / "sample_data", directory / "sample_data")
    command = directory / "bin" / "mmtriage"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m mmtriage "$@"\n')
    command.chmod(0o755)
    return Project(directory)


@pytest.fixture(scope="module")
def accepted(project: Project) -> Project:
    """The project after its state has been accepted, as `make accept` does it."""
    assert project.run("mmtriage check --baseline reports --update-baseline").returncode == 0
    return project


def without(name: str) -> str:
    return f"there is no {name} on this machine"


needs_bash = pytest.mark.skipif(shutil.which("bash") is None, reason=without("bash"))
needs_make = pytest.mark.skipif(shutil.which("make") is None, reason=without("make"))
needs_jq = pytest.mark.skipif(shutil.which("jq") is None, reason=without("jq"))
pytestmark = [needs_bash, pytest.mark.slow]


def test_the_action_annotates_summarizes_and_leaves_what_is_uploaded(project: Project) -> None:
    action = yaml.safe_load((ROOT / ".github" / "action.yml").read_text(encoding="utf-8"))
    install, check, summarize = (step for step in action["runs"]["steps"] if "run" in step)
    assert install["run"].startswith(
        'pip install --quiet "$GITHUB_ACTION_PATH/..'
    )  # the fixture stands for it
    assert (ROOT / ".github" / ".." / "pyproject.toml").is_file()

    inputs = {name: str(value["default"]) for name, value in action["inputs"].items()}
    variables = {
        name: re.sub(r"\$\{\{ inputs\.([\w-]+) \}\}", lambda found: inputs[found[1]], value)
        for name, value in check["env"].items()
    }
    temporary = str(project.directory)
    done = project.run(check["run"], RUNNER_TEMP=temporary, **variables)
    assert (done.returncode, done.stderr) == (1, "")
    assert ANNOTATION.search(done.stdout)

    summary = project.directory / "summary.md"
    said = project.run(summarize["run"], RUNNER_TEMP=temporary, GITHUB_STEP_SUMMARY=str(summary))
    assert (said.returncode, summarize["if"]) == (0, "always()")
    assert summary.read_text(encoding="utf-8").startswith("## 2 of 4 models fail\n")

    workflow = yaml.safe_load(block("recipe: workflow", "yaml"))
    upload = workflow["jobs"]["models"]["steps"][-1]
    assert upload["if"] == "always()"
    assert upload["with"]["sarif_file"] == inputs["sarif"]
    sarif = json.loads((project.directory / inputs["sarif"]).read_text(encoding="utf-8"))
    assert {result["ruleId"] for result in sarif["runs"][0]["results"]} >= {"MM106", "MM310"}


def test_the_workflow_is_one(project: Project) -> None:
    workflow: dict[Any, Any] = yaml.safe_load(block("recipe: workflow", "yaml"))
    assert workflow[True] == ["pull_request"]  # YAML 1.1 reads `on` as a truth value; GitHub does not
    assert workflow == yaml.safe_load(TEMPLATE.read_text(encoding="utf-8"))  # what `init` writes
    assert workflow["permissions"] == {"contents": "read", "security-events": "write"}
    for step in workflow["jobs"]["models"]["steps"]:
        assert re.fullmatch(r"[\w-]+/[\w-]+(/[\w.-]+)?@(v\d+|REF)", step["uses"])


def test_the_pre_commit_hook_stops_what_is_new(accepted: Project) -> None:
    (hook,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
    (repository,) = yaml.safe_load(block("recipe: pre-commit", "yaml"))["repos"]
    assert repository["hooks"] == [{"id": hook["id"]}]
    assert (hook["language"], hook["pass_filenames"]) == ("python", False)
    entry = shlex.join(shlex.split(hook["entry"]))
    assert accepted.run(entry).returncode == 0
    for path, expected in (
        ("sample_data/cbpp.csv", True),
        ("pyproject.toml", True),
        ("sub/pyproject.toml", False),
        ("README.md", False),
        ("csv", False),
    ):
        assert bool(re.search(hook["files"], path)) == expected, path

    table = accepted.directory / "sample_data" / "sleepstudy.csv"
    before = table.read_text()
    try:
        table.write_text("\n".join(before.splitlines()[:140]) + "\n")
        assert accepted.run(entry).returncode == 1
    finally:
        table.write_text(before)


@needs_make
def test_the_makefile_checks_and_accepts(accepted: Project) -> None:
    (accepted.directory / "Makefile").write_text(block("recipe: make", "make"), encoding="utf-8")
    checked = accepted.run("make models")
    assert (checked.returncode, checked.stderr) == (0, "")
    assert "All 4 models pass" in checked.stdout
    kept = accepted.run("make accept")
    assert kept.returncode == 0
    assert kept.stderr.splitlines() == [
        f"Baseline reports/{name}.json: nothing has changed"
        for name in ("reaction", "by-year", "herds", "yield")
    ]


@needs_jq
def test_jq_answers(project: Project) -> None:
    command, *questions = block("recipe: jq", "sh").splitlines()
    assert project.run(command).returncode == 1
    failing, verdicts, findings, code, certified = (project.run(question) for question in questions)
    assert failing.stdout == "by-year\nherds\n"
    assert (
        verdicts.stdout == "reaction\tconverged\nby-year\tnot_converged\nherds\tconverged\nyield\tsingular\n"
    )
    assert "\nyield\tMM310\tinfo\t" in findings.stdout
    assert code.stdout.startswith("m <- lmer(Reaction ~ I((Year - 2004)/3)")
    assert certified.stdout == "true\n"
    for answer in (failing, verdicts, findings, code, certified):
        assert (answer.returncode, answer.stderr) == (0, "")


def test_a_notebook_shows_the_report(project: Project) -> None:
    cell = block("recipe: notebook", "python").rstrip()
    body, _, last = cell.rpartition("\n")
    assert last == "report"
    shown = subprocess.run(
        [sys.executable, "-c", f"{body}\nprint({last}._repr_html_())"],
        cwd=project.directory,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert shown.stderr == ""
    assert shown.stdout.startswith("<style>")
    assert "<h1>Not converged</h1>" in shown.stdout
    assert "<html" not in shown.stdout
