"""--baseline and --update-baseline on the command line: files, exit codes, streams."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from mmtriage.check.baselines import file_of
from mmtriage.command import main as cli
from mmtriage.render import jsondoc
from mmtriage.report.facts import Report
from mmtriage.system.whole_files import write_whole
from tests.real_reports.records import CONVERGED, NOT_CONVERGED, SINGULAR, UNDETERMINED

SLEEP = Path(__file__).parents[3] / "sample_data" / "sleepstudy.csv"
DAYS = "Reaction ~ Days + (Days | Subject)"
BARE = replace(SINGULAR, findings=())


@dataclass
class Result:
    """What one command did."""

    code: int
    out: str
    err: str


Run = Callable[..., Result]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory with a table, d.csv."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "d.csv").write_text("y,g\n1,a\n2,b\n")
    return tmp_path


@pytest.fixture
def fit(here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """`mmtriage fit` whose triage gives a canned report; None: it must not begin."""

    def run(report: Report | None, *options: str) -> Result:
        def triage(*_: object) -> Report:
            assert report is not None, "the triage has begun"
            return report

        monkeypatch.setattr("mmtriage.triage_table.triage_table", triage)
        code = cli.run(["fit", "d.csv", "y ~ 1 + (1 | g)", *options])
        captured = capsys.readouterr()
        return Result(code, captured.out, captured.err)

    return run


def store(report: Report, path: str = "base.json") -> None:
    """A report as `--output json:` writes it."""
    Path(path).write_text(jsondoc.render(report))


def test_only_news_is_reported_and_fails(fit: Run) -> None:
    store(SINGULAR)
    known = fit(SINGULAR, "--baseline", "base.json")
    assert known.code == 0
    assert "Since the baseline\n  Nothing is new and nothing has drifted since" in known.out
    assert "MM310" not in known.out
    assert "MM310 zero-variance (warning, known)" in fit(SINGULAR, "--baseline", "base.json", "-v").out
    store(BARE)
    new = fit(SINGULAR, "--baseline", "base.json")
    assert new.code == 1
    assert "MM310 zero-variance, new" in new.out
    assert fit(SINGULAR, "--baseline", "base.json", "--fail-on", "error").code == 0


def test_every_format_and_file_says_what_has_changed(fit: Run, here: Path) -> None:
    store(BARE)
    document = json.loads(fit(SINGULAR, "--baseline", "base.json", "--format", "json").out)
    assert [change["code"] for change in document["drift"]["changes"]] == ["MM310"]
    assert [found["baseline_state"] for found in document["findings"]] == ["new"]
    names = ("text", "markdown", "html", "junit", "github")
    outputs = [word for name in names for word in ("--output", f"{name}:{name}")]
    fit(SINGULAR, "--baseline", "base.json", *outputs)
    for name in names:
        assert "MM310 zero-variance" in (here / name).read_text()


def test_without_a_baseline_nothing_is_said_of_one(fit: Run) -> None:
    document = json.loads(fit(SINGULAR, "--format", "json").out)
    assert document["drift"] is None
    assert "baseline" not in fit(SINGULAR, "--format", "markdown").out


def test_what_is_written_is_the_whole_report_without_the_comparison(fit: Run) -> None:
    made = fit(SINGULAR, "--baseline", "base.json", "--update-baseline", "--select", "MM1")
    assert (made.code, made.err) == (0, "Baseline base.json: created\n")
    assert Path("base.json").read_text() == jsondoc.render(SINGULAR)
    assert fit(SINGULAR, "--baseline", "base.json").code == 0


def test_an_update_says_what_changes_and_fails_nothing(fit: Run) -> None:
    store(BARE)
    result = fit(
        SINGULAR,
        "--baseline",
        "base.json",
        "--update-baseline",
        "--format",
        "json",
        "--output",
        "junit:j.xml",
    )
    assert result.code == 0
    assert result.err == (
        "Baseline base.json: replaced; 1 change:\n"
        "  MM310 zero-variance, (1 | Batch): none before, warning now\n"
    )
    assert [change["code"] for change in json.loads(result.out)["drift"]["changes"]] == ["MM310"]
    assert 'failures="0"' in Path("j.xml").read_text()
    assert json.loads(Path("base.json").read_text())["drift"] is None


def test_an_update_that_changes_nothing_leaves_the_file_alone(fit: Run) -> None:
    store(replace(SINGULAR, timing={"total": 99.0}))
    before = Path("base.json").read_bytes()
    result = fit(SINGULAR, "--baseline", "base.json", "--update-baseline")
    assert (result.code, result.err) == (0, "Baseline base.json: nothing has changed\n")
    assert Path("base.json").read_bytes() == before


def test_small_changes_are_kept_without_a_word(fit: Run) -> None:
    store(replace(SINGULAR, findings=(replace(SINGULAR.findings[0], message="other words"),)))
    result = fit(SINGULAR, "--baseline", "base.json", "--update-baseline")
    assert result.err == "Baseline base.json: replaced; nothing is new and nothing has drifted\n"
    assert Path("base.json").read_text() == jsondoc.render(SINGULAR)


def test_another_model_takes_the_place_only_if_it_is_told_to(fit: Run) -> None:
    store(CONVERGED)
    refused = fit(SINGULAR, "--baseline", "base.json")
    problem = (
        "`base.json` is a report on another model: "
        "formula `Reaction ~ Days + (1 + Days | Subject)` there, `Yield ~ 1 + (1 | Batch)` here"
    )
    assert (refused.code, refused.out) == (2, "")
    assert refused.err == (
        f"Error in option --baseline: {problem}\n"
        "  Name the report on this model, or let --update-baseline put this one in its place.\n"
    )
    kept = fit(SINGULAR, "--baseline", "base.json", "--update-baseline")
    assert (kept.code, kept.err) == (0, f"Baseline base.json: replaced; {problem}\n")
    assert fit(SINGULAR, "--baseline", "base.json").code == 0


def test_without_a_verdict_nothing_is_kept(fit: Run) -> None:
    store(CONVERGED)
    before = Path("base.json").read_bytes()
    result = fit(UNDETERMINED, "--baseline", "base.json", "--update-baseline")
    assert (result.code, result.err) == (3, "Baseline base.json: not written, for there is no verdict\n")
    assert Path("base.json").read_bytes() == before


@pytest.mark.parametrize("options", [[], ["--update-baseline"]], ids=["", "update"])
@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("{", "`base.json` is not JSON"),
        ('{"schema_version": NaN}', "`base.json` is not JSON"),
        ("[" * 100_000, "`base.json` is not JSON"),
        ("[]", "`base.json` is JSON, but no report of mmtriage"),
        ('{"name": "left-pad"}', "`base.json` is JSON, but no report of mmtriage"),
    ],
    ids=["broken", "nan", "deep", "list", "foreign"],
)
def test_a_file_of_somebody_else_is_neither_used_nor_overwritten(
    content: str, problem: str, options: list[str], fit: Run
) -> None:
    Path("base.json").write_text(content)
    result = fit(SINGULAR, "--baseline", "base.json", *options)
    assert (result.code, result.out) == (2, "")
    assert result.err.startswith(f"Error in option --baseline: {problem}\n  ")
    assert Path("base.json").read_text() == content


def test_bytes_that_are_no_text_are_no_report(fit: Run) -> None:
    Path("base.json").write_bytes(jsondoc.render(SINGULAR).encode("utf-16"))
    assert fit(SINGULAR, "--baseline", "base.json").err.startswith(
        "Error in option --baseline: `base.json` is not JSON\n"
    )
    Path("base.json").write_bytes(b"\xef\xbb\xbf" + jsondoc.render(SINGULAR).encode())
    assert fit(SINGULAR, "--baseline", "base.json").code == 0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            ["--baseline", "none.json"],
            "Error in option --baseline: there is no file `none.json`\n  --update-baseline creates it.\n",
        ),
        (
            ["--baseline", "."],
            "Error in option --baseline: `.` is a directory\n  Give the file of a JSON report.\n",
        ),
        (
            ["--baseline", "no/where.json", "--update-baseline"],
            "Error in option --baseline: `no/where.json` is in a directory that does not exist\n"
            "  Give the file of a JSON report.\n",
        ),
        (
            ["--baseline", "a" * 300],
            f"Error in option --baseline: `{'a' * 300}` names no file: File name too long\n",
        ),
        (
            ["--update-baseline"],
            "Error: --update-baseline needs to know which file to write\n"
            "  Name it: --baseline report.json --update-baseline\n",
        ),
        (
            ["--baseline", "base.json", "--output", "json:base.json"],
            "Error in option --output: `base.json` is the baseline itself: the report would overwrite it\n"
            "  Give another file.\n",
        ),
    ],
    ids=["missing", "directory", "nowhere", "too long", "which", "overwritten"],
)
def test_a_mistake_is_told_before_any_work_is_done(options: list[str], message: str, fit: Run) -> None:
    store(SINGULAR)

    result = fit(None, *options)
    assert (result.code, result.out, result.err) == (2, "", message)


def test_a_failed_json_run_is_no_baseline(fit: Run) -> None:
    error = {"kind": "data", "message": "there is no file `d.csv`", "where": None, "hint": None}
    Path("base.json").write_text(json.dumps({"schema_version": "1.0", "error": error}))
    assert fit(SINGULAR, "--baseline", "base.json").err == (
        "Error in option --baseline: `base.json` holds no report but an error: there is no file `d.csv`\n"
        "  A baseline is what --format json prints; --update-baseline writes one.\n"
    )
    assert fit(SINGULAR, "--baseline", "base.json", "--update-baseline").err == (
        "Baseline base.json: replaced; `base.json` holds no report but an error: there is no file `d.csv`\n"
    )


def test_a_file_is_replaced_at_once_and_keeps_its_place_and_mode(here: Path) -> None:
    place, link = here / "real.json", here / "link.json"
    place.write_text("old")
    place.chmod(0o640)
    link.symlink_to(place)
    write_whole(link, "new")
    assert (link.is_symlink(), place.read_text(), place.stat().st_mode & 0o777) == (True, "new", 0o640)
    assert sorted(path.name for path in here.iterdir()) == ["d.csv", "link.json", "real.json"]


def test_a_disk_that_fails_leaves_the_old_file(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(28, "No space left on device")

    place = here / "base.json"
    place.write_text("old")
    monkeypatch.setattr(os, "replace", refuse)
    with pytest.raises(OSError, match="No space left on device"):
        write_whole(place, "new")
    assert [path.name for path in sorted(here.iterdir())] == ["base.json", "d.csv"]
    assert place.read_text() == "old"


def test_a_real_fit_does_not_drift_and_another_table_does(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def run(*options: str) -> tuple[int, dict[str, Any]]:
        code = cli.run(["fit", "t.csv", DAYS, "--format", "json", "--baseline", "b.json", *options])
        return code, json.loads(capsys.readouterr().out)

    table = here / "t.csv"
    table.write_text(SLEEP.read_text())
    assert run("--update-baseline")[0] == 0
    code, report = run("--fail-on", "info")
    assert (code, report["drift"]["changes"]) == (0, [])
    assert run("--optimizer", "bobyqa")[0] == 0  # another way to the same optimum
    header, *rows = SLEEP.read_text().splitlines()
    table.write_text("\n".join([header, *rows[:150]]) + "\n")
    code, report = run()
    assert code == 1
    assert [change["what"] for change in report["drift"]["changes"]][:2] == ["table", "estimate"]


CONFIG = """
[[models]]
name = "sleep/1"
data = "t.csv"
formula = "Reaction ~ Days + (Days | Subject)"

