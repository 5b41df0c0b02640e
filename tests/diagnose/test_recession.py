"""Directions of recession against a second linear program that works on all rows in their own units."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
import pytest
from scipy.optimize import linprog

from mmtriage.arrays import Array
from mmtriage.diagnose import recession
from mmtriage.diagnose.recession import Pulls, recession_direction, row_codes, strict_rows

FAMILIES = ("single", "counts", "zeros")


def separates(X: Array, pulls: Pulls) -> bool:
    """The definition as a linear program: maximize the sum of the margins in a box."""
    pure = pulls[:, None] * X
    answer = linprog(
        -pure.sum(axis=0),
        A_ub=-pure[pulls != 0],
        b_ub=np.zeros(int(np.sum(pulls != 0))),
        A_eq=X[pulls == 0] if np.any(pulls == 0) else None,
        b_eq=np.zeros(int(np.sum(pulls == 0))) if np.any(pulls == 0) else None,
        bounds=(-1, 1),
    )
    return bool(answer.fun < -1e-6)


def random_data(seed: int, kind: str) -> tuple[Array, Pulls]:
    """Small designs of dummies and covariates near the border of separation."""
    rng = np.random.default_rng(seed)
    n, p = int(rng.integers(8, 60)), int(rng.integers(1, 5))
    X = np.column_stack([np.ones(n), rng.normal(size=(n, p))])
    for j in range(1, p + 1):
        if rng.random() < 0.6:
            X[:, j] = rng.integers(0, 2 + (rng.random() < 0.3), n)
    eta = X @ (rng.normal(size=p + 1) * rng.choice([0.5, 2.0, 8.0]))
    success = rng.random(n) < 1 / (1 + np.exp(-eta))
    pulls = np.where(success, 1, -1)
    if kind == "counts":
        pulls[rng.random(n) < 0.1] = 0
    elif kind == "zeros":
        pulls = np.where(success, 0, -1)
    return X, pulls.astype(np.int8)


def full_rank_data(seeds: Iterable[int], kind: str) -> Iterator[tuple[Array, Pulls]]:
    """The designs whose columns are linearly independent."""
    for X, pulls in (random_data(seed, kind) for seed in seeds):
        if np.linalg.matrix_rank(X) == X.shape[1]:
            yield X, pulls


@pytest.mark.parametrize("kind", FAMILIES)
def test_the_two_programs_agree(kind: str) -> None:
    answers = []
    for seed in range(150):
        X, pulls = random_data(seed, kind)
        if np.linalg.matrix_rank(X) < X.shape[1]:
            continue
        direction = recession_direction(X, pulls)
        assert (direction is not None) == separates(X, pulls), seed
        answers.append(direction is not None)
        if direction is not None:
            moves = X @ direction
            assert np.all(pulls * moves >= -1e-9), seed
            assert np.all(np.abs(moves[pulls == 0]) < 1e-9), seed
    assert 20 < sum(answers) < len(answers) - 20


@pytest.mark.parametrize("kind", FAMILIES)
@pytest.mark.parametrize("units", [1e-7, 1e7])
def test_units_and_origin_change_nothing(kind: str, units: float) -> None:
    found = []
    for X, pulls in full_rank_data(range(40), kind):
        moved = X.copy()
        moved[:, 1:] = units * (X[:, 1:] + 1000.0)
        found.append(recession_direction(X, pulls) is not None)
        assert (recession_direction(moved, pulls) is not None) is found[-1]
    assert {True, False} == set(found)
    assert len(found) > 20


def test_a_few_rows_decide_for_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recession, "FIRST_ROWS", 5)
    found = []
    for X, pulls in full_rank_data(range(60), "single"):
        found.append(recession_direction(X, pulls) is not None)
        assert found[-1] == separates(X, pulls)
    assert {True, False} == set(found)
    assert len(found) > 30


def test_one_row_on_the_wrong_side_among_many_is_seen() -> None:
    rng = np.random.default_rng(0)
    x = np.sort(rng.normal(size=20_000))
    X = np.column_stack([np.ones_like(x), x])
    pulls = np.where(x > 0.5, 1, -1).astype(np.int8)
    assert recession_direction(X, pulls) is not None
    pulls[-1] = -1
    assert recession_direction(X, pulls) is None


def test_rows_that_share_their_predictors_count_as_one_that_pulls_both_ways() -> None:
    X = np.array([[1.0, 0.0], [1.0, 0.0], [1.0, 1.0], [1.0, 1.0]])
    direction = recession_direction(X, np.array([-1, 1, 1, 1], dtype=np.int8))
    assert direction is not None
    assert direction.tolist() == [0.0, 1.0]
    assert strict_rows(X, direction).tolist() == [False, False, True, True]


@pytest.mark.slow
def test_healthy_models_are_never_called_separated() -> None:
    rng = np.random.default_rng(1)
    for _ in range(200):
        n, p = int(rng.integers(100, 400)), int(rng.integers(1, 6))
        X = np.column_stack([np.ones(n), rng.normal(size=(n, p))])
        eta = X @ rng.normal(scale=0.7, size=p + 1)
        pulls = np.where(rng.random(n) < 1 / (1 + np.exp(-eta)), 1, -1).astype(np.int8)
        assert (recession_direction(X, pulls) is not None) == separates(X, pulls)


def test_equal_rows_share_a_code() -> None:
    X = np.array([[1.0, 2.0], [3.0, 4.0], [1.0, 2.0], [-0.0, 0.0], [0.0, 0.0]])
    codes = row_codes(X)
    assert codes[0] == codes[2]
    assert codes[3] == codes[4]
    assert len(set(codes.tolist())) == 3


def test_rows_that_differ_only_in_digits_lost_in_their_sum_are_told_apart() -> None:
    X = np.array([[1e18, 1.0], [1e18, 2.0], [1e18, 1.0]])
    codes = row_codes(X)
    assert (codes[0] == codes[2], codes[0] == codes[1]) == (True, False)
