"""The Wishart prior's mode against the dense penalized criterion, minimized by brute force."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import minimize

from mmtriage.arrays import Array
from mmtriage.engine.algebra.theta import factors_of_theta, lme4_theta
from mmtriage.engine.optimum.faces import NO_FREE, Place
from mmtriage.engine.optimum.posterior import prior_mode
from tests.engine.designs import Case, golden_design
from tests.engine.optimum.test_search import correlated_groups
from tests.oracle import dense_objective


def penalized(case: Case, theta: Array) -> float:
    """blme: criterion - 1.5 sum log|S_t|, S_t the relative covariance in the user's columns."""
    design = case.design
    objective = dense_objective(design.y, design.X, case.blocks, reml=case.problem.reml)
    diagonals = [np.diag(L) for L in factors_of_theta(theta, case.problem.widths)]
    if min(np.min(d) for d in diagonals) <= 0:
        return 1e10
    return objective(theta) - 1.5 * sum(2.0 * float(np.sum(np.log(d))) for d in diagonals)


def mode_theta(case: Case, start: list[Array]) -> Array:
    mode, search = prior_mode(case.problem, Place(start, NO_FREE))
    assert search.status == "converged"
    return lme4_theta([b.inverse @ F for b, F in zip(case.problem.basis.terms, mode.factors, strict=True)])


@pytest.mark.parametrize("case_id", ["dyestuff2", "dyestuff", "penicillin_ml", "sleepstudy_slope"])
def test_the_mode_is_where_brute_force_finds_it(case_id: str) -> None:
    case = golden_design(case_id)
    theta = mode_theta(case, [np.zeros_like(F) for F in case.factors])
    found = minimize(lambda t: penalized(case, t), theta * 1.2 + 0.05, method="BFGS", options={"maxiter": 50})
    assert penalized(case, theta) == pytest.approx(found.fun, abs=1e-6)
    assert theta == pytest.approx(found.x, rel=1e-2, abs=1e-3)


def test_a_perfect_correlation_becomes_less_than_perfect() -> None:
    case = correlated_groups()
    a, b, c = mode_theta(case, [np.diag([1.0, 0.0])])
    assert 0.8 < b / np.hypot(b, c) < 0.999
    assert a > 0


def test_the_start_does_not_matter() -> None:
    case = golden_design("sleepstudy_slope")
    starts = [[np.zeros((2, 2))], [np.eye(2)], [np.array([[1.0, 0.0], [2.0, 0.0]])], [40.0 * np.eye(2)]]
    modes = [mode_theta(case, start) for start in starts]
    for mode in modes[1:]:
        assert mode == pytest.approx(modes[0], rel=1e-4, abs=1e-5)


def test_units_do_not_matter() -> None:
    plain, scaled = correlated_groups(), correlated_groups(1e3)
    here, there = (mode_theta(case, [np.zeros((2, 2))]) for case in (plain, scaled))
    assert there * [1.0, 1e3, 1e3] == pytest.approx(here, rel=1e-5)
