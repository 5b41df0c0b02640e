"""The Gram matrix of the variance components against dense traces, and the moment start against ANOVA."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from mmtriage.arrays import Array
from mmtriage.data.read_table import read_table
from mmtriage.engine.linear import moments
from mmtriage.engine.linear.model import LinearModel
from mmtriage.engine.linear.moments import component_gram, moment_start
from tests.engine.designs import ZOO, Case, dense_problem, zoo_case
from tests.golden_cases import golden_case
from tests.model.tables import design


def dense_components(case: Case) -> Iterator[tuple[tuple[int, int, int], Array]]:
    """(term, a, b) and A (n, n) of every component, in the problem's coordinates."""
    dense = dense_problem(case, case.raw)
    for t, basis in enumerate(case.problem.basis.terms):
        k = len(basis.R)
        columns = [dense.Q[t][:, a::k] for a in range(basis.rank)]  # (n, levels) of each column of the term
        for a in range(basis.rank):
            for b in range(a + 1):
                A = columns[a] @ columns[b].T
                yield (t, a, b), A if a == b else A + A.T


def projection(case: Case) -> Array:
    """P0 (n, n), off the weighted columns of X."""
    X = case.design.X
    if case.design.weights is not None:
        X = X * np.sqrt(case.design.weights)[:, None]
    Q, _ = np.linalg.qr(X)
    off: Array = np.eye(len(X)) - Q @ Q.T
    return off


@pytest.mark.parametrize("name", ZOO)
def test_every_trace_is_that_of_the_dense_matrices(name: str) -> None:
    case = zoo_case(name)
    gram = component_gram(case.problem)
    P0 = projection(case)
    found = sorted(dense_components(case), key=lambda item: _block_order(case, item[0]))
    assert [(c.term, c.a, c.b) for c in gram.components] == [entry for entry, _ in found]
    matrices = [np.eye(len(P0)), *(A for _, A in found)]
    projected = [P0 @ A @ P0 for A in matrices]
    K = np.array([[np.sum(one * two) for two in projected] for one in projected])
    np.testing.assert_allclose(gram.K, K, rtol=1e-8, atol=1e-8 * np.max(K))
    assert gram.unprojected == pytest.approx([np.sum(A * A) for A in matrices], rel=1e-10)
    residual = P0 @ dense_problem(case, case.raw).y
    residual /= np.linalg.norm(residual)
    assert gram.response == pytest.approx([residual @ A @ residual for A in matrices], rel=1e-8, abs=1e-8)


def _block_order(case: Case, entry: tuple[int, int, int]) -> tuple[int, int, int, int]:
    block = next(i for i, b in enumerate(case.problem.products.blocks) if entry[0] in b.terms)
    return (block, *entry)


def test_columns_of_x_may_be_gathered_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    case = zoo_case("five fixed effects")
    expected = component_gram(case.problem).K
    monkeypatch.setattr(moments, "COLUMNS_AT_ONCE", 2)
    np.testing.assert_allclose(component_gram(case.problem).K, expected, rtol=1e-12)


def test_on_balanced_data_the_moment_start_is_the_analysis_of_variance() -> None:
    """Dyestuff: mean squares 11271.5 between and 2451.25 within batches of five (Davies & Goldsmith 1972)."""
    table = read_table(golden_case("dyestuff").csv)
    problem = LinearModel.of(design(table, "Yield ~ 1 + (1 | Batch)"))
    factors = moment_start(problem, component_gram(problem))
    assert factors is not None
    (F,) = factors
    assert F[0, 0] ** 2 == pytest.approx((11271.5 - 2451.25) / 5 / 2451.25)


def test_a_negative_estimate_starts_a_little_above_zero() -> None:
    table = read_table(golden_case("dyestuff2").csv)
    problem = LinearModel.of(design(table, "Yield ~ 1 + (1 | Batch)"))
    factors = moment_start(problem, component_gram(problem))
    assert factors is not None
    (F,) = factors
    assert F[0, 0] == moments.RELATIVE_SD_FLOOR


@pytest.mark.parametrize("name", ZOO)
def test_the_moment_start_can_be_evaluated(name: str) -> None:
    case = zoo_case(name)
    factors = moment_start(case.problem, component_gram(case.problem))
    assert factors is None or np.isfinite(case.problem.criterion(factors))


@pytest.mark.parametrize("p", [2, 40])
def test_either_way_to_the_outer_sums_gives_the_same(p: int) -> None:
    """By pairs of fixed effects where they are few, by pairs of levels where levels are."""
    rng = np.random.default_rng(p)
    U_i, U_j = rng.normal(size=(7, 2, p)), rng.normal(size=(5, 3, p))
    expected = np.einsum("jax,lcx,jby,ldy->abcd", U_i, U_j, U_i, U_j, optimize=True)
    np.testing.assert_allclose(moments._outer_part(U_i, U_j), expected, rtol=1e-10, atol=1e-10)
