"""The public API: `mmtriage.triage`."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import mmtriage
from mmtriage import Report
from mmtriage.data.read_table import read_table
from mmtriage.errors import DataError, FormulaError, InputError, OptionError, UnjudgedError
from mmtriage.render.jsondoc import render
from tests.triaged import ROOT, SAMPLES, report_validator, triaged

PATH = SAMPLES / "sleepstudy.csv"
FORMULA = "Reaction ~ Days + (Days | Subject)"


def without_time(report: Report) -> dict[str, object]:
    document = report.to_dict()
    del document["timing"]
    return dict(document)


def test_path_string_table_and_command_say_the_same() -> None:
    command = triaged(str(PATH), FORMULA).report
    del command["timing"]
    for data in (PATH, str(PATH), read_table(str(PATH))):
        report = mmtriage.triage(data, FORMULA)
        assert isinstance(report, Report)
        assert json.loads(json.dumps(without_time(report))) == command


def test_a_data_frame_is_a_table() -> None:
    frame = pd.read_csv(PATH)
    before = frame.copy()
    report = mmtriage.triage(frame, FORMULA)
    pd.testing.assert_frame_equal(frame, before)
    assert report.verdict.status == "converged"
    assert report.input.rows_used == 180
    report_validator().validate(json.loads(render(report)))


def test_it_can_be_called_twice() -> None:
    """No submodule that it imports may take its place in the package."""
    code = (
        "import mmtriage\n"
        f"data, formula = {str(PATH)!r}, {FORMULA!r}\n"
        "assert mmtriage.triage(data, formula).verdict.status == 'converged'\n"
        "assert mmtriage.triage(data, formula).verdict.status == 'converged'\n"
        "from mmtriage import Report, TriageOptions, triage\n"
        "assert isinstance(triage(data, formula), Report)\n"
    )
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, timeout=60)


def test_a_group_is_named_as_lme4_names_it() -> None:
    frame = pd.read_csv(PATH).rename(columns={"Subject": "my subject"})
    report = mmtriage.triage(frame, "Reaction ~ Days + (Days | `my subject`)")
    assert dict(report.model.groups) == {"my subject": 18}
    assert report.baseline is not None
    assert report.baseline.theta_names[0] == "my subject.(Intercept)"


def test_options_are_those_of_the_command_line() -> None:
    report = mmtriage.triage(
        PATH,
        FORMULA,
        factor=["Subject"],
        ml=True,
        optimizer="bobyqa",
        subset="Days > 0",
        seed=3,
        all_rungs=True,
    )
    assert (report.model.method, report.model.subset, report.input.seed) == ("ML", "Days > 0", 3)
    assert report.baseline is not None
    assert report.baseline.optimizer == "bobyqa"
    assert len(next(r for r in report.ladder if r.id == "allfit").attempts) > 8


def test_progress_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    said: list[str] = []
    mmtriage.triage(PATH, FORMULA, all_rungs=True, progress=said.append)
    assert len(said) >= 6
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", "")


def test_factors_make_a_slope_a_factor() -> None:
    report = mmtriage.triage(PATH, "Reaction ~ Days + (1 | Subject)", factor=["Days"])
    assert report.model.fixed_names == ("(Intercept)", *(f"Days{day}" for day in range(1, 10)))


def test_a_file_is_read_as_the_command_reads_it(tmp_path: Path) -> None:
    path = tmp_path / "d.csv"
    path.write_text(PATH.read_text().replace(",", ";"))
    report = mmtriage.triage(path, FORMULA, sep=";", na_values=["308"], factor={"Subject": None})
    assert (report.input.rows_read, report.input.rows_used) == (180, 170)


def test_how_to_read_is_no_question_of_what_has_been_read() -> None:
    with pytest.raises(OptionError, match="a data frame has been read already"):
        mmtriage.triage(pd.read_csv(PATH), FORMULA, sep=";")
    with pytest.raises(OptionError, match="a `Table` has been read already"):
        mmtriage.triage(read_table(PATH), FORMULA, factor=["Subject"])


def test_errors_are_of_one_family() -> None:
    with pytest.raises(DataError, match=r"no_such\.csv"):
        mmtriage.triage(Path("no_such.csv"), FORMULA)
    with pytest.raises(FormulaError) as caught:
        mmtriage.triage(PATH, "Reaction ~ Dayz + (Days | Subject)")
    assert caught.value.hint == "Did you mean `Days`?"
    assert caught.value.underlined() == "Reaction ~ Dayz + (Days | Subject)\n           ^^^^"
    with pytest.raises(OptionError, match="no such random term"):
        mmtriage.triage(PATH, FORMULA, keep=("Dayz | Subject",))
    with pytest.raises(InputError):
        mmtriage.triage(PATH, "Reaction ~ Days")
    with pytest.raises(InputError):
        mmtriage.triage(PATH, FORMULA, factor=["Nope"])
    with pytest.raises(InputError):
        mmtriage.triage(pd.DataFrame(), FORMULA)
    with pytest.raises(UnjudgedError, match="time budget"):
        mmtriage.triage(PATH, FORMULA, time_budget=1e-9)


def test_an_unknown_option_is_an_error_of_the_caller() -> None:
    with pytest.raises(OptionError) as caught:
        mmtriage.triage(PATH, FORMULA, max_fun=20)  # type: ignore[call-arg]
    assert str(caught.value) == "there is no option `max_fun`\nDid you mean `maxfun`?"


@pytest.mark.parametrize(
    "options",
    [
        {"optimizer": "bobyka"},
        {"contrasts": {"Days": "simple"}},
        {"maxfun": 0},
        {"time_budget": -1.0},
        {"jobs": 0},
    ],
    ids=lambda options: next(iter(options)),
)
def test_options_that_make_no_sense_are_input_errors(options: dict[str, Any]) -> None:
    with pytest.raises(InputError):
        mmtriage.triage(PATH, FORMULA, **options)
