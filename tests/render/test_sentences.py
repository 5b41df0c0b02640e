"""Phrasing: records become the same sentences in every format."""

from dataclasses import replace

import pytest

from mmtriage.render import sentences, tables
from mmtriage.report import roles
from mmtriage.report.facts import Method
from tests.canned import CBPP_MODEL, GENERALIZED, NEGATIVE_BINOMIAL, NOT_CONVERGED, SINGULAR, UNIDENTIFIABLE


def test_findings_are_told_apart_by_their_part_in_the_verdict() -> None:
    assert [finding.code for finding in roles.causes(NOT_CONVERGED)] == ["MM106"]
    assert [finding.code for finding in roles.consequences(NOT_CONVERGED)] == ["MM403", "MM405"]
    assert [finding.code for finding in roles.others(NOT_CONVERGED)] == ["MM101"]
    assert (
        sentences.finding_title(NOT_CONVERGED.findings[1]) == "MM403 stopped-short (info, follows from MM106)"
    )


def test_evidence_is_named_and_rounded() -> None:
    assert sentences.evidence(SINGULAR.findings[0]) == "multiplier: 28.77, wants_to_be_negative: yes"
    assert sentences.evidence(UNIDENTIFIABLE.findings[0]) == "varying_groups: 0, null_direction: (0.5, -1)"


def test_a_dropped_column_is_shown_with_what_it_equals() -> None:
    (dropped,) = UNIDENTIFIABLE.model.dropped_columns
    assert sentences.dropped_column(dropped) == "Dropped, as lme4 drops it: siteB = 2 cond"


def test_what_was_not_fitted_is_not_assessed() -> None:
    assert sentences.certificate_lines(UNIDENTIFIABLE) == ["There is no reference optimum: not assessed."]
    assert sentences.remedy_lines(NOT_CONVERGED.remedies[3], NOT_CONVERGED.model) == [
        "AIC, BIC and test: not assessed, nothing was fitted"
    ]


@pytest.mark.parametrize(
    ("method", "nagq", "approximation", "criterion"),
    [
        ("Laplace", 1, "Laplace Approximation", "-2 log-likelihood"),
        (
            "AGQ",
            9,
            "Adaptive Gauss-Hermite Quadrature, nAGQ = 9",
            "-2 log-likelihood, less a constant",
        ),
        ("PIRLS", 0, "Adaptive Gauss-Hermite Quadrature, nAGQ = 0", "-2 log-likelihood"),
    ],
)
def test_a_generalized_model_is_headed_as_lme4_heads_it(
    method: Method, nagq: int, approximation: str, criterion: str
) -> None:
    model = replace(CBPP_MODEL, method=method, nagq=nagq)
    assert sentences.model_line(model) == (
        f"Generalized linear mixed model fit by maximum likelihood ({approximation}). "
        "Family: binomial (logit); 56 observations; groups: herd 15"
    )
    assert sentences.criterion_name(model) == criterion


def test_gaussian_with_another_link_is_a_generalized_model() -> None:
    model = replace(CBPP_MODEL, family="gaussian", link="log")
    assert "Family: gaussian (log)" in sentences.model_line(model)
    assert sentences.model_line(NOT_CONVERGED.model) == (
        "Linear mixed model fit by REML; 180 observations; groups: Subject 18"
    )


def test_a_generalized_model_has_z_values_and_p_values_and_no_residual() -> None:
    fixed, random = tables.fixed_effects(GENERALIZED), tables.random_effects(GENERALIZED)
    assert fixed is not None
    assert random is not None
    assert fixed.header[:5] == ("", "estimate", "SE", "z value", "p")
    assert fixed.rows[1][:5] == ("period2", "-0.9919", "0.3032", "-3.272", "0.0011")
    assert [row[0] for row in random.rows] == ["herd"]


def test_standard_errors_that_take_the_covariances_as_known_say_so() -> None:
    note = "take the covariances of the random effects as known"
    assert sentences.se_note(GENERALIZED.reference) is None
    assert note in (sentences.se_note(NEGATIVE_BINOMIAL.reference) or "")
