"""The verdicts that the tool is held to, on the data sets where lme4's own words mislead."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from mmtriage.errors import UnjudgedError
from tests.triaged import SAMPLES, codes, ran, report_validator, rung, triaged, triaged_golden

SLEEPSTUDY = (str(SAMPLES / "sleepstudy.csv"), "Reaction ~ Days + (Days | Subject)")
RUNGS = ("rescale", "simplify", "allfit", "singular", "maxfun")


def verdict_of(case_id: str) -> tuple[int, dict[str, Any], dict[str, Any]]:
    """Exit code, verdict and report of a golden case."""
    outcome = triaged_golden(case_id)
    return outcome.code, outcome.report["verdict"], outcome.report


def statuses(report: dict[str, Any]) -> dict[str, str]:
    return {result["id"]: result["status"] for result in report["ladder"]}


def found(report: dict[str, Any], code: str) -> dict[str, Any]:
    finding: dict[str, Any] = next(f for f in report["findings"] if f["code"] == code)
    return finding


def test_sleepstudy_slope_is_converged() -> None:
    code, verdict, report = verdict_of("sleepstudy_slope")
    assert (code, verdict["status"], verdict["severity"]) == (0, "converged", "ok")
    assert verdict["gap"] == pytest.approx(0, abs=1e-6)
    assert (verdict["codes"], verdict["cleared_by"]) == ([], None)
    assert report["findings"] == []
    assert report["remedies"] == []
    assert set(statuses(report).values()) == {"not_needed"}


@pytest.mark.parametrize("case_id", ["dyestuff2", "dyestuff2_ml"])
def test_dyestuff2_is_singular_and_becomes_lm(case_id: str) -> None:
    code, verdict, report = verdict_of(case_id)
    assert (code, verdict["status"], verdict["codes"]) == (1, "singular", ["MM310"])
    assert verdict["cleared_by"] == "singular"
    evidence = found(report, "MM310")["evidence"]
    assert evidence["multiplier"] > 0
    assert evidence["negative_variance_wanted"]
    first = report["remedies"][0]
    assert (first["id"], first["formula"], first["clears"]) == ("lm", "Yield ~ 1", True)
    assert first["criterion"] == pytest.approx(report["reference"]["criterion"], abs=1e-9)
    assert first["code"]["lme4"] == "m <- lm(Yield ~ 1, data = d)"
    assert statuses(report) == {
        "rescale": "no_effect",
        "simplify": "no_effect",
        "allfit": "not_applicable",
        "singular": "cleared_by_change",
        "maxfun": "not_applicable",
    }


def test_crossed_maximal_is_unidentifiable_whatever_lme4_says() -> None:
    code, verdict, report = verdict_of("crossed_maximal")
    assert (code, verdict["status"], verdict["codes"][0]) == (1, "unidentifiable", "MM304")
    finding = found(report, "MM304")
    assert (finding["severity"], finding["columns"]) == ("error", ["cond"])
    assert finding["terms"] == ["(1 + cond | subject)"]
    # `cond` is 0.5 or -0.5 in every subject: Var(intercept) + 0.25 Var(cond) is all that the data know
    assert finding["evidence"]["null_direction"] == "-0.25 Var((Intercept) | subject) +1 Var(cond | subject)"
    assert finding["evidence"]["null_direction"] in finding["message"]
    assert verdict["cleared_by"] == "simplify"
    assert statuses(report)["allfit"] == statuses(report)["maxfun"] == "not_applicable"
    first = report["remedies"][0]
    assert first["clears"]
    assert "cond | subject" not in first["formula"]


@pytest.mark.slow
def test_dose_latency_maximal_stops_5_units_short() -> None:
    code, verdict, report = verdict_of("dose_latency_maximal")
    assert (code, verdict["status"]) == (1, "not_converged")
    assert round(verdict["gap"], 2) == 5.23
    assert verdict["codes"][0] == "MM101"
    assert codes(report)["MM403"] == "info"  # a consequence
    assert found(report, "MM403")["caused_by"] == ["MM101"]


def test_a_calendar_year_stops_43_units_short_and_centering_clears_it() -> None:
    code, verdict, report = verdict_of("sleepstudy_year")
    assert (code, verdict["status"], verdict["cleared_by"]) == (1, "not_converged", "rescale")
    assert round(verdict["gap"], 1) == 42.8
    assert verdict["codes"] == ["MM106", "MM403"]
    assert codes(report)["MM106"] == "warning"  # info by itself, but the cause of an error
    attempts = {a["label"]: a for a in rung(report, "rescale")["attempts"]}
    assert attempts["centre only"]["certified"]
    assert attempts["centre and scale"]["certified"]
    assert not attempts["scale only"]["certified"]  # dividing does not help
    assert report["remedies"][0]["id"] == "rescale"


def test_microseconds_stop_41_units_short_and_scaling_clears_it() -> None:
    code, verdict, report = verdict_of("sleepstudy_micro")
    assert (code, verdict["status"], verdict["cleared_by"]) == (1, "not_converged", "rescale")
    assert round(verdict["gap"]) == 41
    assert verdict["codes"] == ["MM101", "MM403"]
    assert codes(report)["MM101"] == "warning"
    attempts = {a["label"]: a for a in rung(report, "rescale")["attempts"]}
    assert attempts["scale only"]["certified"]


def test_microseconds_transform_back_to_days() -> None:
    """The reference, and rung 1's fit, are those of `sleepstudy_slope` in other units: a day has 1e6."""
    micro, days = (triaged_golden(name).report for name in ("sleepstudy_micro", "sleepstudy_slope"))
    ours, theirs = micro["reference"], days["reference"]
    units = np.array([1.0, 1e6])
    for key in ("estimate", "se"):
        back = np.array([e[key] for e in ours["fixed_effects"]]) * units
        assert back == pytest.approx([e[key] for e in theirs["fixed_effects"]], rel=1e-6)
    one, other = ours["random_effects"][0], theirs["random_effects"][0]
    assert np.array(one["sd"]) * units == pytest.approx(other["sd"], rel=1e-6)
    assert one["correlation"][0][1] == pytest.approx(other["correlation"][0][1], abs=1e-6)
    assert ours["sigma"] == pytest.approx(theirs["sigma"], rel=1e-6)
    shift = 2 * np.log(1e6)  # REML: - log det of the fixed effects' covariance, here in other units
    assert ours["criterion"] - theirs["criterion"] == pytest.approx(shift, abs=1e-6)
    attempt = next(a for a in rung(micro, "rescale")["attempts"] if a["label"] == "centre and scale")
    assert attempt["criterion"] - theirs["criterion"] == pytest.approx(shift, abs=1e-4)
    assert attempt["gap"] == pytest.approx(0, abs=1e-4)


