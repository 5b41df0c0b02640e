"""`mmtriage check` as a command: streams, files, exit codes and interrupts."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from mmtriage.check import triage_all
from mmtriage.check.config import Config
from mmtriage.command import main as cli
from mmtriage.errors import InterruptedTriageError, MmtriageError, UnjudgedError
from mmtriage.render import RENDERERS, render_all, terminal
from mmtriage.report.facts import Report
from mmtriage.report.schema import schema_text
from mmtriage.report.summary import Checked, Summary
from tests.check.configs import CONFIG, EXPECTED
from tests.real_reports.records import CONVERGED, SINGULAR
from tests.test_processes import is_alive, wait_for

ROOT = Path(__file__).parents[2]
MODEL = '[[models]]\nname = "{}"\ndata = "d.csv"\nformula = "y ~ 1 + (1 | g)"\n'
TWO = MODEL.format("one") + MODEL.format("two")


@dataclass
class Result:
    """What one command did."""

    code: int
    out: str
    err: str


@pytest.fixture(autouse=True)
def directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")
    (tmp_path / "m.toml").write_text(TWO)
    (tmp_path / "d.csv").write_text("y,g\n1,a\n")
    return tmp_path


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Replaces the work by two canned reports; what it was asked to do is noted."""
    asked: list[Any] = []

    def check(
        config: Config,
        *,
        jobs: int,
        progress: Callable[[str], None] | None,
        kept: Mapping[str, Report] = triage_all.NOTHING_KEPT,
    ) -> Summary:
        assert kept == {}
        asked.append((config, jobs, progress))
        outcomes = [CONVERGED, SINGULAR]
        return Summary(
            models=tuple(
                Checked(
                    name=model.name, path=config.path, line=model.line, fail_on=model.fail_on, outcome=outcome
                )
                for model, outcome in zip(config.models, outcomes, strict=False)
            )
        )

    monkeypatch.setattr(triage_all, "check_models", check)
    return asked


@pytest.fixture
def mmtriage(capsys: pytest.CaptureFixture[str]) -> Callable[..., Result]:
    def command(*argv: str) -> Result:
        code = cli.run(["check", *argv])
        captured = capsys.readouterr()
        return Result(code, captured.out, captured.err)

    return command


Run = Callable[..., Result]


def test_stdout_carries_the_summary_and_nothing_else(mmtriage: Run, seen: list[Any]) -> None:
    result = mmtriage("--config", "m.toml")
    assert (result.code, result.err) == (1, "")
    assert result.out.startswith("  model  verdict")
    assert "\n1 of 2 models fails\n  1 singular, 1 converged\n" in result.out
    document = json.loads(mmtriage("--config", "m.toml", "--format", "json").out)
    jsonschema.Draft202012Validator(json.loads(schema_text("check"))).validate(document)


def test_the_options_stand_above_the_file(mmtriage: Run, seen: list[Any]) -> None:
    result = mmtriage(
        *("two", "--config", "m.toml", "-j", "3", "--fail-on", "error", "--ignore", "MM310,MM105"),
        *("--ignore", "gradient", "--select", "MM3", "--time-budget", "9"),
    )
    assert result.code == 0
    ((config, jobs, progress),) = seen
    (model,) = config.models
    assert (model.name, model.fail_on, jobs, progress) == ("two", "error", 3, None)
    assert model.ignore == dict.fromkeys(("MM310", "MM105", "MM401"), "--ignore on the command line")
    assert model.select is not None
    assert len(model.select) == 14
    assert model.options.time_budget == 9


def test_the_number_of_processes_may_stand_in_the_file(
    mmtriage: Run, seen: list[Any], directory: Path
) -> None:
    (directory / "m.toml").write_text("jobs = 4\n" + TWO)
    mmtriage("--config", "m.toml")
    mmtriage("--config", "m.toml", "-j", "2")
    assert [jobs for _, jobs, _ in seen] == [4, 2]