[[models]]
name = "empty"
data = "t.csv"
formula = "Reaction ~ 1 + (1 | Subject)"
"""


def test_check_keeps_a_report_of_each_model_in_a_directory(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def run(*options: str) -> Result:
        code = cli.run(["check", "--config", "m.toml", "--baseline", "kept", *options])
        captured = capsys.readouterr()
        return Result(code, captured.out, captured.err)

    (here / "m.toml").write_text(CONFIG)
    (here / "t.csv").write_text(SLEEP.read_text())
    missing = run()
    assert missing.code == 2
    assert missing.err == (
        "Error in option --baseline: `kept` does not exist\n"
        "  It holds a report of each model; --update-baseline creates it.\n"
    )
    made = run("--update-baseline", "sleep/1")
    assert (made.code, made.err) == (0, "Baseline kept/sleep%2F1.json: created\n")
    # One model has a baseline, the other none: it is reported as ever.
    both = json.loads(run("--format", "json").out)["models"]
    assert [model["report"]["drift"] is None for model in both] == [False, True]
    assert run("--update-baseline").err == (
        "Baseline kept/sleep%2F1.json: nothing has changed\nBaseline kept/empty.json: created\n"
    )
    (here / "m.toml").write_text(CONFIG.replace("Reaction ~ 1 +", "Reaction ~ Days +"))
    changed = run("--format", "json")
    assert changed.code == 0
    fine, other = json.loads(changed.out)["models"]
    assert fine["exit_code"] == 0
    edited = other["report"]["drift"]["changes"][0]
    assert (edited["what"], edited["where"]) == ("model", "formula")
    (here / "kept" / "gone.json").write_text("{}")
    assert run().err == "Baseline kept/gone.json: no model of m.toml has this name\n"


def test_every_name_has_a_file_of_its_own() -> None:
    names = ["a", "a/b", "a%2Fb", "..", ".", "a b", "größe", "A:b", "\u53cd" * 50, "\u53cd" * 51]
    files = [file_of(Path("kept"), name) for name in names]
    assert len(set(files)) == len(names)
    assert {path.parent for path in files} == {Path("kept")}
    assert max(len(path.name) for path in files) < 255  # more was a traceback


def test_a_model_that_fails_for_the_first_time_is_seen(fit: Run) -> None:
    store(replace(CONVERGED, model=NOT_CONVERGED.model))
    result = fit(NOT_CONVERGED, "--baseline", "base.json", "-q")
    assert result.code == 1
    assert "  verdict" in result.out
    assert "converged" in result.out
