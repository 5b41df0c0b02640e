"""A report in Python: what it prints, what it can be turned into, and the code that it offers."""

from __future__ import annotations

import json

import pandas as pd
import pytest

import mmtriage
from mmtriage.notebook import Report
from mmtriage.render import render
from tests.triaged import SAMPLES


@pytest.fixture(scope="module")
def report() -> Report:
    frame = pd.read_csv(SAMPLES / "sleepstudy_year.csv")
    return mmtriage.triage(frame, "Reaction ~ Year + (Year | Subject)", factors=["Subject"], reml=False)


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
