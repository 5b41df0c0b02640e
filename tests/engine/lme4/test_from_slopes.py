"""lme4's differences foreseen from exact gradients: the same answer, or none where a digit is printed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from mmtriage.arrays import Array
from mmtriage.data.in_memory import table_from_frame
from mmtriage.engine.linear.model import LinearModel
from mmtriage.engine.lme4.bounds import Bounds
from mmtriage.engine.lme4.differences import finite_differences
from mmtriage.engine.lme4.from_slopes import FEWEST, foreseen_differences
from mmtriage.engine.lme4.lmer import tested_of as checking_of
from mmtriage.engine.lme4.optwrap import Criterion
from mmtriage.formula import parse_formula
from mmtriage.model.design import build_design
from mmtriage.model.spec import ModelSpec

M = 8
CLEAR = np.geomspace(1.0, 100.0, M)


class Bowl:
    """A quadratic criterion with given eigenvalues of its Hessian, and as large as a deviance is."""

    def __init__(self, eigenvalues: Array) -> None:
        Q, _ = np.linalg.qr(np.random.default_rng(7).normal(size=(M, M)))
        self.H = Q * eigenvalues @ Q.T

    def value(self, theta: Array) -> float:
        return float(1743.6 + theta @ self.H @ theta / 2.0)

    def slopes(self, theta: Array) -> Array:
        return np.asarray(self.H @ theta)


def test_they_are_lme4s_at_a_few_evaluations() -> None:
    bowl, theta = Bowl(CLEAR), np.full(M, 1e-6)
    counted = Criterion(bowl.value)
    found = foreseen_differences(counted, bowl.slopes, theta)
    full = finite_differences(bowl.value, theta)
    assert found is not None
    assert counted.evaluations == 2 * M + 1
    assert np.array_equal(found.gradient, full.gradient)
    assert np.array_equal(np.diag(found.hessian), np.diag(full.hessian))
    assert found.hessian == pytest.approx(full.hessian, abs=1e-3)


@pytest.mark.parametrize(
    ("eigenvalues", "slope"),
    [
        pytest.param(CLEAR, 3e-3, id="a gradient that lme4 warns of"),
        pytest.param(np.append(CLEAR[:-1], -1.0), 1e-6, id="a negative eigenvalue"),
        pytest.param(np.append(CLEAR[:-1], 2e-6), 1e-9, id="an eigenvalue that rounding decides"),
        pytest.param(np.append(CLEAR[:-1], 2e6), 1e-12, id="an eigenvalue that is very large"),
    ],
)
def test_where_a_test_is_not_clear_lme4s_own_are_taken(eigenvalues: Array, slope: float) -> None:
    bowl = Bowl(eigenvalues)
    assert foreseen_differences(bowl.value, bowl.slopes, np.full(M, slope)) is None


def test_where_the_step_is_long_beside_theta_they_are_not_trusted() -> None:
    """The two ways to the diagonal differ as the criterion bends within a step."""
    bowl = Bowl(CLEAR)

    def bent(theta: Array) -> float:
        return bowl.value(theta) + float(np.sum(np.cos(theta / 2e-5))) * 1e-8

    assert foreseen_differences(bent, bowl.slopes, np.full(M, 1e-6)) is None


@pytest.fixture
def model() -> LinearModel:
    """Seven parameters: three slopes by one factor, an intercept by another."""
    rng = np.random.default_rng(3)
    n, g, h = 400, np.repeat(np.arange(40), 10), np.tile(np.arange(10), 40)
    x, z = rng.normal(size=(2, n)) + 1.0
    b = rng.normal(size=(40, 3))
    y = 1.0 + x + b[g, 0] + b[g, 1] * x + 0.7 * b[g, 2] * z + rng.normal(size=10)[h] + rng.normal(size=n)
    frame = pd.DataFrame({"y": y, "x": x, "z": z, "g": g.astype(str), "h": h.astype(str)})
    table = table_from_frame(frame)
    return LinearModel.of(
        build_design(table, parse_formula("y ~ x + (1 + x + z | g) + (1 | h)"), ModelSpec())
    )


def test_the_slopes_are_those_of_the_criterion(model: LinearModel) -> None:
    theta = np.array([1.1, 0.1, -0.2, 0.9, 0.1, 0.7, 1.2])
    assert len(theta) == FEWEST
    differences = []
    for j in range(len(theta)):
        at = [theta + step * 1e-3 * np.eye(len(theta))[j] for step in (-2, -1, 1, 2)]
        a, b, c, d = (model.criterion(*model.place(point)) for point in at)
        differences.append((a - 8 * b + 8 * c - d) / 12e-3)
    assert model.slopes_in_theta(theta) == pytest.approx(differences, rel=1e-7, abs=1e-7)


def test_what_lme4_says_is_the_same(model: LinearModel) -> None:
    tested, bounds = checking_of(model), Bounds.of(model.layout)
    theta = model.layout.theta([np.eye(3), np.eye(1)])

    def criterion(at: Array) -> float:
        return model.criterion(*model.place(at))

    checks = [
        each.check(theta, bounds, each.derivatives(criterion, theta, bounds))
        for each in (tested, replace(tested, slopes=None))
    ]
    assert checks[0].messages == checks[1].messages
    assert checks[0].eigenvalues == pytest.approx(checks[1].eigenvalues, rel=1e-4)
