"""Fits with a covariance structure by lme4 2.1-0, handed over with its own names of its parameters."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from mmtriage.data.read_table import read_table
from mmtriage.data.reading import Reading
from mmtriage.diagnose.judgement import judge
from mmtriage.diagnose.usable import with_use
from mmtriage.formula import parse_formula
from mmtriage.given.agreement import agreed_fit
from mmtriage.given.read_fit import fit_of
from mmtriage.ladder.workbench import Workbench
from mmtriage.options import TriageOptions
from tests.triaged import ran

GOLDEN = Path(__file__).parent.parent / "golden"
CASES: dict[str, dict[str, Any]] = {
    case["id"]: case for case in json.loads((GOLDEN / "structures.json").read_text(encoding="utf-8"))
}
AT_OPTIMUM = (
    "machines_cs",
    "machines_cs_hom",
    "machines_diag",
    "machines_diag_hom",
    "sleepstudy_ar1_int",
    "orthodont_ar1",
)


def document_of(case: dict[str, Any]) -> dict[str, Any]:
    """FIT.json as `mmtriage.R` writes it of such a fit."""
    fit = case["expected"]
    return {
        "schema_version": "1.0",
        "software": {"name": "lme4", "version": "2.1.0"},
        "formula": case["formula"],
        "reml": case.get("REML", True),
        "theta": [{"name": name, "value": value} for name, value in fit["par"].items()],
        "sigma": fit["sigma"],
        "fixed_effects": [
            {"name": name, "estimate": value, "se": fit["se"][name]} for name, value in fit["fixef"].items()
        ],
        "messages": fit["messages"],
        "singular": fit["singular"],
        "log_likelihood": -0.5 * fit["criterion"],
    }


def judged(document: dict[str, Any], csv: str, directory: Path) -> dict[str, Any]:
    path = directory / "fit.json"
    path.write_text(json.dumps(document), encoding="utf-8")
    return ran("judge", str(path), str(GOLDEN / "csv" / csv), "--format", "json").report


@pytest.mark.parametrize("id", AT_OPTIMUM)
def test_parameters_are_placed_by_lme4s_names(id: str, tmp_path: Path) -> None:
    case = CASES[id]
    report = judged(document_of(case), case["csv"], tmp_path)
    assert report["verdict"]["status"] == "converged"
    assert report["verdict"]["gap"] < 1e-5
    assert report["baseline"]["software"]["version"] == "2.1.0"
    theirs = case["expected"]["par"]
    assert report["baseline"]["theta_names"] == list(theirs)
    assert report["baseline"]["theta"] == list(theirs.values())


@pytest.mark.parametrize("id", ["machines_cs", "machines_cs_hom", "machines_diag_hom", "orthodont_ar1"])
def test_standard_deviations_and_correlations_say_the_same(id: str, tmp_path: Path) -> None:
    case = CASES[id]
    document = document_of(case)
    del document["theta"]
    document["random_effects"] = [
        {
            "group": group,
            "terms": list(effects["sd"]),
            "sd": list(effects["sd"].values()),
            "correlation": effects["correlation"],
        }
        for group, effects in case["expected"]["varcorr"].items()
    ]
    report = judged(document, case["csv"], tmp_path)
    assert report["verdict"]["status"] == "converged"
    assert report["baseline"]["theta"] == pytest.approx(list(case["expected"]["par"].values()), rel=1e-6)


def test_a_fit_that_stopped_short_is_found_out() -> None:
    """lme4's path to it hangs on its last bits; where it ended does not. (The ladder would be dear.)"""
    case = CASES["sleepstudy_ar1_het"]
    table = read_table(GOLDEN / "csv" / case["csv"], Reading(factors={"Subject": None}))
    bench = Workbench(table, TriageOptions())
    given = fit_of(document_of(case), "fit.json")
    comparison = bench.judge(agreed_fit(given, bench.build(parse_formula(case["formula"])), bench.deadline))
    assert comparison.gap == pytest.approx(0.0242, abs=1e-4)
    verdict = with_use(judge(comparison, ()), comparison, ())
    assert verdict.status == "not_converged"
    assert verdict.message.endswith("the coefficients hardly move, but the residual SD is wrong by 35%.")
    assert verdict.headline.endswith("Do not use the residual SD (35 % too large).")
