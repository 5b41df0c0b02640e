"""What was not looked for is said, with the reason: "not assessed" is not "passed"."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

import mmtriage
from mmtriage.deadline import TimeBudgetError
from mmtriage.diagnose import nesting
from mmtriage.ladder import walk

SAMPLES = Path(__file__).parents[2] / "sample_data"


def test_a_singular_fit_has_no_gradient_and_hessian_tests() -> None:
    report = mmtriage.triage(SAMPLES / "Dyestuff2.csv", "Yield ~ 1 + (1 | Batch)")
    reasons = {item.code: item.reason for item in report.not_assessed}
    expected = "lme4 does not test gradient and Hessian of a fit that it calls singular"
    assert reasons["MM401"] == reasons["MM402"] == expected


def test_optimizers_that_were_not_run_are_not_said_to_agree() -> None:
    without = mmtriage.triage(SAMPLES / "Dyestuff.csv", "Yield ~ 1 + (1 | Batch)")
    assert [item.code for item in without.not_assessed] == ["MM405"]
    compared = mmtriage.triage(SAMPLES / "Dyestuff.csv", "Yield ~ 1 + (1 | Batch)", all_rungs=True)
    assert compared.not_assessed == ()


def test_a_model_that_cannot_be_fitted_has_no_optimum_to_assess() -> None:
    frame = pd.DataFrame({"y": [1.0, 2.0, 3.0], "g": ["a", "b", "c"]})
    report = mmtriage.triage(frame, "y ~ 1 + (1 | g)")
    assert {"MM310", "MM403", "MM407"} <= {item.code for item in report.not_assessed}
    assert {item.reason for item in report.not_assessed} == {"the model cannot be fitted"}


def test_a_budget_that_ends_in_the_refits_of_nesting_keeps_the_verdict(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def out_of_time(*_: object) -> None:
        raise TimeBudgetError("the time budget of 1 s ran out")

    monkeypatch.setattr(nesting, "reused_labels", out_of_time)
    report = mmtriage.triage(SAMPLES / "Pastes.csv", "strength ~ 1 + (1 | batch) + (1 | cask)")
    assert report.verdict.status == "converged"
    assert ("MM307", "the time budget of 1 s ran out") in [(i.code, i.reason) for i in report.not_assessed]


def test_a_budget_that_ends_in_the_remedies_of_causes_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    def out_of_time(*_: object) -> None:
        raise TimeBudgetError("the time budget of 1 s ran out")

    monkeypatch.setattr(walk, "with_cause_remedies", out_of_time)
    report = mmtriage.triage(SAMPLES / "Dyestuff2.csv", "Yield ~ 1 + (1 | Batch)")
    assert report.incomplete is not None
    assert report.incomplete.stages == ("remedies",)
    assert report.incomplete.reason == (
        "the time budget of 1 s ran out before the remedies of named causes were tried"
    )
