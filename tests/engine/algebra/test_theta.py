"""theta <-> factors, bounds and names, against lme4's layout written out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from mmtriage.engine.algebra.theta import (
    factors_of_theta,
    is_diagonal,
    lower_bounds,
    template_theta,
    theta_length,
    theta_names,
    theta_of_factors,
)
from tests.dense_designs import dense_design
from tests.golden_cases import golden_cases
from tests.oracle import relative_factors

SMALL = [case.id for case in golden_cases().values() if case.expected["nobs"] <= 700]


def test_a_factor_is_read_down_its_columns() -> None:
    (factor,) = factors_of_theta(np.array([1.0, 2.0, 3.0, 4.0, 5.0, 6.0]), [3])
    assert np.array_equal(factor, [[1, 0, 0], [2, 4, 0], [3, 5, 6]])


def test_terms_follow_each_other() -> None:
    first, second = factors_of_theta(np.array([7.0, 1.0, 2.0, 3.0]), [1, 2])
    assert np.array_equal(first, [[7]])
    assert np.array_equal(second, [[1, 0], [2, 3]])


def test_bounds_and_template_tell_the_diagonal_from_the_rest() -> None:
    assert theta_length([3, 1]) == 7
    assert is_diagonal([3, 1]).tolist() == [True, False, False, True, False, True, True]
    assert lower_bounds([2, 1]).tolist() == [0.0, -np.inf, 0.0, 0.0]
    assert template_theta([2, 1]).tolist() == [1.0, 0.0, 1.0, 1.0]


@pytest.mark.parametrize("sizes", [(), (1,), (2,), (3, 1, 2), (4, 4)])
def test_factors_and_theta_are_inverse_to_each_other(sizes: tuple[int, ...]) -> None:
    theta = np.random.default_rng(1234).normal(size=theta_length(sizes))
    factors = factors_of_theta(theta, sizes)
    assert np.array_equal(theta_of_factors(factors), theta)
    for factor, other in zip(factors, relative_factors(theta, sizes), strict=True):
        assert np.array_equal(factor, other)


@pytest.mark.parametrize("case_id", SMALL)
def test_names_are_those_lme4_prints(case_id: str) -> None:
    design = dense_design(case_id)
    assert theta_names(design.groups, design.columns) == tuple(design.case.expected["default"]["theta"])