def test_hsb_raw_is_singular_though_lme4_says_otherwise() -> None:
    code, verdict, report = verdict_of("hsb_raw")
    assert (code, verdict["status"], verdict["codes"][0]) == (1, "singular", "MM311")
    assert not report["baseline"]["singular"]
    assert report["reference"]["random_effects"][0]["correlation"][0][1] == pytest.approx(1, abs=1e-9)
    assert found(report, "MM311")["evidence"]["correlations"] == [["(Intercept)", "ses", 1]]
    assert codes(report)["MM401"] == "info"  # the gradient warning is noise downstream
    assert found(report, "MM401")["caused_by"] == ["MM311"]


@pytest.mark.parametrize("case_id", ["bad_scale", "schools", "mixed_scales", "dose_latency"])
def test_scales_of_fixed_effects_are_no_trouble(case_id: str) -> None:
    code, verdict, report = verdict_of(case_id)
    assert (code, verdict["status"], verdict["codes"]) == (0, "converged", [])
    assert codes(report) in ({"MM101": "info"}, {})
    assert ("MM101" in codes(report)) is bool(report["baseline"]["lme4_messages"])


def test_a_factor_both_fixed_and_random_is_unidentifiable() -> None:
    code, verdict, report = verdict_of("school_fixed_and_random")
    assert (code, verdict["status"], verdict["codes"]) == (1, "unidentifiable", ["MM309"])
    assert codes(report)["MM309"] == "error"
    assert report["baseline"]["lme4_messages"] == []  # lme4 says nothing
    assert [r["formula"] for r in report["remedies"]] == [
        "normexam ~ standLRT + school",
        "normexam ~ standLRT + (1 | school)",
    ]


@pytest.mark.parametrize(
    ("maxfun", "status", "code", "severity"),
    [("20", "false_alarm", 0, "info"), ("10", "not_converged", 1, "warning")],
)
def test_an_exhausted_budget_is_cleared_by_more_of_it(
    maxfun: str, status: str, code: int, severity: str
) -> None:
    """After 20 evaluations lme4 happens to be 0.009 deviance units from the optimum, after 10 it is not."""
    outcome = triaged(*SLEEPSTUDY, "--maxfun", maxfun)
    verdict, report = outcome.report["verdict"], outcome.report
    assert (outcome.code, verdict["status"], verdict["cleared_by"]) == (code, status, "maxfun")
    assert verdict["codes"][0] == "MM404"
    assert codes(report)["MM404"] == severity
    assert all(f["caused_by"] for f in report["findings"] if f["code"] != "MM404")
    assert (report["baseline"]["evaluations"], report["baseline"]["status"]) == (int(maxfun), "maxfun")
    assert rung(report, "maxfun")["status"] == "cleared"
    assert rung(report, "maxfun")["attempts"][0]["evaluations"] == 43
    # the user's budget holds on rungs 1 to 4, so nobody is praised for ignoring it
    own = [*rung(report, "rescale")["attempts"], *rung(report, "allfit")["attempts"][:-1]]
    assert len(own) > 8
    assert all(attempt["evaluations"] <= int(maxfun) + 1 for attempt in own)
    first = report["remedies"][0]
    assert first["id"] == "maxfun"
    assert "--maxfun 200000" in first["code"]["mmtriage"]


