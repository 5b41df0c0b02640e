"""`check --changed`: models that ask what they asked before are not fitted again."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mmtriage.check.config import Config, read_config
from mmtriage.check.entry_question import question_of_entry, request_of_entry
from mmtriage.check.triage_all import check_models, triage_entry
from mmtriage.check.unchanged import unchanged
from mmtriage.command import main as cli
from mmtriage.render import overview
from mmtriage.report.baseline_file import Baseline, compared
from mmtriage.report.document import json_text, report_document
from mmtriage.report.facts import Report
from mmtriage.report.request import request_of
from tests.check.configs import SAMPLES
from tests.real_reports.records import REPORTS
from tests.triaged import ROOT

MODELS = """
[[models]]
name = "dye"
data = "d.csv"
formula = "Yield ~ 1 + (1 | Batch)"
"""


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """A directory with a configuration and a table, and the report on its model, as JSON."""
    directory = tmp_path_factory.mktemp("kept")
    (directory / "m.toml").write_text(MODELS)
    (directory / "d.csv").write_bytes((SAMPLES / "Dyestuff2.csv").read_bytes())
    (model,) = read_config(directory / "m.toml").models
    outcome = triage_entry(model).outcome
    assert isinstance(outcome, Report)
    return directory, json.loads(json_text(report_document(outcome)))


def found(config: Config, document: object) -> Mapping[str, Report]:
    return unchanged(config.models, {"dye": Baseline(path=Path("dye.json"), document=document)})


def test_the_earlier_report_is_the_report(kept: tuple[Path, dict[str, Any]]) -> None:
    directory, document = kept
    config = read_config(directory / "m.toml")
    reports = found(config, document)
    assert json.loads(json_text(report_document(reports["dye"]))) == document

    def fails(_: object) -> Any:
        raise AssertionError("it is fitted again")

    summary = check_models(config, jobs=1, kept=reports, task=fails)
    assert (summary.not_fitted, summary.models[0].is_fitted) == (1, False)
    assert "1 not fitted again" in overview.tally(summary)
    (row,) = overview.grid(
        [replace(summary.models[0], outcome=compared(reports["dye"], document, "dye.json"))]
    ).rows
    assert row[-2:] == ("not fitted again", "0")


def test_the_table_of_an_unchanged_model_is_not_parsed(
    kept: tuple[Path, dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    directory, document = kept

    def parse(*_: object) -> Any:
        raise AssertionError("it is parsed")

    monkeypatch.setattr("mmtriage.check.entry_question.read_table", parse)
    assert list(found(read_config(directory / "m.toml"), document)) == ["dye"]


def test_a_fit_made_elsewhere_is_the_same_question_with_the_factors_that_it_has(tmp_path: Path) -> None:
    """Its table is read with them, which the checksum does not need to know."""
    fits = ROOT / "tests" / "given" / "fits"
    fit = json.loads((fits / "sm_sessions.json").read_text())
    levels = ["e_post", "d_t3", "c_t2", "b_t1", "a_naive"]
    fit |= {"data": str(fits / fit["data"]), "factors": [{"name": "session", "levels": levels}]}
    (tmp_path / "fit.json").write_text(json.dumps(fit))
    (tmp_path / "m.toml").write_text('[[models]]\nname = "dye"\nfit = "fit.json"\n')
    config = read_config(tmp_path / "m.toml")
    asked = question_of_entry(config.models[0])
    assert asked.table.reading.of_fit == {"session"}
    told = (asked.table.sha256, asked.table.reading, asked.formula, asked.options, asked.given)
    assert request_of(*told) == request_of_entry(config.models[0])


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace("1 + (1", "(1"),
        lambda text: text + "ml = true\n",
        lambda text: text + 'factor = ["Batch"]\n',
        lambda text: text + "maxfun = 50\n",
        lambda text: text + 'select = ["MM3"]\n',
        lambda text: text + 'ignore = [{code = "MM310", reason = "few"}]\n',
        lambda text: text.replace("d.csv", "none.csv"),
    ],
    ids=["formula", "ml", "factor", "maxfun", "select", "ignore", "table"],
)
def test_another_question_is_asked_anew(
    kept: tuple[Path, dict[str, Any]], change: Callable[[str], str]
) -> None:
    directory, document = kept
    other = directory / "other.toml"
    other.write_text(change(MODELS))
    assert found(read_config(other), document) == {}


@pytest.mark.parametrize("same", ["jobs = 2\n" + MODELS, MODELS + "time_budget = 99\n"], ids=["jobs", "time"])
def test_what_changes_no_report_is_no_other_question(kept: tuple[Path, dict[str, Any]], same: str) -> None:
    directory, document = kept
    (directory / "same.toml").write_text(same)
    assert list(found(read_config(directory / "same.toml"), document)) == ["dye"]


@pytest.mark.parametrize(
    "edit",
    [
        lambda d: {**d, "incomplete": ["allfit"]},
        lambda d: {**d, "input": {**d["input"], "request": None}},
        lambda d: {key: value for key, value in d.items() if key != "input"},
        lambda d: {key: value for key, value in d.items() if key != "timing"},
        lambda d: {**d, "findings": 3},
        lambda _: [],
        lambda _: None,
    ],
    ids=["incomplete", "no-request", "no-input", "no-timing", "findings", "list", "none"],
)
def test_a_report_that_is_none_is_made_anew(kept: tuple[Path, dict[str, Any]], edit: Any) -> None:
    directory, document = kept
    assert found(read_config(directory / "m.toml"), edit(document)) == {}


def test_the_summary_says_what_was_left_alone(
    kept: tuple[Path, dict[str, Any]], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    directory, document = kept
    monkeypatch.chdir(directory)
    monkeypatch.setenv("COLUMNS", "100")
    Path("reports").mkdir(exist_ok=True)
    Path("reports/dye.json").write_text(json_text(document))
    assert cli.run(["check", "--config", "m.toml", "--baseline", "reports", "--changed"]) == 0
    out = capsys.readouterr().out
    assert "dye    Singular" in out
    assert "not fitted again" in out


def test_without_a_baseline_nothing_is_known(
    kept: tuple[Path, dict[str, Any]], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(kept[0])
    assert cli.run(["check", "--config", "m.toml", "--changed"]) == 2
    assert capsys.readouterr().err == (
        "Error: --changed needs to know what was there before\n  Name it: --baseline reports --changed\n"
    )


@pytest.mark.parametrize("name", REPORTS)
def test_what_has_changed_fits_into_a_few_words(name: str) -> None:
    from mmtriage.render import since

    report = REPORTS[name]
    said = since.brief(report, "warning")
    assert len(said) < 60
    assert said == "first report" if report.drift is None else said
