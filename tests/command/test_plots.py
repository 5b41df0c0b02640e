"""`--output svg:DIR`, plots in the HTML, and both without matplotlib."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest

from mmtriage.command import main as cli
from mmtriage.render import htmldoc, plots
from mmtriage.report.schema import schema_text
from tests.triaged import SAMPLES

MODEL = "fit", str(SAMPLES / "Dyestuff2.csv"), "Yield ~ 1 + (1 | Batch)"
ROOT = Path(__file__).parents[2]
FILES = ["criterion-01-SD-of-Intercept-by-Batch.svg", "fitted-lines.svg", "fixed-effects.svg"]


def test_plots_are_files_and_part_of_the_page(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    directory, page = tmp_path / "new" / "plots", tmp_path / "report.html"
    options = ("--output", f"svg:{directory}", "--output", f"html:{page}", "--format", "json")
    assert cli.run([*MODEL, *options]) == 1
    assert sorted(path.name for path in directory.iterdir()) == FILES
    text = page.read_text()
    for path in directory.iterdir():
        title = re.search("<title[^>]*>([^<]*)</title>", path.read_text())
        assert title is not None
        assert title.group(0) in text
    report = json.loads(capsys.readouterr().out)
    jsonschema.validate(report, json.loads(schema_text()))
    before = {path: path.read_bytes() for path in directory.iterdir()}
    assert cli.run([*MODEL, "--output", f"svg:{directory}"]) == 1
    assert {path: path.read_bytes() for path in directory.iterdir()} == before


def test_a_model_that_cannot_be_fitted_has_no_plots(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = tmp_path / "d.csv"
    table.write_text("y,g\n1,a\n2,a\n3,a\n4,a\n")
    assert cli.run(["fit", str(table), "y ~ 1 + (1 | g)", "--output", f"svg:{tmp_path / 'plots'}"]) == 1
    assert capsys.readouterr().err == "There is nothing to plot: the model was not fitted.\n"
    assert list((tmp_path / "plots").iterdir()) == []


def test_a_file_is_no_directory(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "plots"
    path.write_text("")
    assert cli.run([*MODEL, "--output", f"svg:{path}"]) == 2
    captured = capsys.readouterr()
    assert captured.err == (
        f"Error in option --output: `{path}` is a file\n"
        "  Give a directory; it is made if it does not exist.\n"
    )
    assert captured.out == ""


def test_a_directory_that_cannot_be_made_is_an_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("")
    directory = tmp_path / "file" / "plots"
    assert cli.run([*MODEL, "--output", f"svg:{directory}"]) == 2
    assert capsys.readouterr().err.startswith(f"Error in option --output: `{directory}` cannot be made: ")


def test_without_matplotlib_svg_is_an_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plots, "can_draw", lambda: False)
    assert cli.run([*MODEL, "--output", f"svg:{tmp_path}"]) == 2
    captured = capsys.readouterr()
    assert captured.err == (
        "Error in option --output: `svg` needs matplotlib, which is not installed\n"
        "  Install it: pip install matplotlib\n"
    )
    assert captured.out == ""


def test_without_matplotlib_a_page_has_no_plots(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (plots, htmldoc):
        monkeypatch.setattr(module, "can_draw", lambda: False)
    monkeypatch.setitem(sys.modules, "matplotlib", None)  # importing it would fail
    assert cli.run([*MODEL, "--format", "html"]) == 1
    page = capsys.readouterr().out
    assert "<svg" not in page
    assert "For plots: <code>pip install matplotlib</code>" in page


def test_no_plot_hangs_on_the_settings_of_anybody(tmp_path: Path) -> None:
    """A `matplotlibrc` in the working directory, or MPLBACKEND, stopped them with a traceback."""
    (tmp_path / "matplotlibrc").write_bytes(b"\xff\xfe")
    script = (
        "import os\n"
        "from mmtriage.render.plots.settings_of_nobody import settings_of_nobody\n"
        "with settings_of_nobody():\n"
        "    from mmtriage.render.plots.ink import mpl, style\n"
        "mpl.rcParams['axes.grid'] = True\n"
        "with style():\n"
        "    print(mpl.rcParams['axes.grid'], os.getcwd(), os.environ['MPLBACKEND'])\n"
    )
    environment = {**os.environ, "MPLBACKEND": "nonsense", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, env=environment, capture_output=True, text=True
    )
    assert (done.stderr, done.stdout) == ("", f"False {tmp_path.resolve()} nonsense\n")
