"""A report in Python: what it prints, what it can be turned into, and the code that it offers."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

import mmtriage
from mmtriage.errors import OptionError
from mmtriage.notebook import Report
from mmtriage.render import ENDINGS, render
from tests.triaged import SAMPLES


@pytest.fixture(scope="module")
def report() -> Report:
    frame = pd.read_csv(SAMPLES / "sleepstudy_year.csv")
    return mmtriage.triage(frame, "Reaction ~ Year + (Year | Subject)", factor=["Subject"], ml=True)


def test_it_prints_as_the_text_report(report: Report) -> None:
    assert str(report) == render(report, "text")
    assert str(report).startswith("NOT CONVERGED")


def test_it_turns_into_every_format_that_people_keep(report: Report) -> None:
    assert json.loads(report.to_json()) == report.to_dict()
    assert report.to_html().startswith("<!DOCTYPE html>")
    assert report.to_markdown() == render(report, "markdown")


def test_a_data_frame_has_no_name_for_a_command(report: Report) -> None:
    """So the code to paste is a call; pasted, it gives what was measured."""
    d = pd.read_csv(SAMPLES / "sleepstudy_year.csv")
    codes = [remedy.code.mmtriage for remedy in report.remedies if remedy.code.mmtriage is not None]
    assert codes
    for code in codes:
        assert code.startswith("mmtriage.triage(d, ")
        again = eval(code, {"mmtriage": mmtriage, "d": d})
        assert isinstance(again, Report)
        assert again.model.method == "ML"


@pytest.mark.parametrize(("ending", "format_name"), ENDINGS.items())
def test_it_is_saved_in_the_format_of_the_ending(
    report: Report, tmp_path: Path, ending: str, format_name: str
) -> None:
    path = tmp_path / f"report{ending.upper()}"
    report.save(path)
    assert path.read_text(encoding="utf-8") == render(report, format_name)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("r.pdf", "no format has the ending of `DIR/r.pdf`"),
        ("r", "no format has the ending of `DIR/r`"),
        ("none/r.json", "`DIR/none/r.json` cannot be written: No such file or directory"),
    ],
)
def test_where_it_cannot_be_saved_is_said(report: Report, tmp_path: Path, name: str, said: str) -> None:
    with pytest.raises(OptionError) as caught:
        report.save(tmp_path / name)
    assert caught.value.message.replace(str(tmp_path), "DIR") == said
