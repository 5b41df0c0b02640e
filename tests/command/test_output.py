"""`--output FORMAT:PATH`: what is written, and what must not be."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from mmtriage.render import RENDERERS, render, terminal
from mmtriage.render.terminal import Detail
from tests.command.running import FORMULA, Run
from tests.real_reports.records import NOT_CONVERGED, SINGULAR


def test_reports_can_be_written_beside_stdout(data: str, tmp_path: Path, mmtriage: Run) -> None:
    json_path, text_path = tmp_path / "r.json", tmp_path / "r:1.txt"
    result = mmtriage(
        "fit",
        data,
        FORMULA,
        "--output",
        f"json:{json_path}",
        "--output",
        f"text:{text_path}",
        answer=SINGULAR,
    )
    assert result.code == 1
    assert json.loads(json_path.read_text())["verdict"]["status"] == "singular"
    assert text_path.read_text().startswith("SINGULAR   ")


def test_one_run_writes_every_format(data: str, tmp_path: Path, mmtriage: Run) -> None:
    paths = {name: tmp_path / f"report.{name}" for name in RENDERERS}
    options = [word for name, path in paths.items() for word in ("--output", f"{name}:{path}")]
    result = mmtriage("fit", data, FORMULA, "--format", "sarif", *options, answer=SINGULAR)
    assert (result.code, result.err) == (1, "")
    assert paths["sarif"].read_text() == result.out
    for name, path in paths.items():
        assert path.read_text() == render(SINGULAR, name)


@pytest.mark.parametrize("option", ["-q", "-v"])
def test_a_text_file_is_as_long_as_asked_for(option: str, data: str, tmp_path: Path, mmtriage: Run) -> None:
    path = tmp_path / "r.txt"
    mmtriage("fit", data, FORMULA, option, "--output", f"text:{path}", answer=NOT_CONVERGED)
    detail: Detail = "brief" if option == "-q" else "full"
    assert path.read_text() == terminal.render(NOT_CONVERGED, detail=detail)


def test_two_reports_do_not_share_a_file(data: str, tmp_path: Path, mmtriage: Run) -> None:
    path = tmp_path / "r"
    options = ["--output", f"json:{path}", "--output", f"html:{tmp_path / '.' / 'r'}"]
    result = mmtriage("fit", data, FORMULA, *options)
    assert (result.code, result.out) == (2, "")
    assert result.err.startswith(f"Error in option --output: `{path}` is given twice: one report would")
    assert not path.exists()


@pytest.mark.parametrize("name", ["d.csv", "link.csv"])
def test_a_report_never_overwrites_the_table(name: str, data: str, tmp_path: Path, mmtriage: Run) -> None:
    table = Path(data)
    before = table.read_bytes()
    (tmp_path / "link.csv").symlink_to(table)
    result = mmtriage("fit", data, FORMULA, "--output", f"json:{tmp_path / name}")
    assert (result.code, result.out) == (2, "")
    assert "is the table itself: the report would overwrite it" in result.err
    assert table.read_bytes() == before


def test_an_output_that_cannot_be_written_costs_no_other(
    data: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mmtriage: Run
) -> None:
    """The old file stands, stdout has its report, and the exit code is 3: what was found did not arrive."""
    written = os.replace

    def refuse(source: Path, place: Path) -> None:
        if place.suffix == ".json":
            raise OSError(28, "No space left on device")
        written(source, place)

    monkeypatch.setattr(os, "replace", refuse)
    old, other = tmp_path / "r.json", tmp_path / "r.txt"
    old.write_text("old")
    words = ["--output", f"json:{old}", "--output", f"text:{other}"]
    result = mmtriage("fit", data, FORMULA, *words, answer=SINGULAR)
    assert result.code == 3
    assert result.err == f"Error in option --output: `{old}` cannot be written: No space left on device\n"
    assert result.out.startswith("SINGULAR")
    assert (old.read_text(), other.read_text()[:8]) == ("old", "SINGULAR")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["d.csv", "r.json", "r.txt"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs a pipe with a name")
def test_what_is_no_file_is_written_and_not_replaced(data: str, tmp_path: Path, mmtriage: Run) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    assert mmtriage("fit", data, FORMULA, "--output", f"github:{pipe}", answer=SINGULAR).code == 1
    assert os.read(reader, 9) == b"::warning"
    os.close(reader)
    assert pipe.is_fifo()
