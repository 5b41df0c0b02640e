"""The rows of a generalized model against dense matrices."""

from __future__ import annotations

import numpy as np
import pytest

from mmtriage.arrays import Array
from mmtriage.engine.algebra.cholesky import factor
from mmtriage.engine.algebra.crossproducts import CrossProducts
from mmtriage.engine.algebra.relative_factor import RelativeFactor
from mmtriage.engine.algebra.weighted_rows import Rows, rows_of
from mmtriage.model.design import Design
from tests.engine.glmms import SHAPES, shape_case

SEVERAL = ("crossed", "nested", "two terms on a factor", "an effect for every row", "deficient columns")


def model_matrix(design: Design, rows: Rows, bases: list[Array]) -> Array:
    """The model matrix (n, q) of the random effects in block order, written down from the design."""
    parts = []
    for block in rows.blocks:
        wide = np.zeros((len(design.y), block.n_levels, block.width))
        for term, where in zip(block.terms, block.slices, strict=True):
            made = design.random[term]
            wide[np.arange(len(design.y)), made.codes, where] = made.Z @ bases[term]
        parts.append(wide.reshape(len(design.y), -1))
    return np.hstack(parts)


def unpacked(products: CrossProducts, offsets: list[int]) -> Array:
    """All of A (q, q)."""
    q = sum(block.size for block in products.blocks)
    A = np.zeros((q, q))
    for block, start, values in zip(products.blocks, offsets, products.diagonal, strict=True):
        for level, value in enumerate(values):
            at = start + level * block.width
            A[at : at + block.width, at : at + block.width] = value
    for crossing in products.crossings:
        K, M = products.blocks[crossing.row].width, products.blocks[crossing.col].width
        for i, j, value in zip(crossing.row_level, crossing.col_level, crossing.values, strict=True):
            at, to = offsets[crossing.row] + i * K, offsets[crossing.col] + j * M
            A[at : at + K, to : to + M] = value
            A[to : to + M, at : at + K] = value.T
    return A


def offsets_of(rows: Rows) -> list[int]:
    return [int(start) for start in np.cumsum([0, *(block.size for block in rows.blocks)])[:-1]]


def wide_factor(rows: Rows, Lambda: RelativeFactor) -> Array:
    q = rows.Z.shape[1]
    whole = np.zeros((q, q))
    for block, start, L in zip(rows.blocks, offsets_of(rows), Lambda.parts, strict=True):
        for level in range(block.n_levels):
            at = start + level * block.width
            whole[at : at + block.width, at : at + block.width] = L
    return whole


@pytest.mark.parametrize("name", SHAPES)
def test_z_is_the_model_matrix_in_block_order(name: str) -> None:
    design = shape_case(name).design
    rows = rows_of(design)
    usual = [np.eye(term.Z.shape[1]) for term in design.random]
    np.testing.assert_array_equal(rows.Z.toarray(), model_matrix(design, rows, usual))
    np.testing.assert_array_equal(rows.Zt.toarray(), rows.Z.toarray().T)
    np.testing.assert_array_equal(rows.X, design.X)
    levels = [block.n_levels for block in rows.blocks]
    assert levels == sorted(levels, reverse=True)


def test_other_columns_are_put_in_place_of_the_users() -> None:
    design = shape_case("crossed").design
    rng = np.random.default_rng(4)
    bases = [rng.normal(size=(term.Z.shape[1],) * 2) for term in design.random]
    rows = rows_of(design, bases, X=2.0 * design.X)
    assert rows.Z.toarray() == pytest.approx(model_matrix(design, rows, bases), rel=1e-14)
    np.testing.assert_array_equal(rows.X, 2.0 * design.X)


@pytest.mark.parametrize("name", SHAPES)
def test_cross_products_are_those_of_the_dense_matrices(name: str) -> None:
    rows = rows_of(shape_case(name).design)
    Z = rows.Z.toarray()
    for W in (np.ones(len(Z)), np.random.default_rng(2).normal(size=len(Z))):
        products = rows.weighted(W)
        assert unpacked(products, offsets_of(rows)) == pytest.approx(
            Z.T @ (W[:, None] * Z), rel=1e-12, abs=1e-9
        )
    pattern = unpacked(rows.pattern, offsets_of(rows))
    assert pattern == pytest.approx(Z.T @ Z, rel=1e-13)


@pytest.mark.parametrize("name", SEVERAL)
def test_leverages_are_the_diagonal_of_the_dense_hat_matrix(name: str) -> None:
    case = shape_case(name)
    rows = case.problem.rows
    Lambda = RelativeFactor.of(rows.blocks, case.place.factors)
    W = np.random.default_rng(2).uniform(0.1, 2.0, len(case.design.y))
    found = rows.leverages(factor(rows.plan, rows.weighted(W), Lambda).inverse_on_pattern(), Lambda)
    ZL = rows.Z.toarray() @ wide_factor(rows, Lambda)
    M = ZL.T @ (W[:, None] * ZL) + np.eye(ZL.shape[1])
    assert found == pytest.approx(np.einsum("ij,ij->i", ZL @ np.linalg.inv(M), ZL), rel=1e-10)


def test_a_leverage_is_how_log_determinant_grows_with_a_weight() -> None:
    case = shape_case("nested")
    rows = case.problem.rows
    Lambda = RelativeFactor.of(rows.blocks, case.place.factors)
    W, step = np.random.default_rng(2).uniform(0.5, 2.0, len(case.design.y)), 1e-4
    leverages = rows.leverages(factor(rows.plan, rows.weighted(W), Lambda).inverse_on_pattern(), Lambda)
    for i in (0, 13, 71):
        values = []
        for side in (1.0, -1.0):
            moved = W.copy()
            moved[i] += side * step
            values.append(factor(rows.plan, rows.weighted(moved), Lambda).logdet)
        assert (values[0] - values[1]) / (2.0 * step) == pytest.approx(leverages[i], rel=1e-7)


def test_weights_of_zero_leave_a_row_out() -> None:
    case = shape_case("slope")
    rows = rows_of(case.design)
    W = np.ones(len(case.design.y))
    W[[3, 40]] = 0.0
    Z = rows.Z.toarray()
    kept = np.delete(Z, [3, 40], axis=0)
    assert unpacked(rows.weighted(W), offsets_of(rows)) == pytest.approx(kept.T @ kept, abs=1e-12)
