"""Rounding: what is known is shown, what is not assessed says so."""

import pytest

from mmtriage import figures

NAN = float("nan")


@pytest.mark.parametrize(
    ("estimate", "se", "shown"),
    [
        (251.405104848485, 6.82459669495491, "251.41"),
        (10.467285959596, 1.54578964390598, "10.47"),
        (-20683.1668, 3092.5, "-20683"),
        (0.1783, 0.000258, "0.178300"),
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


@pytest.mark.parametrize(
    ("value", "of_criterion", "shown"),
    [
        (4e-9, 1975.9, "< 1e-6"),
        (-5.7e-14, 1743.6, "< 1e-6"),
        (0.0, None, "< 1e-6"),
        (9.999e-7, 1743.6, "< 1e-6"),
        (3.4e-6, 1743.6, "3e-06"),
        (0.00041527, 1743.6, "0.000415"),
        (42.8203, 1743.6, "42.8"),
        (-0.03459, 156.5, "-0.0346"),
        (1.5e-5, 237_000.0, "< 3e-5"),
        (4.52e-5, 237_000.0, "5e-05"),
        (0.0015, -2.1e7, "< 0.003"),
        (None, 1.0, "not assessed"),
        (NAN, 1.0, "not assessed"),
    ],
)
def test_a_gap_is_written_as_far_as_it_is_known(
    value: float | None, of_criterion: float | None, shown: str
) -> None:
    assert figures.gap(value, of_criterion) == shown


def test_a_gap_has_as_many_digits_as_are_asked_for() -> None:
    assert [figures.gap(42.8203, 1786.4, digits=digits) for digits in (1, 2, 4)] == ["4e+01", "43", "42.82"]


@pytest.mark.parametrize(
    ("bound", "shown"),
    [(1e-6, "1e-6"), (2.37e-5, "3e-5"), (1e-4, "0.0001"), (0.0021, "0.003"), (9.5e-6, "1e-5")],
)
def test_a_bound_has_one_digit_and_is_never_rounded_down(bound: float, shown: str) -> None:
    assert figures.tidy(bound) == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [(1.4e-21, "< 1e-6"), (9e-7, "< 1e-6"), (4.7012, "4.7"), (2.345e-6, "2e-06"), (None, "not assessed")],
)
def test_a_newton_decrement_below_its_limit_is_only_that(value: float | None, shown: str) -> None:
    assert figures.decrement(value, 1e-6) == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (57.4, "57"),
        (0.0397322, "0.04"),
        (1.66e-5, "1.7e-05"),
        (13_210.0, "13000"),
        (2.74e-9, "< 1e-6"),
        (None, "not assessed"),
    ],
)
def test_a_gradient_has_two_digits(value: float | None, shown: str) -> None:
    assert figures.gradient(value) == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [(0.0397322, "0.04"), (0.00203, "0.00203"), (0.002004, "0.002004"), (0.0123456, "0.012")],
)
def test_a_gradient_beyond_a_limit_is_seen_to_be_beyond_it(value: float, shown: str) -> None:
    assert figures.gradient(value, 0.002) == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [(11.3, "positive"), (0.0125, "positive"), (-5.2e-7, "zero"), (1.6e-12, "zero"), (-0.3, "negative")],
)
def test_of_a_curvature_the_sign_is_shown(value: float, shown: str) -> None:
    assert figures.curvature(value) == shown


def test_what_rounds_to_nothing_has_no_sign() -> None:
    assert figures.to_precision_of(-1e-9, 5.49) == "0.00"
    assert figures.statistic(-0.0002) == "0.000"
    assert figures.correlation(-0.001) == "0.00"
    assert (figures.signed(-0.01), figures.signed(0.01), figures.signed(-0.06)) == ("+0.0", "+0.0", "-0.1")


def test_an_endless_theta_shows_its_order_only() -> None:
    assert figures.nb_theta(3.30341) == "3.3034"
    assert figures.nb_theta(96347440065.95) == "1e+11"


def test_a_large_criterion_has_the_digits_that_are_its_own() -> None:
    assert figures.criterion(237_146.12345) == "237146.1235"
    assert figures.criterion(2_371_461.2345) == "2371461.234"
