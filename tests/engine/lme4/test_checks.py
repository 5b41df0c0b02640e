"""lme4's checks, word for word. Expected messages are what R prints for the same numbers.

lme4:::checkConv(list(gradient = g, Hessian = H), theta, lmerControl()$checkConv, lower)
"""

from __future__ import annotations

import numpy as np
import pytest

from mmtriage.arrays import Array
from mmtriage.engine.lme4.bounds import Bounds
from mmtriage.engine.lme4.checks import check_convergence, design_messages, has_wild_scales, is_singular
from mmtriage.engine.lme4.differences import Derivatives, finite_differences

NEGATIVE = "Model failed to converge: degenerate  Hessian with %d negative eigenvalues"
FLAT = " Hessian is numerically singular: parameters are not uniquely determined"
NO_GRADIENT = "unable to evaluate scaled gradient"
LARGE = "Model is nearly unidentifiable: very large eigenvalue\n - Rescale variables?"
RATIO = "Model is nearly unidentifiable: large eigenvalue ratio\n - Rescale variables?"
BAD = "Problem with Hessian check (infinite or missing values?)"
NAN = float("nan")
INF = float("inf")


def above_zero(count: int) -> Bounds:
    return Bounds.below(np.zeros(count))


def gradient_warning(value: str) -> str:
    return f"Model failed to converge with max|grad| = {value} (tol = 0.002, component 1)"


def derivatives(gradient: tuple[float, ...], hessian: Array) -> Derivatives:
    return Derivatives(gradient=np.array(gradient), hessian=np.asarray(hessian, dtype=float))


@pytest.mark.parametrize(
    ("gradient", "hessian", "messages", "codes"),
    [
        ((0.001, 0.001), np.diag([4, 1]), (), ()),
        ((0.1, 0), np.diag([4, 1]), (gradient_warning("0.05"),), (-1,)),
        ((50, 1), np.diag([2.5e5, 4]), (gradient_warning("0.5"),), (-1,)),
        ((0.1, 0.2), [[1, 2], [2, 1]], (NO_GRADIENT, NEGATIVE % 1), (-1, -3)),
        ((0, 0), np.diag([-1, -1]), (NO_GRADIENT, NEGATIVE % 2), (-1, -3)),
        ((0, 0), np.diag([1, 1e-7]), (FLAT,), (-4,)),
        ((0, 0), np.diag([1, 0]), (NO_GRADIENT, FLAT), (-1, -4)),
        ((0, 0), np.diag([2e6, 3]), (LARGE,), (2,)),
        ((0, 0), np.diag([5, 2e-6]), (RATIO,), (3,)),
        ((0, 0), np.diag([2e6, 1]), (f"{LARGE};{RATIO}",), (2, 3)),
        ((1e-9, 1e-9), np.diag([1e17, 1]), (f"{LARGE};{RATIO}",), (2, 3)),
        ((0.3, 0.4), np.diag([1e5, 1e-4]), (gradient_warning("0.4"), RATIO), (-1, 3)),
        ((NAN, 0), np.eye(2), (), (-5,)),
        ((0, 0), [[1, NAN], [NAN, 1]], (NO_GRADIENT, BAD), (-1, -6)),
        ((0, 0), np.diag([INF, 1]), (NO_GRADIENT, BAD), (-1, -6)),
    ],
)
def test_messages_are_lme4s_word_for_word(
    gradient: tuple[float, ...], hessian: Array, messages: tuple[str, ...], codes: tuple[int, ...]
) -> None:
    check = check_convergence(np.ones(2), above_zero(2), derivatives(gradient, hessian))
    assert check.messages == messages
    assert check.codes == codes
    assert not check.singular


def test_the_worst_parameter_is_the_one_that_attains_the_statistic() -> None:
    check = check_convergence(
        np.ones(3), above_zero(3), derivatives((0.1, 5.0, 0.4), np.diag([1.0, 1e6, 1.0]))
    )
    assert check.statistic == pytest.approx(0.4)
    assert check.worst == 2


