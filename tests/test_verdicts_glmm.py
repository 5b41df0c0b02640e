"""The verdicts on generalized models that the tool is held to: lme4's words are compared with the optimum."""

from __future__ import annotations

from typing import Any

import pytest

from tests.triaged import codes, report_validator, rung, triaged_golden


def report_of(case_id: str, *options: str) -> dict[str, Any]:
    outcome = triaged_golden(case_id, *options)
    report_validator().validate(outcome.report)
    return outcome.report


def test_cbpp_is_converged() -> None:
    report = report_of("cbpp")
    assert report["verdict"]["status"] == "converged"
    assert report["verdict"]["gap"] == pytest.approx(0, abs=1e-4)


def test_contraception_is_a_false_alarm_for_which_the_scale_of_x_is_to_blame() -> None:
    """lme4 warns of max|grad| and of a very large eigenvalue, on a fit at its optimum."""
    report = report_of("contraception")
    verdict = report["verdict"]
    assert (verdict["status"], verdict["cleared_by"]) == ("false_alarm", "rescale")
    assert verdict["codes"] == ["MM101", "MM401", "MM402"]
    (scale,) = (f for f in report["findings"] if f["code"] == "MM101")
    assert scale["columns"] == ["I(age^2)"]
    remedy = report["remedies"][0]
    assert (remedy["id"], remedy["scope"], remedy["clears"]) == ("rescale", "same_model", True)
    assert remedy["formula"] == "use ~ I(age/9) + I((age/9)^2) + urban + livch + (1 | district)"


def test_the_remedy_of_contraception_says_nothing_wrong_of_itself() -> None:
    from tests.golden_cases import golden_case
    from tests.triaged import triaged

    formula = report_of("contraception")["remedies"][0]["formula"]
    data = str(golden_case("contraception").csv)
    outcome = triaged(data, formula, "--family", "binomial", "--factor", "district")
    assert (outcome.code, outcome.report["verdict"]["status"]) == (0, "converged")


@pytest.mark.slow
def test_grouseticks_by_height_has_wrong_standard_errors_at_its_optimum() -> None:
    """R 1.1-31: SE 0.00098 of HEIGHT, from RX 0.00345. It used to be a false alarm."""
    report = report_of("grouseticks_height")
    verdict = report["verdict"]
    assert (verdict["status"], verdict["severity"], verdict["cleared_by"]) == ("wrong_se", "error", "maxfun")
    assert verdict["gap"] < 1e-4
    assert verdict["codes"] == ["MM410"]
    (wrong,) = (f for f in report["findings"] if f["code"] == "MM410")
    assert wrong["columns"] == ["HEIGHT", "(Intercept)"]
    assert dict(wrong["evidence"]["factors"])["HEIGHT"] == pytest.approx(0.282, abs=0.01)
    assert dict(wrong["evidence"]["right"])["HEIGHT"] == pytest.approx(0.00347, abs=2e-5)
    assert [r["id"] for r in report["remedies"][:2]] == ["rx-errors", "tight-pirls"]
    assert [a["se_ratio"] for a in rung(report, "maxfun")["attempts"]] == pytest.approx([1.0, 1.0], abs=0.02)


@pytest.mark.long
def test_its_columns_are_named_where_rescaling_is_tried_too() -> None:
    report = report_of("grouseticks_height", "--all-rungs")
    assert rung(report, "rescale")["status"] == "cleared"
    assert report["verdict"]["codes"] == ["MM106", "MM101", "MM410"]
    assert all(f["columns"] == ["HEIGHT"] for f in report["findings"] if f["code"] in ("MM101", "MM106"))


@pytest.mark.slow
def test_allfit_fails_on_contraception_where_lme4s_fails() -> None:
    """lme4 1.1-31: nlminbwrap, nmkbw and L-BFGS-B stop in PIRLS, the other four reach the optimum."""
    attempts = rung(report_of("contraception", "--all-rungs"), "allfit")["attempts"]
    failed = {a["label"] for a in attempts if a["criterion"] is None}
    assert failed == {"SLSQP", "nmkbw", "L-BFGS-B"}
    assert all("PIRLS" in a["note"] for a in attempts if a["label"] in failed)
    short = {a["label"] for a in attempts if a["label"] not in failed and not a["certified"]}
    assert short <= {"pybobyqa"}  # it has a share of evaluations, which it says
    assert all("ran out of its share" in a["note"] for a in attempts if a["label"] in short)


def test_allfit_agrees_on_cbpp_as_lme4s_does() -> None:
    result = rung(report_of("cbpp", "--all-rungs"), "allfit")
    assert all(a["certified"] for a in result["attempts"])
    (budget, *_) = rung(report_of("cbpp", "--all-rungs"), "maxfun")["attempts"]
    assert budget["label"] == "budget of 500,000"


def test_a_link_that_leaves_the_range_is_changed_where_pirls_fails() -> None:
    report = report_of("fails_gamma_inverse")
    assert report["verdict"]["status"] == "not_converged"
    assert report["baseline"] is None
    remedy = next(r for r in report["remedies"] if r["id"] == "change-link")
    assert remedy["clears"]
    assert remedy["delta_aic"] < -10
    assert remedy["code"]["mmtriage"].endswith("--family Gamma --link log --lme4 1.1")


@pytest.mark.slow
def test_a_negative_binomial_of_poisson_counts_is_told_so() -> None:
    report = report_of("nb_infinite_theta")
    remedy = next(r for r in report["remedies"] if r["id"] == "poisson")
    assert remedy["clears"]
    assert remedy["delta_aic"] == pytest.approx(-2, abs=1e-3)
    assert set(codes(report)) >= {"MM407"}


def test_a_separated_level_is_named_and_no_estimate_is_offered_as_one() -> None:
    report = report_of("toy_separation")
    assert report["verdict"]["status"] == "unidentifiable"
    assert report["verdict"]["codes"][0] == "MM203"
    (separated,) = (f for f in report["findings"] if f["code"] == "MM203")
    assert "`period` = `p4`" in separated["message"]
    # Firth's penalty and leaving the level out are other models, which have an optimum.
    assert {r["scope"] for r in report["remedies"] if r["clears"]} == {"changes_model"}
    assert [(r["id"], r["scope"]) for r in report["remedies"]] == [
        ("fixed-prior", "advice"),
        ("firth", "changes_model"),
        ("without-level", "changes_model"),
    ]


@pytest.mark.parametrize(
    "case_id", ["fails_gamma_inverse", "fails_gamma_identity", "fails_binomial_log", "fails_poisson_identity"]
)
def test_where_pirls_fails_the_reason_is_said_and_another_link_tried(case_id: str) -> None:
    report = report_of(case_id)
    (failure,) = (f for f in report["findings"] if f["code"] == "MM408")
    assert failure["evidence"]["reason"] == "link"
    remedy = next(r for r in report["remedies"] if r["id"] == "change-link")
    assert remedy["scope"] == "changes_model"
    # Beside an identity link R's standard errors of the other model are wrong, which the remedy says.
    assert remedy["clears"] is (case_id != "fails_gamma_identity")


@pytest.mark.slow
def test_overdispersed_counts_are_offered_models_with_scatter() -> None:
    report = report_of("grouseticks_height")
    gains = {r["id"]: r["delta_aic"] for r in report["remedies"]}
    assert "MM501" in codes(report)
    assert gains["negative-binomial"] == pytest.approx(-196.195, abs=0.01)
    assert gains["observation-level"] == pytest.approx(-193.334, abs=0.01)
