"""Tests of smaller models: p-values worked out by hand, and against simulated null distributions."""

from __future__ import annotations

import math

import numpy as np
import pytest

from mmtriage.ladder.lrt import Removal, likelihood_ratio_test


def tail_1(x: float) -> float:
    """P(chi2(1) > x)"""
    return math.erfc(math.sqrt(x / 2))


def tail_2(x: float) -> float:
    """P(chi2(2) > x)"""
    return math.exp(-x / 2)


def tail_3(x: float) -> float:
    """P(chi2(3) > x)"""
    return tail_1(x) + math.sqrt(2 * x / math.pi) * math.exp(-x / 2)


SCALAR = Removal("scalar", 1, 1)
COLUMN = Removal("column", 2, 2)
COLUMN_OF_THREE = Removal("column", 3, 3)
CORRELATIONS = Removal("correlations", 1, 2)
SEVERAL = Removal("several", 3, 2)


def p_value(statistic: float, removal: Removal) -> float:
    p = likelihood_ratio_test(statistic, removal, null_is_singular=False).p_value
    assert p is not None
    return p


@pytest.mark.parametrize("x", [0.01, 0.5, 1.7, 2.705543, 5.138, 9.0, 40.0])
def test_mixtures_by_hand(x: float) -> None:
    assert p_value(x, SCALAR) == pytest.approx(tail_1(x) / 2, rel=1e-12)
    assert p_value(x, COLUMN) == pytest.approx(tail_1(x) / 2 + tail_2(x) / 2, rel=1e-12)
    assert p_value(x, COLUMN_OF_THREE) == pytest.approx(tail_2(x) / 2 + tail_3(x) / 2, rel=1e-12)
    assert p_value(x, CORRELATIONS) == pytest.approx(tail_1(x), rel=1e-12)
    assert p_value(x, SEVERAL) == pytest.approx(tail_3(x), rel=1e-12)


def test_textbook_quantiles() -> None:
    assert p_value(2.705543, SCALAR) == pytest.approx(0.05, abs=1e-6)  # the square of 1.644854
    assert p_value(5.138, COLUMN) == pytest.approx(0.05, abs=1e-4)  # Stram & Lee 1994
    assert p_value(7.045, COLUMN_OF_THREE) == pytest.approx(0.05, abs=1e-4)


@pytest.mark.parametrize("removal", [SCALAR, COLUMN, CORRELATIONS, SEVERAL])
def test_nothing_lost_is_no_evidence(removal: Removal) -> None:
    assert p_value(0.0, removal) == 1.0


def test_the_method_names_the_law() -> None:
    said = [
        likelihood_ratio_test(1.0, removal, null_is_singular=False).method
        for removal in (SCALAR, COLUMN, COLUMN_OF_THREE, CORRELATIONS, SEVERAL)
    ]
    assert said == [
        "ML, 1/2 chi2(0) + 1/2 chi2(1)",
        "ML, 1/2 chi2(1) + 1/2 chi2(2)",
        "ML, 1/2 chi2(2) + 1/2 chi2(3)",
        "ML, chi2(1)",
        "ML, chi2(3), an upper bound of p",
    ]


# Shares of 4000 simulated statistics above X (lrt_simulation.py), 100 groups of 6 rows, both models by ML:
# y = 1 + x + e without groups; with an intercept per group of SD 1; with a slope of SD 0.5 besides.
X = (0.5, 1.0, 2.0, 3.0, 5.0)
SIMULATED = {
    "scalar": (SCALAR, (0.2145, 0.1403, 0.0722, 0.0385, 0.0125)),
    "column": (COLUMN, (0.5995, 0.4258, 0.2320, 0.1285, 0.0498)),
    "correlations": (CORRELATIONS, (0.4863, 0.3267, 0.1620, 0.0867, 0.0293)),
}
REPLICATES = 4000


@pytest.mark.parametrize("name", SIMULATED)
def test_the_law_is_that_of_simulated_statistics(name: str) -> None:
    removal, shares = SIMULATED[name]
    for x, share in zip(X, shares, strict=True):
        p = p_value(x, removal)
        error = math.sqrt(p * (1 - p) / REPLICATES)
        assert abs(share - p) < 3 * error + 0.1 * p  # Monte Carlo, and 100 groups are not infinitely many


def test_a_singular_smaller_model_has_no_law() -> None:
    test = likelihood_ratio_test(3.0, COLUMN, null_is_singular=True)
    assert (test.statistic, test.df, test.p_value) == (3.0, None, None)
    assert test.method == "no asymptotic law: the smaller model is itself singular (use --bootstrap)"


def test_the_bootstrap_counts_and_owns_its_error() -> None:
    simulated = np.array([0.0, 0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0])
    test = likelihood_ratio_test(4.0, SCALAR, null_is_singular=True, bootstrap=lambda: (simulated, 2))
    assert test.p_value == (1 + 4) / 10
    assert test.method == "ML, parametric bootstrap, 9 replicates, Monte Carlo SE 0.17, 2 failed"


def test_a_bootstrap_that_fails_altogether_says_so() -> None:
    test = likelihood_ratio_test(4.0, SCALAR, null_is_singular=False, bootstrap=lambda: (np.array([]), 7))
    assert (test.p_value, test.method) == (None, "parametric bootstrap: all 7 replicates failed")
