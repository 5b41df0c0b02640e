"""Models of which something was said to be proven that was not so, each with what used to be said."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import mmtriage
from mmtriage.data.read_table import read_table
from mmtriage.diagnose.run_checks import of_accepted
from mmtriage.engine.lme4.glmer_nb import NO_NUMBER, theta_ml
from mmtriage.engine.lme4.optwrap import StoppedError
from mmtriage.formula import parse_formula
from mmtriage.ladder.workbench import Workbench
from mmtriage.options import TriageOptions
from mmtriage.report.document import json_text, report_document

CSV = Path(__file__).parent / "csv"


@cache
def report_of(name: str, formula: str, **options: Any) -> dict[str, Any]:
    """The report on one of the tables, as JSON."""
    return told(CSV / f"{name}.csv", formula, **options)


def told(path: Path, formula: str, **options: Any) -> dict[str, Any]:
    """A report as its readers have it."""
    document: dict[str, Any] = json.loads(
        json_text(report_document(mmtriage.triage(path, formula, **options)))
    )
    return document


def codes(report: dict[str, Any]) -> set[str]:
    return {found["code"] for found in report["findings"]}


@pytest.mark.slow
def test_a_better_point_of_a_rung_is_taken() -> None:
    """It was "proven" singular at 156.515591, while an attempt of rung 1 lay 0.0346 below."""
    report = report_of("four_groups_slope", "y ~ x + (x | g)")
    assert report["reference"]["criterion"] == pytest.approx(156.480945, abs=1e-5)
    assert report["reference"]["certificate"]["rank"] == [2]
    assert report["verdict"]["status"] == "not_converged"


def test_a_variance_near_zero_is_tried_at_zero_after_the_polish() -> None:
    """It was certified in the interior with the SD of `kid` at 1.5e-4."""
    report = report_of("unsnapped_zero", "y ~ x + (1 | mother) + (1 | kid)")
    assert report["verdict"]["status"] == "singular"
    assert sorted(report["reference"]["certificate"]["rank"]) == [0, 1]


def test_a_huge_ratio_of_variances_is_no_proof_of_flatness() -> None:
    """Beside an SD of 1e7 between sessions the residual SD of 20.3 was called unidentifiable (MM407)."""
    report = report_of("timestamps", "t ~ cond + (1 | session)")
    assert report["reference"]["certificate"]["certified"]
    assert report["reference"]["sigma"] == pytest.approx(20.34, abs=0.05)
    assert "MM407" not in codes(report)


def test_an_optimum_that_quadrature_refutes_is_not_the_reference() -> None:
    """The artefact at an SD of 4.97 was the optimum, and lme4's sound fit "not converged"."""
    report = report_of("rare_events", "y ~ x + (1 | g)", family="binomial")
    assert report["verdict"]["status"] == "singular"
    assert codes(report) >= {"MM503", "MM406"}
    (refuted,) = report["reference"]["certificate"]["refuted"]
    assert refuted["criterion"] == pytest.approx(52.3253, abs=1e-3)
    assert refuted["theta"] == [pytest.approx(4.97, abs=0.01)]
    assert report["reference"]["criterion"] == pytest.approx(54.3227, abs=1e-3)
    assert report["remedies"][0]["id"] == "quadrature"


def test_nothing_clears_an_optimum_that_does_not_exist() -> None:
    """It was certified at an SD of 59.9, and "Centre and scale x" cleared it."""
    report = report_of("pure_groups_continuous", "y ~ x + (1 | g)", family="binomial")
    assert report["verdict"]["status"] == "unidentifiable"
    assert not report["reference"]["certificate"]["certified"]
    assert not any(remedy["clears"] and remedy["scope"] == "same_model" for remedy in report["remedies"])


@pytest.mark.slow
def test_the_criterion_is_that_of_the_best_mode_known() -> None:
    """The "proven optimum" lay 1016 units above lme4's fit."""
    formula = "I(y + 1) ~ 0 + (0 + z | g) + offset(o)"
    report = report_of("several_modes", formula, family="poisson", link="sqrt", weights="w")
    assert report["reference"]["criterion"] == pytest.approx(3506.6046, abs=1e-3)
    assert report["verdict"]["status"] in ("converged", "false_alarm")
    (modes,) = (found for found in report["findings"] if found["code"] == "MM411")
    assert modes["evidence"]["gaps"][0] > 1000.0


def test_separation_within_a_level_names_column_and_side() -> None:
    """It said "all 7 responses with on one side are 1"."""
    bench = Workbench(read_table(CSV / "separated_interaction.csv"), TriageOptions(family="binomial"))
    findings = of_accepted(bench.build(parse_formula("y ~ f * x + (1 | g)")))
    (found,) = (finding for finding in findings if finding.code == "MM203")
    assert found.message.startswith(
        "of those with `f` = `f1`, all 7 responses with `x` <= 1.42248 are 1 and the only response with "
        "`x` >= 1.48119 is 0"
    )
    assert found.columns == ("f", "x")


def test_the_first_theta_of_counts_that_are_all_zero_stops_in_the_words_of_r() -> None:
    """It divided by zero."""
    with pytest.raises(StoppedError, match=NO_NUMBER):
        theta_ml(np.zeros(6), np.full(6, 1e-9), np.ones(6))


@pytest.mark.slow
def test_the_failure_of_a_refit_is_no_failure_of_the_report() -> None:
    """Both ended in a traceback."""
    refused = report_of("nb_theta_zero", "y ~ z + f + (z | g)", family="negative.binomial")
    assert refused["verdict"]["status"] == "unidentifiable"
    assert "MM305" in codes(refused)
    formula = "y ~ z + I(z^2) + (1 | g) + (1 | h)"
    stopped = report_of("nesting_no_start", formula, family="poisson", link="identity")
    assert "MM408" in codes(stopped)
    assert stopped["error"] is None


@pytest.mark.slow
def test_the_unit_of_the_response_decides_a_gaussian_with_a_link() -> None:
    """In milliseconds 1902.197 was called the optimum; R ends at 1901.913, singular; not so in seconds."""
    data = Path(__file__).parents[2] / "sample_data" / "sleepstudy.csv"
    report = told(data, "Reaction ~ Days + (1 | Subject)", family="gaussian", link="log")
    assert report["reference"]["criterion"] == pytest.approx(1901.9128, abs=1e-3)
    assert report["verdict"]["status"] == "singular"
    (unit,) = (found for found in report["findings"] if found["code"] == "MM102")
    assert unit["severity"] == "warning"
    assert unit["evidence"]["singular"] == [True, False]
