"""What a generalized model's family, link and weights leave unasked, and why."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mmtriage.deadline import TimeBudgetError
from mmtriage.diagnose.finding import not_assessed
from mmtriage.diagnose.nesting import reused_labels, why_not_assessed
from mmtriage.diagnose.run_checks import of_fit, unasked_in
from mmtriage.diagnose.unassessed import in_order, without_fit
from mmtriage.engine.estimates import Fit
from mmtriage.model.design import Design
from tests.diagnose.generalized import golden_proven, proven
from tests.diagnose.planted import fitted, golden_comparison, planted, planted_columns
from tests.diagnose.test_separation import golden
from tests.model.tables import factor

BERNOULLI = "0/1 data have no scatter beyond their mean"
SCALE = "lme4's quadrature takes the scale of this family to be 1: no better than Laplace"
UNITS = "coefficients have no size of their own on the inverse scale of this family"
SCALAR = "quadrature takes a single scalar random term"


@pytest.mark.parametrize(
    ("case_id", "expected"),
    [
        ("cbpp", {}),
        ("contraception", {"MM501": BERNOULLI}),
        ("grouseticks", {"MM501": "an effect of each row takes up any scatter", "MM503": SCALAR}),
        ("gamma_inverse", {"MM205": UNITS, "MM503": SCALE}),
    ],
)
def test_a_generalized_model_says_what_it_leaves_unasked(case_id: str, expected: dict[str, str]) -> None:
    said = of_fit(fitted(golden_proven(case_id)))
    found = {item.code: item.reason for item in unasked_in(said)}
    assert {code: reason for code, reason in found.items() if code not in ("MM401", "MM402")} == expected


def test_a_linear_model_is_not_asked_what_only_others_have() -> None:
    assert unasked_in(of_fit(fitted(golden_comparison("sleepstudy_slope")))) == []


def test_without_a_fit_a_generalized_model_leaves_more_unasked() -> None:
    linear = [item.code for item in without_fit(planted("y ~ x + (1 | g)").spec)]
    generalized = [item.code for item in without_fit(golden("cbpp").spec)]
    assert linear == [
        *("MM304", "MM306", "MM307", "MM308", "MM309", "MM310", "MM311", "MM312", "MM314"),
        *("MM401", "MM402", "MM403", "MM404", "MM405", "MM406", "MM407", "MM409"),
        *("MM410", "MM108"),
    ]
    assert generalized == [*linear[:-1], "MM205", "MM408", "MM411", "MM501", "MM502", "MM503"]


def test_what_was_not_asked_is_listed_by_what_it_takes_to_ask() -> None:
    codes = ("MM501", "MM503", "MM205", "MM307", "MM405", "MM402", "MM401")
    ordered = in_order(not_assessed(code, "so be it") for code in codes)
    assert [item.code for item in ordered] == [
        *("MM401", "MM402", "MM405", "MM307"),
        *("MM205", "MM501", "MM503"),
    ]


def test_where_the_time_runs_out_in_a_refit_the_check_is_not_assessed() -> None:
    def out_of_time(_: Design) -> Fit:
        raise TimeBudgetError("the time budget of 1 s ran out")

    said = of_fit(fitted(golden_proven("cbpp"), optimum=out_of_time))
    assert not_assessed("MM503", "the time budget of 1 s ran out") in said


def test_a_scale_makes_the_gain_of_nesting_no_evidence() -> None:
    columns = planted_columns()
    positive = replace(columns["y"], values=np.exp(columns["y"].values / 5))
    changes = {"y": positive, "h": factor("h", [f"h{i % 4}" for i in range(len(positive.values))])}
    crossed = planted("y ~ x + (1 | g) + (1 | h)", changes, family="Gamma", link="log")

    def no_refit(_: Design) -> Fit:
        raise AssertionError("refitted")

    (said,) = reused_labels(fitted(proven(crossed), optimum=no_refit))
    assert said == not_assessed("MM307", str(why_not_assessed(crossed)))
    assert "rewards effects of many levels" in str(why_not_assessed(crossed))
    assert why_not_assessed(planted("y ~ x + (1 | g) + (1 | h)", changes)) is None
