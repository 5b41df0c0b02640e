"""A model of a configuration may be a fit made elsewhere: `fit = "fits/model.json"`."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from mmtriage.command.main import run
from tests.triaged import ROOT

FITS = ROOT / "tests" / "given" / "fits"


def check(directory: Path, toml: str, capsys: pytest.CaptureFixture[str]) -> tuple[int, str, str]:
    shutil.copytree(FITS, directory / "fits")
    (directory / "models.toml").write_text(toml, encoding="utf-8")
    code = run(["check", "--config", str(directory / "models.toml"), "--format", "json"])
    caught = capsys.readouterr()
    return code, caught.out, caught.err


def test_the_file_of_a_fit_is_judged_with_its_own_table_or_another(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    toml = (
        'time_budget = 300\n[[models]]\nname = "pigs"\nfit = "fits/sm_pigs_slope.json"\n'
        '[[models]]\nname = "gain"\nfit = "fits/sm_ml_single.json"\ndata = "fits/csv/sm_ml_single.csv"\n'
    )
    code, out, _ = check(tmp_path, toml, capsys)
    reports = {model["name"]: model["report"] for model in json.loads(out)["models"]}
    assert code == 1
    assert {name: report["verdict"]["status"] for name, report in reports.items()} == {
        "pigs": "not_converged",
        "gain": "converged",
    }
    assert reports["gain"]["baseline"]["source"] == "given"


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ('formula = "y ~ x + (1 | g)"', "a fit has its formula"),
        ('data = "-"', "cannot be read from standard input"),
    ],
)
def test_what_makes_no_sense_beside_a_fit_is_refused(
    more: str, says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    toml = f'[[models]]\nname = "pigs"\nfit = "fits/sm_pigs_slope.json"\n{more}\n'
    code, _, err = check(tmp_path, toml, capsys)
    assert code == 2
    assert says in err


def test_a_key_that_contradicts_the_file_is_the_error_of_its_model(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    toml = '[[models]]\nname = "pigs"\nfit = "fits/sm_pigs_slope.json"\nml = true\n'
    code, out, _ = check(tmp_path, toml, capsys)
    (model,) = json.loads(out)["models"]
    assert code == 2
    assert "says otherwise" in model["error"]["message"]
