"""Rounding and phrasing: what is known is shown, what is not assessed says so."""

from dataclasses import replace

import pytest

from mmtriage.render import tables, words
from mmtriage.report.facts import Method
from tests.canned import CBPP_MODEL, GENERALIZED, NEGATIVE_BINOMIAL, NOT_CONVERGED, SINGULAR, UNIDENTIFIABLE

NAN = float("nan")


@pytest.mark.parametrize(
    ("estimate", "se", "shown"),
    [
        (251.405104848485, 6.82459669495491, "251.405"),  # as lme4's summary
        (10.467285959596, 1.54578964390598, "10.467"),
        (-20683.1668, 3092.5, "-20683"),
        (0.1783, 0.000258, "0.1783000"),
        (1.046729e-7, 1.54579e-9, "1.04673e-07"),
        (0.0, 1e-9, "0.000e+00"),
        (1.5, NAN, "1.5"),
        (1.5, 0.0, "1.5"),
        (NAN, 1.0, "not assessed"),
    ],
)
def test_an_estimate_shows_what_its_standard_error_justifies(estimate: float, se: float, shown: str) -> None:
    assert words.to_precision_of(estimate, se) == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [(1743.62827195, "1743.6283"), (1.5e9, "1500000000"), (None, "not assessed"), (NAN, "not assessed")],
)
def test_criterion(value: float | None, shown: str) -> None:
    assert words.criterion(value) == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0.0, "0.00"),
        (-1e-9, "0.00"),
        (0.954, "0.95"),
        (-0.2, "-0.20"),
        (123.4, "1.2e+02"),
        (None, "not assessed"),
    ],
)
def test_shift(value: float | None, shown: str) -> None:
    assert words.shift(value) == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [(0.0655, "0.07"), (1.0, "1.00"), (-1.0, "-1.00"), (-0.999997827, "-0.999998"), (NAN, "")],
)
def test_a_correlation_short_of_one_is_not_shown_as_one(value: float, shown: str) -> None:
    assert words.correlation(value) == shown


@pytest.mark.parametrize(
    ("value", "shown"), [(1e-9, "p < 0.001"), (0.0342, "p = 0.034"), (1.0, "p = 1"), (None, "p not assessed")]
)
def test_p_values(value: float | None, shown: str) -> None:
    assert words.p_value(value) == shown


def test_findings_are_told_apart_by_their_part_in_the_verdict() -> None:
    assert [finding.code for finding in words.causes(NOT_CONVERGED)] == ["MM106"]
    assert [finding.code for finding in words.consequences(NOT_CONVERGED)] == ["MM403", "MM405"]
    assert [finding.code for finding in words.others(NOT_CONVERGED)] == ["MM101"]
    assert words.finding_title(NOT_CONVERGED.findings[1]) == "MM403 stopped-short (info, follows from MM106)"


def test_evidence_is_named_and_rounded() -> None:
    assert words.evidence(SINGULAR.findings[0]) == "multiplier: 28.77, wants_to_be_negative: yes"
    assert words.evidence(UNIDENTIFIABLE.findings[0]) == "varying_groups: 0, null_direction: (0.5, -1)"


def test_a_dropped_column_is_shown_with_what_it_equals() -> None:
    (dropped,) = UNIDENTIFIABLE.model.dropped_columns
    assert words.dropped_column(dropped) == "Dropped, as lme4 drops it: siteB = 2 cond"


def test_what_was_not_fitted_is_not_assessed() -> None:
    assert words.certificate_lines(UNIDENTIFIABLE) == ["There is no reference optimum: not assessed."]
    assert words.remedy_lines(NOT_CONVERGED.remedies[3], NOT_CONVERGED.model) == [
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
    assert words.model_line(model) == (
        f"Generalized linear mixed model fit by maximum likelihood ({approximation}). "
        "Family: binomial (logit); 56 observations; groups: herd 15"
    )
    assert words.criterion_name(model) == criterion


def test_gaussian_with_another_link_is_a_generalized_model() -> None:
    model = replace(CBPP_MODEL, family="gaussian", link="log")
    assert "Family: gaussian (log)" in words.model_line(model)
    assert words.model_line(NOT_CONVERGED.model) == (
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
    assert words.se_note(GENERALIZED.reference) is None
    assert note in (words.se_note(NEGATIVE_BINOMIAL.reference) or "")