def test_the_pyproject_is_found(mmtriage: Run, seen: list[Any], directory: Path) -> None:
    (directory / "pyproject.toml").write_text(TWO.replace("models", "tool.mmtriage.models"))
    assert mmtriage().code == 1
    assert seen[0][0].path == "pyproject.toml"


def test_files_hold_what_stdout_would(mmtriage: Run, seen: list[Any], directory: Path) -> None:
    outputs = [word for name in RENDERERS for word in ("--output", f"{name}:out.{name}")]
    mmtriage("--config", "m.toml", "-v", *outputs)
    ((config, _, _),) = seen
    summary = triage_all.check_models(config, jobs=1, progress=None)
    for name in RENDERERS:
        text = (directory / f"out.{name}").read_text(encoding="utf-8")
        expected = (
            terminal.render_all(summary, detail="full") if name == "text" else render_all(summary, name)
        )
        assert text == expected


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["tow"], "Error: there is no model `tow` in m.toml\n  Did you mean `two`?\n"),
        (
            ["--output", "json:m.toml"],
            "Error in option --output: `m.toml` is the configuration itself: "
            "the report would overwrite it\n  Give another file.\n",
        ),
        (
            ["--output", "json:d.csv"],
            "Error in option --output: `d.csv` is a table itself: "
            "the report would overwrite it\n  Give another file.\n",
        ),
        (
            ["--fail-on", "eror"],
            "Error in option --fail-on: `eror` is not known\n"
            "  Did you mean `error`? Known are: error, warning, info, never.\n",
        ),
        (
            ["--ignore", "MM3100"],
            "Error in option --ignore: `MM3100` is no code of a finding\n"
            "  Did you mean `MM310`? `mmtriage explain` lists all findings; "
            "MM3 stands for all that begin with it.\n",
        ),
        (
            ["-j", "0"],
            "Error in option --jobs: `0` is not a whole number of at least 1\n  Write it as in: --jobs 2\n",
        ),
        (["-q", "-v"], "Error: -q and -v contradict each other\n  Give one of them.\n"),
        (["--confg", "x"], "Error: there is no option `--confg`\n  Did you mean `--config`?\n"),
        (
            ["--config"],
            "Error: option '--config' requires an argument\n  `mmtriage check --help` says how it is used.\n",
        ),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_mistake_gets_one_clear_message(argv: list[str], message: str, mmtriage: Run) -> None:
    result = mmtriage("--config", "m.toml", *argv)
    assert (result.code, result.out, result.err) == (2, "", message)


def test_a_broken_configuration_is_an_error_object_in_json(mmtriage: Run, directory: Path) -> None:
    (directory / "m.toml").write_text(TWO + 'famly = "binomial"\n')
    result = mmtriage("--config", "m.toml", "--format", "json")
    document = json.loads(result.out)
    jsonschema.Draft202012Validator(json.loads(schema_text("error"))).validate(document)
    assert result.code == 2
    assert document["error"] == {
        "kind": "config",
        "message": "`famly` is not a key of a model",
        "where": "m.toml, line 9",
        "hint": "Did you mean `family`?",
        "text": 'famly = "binomial"',
        "span": [0, 5],
    }


