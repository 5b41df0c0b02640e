"""Every GLMM of `tests/golden` through the command line, against lme4 1.1-31 and the dense oracle."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from mmtriage.arrays import Array
from tests.dense_glmms import GoldenGlmm, golden_glmm
from tests.glmm_oracle import SCALED, criterion, joint_pirls, pirls, saturated
from tests.golden_cases import (
    GLMM_MESSAGES_ARE_NOISE,
    GLMM_NOISE,
    HEAVY,
    glmms_that_fail,
    golden_case,
    golden_cases,
    golden_glmms,
    parameters,
)
from tests.test_golden import NUMBER, deviations
from tests.triaged import Outcome, report_validator, triaged_golden

# Without a finite optimum there is nothing to certify; the criterion still has its limit.
NO_OPTIMUM = {
    "toy_separation": "no cases in the last period: its coefficient has no finite estimate",
    "nb_infinite_theta": "less variance than Poisson: all but theta is determined, as by the Poisson model",
}
ESTIMATES_DIFFER = ("toy_separation",)  # they are how far an optimizer went
# The baseline's criterion is lme4's, after its own PIRLS (tolPwrss = 1e-7): equal where its path is.
SAME_PATH = 1e-6
OTHER_PATH = 1e-3  # where rounding decides how the simplex moves
GRADIENT_NOISE = 1e-3  # of max|grad|, a difference of such criteria
SIMPLEX_NOISE = 1e-6  # SE and relative SD: how far a simplex of equal moves carries rounding
TRUTH_BEATS_BEST = 1e-5  # deviance units from which the estimates of lme4's best fit are not the optimum's
STEADY = [name for name in golden_glmms() if name not in GLMM_NOISE]
# Where glmer's PIRLS stops with an error; the last case stops before it, and so do we.
STOPS_IN_PIRLS = [name for name in glmms_that_fail() if name != "fails_start"]


def cases(*, but: tuple[str, ...] = ()) -> list[Any]:
    return parameters(name for name in golden_glmms() if name not in but)


def report_of(case_id: str) -> dict[str, Any]:
    return triaged_golden(case_id).report


def test_the_tables_of_exceptions_name_known_cases() -> None:
    assert {*HEAVY} <= {*golden_cases(), *golden_glmms(), *glmms_that_fail()}
    assert {*NO_OPTIMUM, *GLMM_NOISE} <= set(golden_glmms())
    assert set(NO_OPTIMUM) >= set(ESTIMATES_DIFFER)
    assert set(GLMM_NOISE) >= GLMM_MESSAGES_ARE_NOISE
    assert (len(golden_glmms()), len(glmms_that_fail())) == (37, 7)


@pytest.mark.parametrize("case_id", cases())
def test_the_report_is_valid(case_id: str) -> None:
    assert_valid(triaged_golden(case_id))


@pytest.mark.parametrize("case_id", cases())
def test_the_reference_is_certified_and_no_worse_than_the_best_known(case_id: str) -> None:
    reference = report_of(case_id)["reference"]
    assert reference["criterion"] <= golden_case(case_id).expected["truth"]["criterion"] + 1e-5
    if case_id not in NO_OPTIMUM:
        assert reference["certificate"]["certified"]


@pytest.mark.parametrize("case_id", cases(but=tuple(NO_OPTIMUM)))
def test_the_gap_is_that_of_the_dense_oracle(case_id: str) -> None:
    report, glmm = report_of(case_id), golden_glmm(case_id)
    values = []
    for fit in (report["baseline"], report["reference"]):
        model = replace(glmm.model, nb_theta=fit["family_theta"])
        values.append(criterion(model, np.array(fit["theta"]), estimates(fit), glmm.case.nagq))
    assert report["verdict"]["gap"] == pytest.approx(values[0] - values[1], abs=1e-6)


@pytest.mark.parametrize("case_id", cases(but=tuple(NO_OPTIMUM)))
def test_the_criterion_is_that_of_the_dense_oracle_at_the_estimates(case_id: str) -> None:
    fit, glmm = report_of(case_id)["reference"], golden_glmm(case_id)
    theta, beta = np.array(fit["theta"]), estimates(fit)
    model = replace(glmm.model, nb_theta=fit["family_theta"])
    assert fit["criterion"] == pytest.approx(
        criterion(model, theta, beta, glmm.case.nagq), rel=1e-9, abs=1e-7
    )
    mode = joint_pirls(model, theta) if glmm.case.nagq == 0 else pirls(model, theta, beta)
    assert (fit["sigma"] is not None) is (model.family in SCALED)
    if fit["sigma"] is not None:
        assert fit["sigma"] == pytest.approx(mode.sigma, rel=1e-6)


@pytest.mark.parametrize("case_id", cases())
def test_names_and_order_are_rs(case_id: str) -> None:
    report, case = report_of(case_id), golden_case(case_id)
    default = case.expected["default"]
    names = list(default["fixef"])
    assert report["model"]["fixed_names"] == names
    for fit in (report["baseline"], report["reference"]):
        assert [effect["name"] for effect in fit["fixed_effects"]] == names
        assert fit["theta_names"] == list(default["theta"])
        effects = [(effect["group"], effect["terms"]) for effect in fit["random_effects"]]
        assert effects == [(group, list(sd)) for group, sd in deviations(default)]
    assert report["model"]["groups"] == case.expected["ngrps"]
    assert report["model"]["n_obs"] == case.expected["nobs"]
    assert report["model"]["family"] == case.family
    assert report["model"]["nagq"] == case.nagq
    assert report["model"]["method"] == {0: "PIRLS", 1: "Laplace"}.get(case.nagq, "AGQ")


@pytest.mark.parametrize("case_id", cases(but=ESTIMATES_DIFFER))
def test_fixed_effects_agree_with_lme4s_best_fit(case_id: str) -> None:
    best, reference = best_fit(case_id), report_of(case_id)["reference"]
    se = np.array(list(best["se"].values()))
    distance = estimates(reference) - np.array(list(best["fixef"].values()))
    assert np.max(np.abs(distance) / se) <= 5e-3
    assert [effect["se"] for effect in reference["fixed_effects"]] == pytest.approx(se, rel=2e-2)
    assert reference["se_method"] == ("conditional" if golden_case(case_id).nagq == 0 else "hessian")


@pytest.mark.parametrize("case_id", cases(but=ESTIMATES_DIFFER))
def test_standard_deviations_agree_with_lme4s_best_fit(case_id: str) -> None:
    best, reference = best_fit(case_id), report_of(case_id)["reference"]
    for effect, (_, sd) in zip(reference["random_effects"], deviations(best), strict=True):
        # 1.1-31 multiplies by sigma where a scale is estimated, 2.x does not
        theirs = np.array(list(sd.values())) / (1.0 if reference["sigma"] is None else best["sigma"])
        assert effect["sd"] == pytest.approx(theirs, rel=1e-3, abs=1e-6)
    if reference["sigma"] is not None:
        assert reference["sigma"] == pytest.approx(best["sigma"], rel=1e-3)
    if "nb_theta" in best and best["nb_theta"] != "Inf":
        assert reference["family_theta"] == pytest.approx(best["nb_theta"], rel=1e-3)


@pytest.mark.parametrize("case_id", cases())
def test_information_criteria_are_lme4s(case_id: str) -> None:
    """With quadrature after the constants of the saturated model, which lme4 leaves out, are put back."""
    report, case = report_of(case_id), golden_case(case_id)
    default = case.expected["default"]
    for fit in (report["baseline"], report["reference"]):
        assert fit["df"] == default["df"]
        constant = left_out(golden_glmm(case_id), estimates(fit))
        deviance = fit["criterion"] + constant
        moved = deviance - default["criterion"]
        assert fit["log_likelihood"] == pytest.approx(-deviance / 2, abs=1e-7)
        assert fit["aic"] == pytest.approx(default["AIC"] + moved, abs=1e-6)
        assert fit["bic"] == pytest.approx(default["BIC"] + moved, abs=1e-6)


@pytest.mark.parametrize("case_id", parameters(STEADY))
def test_the_baseline_is_lme4s_default_fit(case_id: str) -> None:
    baseline, expected = report_of(case_id)["baseline"], golden_case(case_id).expected
    default = expected["default"]
    assert baseline["optimizer"] == expected["optimizer"]
    assert baseline["evaluations"] == expected["feval"]
    assert baseline["singular"] is default["singular"]
    assert baseline["criterion"] == pytest.approx(default["criterion"], abs=SAME_PATH)
    assert baseline["theta"] == pytest.approx(list(default["theta"].values()), abs=SIMPLEX_NOISE)
    if "nb_theta" in default:
        assert baseline["family_theta"] == pytest.approx(default["nb_theta"], rel=1e-6)
    if golden_case(case_id).nagq > 0:  # at nAGQ = 0 lme4's beta is what its unconverged PIRLS left
        distance = estimates(baseline) - np.array(list(default["fixef"].values()))
        assert np.max(np.abs(distance) / np.array(list(default["se"].values()))) <= SIMPLEX_NOISE
    assert_same_messages(case_id, baseline["lme4_messages"])


@pytest.mark.parametrize("case_id", cases(but=tuple(STEADY)))
def test_where_lme4_hangs_on_noise_the_baseline_is_one_of_its_answers(case_id: str) -> None:
    """`GLMM_NOISE` lists the evaluations that lme4 itself takes when the rows are permuted."""
    baseline, expected = report_of(case_id)["baseline"], golden_case(case_id).expected
    counts = [int(count) for count in re.findall(r"\d+", GLMM_NOISE[case_id])]
    assert min(counts) <= baseline["evaluations"] <= max(counts)
    assert baseline["criterion"] == pytest.approx(expected["default"]["criterion"], abs=OTHER_PATH)
    if case_id not in GLMM_MESSAGES_ARE_NOISE:
        assert_same_messages(case_id, baseline["lme4_messages"])


@pytest.mark.parametrize("case_id", ["cbpp", "cbpp_agq9", "cbpp_agq0", "cbpp_olre", "poisson_weights"])
def test_a_fit_at_its_optimum_is_converged(case_id: str) -> None:
    assert report_of(case_id)["verdict"]["status"] == "converged"


@pytest.mark.parametrize("case_id", parameters(["contraception", "contraception_slope"]))
def test_a_warning_about_a_fit_at_its_optimum_is_a_false_alarm_of_scale(case_id: str) -> None:
    report = report_of(case_id)
    assert report["verdict"]["status"] == "false_alarm"
    assert "MM101" in report["verdict"]["codes"]
    assert report["verdict"]["cleared_by"] == "rescale"


@pytest.mark.slow
def test_a_predictor_in_hundreds_of_metres_is_named() -> None:
    report = report_of("grouseticks_height")
    assert report["verdict"]["gap"] < 1e-4
    named = [finding for finding in report["findings"] if finding["code"] in ("MM101", "MM106")]
    assert any("HEIGHT" in finding["columns"] for finding in named)


def test_separation_names_the_period_and_its_level() -> None:
    report = report_of("toy_separation")
    assert report["verdict"]["status"] == "unidentifiable"
    assert report["verdict"]["codes"][0] == "MM203"
    finding = next(finding for finding in report["findings"] if finding["code"] == "MM203")
    assert "period" in finding["columns"]
    assert "p4" in finding["message"]


@pytest.mark.parametrize("case_id", STOPS_IN_PIRLS)
def test_where_glmer_stops_the_report_has_its_words(case_id: str) -> None:
    outcome = triaged_golden(case_id)
    assert_valid(outcome)
    report = outcome.report
    assert report["baseline"] is None
    assert golden_case(case_id).expected["error"] in report["baseline_error"]


@pytest.mark.parametrize("case_id", [name for name in STOPS_IN_PIRLS if name != "fails_separation"])
def test_where_the_link_lets_the_mean_out_of_its_range_another_is_tried(case_id: str) -> None:
    report = report_of(case_id)
    assert "MM408" in report["verdict"]["codes"]
    assert any(remedy["id"] == "change-link" for remedy in report["remedies"])


def test_complete_separation_is_told_as_such() -> None:
    report = report_of("fails_separation")
    assert report["verdict"]["status"] == "unidentifiable"
    assert report["verdict"]["codes"][0] == "MM203"


def test_where_glmer_finds_no_start_the_row_is_named() -> None:
    outcome = triaged_golden("fails_start")
    assert outcome.code == 2
    error = outcome.report["error"]
    assert golden_case("fails_start").expected["error"] in error["message"]
    assert error["where"] == "column `y`, row 13"  # of the file, its first line being the names


def assert_valid(outcome: Outcome) -> None:
    report = outcome.report
    report_validator().validate(report)
    severities = {report["verdict"]["severity"], *(finding["severity"] for finding in report["findings"])}
    if report["verdict"]["status"] == "undetermined":
        assert outcome.code == 3
    else:
        assert outcome.code == (1 if severities & {"error", "warning"} else 0)


def estimates(fit: dict[str, Any]) -> Array:
    return np.array([effect["estimate"] for effect in fit["fixed_effects"]])


def best_fit(case_id: str) -> dict[str, Any]:
    """lme4's best fit, or glmmTMB's where that is the truth and lme4's is short of it."""
    expected = golden_case(case_id).expected
    best: dict[str, Any] = expected["best"]
    if best["criterion"] - expected["truth"]["criterion"] <= TRUTH_BEATS_BEST:
        return best
    other = expected["glmmTMB"]
    assert expected["truth"]["criterion"] == pytest.approx(-2 * other["logLik"], abs=1e-8)
    return {**best, **other, "varcorr": {group: {"stddev": sd} for group, sd in other["sd"].items()}}


def left_out(glmm: GoldenGlmm, beta: Array) -> float:
    """What lme4's criterion lacks of -2 log-likelihood: nothing by Laplace, no such constant with a scale."""
    if glmm.case.nagq <= 1 or glmm.model.family in SCALED:
        return 0.0
    return saturated(glmm.model, pirls(glmm.model, glmm.theta, beta).mu)


def assert_same_messages(case_id: str, messages: list[str]) -> None:
    """The same words; a gradient to the digits that lme4's own has."""
    expected = golden_case(case_id).messages_of_2
    assert [NUMBER.sub("_", m) for m in messages] == [NUMBER.sub("_", m) for m in expected]
    if case_id in GLMM_NOISE:
        return
    theirs = [float(number) for m in expected for number in NUMBER.findall(m)]
    ours = [float(number) for m in messages for number in NUMBER.findall(m)]
    assert ours == pytest.approx(theirs, rel=GRADIENT_NOISE)
