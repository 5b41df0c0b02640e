"""Rounding: what is known is shown, what is not assessed says so."""

import pytest

from mmtriage import figures

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
    assert figures.to_precision_of(estimate, se) == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [(1743.62827195, "1743.6283"), (1.5e9, "1500000000"), (None, "not assessed"), (NAN, "not assessed")],
)
def test_criterion(value: float | None, shown: str) -> None:
    assert figures.criterion(value) == shown


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
    assert figures.shift(value) == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [(0.0655, "0.07"), (1.0, "1.00"), (-1.0, "-1.00"), (-0.999997827, "-0.999998"), (NAN, "")],
)
def test_a_correlation_short_of_one_is_not_shown_as_one(value: float, shown: str) -> None:
    assert figures.correlation(value) == shown


@pytest.mark.parametrize(
    ("value", "shown"), [(1e-9, "p < 0.001"), (0.0342, "p = 0.034"), (1.0, "p = 1"), (None, "p not assessed")]
)
def test_p_values(value: float | None, shown: str) -> None:
    assert figures.p_value(value) == shown


@pytest.mark.parametrize(
    ("count", "text"), [(0, "0 rows"), (1, "1 row"), (2, "2 rows"), (12345, "12,345 rows")]
)
def test_a_number_and_its_noun(count: int, text: str) -> None:
    assert figures.count(count, "row") == text