@pytest.mark.parametrize(
    "case_id", ["sleepstudy_slope", "dyestuff2", "sleepstudy_year", "crossed_maximal", "hsb_raw"]
)
def test_all_rungs_climbs_all_and_leaves_the_verdict(case_id: str) -> None:
    short, full = triaged_golden(case_id), triaged_golden(case_id, "--all-rungs")
    report_validator().validate(full.report)
    assert full.code == short.code
    for key in ("status", "severity", "gap", "max_shift_se"):
        assert full.report["verdict"][key] == short.report["verdict"][key]
    assert full.report["baseline"] == short.report["baseline"]
    assert full.report["reference"] == short.report["reference"]
    assert tuple(statuses(full.report)) == RUNGS
    if full.report["verdict"]["status"] in ("converged", "not_converged"):
        assert "not_applicable" not in statuses(full.report).values()
        assert len(rung(full.report, "allfit")["attempts"]) >= 9  # eight of lme4's, and ours
        assert len(rung(full.report, "maxfun")["attempts"]) == 3
    else:
        assert statuses(full.report)["allfit"] == "not_applicable"


def test_nothing_wrong_means_nothing_credited() -> None:
    """No rung is praised for what was never wrong."""
    report = triaged_golden("sleepstudy_slope", "--all-rungs").report
    assert set(statuses(report).values()) == {"not_needed"}
    assert report["verdict"]["cleared_by"] is None
    assert not any(r["scope"] == "same_model" for r in report["remedies"])


def test_all_rungs_on_a_calendar_year_tells_the_optimizers_apart() -> None:
    """Five of lme4's seven optimizers agree on the wrong answer; the reference is in the comparison."""
    report = triaged_golden("sleepstudy_year", "--all-rungs").report
    assert statuses(report)["allfit"] in ("cleared", "improved")
    gaps = {a["label"]: a["gap"] for a in rung(report, "allfit")["attempts"]}
    assert gaps["nloptwrap.NLOPT_LN_BOBYQA"] == pytest.approx(42.8, abs=0.1)
    assert gaps["mmtriage"] == 0
    assert "MM405" in codes(report)
    assert found(report, "MM405")["caused_by"] == ["MM106"]


@pytest.mark.parametrize(
    "options",
    [(), ("--all-rungs",), ("--all-rungs", "--bootstrap", "8")],
    ids=["plain", "all rungs", "bootstrap"],
)
@pytest.mark.parametrize("case_id", [pytest.param("sleepstudy_year", marks=pytest.mark.slow), "dyestuff2"])
def test_the_same_command_gives_the_same_bytes(case_id: str, options: tuple[str, ...]) -> None:
    from tests.golden_cases import golden_case

    case = golden_case(case_id)
    first = triaged_golden(case_id, *options)
    factors = [word for column in case.factors for word in ("--factor", column)]
    again = ran("fit", str(case.csv), case.formula, "--format", "json", *factors, *options)
    assert again.steady_text == first.steady_text


@pytest.mark.parametrize("case_id", [pytest.param("sleepstudy_year", marks=pytest.mark.slow), "dyestuff2"])
def test_two_processes_give_the_same_bytes_as_one(case_id: str) -> None:
    options = ("--all-rungs", "--bootstrap", "8")
    one, two = triaged_golden(case_id, *options), triaged_golden(case_id, *options, "-j", "2")
    assert one.steady_text == two.steady_text
    assert one.code == two.code


def test_a_budget_that_is_spent_before_there_is_a_verdict_is_exit_3() -> None:
    outcome = ran("fit", *SLEEPSTUDY, "--format", "json", "--time-budget", "1e-9")
    assert outcome.code == UnjudgedError.exit_code
    why = "the time budget of 1e-09 s ran out while the model was fitted"
    assert outcome.report["incomplete_reason"] == why
    assert outcome.report["incomplete"] == ["fit", "diagnosis", "ladder"]
    assert outcome.report["verdict"]["status"] == "undetermined"
    report_validator().validate(outcome.report)
