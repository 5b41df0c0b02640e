"""What a generalized model's family, link and weights leave unasked, and why."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mmtriage.diagnose.nesting import nesting_findings, why_not_assessed
from mmtriage.diagnose.unassessed import unassessed, unassessed_without_fit
from tests.diagnose.generalized import golden_reference, reference_trial
from tests.diagnose.planted import golden_trial, planted, planted_columns
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
    found = {item.code: item.reason for item in unassessed(golden_reference(case_id), compared=True)}
    assert {code: reason for code, reason in found.items() if code not in ("MM401", "MM402")} == expected


def test_a_linear_model_is_not_asked_what_only_others_have() -> None:
    assert unassessed(golden_trial("sleepstudy_slope"), compared=True) == ()


def test_without_a_fit_a_generalized_model_leaves_more_unasked() -> None:
    linear = {item.code for item in unassessed_without_fit(planted("y ~ x + (1 | g)"))}
    generalized = {item.code for item in unassessed_without_fit(golden("cbpp"))}
    assert generalized - linear == {"MM205", "MM408", "MM501", "MM502", "MM503"}


def test_a_scale_makes_the_gain_of_nesting_no_evidence() -> None:
    columns = planted_columns()
    positive = replace(columns["y"], values=np.exp(columns["y"].values / 5))
    changes = {"y": positive, "h": factor("h", [f"h{i % 4}" for i in range(len(positive.values))])}
    crossed = planted("y ~ x + (1 | g) + (1 | h)", changes, family="Gamma", link="log")
    assert (
        nesting_findings(crossed, reference_trial(crossed).optimum_fit, lambda _: pytest.fail("no refit"))
        == []
    )
    assert "rewards effects of many levels" in str(why_not_assessed(crossed))
    assert why_not_assessed(planted("y ~ x + (1 | g) + (1 | h)", changes)) is None