def test_the_traceback_of_a_bug_goes_to_stderr(mmtriage: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def check(config: Config, **_: object) -> Summary:
        error = UnjudgedError(triage_all.BUG)
        models = [
            Checked(
                name="one", path="m.toml", line=1, outcome=error, traceback="Traceback ...\nKeyError: 1\n"
            )
        ]
        return Summary(models=tuple(models))

    monkeypatch.setattr(triage_all, "check_models", check)
    result = mmtriage("--config", "m.toml", "-q")
    assert (result.code, result.err) == (3, "Model one:\nTraceback ...\nKeyError: 1\n")


def test_progress_is_for_a_terminal(mmtriage: Run, seen: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setattr(sys, "stderr", Terminal())
    mmtriage("--config", "m.toml")
    mmtriage("--config", "m.toml", "-q")
    assert [progress is not None for _, _, progress in seen] == [True, False]


@pytest.mark.parametrize("format_name", ["text", "json"])
def test_what_an_interrupt_leaves(format_name: str, mmtriage: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def check(config: Config, **_: object) -> Summary:
        undone = InterruptedTriageError(triage_all.NOT_DONE)
        outcomes: dict[str, Report | MmtriageError] = {
            "one": CONVERGED,
            **{f"m{number}": undone for number in range(12)},
        }
        models = [Checked(name=n, path="m.toml", line=1, outcome=o) for n, o in outcomes.items()]
        return Summary(models=tuple(models))

    monkeypatch.setattr(triage_all, "check_models", check)
    result = mmtriage("--config", "m.toml", "--format", format_name)
    assert result.code == 130
    assert result.out.count(triage_all.NOT_DONE) >= 12
    assert result.err == (
        "Interrupted: 1 of 13 models were checked.\n"
        "  Checked: one\n"
        "  Not checked: m0, m1, m2, m3, m4, m5, m6, m7, m8, m9 and 2 more\n"
    )


def process(argv: Sequence[str], directory: Path) -> subprocess.Popen[bytes]:
    """Start the command in a group of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "mmtriage", *argv],
        cwd=directory,
        env={**os.environ, "PYTHONPATH": f"{directory}{os.pathsep}{ROOT}"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )


@pytest.mark.slow
def test_the_same_bytes_whatever_the_number_of_processes(directory: Path) -> None:
    """The command itself, twice, with different seeds of Python's hashes."""
    (directory / "m.toml").write_text(CONFIG)
    texts = []
    for jobs in ("1", "2"):
        with process(["check", "--config", "m.toml", "-j", jobs, "--format", "json"], directory) as started:
            out, err = started.communicate()
        assert (started.returncode, err) == (2, b"")
        document = json.loads(out)
        assert {model["name"]: model["exit_code"] for model in document["models"]} == EXPECTED
        for model in document["models"]:
            model.get("report", {}).pop("timing", None)
        texts.append(json.dumps(document))
    assert texts[0] == texts[1]


# As sitecustomize.py it is run by every Python that starts, the processes that do the work too.
SLOW = """
import os, time
from pathlib import Path
import mmtriage.triage_table

def triage(table, formula, options, given=None):
    if "slow" in formula:
        Path(f"{os.getpid()}.slow").touch()
        time.sleep(3600)
    from tests.real_reports.records import CONVERGED
    return CONVERGED

mmtriage.triage_table.triage_table = triage
"""


def test_ctrl_c_ends_all_processes_at_once(directory: Path) -> None:
    """A signal to the whole group, as a terminal sends it, while two models would take an hour."""
    (directory / "sitecustomize.py").write_text(SLOW)
    names = ("quick", "slow 1", "slow 2", "last")
    (directory / "m.toml").write_text(
        "".join(MODEL.format(name).replace("y ~ 1", f"y ~ {name.split()[0]}") for name in names)
    )
    argv = ["check", "--config", "m.toml", "-j", "2", "--format", "json"]
    with process(argv, directory) as started:
        wait_for(lambda: len(list(directory.glob("*.slow"))) == 2)
        os.killpg(started.pid, signal.SIGINT)
        out, err = started.communicate()
    assert started.returncode == 130
    models = {model["name"]: model for model in json.loads(out)["models"]}
    assert models["quick"]["exit_code"] == 0
    assert [models[name]["error"]["kind"] for name in names[1:]] == ["interrupted"] * 3
    assert err.decode() == (
        "Interrupted: 1 of 4 models were checked.\n  Checked: quick\n  Not checked: slow 1, slow 2, last\n"
    )
    assert not [path for path in directory.glob("*.slow") if is_alive(int(path.stem))]
