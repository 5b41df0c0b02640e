"""lme4 2.x beside 1.1-31: the golden models by 2.1-0, and what only one of the two does."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from mmtriage.data.read_table import read_table
from mmtriage.data.reading import Reading
from mmtriage.engine.lme4.bounds import Bounds
from mmtriage.engine.lme4.optwrap import Checking
from mmtriage.engine.lme4.outcome import Lme4Run
from mmtriage.engine.lme4.run import fit_like_lme4
from mmtriage.engine.prepared import prepare
from mmtriage.errors import FormulaError
from mmtriage.formula import parse_formula
from mmtriage.model.design import Design, build_design
from mmtriage.model.family_names import default_link
from mmtriage.model.spec import ModelSpec
from tests.golden_cases import (
    GLMM_NOISE,
    GOLDEN,
    NOISE,
    SLOW,
    GoldenCase,
    golden_case,
    golden_glmms,
    parameters,
)
from tests.triaged import triaged

EXPECTED: dict[str, Any] = json.loads(
    (GOLDEN / "lme4_2" / "golden_expected.json").read_text(encoding="utf-8")
)
STEADY = [name for name in EXPECTED if name not in NOISE and name not in GLMM_NOISE]
WITH_SCALE = [
    name for name, case in golden_glmms().items() if case.expected["default"].get("sigma", 1.0) != 1.0
]


def design_of(case: GoldenCase, lme4: str) -> Design:
    table = read_table(case.csv, Reading(factors=dict.fromkeys(case.factors)))
    family = case.family or "gaussian"
    spec = ModelSpec(
        family=family,
        link=case.link or default_link(family),
        reml=case.reml and case.family is None,
        nagq=case.nagq,
        weights=case.weights,
        offset=case.offset,
        lme4=lme4,
    )
    return build_design(table, parse_formula(case.formula), spec)


@pytest.mark.parametrize("case_id", parameters(STEADY))
def test_the_fit_is_that_of_lme4_2(case_id: str) -> None:
    expected = EXPECTED[case_id]
    prepared = prepare(design_of(golden_case(case_id), "2"))
    run = fit_like_lme4(prepared.model)
    assert isinstance(run, Lme4Run)
    assert run.criterion == pytest.approx(expected["criterion"], abs=1e-6)
    assert (run.evaluations, run.singular) == (expected["feval"], expected["singular"])
    assert list(run.lme4_messages) == expected["messages"]
    fit = prepared.fit_of(run)
    assert fit.se == pytest.approx(list(expected["se"].values()), rel=2e-3)
    theirs = [sd for term in expected["varcorr"].values() for sd in term["sd"].values()]
    ours = np.concatenate([np.sqrt(np.diag(S)) for S in fit.covariances])
    assert ours == pytest.approx(theirs, rel=1e-3, abs=1e-5)


@pytest.mark.parametrize("case_id", [name for name in WITH_SCALE if name not in SLOW])
def test_a_scale_multiplies_the_sds_of_1_1_only(case_id: str) -> None:
    """glmer 1.1-31 printed sigma times theta; 27 models differ, by ratios of 0.0017 to 88."""
    fits = {}
    for lme4 in ("1.1", "2"):
        prepared = prepare(design_of(golden_case(case_id), lme4))
        run = fit_like_lme4(prepared.model)
        assert isinstance(run, Lme4Run)
        fits[lme4] = prepared.fit_of(run)
    old, new = (np.sqrt(np.diag(fits[name].covariances[0])) for name in ("1.1", "2"))
    assert old == pytest.approx(fits["1.1"].sigma * new, rel=1e-3, abs=1e-6)


@pytest.mark.parametrize(
    ("spec", "rows", "parameters", "is_checked"),
    [
        (ModelSpec(), 9_999, 9, True),
        (ModelSpec(), 10_000, 1, False),
        (ModelSpec(), 100, 10, False),
        (ModelSpec(family="poisson", link="log"), 100, 19, True),
        (ModelSpec(family="poisson", link="log"), 100, 20, False),
        (ModelSpec(lme4="1.1"), 1_000_000, 45, True),
    ],
)
def test_2_tests_no_large_model(spec: ModelSpec, rows: int, parameters: int, is_checked: bool) -> None:
    assert Checking.of(spec, rows, parameters).has_derivatives is is_checked


def test_of_a_large_glmer_2_does_not_even_say_that_it_is_singular() -> None:
    theta, bounds = np.zeros(1), Bounds.below(np.zeros(1))
    large = Checking.of(ModelSpec(family="poisson", link="log"), 10_000, 3).check(theta, bounds, None)
    assert (large.singular, large.messages) == (True, ())
    lmer = Checking.of(ModelSpec(), 10_000, 3).check(theta, bounds, None)
    assert len(lmer.messages) == 1


def test_2_takes_no_derivatives_of_a_singular_fit() -> None:
    for lme4, taken in (("2", False), ("1.1", True)):
        run = fit_like_lme4(prepare(design_of(golden_case("dyestuff2"), lme4)).model)
        assert isinstance(run, Lme4Run)
        assert run.singular
        assert (run.hessian is not None) is taken


@pytest.mark.parametrize(
    ("bar", "said"),
    [
        ("us(temp | recipe)", "lme4 1.1 has no `us()`"),
        ("cs(temp | recipe)", '(R stops: could not find function "cs")'),
        ("ar1(0 + factor(temp) | recipe)", '(R stops: could not find function "ar1")'),
        ("diag(temp | recipe)", "lme4 1.1 has no `diag()`"),
        ("(1 | recipe * replicate)", "Invalid grouping factor specification, recipe * replicate"),
        ("(1 | recipe + replicate)", "Invalid grouping factor specification, recipe + replicate"),
    ],
)
def test_what_only_2_reads_is_refused_under_1_1(bar: str, said: str) -> None:
    table = read_table(golden_case("cake").csv, Reading(factors={"recipe": None, "replicate": None}))
    formula = parse_formula(f"angle ~ temp + {bar}")
    build_design(table, formula, ModelSpec())
    with pytest.raises(FormulaError) as caught:
        build_design(table, formula, ModelSpec(lme4="1.1"))
    assert said in caught.value.message
    assert "lme4 2.x reads it" in str(caught.value.hint)


def test_a_sum_inside_a_function_is_no_sum_of_grouping_factors() -> None:
    table = read_table(golden_case("cake").csv)
    formula = parse_formula("angle ~ temp + (1 | factor(temp + replicate))")
    assert build_design(table, formula, ModelSpec(lme4="1.1")).random[0].levels


def test_the_report_says_which_lme4_is_meant() -> None:
    case = golden_case("hsb_raw")
    for lme4, shown, suffix in (("2", "2.x", True), ("1.1", "1.1", False)):
        report = triaged(str(case.csv), case.formula, "--lme4", lme4).report
        assert report["baseline"]["lme4"] == shown
        assert ("?lme4::troubleshooting" in report["baseline"]["lme4_messages"][0]) is suffix
        assert "lme4" not in report["reference"]
