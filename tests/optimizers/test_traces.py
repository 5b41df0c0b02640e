"""Simplex searches against R: same number of evaluations, same end.

Recorded with lme4 1.1-31 and dfoptim 2020.10-1 under R 4.2.2 from

    curved <- function(x) (x[1]-.5)^2+3*(x[2]+.2)^2+2*x[3]^2+x[1]*x[3]+sin(3*x[2])+cos(5*x[1])
    noisy <- function(x) curved(x) + .1*sin(1e3*x[1]+7e2*x[2]-5e2*x[3])
    steps <- function(x) round(curved(x), 2)
    banana <- function(x) 100*(x[2]-x[1]^2)^2+(1-x[1])^2
    cliff <- function(x) (if (x[1]+x[2] > 1.3) 1e9 else 0) + sum((x-c(.3,.2,.1))^2)*10
    corner <- function(x) (if (any(x > 1.01)) 1e9 else 0) + sum((x-.9)^2)
    Nelder_Mead(curved, c(1,0,1), c(0,-Inf,0), c(Inf,Inf,Inf))
    dfoptim::nmkb(c(1,0,1), curved, c(0,-Inf,0))
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from mmtriage.arrays import Array
from mmtriage.optimizers import OPTIMIZERS
from tests.optimizers.test_optimizers import curved

Function = Callable[[Array], float]


def noisy(x: Array) -> float:
    return float(curved(x) + 0.1 * np.sin(1e3 * x[0] + 7e2 * x[1] - 5e2 * x[2]))


def steps(x: Array) -> float:
    return round(curved(x), 2)


def banana(x: Array) -> float:
    return float(100 * (x[1] - x[0] ** 2) ** 2 + (1 - x[0]) ** 2)


def cliff(x: Array) -> float:
    return float((1e9 if x[0] + x[1] > 1.3 else 0.0) + 10 * np.sum((x - np.array([0.3, 0.2, 0.1])) ** 2))


def corner(x: Array) -> float:
    return float((1e9 if np.any(x > 1.01) else 0.0) + np.sum((x - 0.9) ** 2))


FREE = (-np.inf, -np.inf)
HALF = (0.0, -np.inf, 0.0)


@pytest.mark.parametrize(
    ("function", "start", "lower", "upper", "evaluations", "end"),
    [
        (banana, (-1.2, 1.0), FREE, (np.inf,) * 2, 205, (0.9999977529672082, 0.9999953639877102)),
        (curved, (1, 0, 1), HALF, (np.inf,) * 3, 208, (0.6188073470620192, -0.39212792764007831, 0.0)),
        (curved, (1, 0, 1), HALF, (1.001, np.inf, 1.01), 225, (0.61881189236, -0.39212424404, 0.0)),
        (noisy, (1, 0, 1), HALF, (np.inf,) * 3, 409, (0.69892555370871, -0.28266118449851, 0.0)),
        (steps, (1, 0, 1), HALF, (np.inf,) * 3, 155, (0.61610455974102, -0.36804402035639, 0.0)),
        (lambda x: (x[0] + 1) ** 2, (1,), (0.0,), (np.inf,), 12, (0.0,)),
    ],
    ids=["banana", "curved", "narrow box", "noisy", "steps", "one parameter"],
)
def test_nelder_mead_walks_as_lme4s(
    function: Function,
    start: tuple[float, ...],
    lower: tuple[float, ...],
    upper: tuple[float, ...],
    evaluations: int,
    end: tuple[float, ...],
) -> None:
    result = OPTIMIZERS["Nelder_Mead"].run(function, np.array(start), np.array(lower), np.array(upper))
    assert result.evaluations == evaluations
    assert result.theta == pytest.approx(np.array(end), abs=1e-10)
    assert result.message == "parameter values converged to within tolerance"


def test_nelder_mead_out_of_budget_has_spent_one_more_as_in_lme4() -> None:
    """Nelder_Mead(curved, ..., control = list(maxfun = 20))$feval is 21."""
    result = OPTIMIZERS["Nelder_Mead"].run(
        curved, np.array([1.0, 0.0, 1.0]), np.array(HALF), np.full(3, np.inf), 20
    )
    assert result.evaluations == 21
    assert result.theta == pytest.approx([0.63555555555555, 0.11185185185185, 0.94271604938271], abs=1e-10)


@pytest.mark.parametrize(
    ("function", "start", "lower", "upper", "evaluations", "code", "end"),
    [
        (banana, (0.5, 1.0), (0.0, -np.inf), (np.inf,) * 2, 149, 0, (1.0004378076798814, 1.0008310183175)),
        (
            curved,
            (1, 0, 1),
            HALF,
            (np.inf,) * 3,
            104,
            0,
            (0.61898802336849, -0.39177829623904, 3.5466221e-06),
        ),
        (
            curved,
            (1, 0, 1),
            HALF,
            (3.0, np.inf, np.inf),
            133,
            0,
            (0.61866859423, -0.39224121627, 5.90194e-07),
        ),
        (noisy, (1, 0, 1), HALF, (np.inf,) * 3, 763, 0, (0.58242794677, -0.43924131097, 0.00012645521)),
        (steps, (1, 0, 1), HALF, (np.inf,) * 3, 47, 0, (0.60669204467, -0.40047176019, 0.02495093253)),
        (cliff, (1, 0, 1), HALF, (np.inf,) * 3, 88, 0, (0.2999092118, 0.1999573937, 0.1000926083)),
        (corner, (1, 1, 1), HALF, (np.inf,) * 3, 13, 2, (1.0, 1.0, 1.0)),
    ],
    ids=["banana", "curved", "two walls", "noisy", "steps", "oriented restart", "stagnation"],
)
def test_nmkbw_walks_as_dfoptims(
    function: Function,
    start: tuple[float, ...],
    lower: tuple[float, ...],
    upper: tuple[float, ...],
    evaluations: int,
    code: int,
    end: tuple[float, ...],
) -> None:
    result = OPTIMIZERS["nmkbw"].run(function, np.array(start), np.array(lower), np.array(upper))
    assert result.evaluations == evaluations
    assert result.theta == pytest.approx(np.array(end), abs=1e-8)
    assert result.code == code


def test_nmkbw_that_stagnates_says_so_in_dfoptims_words() -> None:
    result = OPTIMIZERS["nmkbw"].run(corner, np.ones(3), np.array(HALF), np.full(3, np.inf))
    assert (result.status, result.message) == ("stalled", "Stagnation in Nelder-Mead")