def test_the_gradient_is_scaled_by_the_upper_factor() -> None:
    """solve(chol(H), g), not solve(t(chol(H)), g): H = R'R, and R s = g gives s = (0.5, 1)."""
    R = np.array([[2.0, 1.0], [0.0, 1.0]])
    check = check_convergence(np.ones(2), above_zero(2), derivatives((2.0, 1.0), R.T @ R))
    assert check.statistic == pytest.approx(1.0)


def test_a_singular_fit_is_not_assessed_further() -> None:
    check = check_convergence(np.array([1e-5, 1.0]), above_zero(2), derivatives((5.0, 5.0), np.eye(2)))
    assert check.singular
    assert check.messages == ("boundary (singular) fit: see help('isSingular')",)
    assert (check.codes, check.statistic, check.worst, check.eigenvalues) == ((), None, None, None)


def test_without_derivatives_only_singularity_is_checked() -> None:
    assert check_convergence(np.ones(1), above_zero(1), None).messages == ()
    assert check_convergence(np.zeros(1), above_zero(1), None).singular


def test_singular_is_strictly_below_the_tolerance_and_on_bounded_elements_only() -> None:
    lower = np.array([0.0, -np.inf, 0.0])
    assert is_singular(np.array([1.0, 0.0, 9.9e-5]), Bounds.below(lower))
    assert not is_singular(np.array([1.0, 0.0, 1e-4]), Bounds.below(lower))
    assert not is_singular(np.array([1.0, -5.0, 1.0]), Bounds.below(lower))


@pytest.mark.parametrize(
    ("spreads", "wild"),
    [((999.0,), False), ((1001.0,), True), ((0.0009,), True), ((40.0, 0.041), False), ((40.0, 0.02), True)],
)
def test_scales_are_wild_beyond_a_thousand(spreads: tuple[float, ...], wild: bool) -> None:
    unit = np.array([-1.0, 0.0, 1.0])  # of SD 1
    X = np.column_stack([np.ones(3), *(spread * unit for spread in spreads)])
    assert has_wild_scales(X) is wild


def test_intercept_and_indicators_have_no_scale() -> None:
    X = np.column_stack([np.ones(4), [0, 0, 1, 0], np.array([1.0, 2.0, 3.0, 4.0])])
    assert not has_wild_scales(X)
    assert not has_wild_scales(X[:, :2])
    assert has_wild_scales(np.column_stack([X, np.full(4, 2.0)]))  # constant, but not 1: log 0


def test_the_rank_message_comes_before_the_one_about_scales() -> None:
    X = np.column_stack([np.ones(3), [0.0, 1e6, 3e6]])
    assert design_messages(X, dropped=1) == (
        "fixed-effect model matrix is rank deficient so dropping 1 column / coefficient",
        "Some predictor variables are on very different scales: consider rescaling",
    )
    assert design_messages(np.ones((3, 1)), dropped=2) == (
        "fixed-effect model matrix is rank deficient so dropping 2 columns / coefficients",
    )


def test_differences_of_a_quadratic_are_its_derivatives() -> None:
    A = np.array([[3.0, 1.0, 0.5], [1.0, 2.0, -0.3], [0.5, -0.3, 4.0]])
    b = np.array([1.0, -2.0, 0.5])
    theta = np.array([0.3, -0.2, 0.9])
    found = finite_differences(lambda x: float(0.5 * x @ A @ x + b @ x), theta)
    assert found.gradient == pytest.approx(A @ theta + b, abs=1e-9)
    assert found.hessian == pytest.approx(A, abs=1e-6)


@pytest.mark.parametrize("m", [1, 2, 3, 4])
def test_differences_cost_what_lme4s_cost(m: int) -> None:
    calls: list[Array] = []

    def objective(x: Array) -> float:
        calls.append(x)
        return float(len(calls))

    finite_differences(objective, np.ones(m))
    assert len(calls) == 2 * m**2 + 1
