"""Phrasing: records become the same sentences in every format."""

from dataclasses import replace

import pytest

from mmtriage.model.spec import Method
from mmtriage.render import fact_words, remedy_words, sentences, tables
from mmtriage.report import roles
from tests.real_reports.records import (
    NEGATIVE_BINOMIAL,
    NOT_CONVERGED,
    PERFECT_CORRELATION,
    REFUSED,
    SINGULAR,
    UNIDENTIFIABLE,
    WRONG_SE,
)


def test_findings_are_told_apart_by_their_part_in_the_verdict() -> None:
    assert [finding.code for finding in roles.causes(NOT_CONVERGED)] == ["MM106"]
    assert [finding.code for finding in roles.consequences(NOT_CONVERGED)] == ["MM403"]
    assert [finding.code for finding in roles.others(NOT_CONVERGED)] == ["MM405"]
    assert (
        sentences.finding_title(NOT_CONVERGED.findings[1]) == "MM403 stopped-short (info, follows from MM106)"
    )


def test_evidence_is_named_and_rounded() -> None:
    assert (
        fact_words.facts(SINGULAR.findings[0], SINGULAR) == "multiplier: 9.905; negative variance wanted: yes"
    )
    assert fact_words.facts(PERFECT_CORRELATION.findings[1], PERFECT_CORRELATION) == (
        "correlations: ((Intercept), ses, 1); multiplier: 119.9; null direction: -0.141 (Intercept) +1 ses"
    )


def test_a_dropped_column_is_shown_with_what_it_equals() -> None:
    (dropped,) = REFUSED.model.dropped_columns
    assert sentences.dropped_column(dropped) == "Dropped, as lme4 drops it: I(2 * Days) = 2 Days"


def test_what_was_not_fitted_is_not_assessed() -> None:
    assert sentences.certificate_lines(REFUSED) == ["There is no reference optimum: not assessed."]
    advice = UNIDENTIFIABLE.remedies[0]
    assert remedy_words.lines(advice, UNIDENTIFIABLE.model)[1] == (
        "AIC, BIC and test: not assessed, a posterior mode is not a maximum of the likelihood: "
        "no AIC, BIC or likelihood ratio"
    )


@pytest.mark.parametrize(
    ("method", "nagq", "approximation", "criterion"),
    [
        ("Laplace", 1, "Laplace", "-2 log-likelihood"),
        ("AGQ", 9, "quadrature with 9 points", "-2 log-likelihood, less a constant"),
        ("PIRLS", 0, "nAGQ = 0", "-2 log-likelihood"),
    ],
)
def test_a_generalized_model_is_headed_by_its_family(
    method: Method, nagq: int, approximation: str, criterion: str
) -> None:
    model = replace(WRONG_SE.model, method=method, nagq=nagq)
    assert sentences.model_line(model) == (
        f"Poisson, log link, {approximation}; 118 levels of BROOD, 63 levels of LOCATION"
    )
    assert sentences.criterion_name(model) == criterion


def test_gaussian_with_another_link_is_a_generalized_model() -> None:
    model = replace(WRONG_SE.model, family="gaussian", link="log")
    assert sentences.model_line(model).startswith("Gaussian, log link, Laplace; ")
    assert sentences.model_line(NOT_CONVERGED.model) == "Linear mixed model, REML; 18 levels of Subject"


def test_weights_offset_and_subset_are_echoed() -> None:
    model = replace(NOT_CONVERGED.model, weights="w", offset="log(t)", subset="x > 1")
    assert sentences.model_line(model).endswith("; weights w; offset log(t); rows where x > 1")


def test_a_generalized_model_has_z_values_and_p_values_and_no_residual() -> None:
    fixed, random = tables.fixed_effects(WRONG_SE), tables.random_effects(WRONG_SE)
    assert fixed is not None
    assert random is not None
    assert fixed.header[:5] == ("", "estimate", "SE", "z", "p")
    assert fixed.rows[1][:5] == ("YEAR96", "1.166", "0.230", "5.072", "< 0.001")
    assert [row[0] for row in random.rows] == ["BROOD", "LOCATION"]


def test_standard_errors_that_take_the_covariances_as_known_say_so() -> None:
    note = "take the covariances of the random effects as known"
    assert sentences.se_note(WRONG_SE.reference) is None
    assert note in (sentences.se_note(NEGATIVE_BINOMIAL.reference) or "")
