"""Fits that people made with statsmodels, glmmTMB, nlme and lme4, judged from their stored parameters."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from mmtriage.report.schema import schema_text
from tests.triaged import ran

FITS = Path(__file__).parent / "fits"
CASES: dict[str, dict[str, Any]] = {
    case["id"]: case for case in json.loads((FITS / "expected.json").read_text(encoding="utf-8"))
}
REFUSED = "sm_cell"  # lme4 would not fit it: as many levels as rows
ROUNDING = 2e-6  # deviance units: the cases are stored with 6 decimals


@cache
def judged(name: str) -> dict[str, Any]:
    return ran("judge", str(FITS / f"{name}.json"), "--format", "json").report


@pytest.mark.parametrize("name", CASES)
def test_the_gap_is_that_of_the_program_to_the_best_that_r_finds(name: str) -> None:
    expected = None if name == REFUSED else pytest.approx(CASES[name]["gap"], abs=ROUNDING)
    assert judged(name)["verdict"]["gap"] == expected


@pytest.mark.parametrize("name", CASES)
def test_the_status_is_that_of_the_fit(name: str) -> None:
    report = judged(name)
    assert report["verdict"]["status"] == CASES[name]["status"]
    assert ("MM410" in {f["code"] for f in report["findings"]}) == (CASES[name]["status"] == "wrong_se")


@pytest.mark.parametrize("name", [name for name in CASES if name != REFUSED])
def test_the_report_shows_the_fit_that_was_given(name: str) -> None:
    given = json.loads((FITS / f"{name}.json").read_text(encoding="utf-8"))
    baseline = judged(name)["baseline"]
    assert (baseline["source"], baseline["software"]["name"]) == ("given", CASES[name]["software"])
    theirs = {effect["name"]: effect for effect in given["fixed_effects"]}
    for effect in baseline["fixed_effects"]:
        assert effect["estimate"] == theirs[effect["name"]]["estimate"]
        se = theirs[effect["name"]]["se"]
        assert effect["se"] == (None if se is None else pytest.approx(se, rel=1e-12))
    assert baseline["sigma"] == pytest.approx(given["sigma"], rel=1e-12)
    sds = [sd for term in given["random_effects"] for sd in term["sd"]]
    shown = [sd for term in baseline["random_effects"] for sd in term["sd"]]
    assert sorted(shown) == pytest.approx(sorted(sds), rel=1e-8, abs=1e-10)
    assert baseline["lme4_messages"] == given["messages"]


def test_a_log_likelihood_that_is_not_finite_shows_nothing_and_is_said() -> None:
    assert "nothing showed that this is the same model" in judged("sm_noise3")["verdict"]["message"]
    assert "nothing showed" not in judged("sm_pigs_slope")["verdict"]["message"]


@pytest.mark.parametrize("name", CASES)
def test_the_files_are_what_the_schema_of_a_fit_says(name: str) -> None:
    document = json.loads((FITS / f"{name}.json").read_text(encoding="utf-8"))
    jsonschema.validate(document, json.loads(schema_text("fit")))
