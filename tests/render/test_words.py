"""Rounding and phrasing: what is known is shown, what is not assessed says so."""

import pytest

from mmtriage.render import words
from tests.canned import NOT_CONVERGED, SINGULAR, UNIDENTIFIABLE

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
