"""The criterion where random effects are millions of times the residual, beside exact rational arithmetic."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest

from mmtriage.arrays import Array, Index
from tests.engine.designs import case_of
from tests.model.tables import factor, numeric, table

Matrix = list[list[Fraction]]


def one_way_criterion(columns: Array, codes: Index, theta: float) -> float:
    """REML criterion of `y ~ X + (1 | g)` from [X y] (n, p + 1), every sum exact; the last step is a
    float."""
    n, width = columns.shape
    square = Fraction(theta) ** 2
    S: Matrix = [[Fraction(0)] * width for _ in range(width)]
    log_det = 0.0
    for level in range(int(codes.max()) + 1):
        rows = [[Fraction(float(v)) for v in row] for row in columns[codes == level]]
        sums = [sum((row[a] for row in rows), Fraction(0)) for a in range(width)]
        share = square / (1 + len(rows) * square)
        log_det += math.log(1 + len(rows) * square)
        for a in range(width):
            for b in range(width):
                S[a][b] += sum((row[a] * row[b] for row in rows), Fraction(0)) - share * sums[a] * sums[b]
    pivots = []
    for k in range(width):  # the pivots of an elimination: their product is a determinant, the last one is r2
        pivots.append(S[k][k])
        for i in range(k + 1, width):
            ratio = S[i][k] / S[k][k]
            S[i] = [x - ratio * y for x, y in zip(S[i], S[k], strict=True)]
    nu = float(n - width + 1)
    log_det += sum(math.log(pivot) for pivot in pivots[:-1])
    return log_det + nu * (1.0 + math.log(2.0 * math.pi / nu) + math.log(float(pivots[-1])))


def sessions(ratio: float, origin: float) -> tuple[Array, Array, Index]:
    """x, y and codes: sessions that lie `ratio` residual SDs apart, around an origin."""
    rng = np.random.default_rng(5)
    codes = np.repeat(np.arange(8), 6)
    x = rng.normal(size=48) + 0.3 * codes
    y = origin + ratio * rng.normal(size=8)[codes] + x + rng.normal(size=48)
    return x, y, codes


@pytest.mark.parametrize("theta", [1e-8, 1e-3, 1.0, 1e3, 1e5, 1e7])
@pytest.mark.parametrize(("ratio", "origin"), [(1.0, 0.0), (1e4, 0.0), (1e6, 0.0), (1e6, 1.7e9)])
def test_the_criterion_keeps_its_digits_whatever_the_ratio(theta: float, ratio: float, origin: float) -> None:
    x, y, codes = sessions(ratio, origin)
    case = case_of(
        table(numeric("y", y), numeric("x", x), factor("g", [str(code) for code in codes])), "y ~ x + (1 | g)"
    )
    exact = one_way_criterion(np.column_stack([np.ones(48), x, y]), codes, theta)
    place = case.problem.place(np.array([theta]))
    assert case.problem.criterion(*place) == pytest.approx(exact, abs=2e-6)


def test_slopes_are_exact_where_the_rows_are_asked() -> None:
    x, y, codes = sessions(1e6, 0.0)
    case = case_of(
        table(numeric("y", y), numeric("x", x), factor("g", [str(code) for code in codes])), "y ~ x + (1 | g)"
    )
    columns = np.column_stack([np.ones(48), x, y])
    for theta in (1e3, 1e6, 1e7):
        at = case.problem.evaluate(*case.problem.place(np.array([theta])))
        assert at.by_rows is not None
        step = 1e-3 * theta
        exact = [one_way_criterion(columns, codes, theta + side * step) for side in (2, 1, -1, -2)]
        slope = (-exact[0] + 8 * exact[1] - 8 * exact[2] + exact[3]) / (12 * step)
        by_theta = case.problem.gradient(at)[0] * case.problem.basis.terms[0].R  # of either sign
        assert by_theta == pytest.approx(np.array([[slope]]), rel=1e-5)


def test_estimates_are_those_of_the_rows() -> None:
    """beta, sigma and b, where the residual is a millionth of what the groups differ by."""
    x, y, codes = sessions(1e6, 1.7e9)
    case = case_of(
        table(numeric("y", y), numeric("x", x), factor("g", [str(code) for code in codes])), "y ~ x + (1 | g)"
    )
    at = case.problem.evaluate(*case.problem.place(np.array([1e6])))
    within = x - (np.bincount(codes, x) / 6)[codes]
    slope = float(within @ (y - 1.7e9)) / float(within @ within)  # groups so far apart are as good as fixed
    beta, _ = case.problem.fixed_effects(at)
    assert beta[1] == pytest.approx(slope, rel=1e-6)
    rest = y - 1.7e9 - slope * x
    rest -= (np.bincount(codes, rest) / 6)[codes]
    assert case.problem.sigma(at) == pytest.approx(np.sqrt(rest @ rest / 46), rel=0.1)
