"""`mmtriage init`: a configuration, a first baseline and a workflow."""

from __future__ import annotations

import json
import shutil
import tomllib
from pathlib import Path

import pytest

from mmtriage.check.config import read_config
from mmtriage.command import main as cli
from mmtriage.command.new_project import TEMPLATE
from mmtriage.data.reading import Reading
from mmtriage.options import TriageOptions
from mmtriage.project.toml_entry import entry
from tests.triaged import ROOT, SAMPLES

FORMULA = "Yield ~ 1 + (1 | Batch)"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory with a table."""
    monkeypatch.chdir(tmp_path)
    shutil.copy(SAMPLES / "Dyestuff2.csv", tmp_path / "dye.csv")
    return tmp_path


@pytest.mark.parametrize(
    ("reading", "options"),
    [
        (Reading(), TriageOptions()),
        (
            Reading(factors={"a b": None, "c": ("x", 'y"z')}, na_values=("-99", "#"), skip=2, sep=";"),
            TriageOptions(reml=False, maxfun=300, keep=("1 | g",), contrasts={"ü": "sum"}, subset="x & y"),
        ),
        (Reading(), TriageOptions(family="binomial", link="probit", nagq=9, time_budget=2.5, all_rungs=True)),
    ],
    ids=["plain", "linear", "generalized"],
)
def test_an_entry_is_read_as_it_was_meant(here: Path, reading: Reading, options: TriageOptions) -> None:
    text = entry({"name": "a\\b\x7f", "data": "d.csv", "formula": FORMULA}, reading, options)
    (here / "pyproject.toml").write_text(text)
    (model,) = read_config(here / "pyproject.toml").models
    assert (model.name, model.formula) == ("a\\b\x7f", FORMULA)
    assert (model.reading, model.options) == (reading, options)


def test_a_project_begins(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["init", str(here / "dye.csv"), FORMULA, "--factor", "Batch"]) == 0
    assert capsys.readouterr().out == (
        "pyproject.toml: model `dye` added\n"
        "reports/dye.json: the report as it is today\n"
        ".github/workflows/mmtriage.yml: written; put the address of mmtriage into it\n"
        "From now on `mmtriage check --baseline reports` fails where something is new.\n"
    )
    (model,) = tomllib.loads(Path("pyproject.toml").read_text())["tool"]["mmtriage"]["models"]
    assert model == {"name": "dye", "data": "dye.csv", "formula": FORMULA, "factor": {"Batch": True}}
    assert json.loads(Path("reports/dye.json").read_text())["verdict"]["status"] == "singular"
    assert Path(".github/workflows/mmtriage.yml").read_text() == TEMPLATE.read_text()
    assert cli.run(["check", "--baseline", "reports", "--changed"]) == 0


def test_a_fit_made_elsewhere_is_a_model(here: Path) -> None:
    Path("pyproject.toml").write_text('[project]\nname = "mine"\n')
    fit = ROOT / "tests" / "given" / "fits" / "sm_pigs_slope.json"
    assert cli.run(["init", "--fit", str(fit), "--name", "pigs"]) == 0
    assert Path("pyproject.toml").read_text() == (
        f'[project]\nname = "mine"\n\n[[tool.mmtriage.models]]\nname = "pigs"\nfit = "{fit}"\n'
    )
    assert Path("reports/pigs.json").is_file()


MODELS = '[tool.mmtriage]\nmodels = [{name = "a", data = "dye.csv", formula = "Yield ~ 1 + (1 | Batch)"}]\n'


@pytest.mark.parametrize(
    ("words", "before", "said"),
    [
        ([], None, "Error: DATA is missing"),
        (["dye.csv"], None, "Error: FORMULA is missing"),
        (["-", FORMULA], None, "Error: a model cannot be read from standard input"),
        (["dy.csv", FORMULA], None, "Error: there is no file `dy.csv`"),
        (["dye.csv", "Yield ~ 1 + (1 | Bach)"], None, "Error: `Bach` is not a column"),
        (["dye.csv", "Yield ~ "], "", "Error"),
        (["dye.csv", FORMULA, "--fit", "f.json"], None, "Error in option --fit: a fit has its formula"),
        (["--fit", "none.json"], None, "Error"),
        (["dye.csv", FORMULA], MODELS, "Error in pyproject.toml, line 4: no model can be added"),
        (["dye.csv", FORMULA], "[tool\n", "Error in pyproject.toml, line 1: no model can be added"),
        (
            ["dye.csv", FORMULA],
            '[[tool.mmtriage.models]]\nname = "dye"\ndata = "dye.csv"\nformula = "Yield ~ 1 + (1 | Batch)"\n',
            "Error in pyproject.toml, line 7: the name `dye` is taken",
        ),
    ],
)
def test_a_mistake_changes_nothing(
    here: Path, words: list[str], before: str | None, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    if before is not None:
        Path("pyproject.toml").write_text(before)
    assert cli.run(["init", *words]) == 2
    captured = capsys.readouterr()
    assert captured.err.startswith(said)
    assert captured.out == ""
    after = Path("pyproject.toml").read_text() if Path("pyproject.toml").exists() else None
    assert after == before
    assert not Path("reports").exists()
    assert not Path(".github").exists()


def test_a_configuration_that_is_no_text_stays(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("pyproject.toml").write_bytes(b"\xff")
    assert cli.run(["init", "dye.csv", FORMULA]) == 2
    assert capsys.readouterr().err == (
        "Error in pyproject.toml, line 1: the text is not UTF-8: byte 0xff cannot be decoded\n"
        "  TOML files are UTF-8.\n"
    )


def test_a_workflow_that_is_there_stays(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path(".github/workflows").mkdir(parents=True)
    Path(".github/workflows/mmtriage.yml").write_text("mine\n")
    assert cli.run(["init", "dye.csv", FORMULA]) == 0
    assert "mmtriage.yml: left as it is" in capsys.readouterr().out
    assert Path(".github/workflows/mmtriage.yml").read_text() == "mine\n"
