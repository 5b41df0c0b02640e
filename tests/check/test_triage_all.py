"""Models side by side: one that fails stops nobody, and the number of processes changes nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from mmtriage.check import entry_question, triage_all
from mmtriage.check.config import Config, read_config
from mmtriage.check.entries import ModelEntry
from mmtriage.check.triage_all import check_models, triage_entry
from mmtriage.data.reading import Reading
from mmtriage.errors import MmtriageError, UnjudgedError
from mmtriage.render import RENDERERS, render_all
from mmtriage.report.facts import Report
from mmtriage.report.summary import Checked, Summary
from tests.check import tasks
from tests.check.configs import CONFIG, EXPECTED
from tests.real_reports.records import CONVERGED, SINGULAR

MODEL = '[[models]]\nname = "{}"\ndata = "d.csv"\nformula = "y ~ 1 + (1 | g)"\n'
TABLE = "y,g\n" + "".join(f"{9 * (i % 5) + (7 * i) % 11},g{i % 5}\n" for i in range(30))


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Config:
    path = tmp_path_factory.mktemp("check") / "models.toml"
    path.write_text(CONFIG)
    return read_config(path)


@pytest.fixture(scope="module")
def summary(config: Config) -> Summary:
    return check_models(config, jobs=2)


@pytest.fixture
def small(tmp_path: Path) -> Config:
    """Three models on a small table."""
    (tmp_path / "d.csv").write_text(TABLE)
    (tmp_path / "m.toml").write_text("".join(MODEL.format(name) for name in "abc"))
    return read_config(tmp_path / "m.toml")


def by_name(summary: Summary) -> dict[str, Checked]:
    return {model.name: model for model in summary.models}


def without_clock(summary: Summary) -> Summary:
    """The same, as if no time had passed."""
    return replace(
        summary,
        models=tuple(
            replace(m, outcome=replace(m.outcome, timing={}, ladder=()))
            if isinstance(m.outcome, Report)
            else m
            for m in summary.models
        ),
    )


def test_one_model_that_fails_stops_nobody(summary: Summary) -> None:
    assert {model.name: model.exit_code for model in summary.models} == EXPECTED
    assert list(by_name(summary)) == list(EXPECTED)
    assert summary.exit_code == 2
    assert [model.name for model in summary.failing] == ["missing", "typo", "hurried", "year"]


def test_an_error_belongs_to_its_model(summary: Summary) -> None:
    missing, typo, hurried = (by_name(summary)[name].outcome for name in ("missing", "typo", "hurried"))
    assert isinstance(missing, MmtriageError)
    assert (missing.kind, missing.hint) == ("data", "Did you mean `Dyestuff.csv`?")
    assert isinstance(typo, MmtriageError)
    assert (typo.kind, typo.hint, typo.underlined()) == (
        "formula",
        "Did you mean `Batch`?",
        "Yield ~ 1 + (1 | Bach)\n                 ^^^^",
    )
    assert isinstance(hurried, MmtriageError)
    assert hurried.kind == "time-budget"


def test_an_accepted_verdict_passes(summary: Summary) -> None:
    dye = by_name(summary)["dye"].outcome
    assert isinstance(dye, Report)
    assert (dye.verdict.status, dye.verdict.severity) == ("singular", "info")
    assert {finding.ignored for finding in dye.findings if finding.code == "MM310"} == {"only six batches"}


def test_selected_findings_only(summary: Summary) -> None:
    strict = by_name(summary)["strict"].outcome
    assert isinstance(strict, Report)
    assert (strict.verdict.status, strict.verdict.severity, strict.findings) == ("singular", "warning", ())


def test_the_number_of_processes_changes_no_byte(config: Config, summary: Summary) -> None:
    alone = without_clock(check_models(config, jobs=1))
    for format_name in RENDERERS:
        assert render_all(alone, format_name) == render_all(without_clock(summary), format_name), format_name


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_crash_is_the_error_of_its_model(jobs: int, small: Config) -> None:
    summary = check_models(small, jobs=jobs, task=tasks.crash_on_b)
    assert [model.exit_code for model in summary.models] == [0, 3, 0]
    crashed = summary.models[1].outcome
    assert isinstance(crashed, UnjudgedError)
    assert crashed.message == "the process that worked on this model was ended by SIGSEGV"


def test_a_bug_keeps_its_traceback_and_stops_nobody(small: Config) -> None:
    summary = check_models(small, jobs=1, task=tasks.bug_in_b)
    assert [(m.exit_code, m.traceback) for m in summary.models] == [
        (0, None),
        (3, "Traceback: b\n"),
        (0, None),
    ]


@pytest.mark.parametrize(
    ("error", "message", "has_traceback"),
    [(ZeroDivisionError("x"), triage_all.BUG, True), (MemoryError(), triage_all.NOT_ENOUGH_MEMORY, False)],
)
def test_whatever_goes_wrong_is_an_answer(
    error: Exception, message: str, has_traceback: bool, small: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr("mmtriage.triage_table.triage_table", fail)
    answer = triage_entry(small.models[0])
    assert isinstance(answer.outcome, UnjudgedError)
    assert answer.outcome.message == message
    assert bool(answer.traceback) == has_traceback
    if answer.traceback:
        assert answer.traceback.endswith("ZeroDivisionError: x\n")


def test_models_that_share_a_table_read_it_once(small: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[Reading] = []

    def read_table(_: str, reading: Reading) -> str:
        read.append(reading)
        return TABLE

    monkeypatch.setattr(entry_question, "read_table", read_table)
    factor = {"Subject": None}
    otherwise = [Reading(sep=";"), Reading(factors={**factor}), Reading(factors={**factor})]
    for model in (*small.models, *[replace(small.models[0], reading=other) for other in otherwise]):
        entry_question._table(model.data, model.reading)
    entry_question._table.cache_clear()
    assert read == [Reading(), Reading(sep=";"), Reading(factors=factor)]


def test_progress_counts_models(small: Config) -> None:
    said: list[tuple[int, int]] = []
    check_models(small, jobs=2, progress=lambda done, total: said.append((done, total)))
    assert said == [(0, 3), (1, 3), (2, 3), (3, 3)]


def test_an_interrupt_says_how_far_it_came(small: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(
        task: object, items: object, *, jobs: int, on_answer: Callable[[int, object], None]
    ) -> list[object]:
        on_answer(2, triage_all.Answer(outcome=CONVERGED))
        raise KeyboardInterrupt

    monkeypatch.setattr(triage_all, "run_each", interrupted)
    summary = check_models(small, jobs=2)
    assert (summary.undone, summary.exit_code) == (("a", "b"), 130)
    assert summary.models[2].outcome == CONVERGED


@pytest.mark.parametrize(
    ("codes", "worst"), [((), 0), ((0, 0), 0), ((0, 1, 0), 1), ((1, 3, 1), 3), ((3, 2, 1), 2), ((2, 3), 2)]
)
def test_the_exit_code_is_the_worst_models(codes: tuple[int, ...], worst: int) -> None:
    outcomes = (CONVERGED, SINGULAR, MmtriageError("x"), UnjudgedError("x"))
    models = tuple(
        Checked(name=f"{position}", path="m.toml", line=1, outcome=outcomes[code])
        for position, code in enumerate(codes)
    )
    assert tuple(model.exit_code for model in models) == codes
    assert Summary(models=models).exit_code == worst


def test_the_remedies_command_reads_the_table_as_the_configuration_says(tmp_path: Path) -> None:
    (tmp_path / "m.toml").write_text(
        MODEL.format("a") + 'sep = ";"\nna_values = ["-9"]\nfactor = {g = true}\n'
    )
    entry: ModelEntry = read_config(tmp_path / "m.toml").models[0]
    assert entry.reading.words == ("--sep", ";", "--na-values", "-9", "--factor", "g")
