"""Cross-products of a design: the one pass over the n rows.

Random terms that share a grouping factor are amalgamated into one *block* of K columns per level (as
MixedModels.jl does), and the blocks are put in elimination order: most levels first. With `Q_i` the
(n, l_i K_i) model matrix of block i in orthonormal coordinates and `[Q, r]` that of `[X, y]`, the pass sums

    A_ii = Q_i'Q_i (block diagonal),  A_ij = Q_i'Q_j (sparse),  C_i = Q_i'[Q, r]

over blocks of rows. Every likelihood evaluation works from these sums alone.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, reduce
from itertools import accumulate, pairwise
from typing import Self

import numpy as np
from scipy.linalg import solve_triangular
from scipy.sparse import csr_array, hstack

from mmtriage.arrays import Array, Index
from mmtriage.engine.algebra.blocks import Block, Blocks
from mmtriage.engine.algebra.coordinates import Coordinates
from mmtriage.model.design import Design

ROWS_PER_PASS = 1 << 18  # rows transformed at a time: bounds the memory of the pass


@dataclass(frozen=True, slots=True, eq=False)
class Meeting:
    """The pairs of levels of two blocks `row` > `col` that occur together; (N,) each."""

    row: int
    col: int
    row_level: Index
    col_level: Index


@dataclass(frozen=True, slots=True, eq=False)
class Crossing(Meeting):
    """Cross-product of two blocks over the pairs of levels that occur together."""

    values: Array  # (N, K_row, K_col)


@dataclass(frozen=True, eq=False)
class CrossProducts:
    """All sums the likelihood needs: those of the random effects side by side in one vector."""

    n: int
    blocks: Blocks
    meetings: tuple[Meeting, ...]
    entries: Array  # A_ii of each block as (l_i, K_i, K_i), then of each meeting (N, K_row, K_col), raveled
    fixed: tuple[Array, ...]  # C_i as (l_i, K_i, p + 1)

    @classmethod
    def packed(
        cls,
        n: int,
        blocks: Blocks,
        diagonal: Sequence[Array],
        crossings: Sequence[Crossing],
        fixed: tuple[Array, ...] = (),
    ) -> Self:
        """From the parts."""
        parts = [*diagonal, *(crossing.values for crossing in crossings)]
        return cls(n, blocks, tuple(crossings), np.concatenate([part.ravel() for part in parts]), fixed)

    @property
    def p(self) -> int:
        """Number of fixed effects."""
        return int(self.fixed[0].shape[2]) - 1

    @cached_property
    def diagonal(self) -> tuple[Array, ...]:
        """A_ii as (l_i, K_i, K_i)."""
        return self.parts[: len(self.blocks)]

    @cached_property
    def crossings(self) -> tuple[Crossing, ...]:
        """A_ij where levels occur together."""
        return tuple(
            Crossing(m.row, m.col, m.row_level, m.col_level, part)
            for m, part in zip(self.meetings, self.parts[len(self.blocks) :], strict=True)
        )

    @cached_property
    def parts(self) -> tuple[Array, ...]:
        """The entries of each block, and of each meeting, as stacks of matrices."""
        shapes = [(b.n_levels, b.width, b.width) for b in self.blocks]
        shapes += [
            (len(m.row_level), self.blocks[m.row].width, self.blocks[m.col].width) for m in self.meetings
        ]
        edges = accumulate((math.prod(shape) for shape in shapes), initial=0)
        return tuple(
            self.entries[a:b].reshape(shape) for (a, b), shape in zip(pairwise(edges), shapes, strict=True)
        )


def blocks_of(design: Design) -> Blocks:
    """Amalgamate terms with equal grouping codes; most levels first, ties in the order of the terms."""
    groups: list[list[int]] = []
    for index, term in enumerate(design.random):
        for members in groups:
            first = design.random[members[0]]
            if len(first.levels) == len(term.levels) and np.array_equal(first.codes, term.codes):
                members.append(index)
                break
        else:
            groups.append([index])
    blocks = []
    for members in groups:
        edges = np.cumsum([0] + [design.random[t].Z.shape[1] for t in members]).tolist()
        slices = tuple(slice(a, b) for a, b in pairwise(edges))
        first = design.random[members[0]]
        blocks.append(Block(first.group, len(first.levels), tuple(members), slices, edges[-1]))
    return Blocks(tuple(sorted(blocks, key=lambda block: -block.n_levels)))


def cross_products(design: Design, basis: Coordinates) -> CrossProducts:
    """Sum the cross-products of a design over blocks of rows."""
    blocks = blocks_of(design)
    return reduce(_add, (_partial(design, basis, blocks, rows) for rows in _row_blocks(len(design.y))))


def rows_of_basis(design: Design, basis: Coordinates) -> tuple[csr_array, Array]:
    """The rows behind the cross-products: Z (n, q) in orthonormal columns and [Q, r] (n, p + 1), weighted."""
    blocks, rows = blocks_of(design), slice(0, len(design.y))
    root_weights = None if design.weights is None else np.sqrt(design.weights)
    parts = [
        sparse_rows(
            design.random[block.terms[0]].codes, _block_rows(design, basis, block, rows, root_weights), block
        )
        for block in blocks
    ]
    near, steps = _near_zero(design, basis)
    return csr_array(hstack(parts, format="csr")), _fixed_rows(near, steps, rows, root_weights)


def _near_zero(design: Design, basis: Coordinates) -> tuple[Design, tuple[Array, Array]]:
    """The response from an origin in its midst, where X has an intercept that takes up the difference.

    A difference of a response like a Unix time is exact, while dividing it by R leaves an error of the size
    of its rounding, which may be as large as the residual. What is left of the difference in the span of X
    changes nothing.
    """
    first, second = basis.fixed.steps
    constant = np.flatnonzero(np.all(design.X == 1.0, axis=0))
    if not len(constant):
        return design, basis.fixed.steps
    origin = float(design.y[0])
    moved = first.copy()
    moved[:, -1] -= origin * first[:, constant[0]]
    return replace(design, y=design.y - origin), (moved, second)


def _row_blocks(n: int) -> Iterator[slice]:
    return (slice(start, min(start + ROWS_PER_PASS, n)) for start in range(0, n, ROWS_PER_PASS))


def _partial(design: Design, basis: Coordinates, blocks: Blocks, rows: slice) -> CrossProducts:
    root_weights = None if design.weights is None else np.sqrt(design.weights[rows])
    XY = _fixed_rows(design, basis.fixed.steps, rows, root_weights)
    codes = [design.random[block.terms[0]].codes[rows] for block in blocks]
    Q = [_block_rows(design, basis, block, rows, root_weights) for block in blocks]
    sparse = [sparse_rows(c, q, b) for c, q, b in zip(codes, Q, blocks, strict=True)]
    crossings = tuple(
        _crossing(row, col, sparse[row], sparse[col], blocks)
        for row in range(len(blocks))
        for col in range(row)
    )
    return CrossProducts.packed(
        n=len(XY),
        blocks=blocks,
        diagonal=tuple(_level_sums(c, q, b) for c, q, b in zip(codes, Q, blocks, strict=True)),
        crossings=crossings,
        fixed=tuple(
            (Z.T @ XY).reshape(b.n_levels, b.width, XY.shape[1]) for Z, b in zip(sparse, blocks, strict=True)
        ),
    )


def _fixed_rows(design: Design, steps: Sequence[Array], rows: slice, root_weights: Array | None) -> Array:
    y = design.y[rows] if design.offset is None else design.y[rows] - design.offset[rows]
    stacked = np.column_stack([design.X[rows], y])
    if root_weights is not None:
        stacked *= root_weights[:, None]
    for R in steps:
        stacked = solve_triangular(R, stacked.T, trans="T", check_finite=False).T
    return stacked


def _block_rows(
    design: Design, basis: Coordinates, block: Block, rows: slice, root_weights: Array | None
) -> Array:
    Q = np.hstack([design.random[t].Z[rows] @ basis.terms[t].inverse for t in block.terms])
    return Q if root_weights is None else Q * root_weights[:, None]


def sparse_rows(codes: Index, Q: Array, block: Block) -> csr_array:
    """The (n, l K) model matrix of a block."""
    n, K = Q.shape
    columns = codes[:, None] * K + np.arange(K)
    starts = np.arange(0, n * K + 1, K)
    return csr_array((Q.ravel(), columns.ravel(), starts), shape=(n, block.size))


def _level_sums(codes: Index, Q: Array, block: Block) -> Array:
    """`sum_{i in level} q_i q_i'` as (l, K, K)."""
    sums = np.empty((block.n_levels, block.width, block.width))
    for a in range(block.width):
        for b in range(a + 1):
            sums[:, a, b] = sums[:, b, a] = np.bincount(codes, Q[:, a] * Q[:, b], minlength=block.n_levels)
    return sums


def _crossing(row: int, col: int, Z_row: csr_array, Z_col: csr_array, blocks: Blocks) -> Crossing:
    shape = (blocks[row].width, blocks[col].width)
    product = (Z_row.T @ Z_col).tobsr(blocksize=shape)
    product.sort_indices()
    row_level = np.repeat(np.arange(blocks[row].n_levels), np.diff(product.indptr))
    return Crossing(row, col, row_level, product.indices.astype(np.int64), product.data)


def _add(one: CrossProducts, two: CrossProducts) -> CrossProducts:
    """Sums over disjoint sets of rows add."""
    return CrossProducts.packed(
        n=one.n + two.n,
        blocks=one.blocks,
        diagonal=tuple(a + b for a, b in zip(one.diagonal, two.diagonal, strict=True)),
        crossings=tuple(_add_crossings(a, b) for a, b in zip(one.crossings, two.crossings, strict=True)),
        fixed=tuple(a + b for a, b in zip(one.fixed, two.fixed, strict=True)),
    )


def _add_crossings(one: Crossing, two: Crossing) -> Crossing:
    keys = np.concatenate([_pair_key(one), _pair_key(two)])
    pairs, where = np.unique(keys, return_inverse=True)
    values = np.zeros((len(pairs), *one.values.shape[1:]))
    np.add.at(values, where, np.concatenate([one.values, two.values]))
    return Crossing(one.row, one.col, pairs >> 32, pairs & 0xFFFFFFFF, values)


def _pair_key(crossing: Crossing) -> Index:
    return (crossing.row_level << 32) | crossing.col_level
