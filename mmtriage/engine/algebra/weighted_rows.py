"""The rows of a generalized linear mixed model, laid out for weights that change at every iteration.

A linear model meets its n rows once. A generalized one meets them at every PIRLS step, with new working
weights W; so everything that does not depend on W is found once: the sparse model matrix Z (n, q), and a
sparse matrix S that turns weights into all entries of A = Z'WZ that can be nonzero,

    entries(A) = S W,   d log|M| / dW = S' (d log|M| / d entries(A)),

one multiplication each way, whatever the number of groups.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.sparse import coo_array, csr_array, hstack, vstack

from mmtriage.arrays import Array, Index
from mmtriage.engine.algebra.blocks import Block, Blocks
from mmtriage.engine.algebra.crossproducts import CrossProducts, Meeting, blocks_of, sparse_rows
from mmtriage.engine.algebra.relative_factor import RelativeFactor, sandwich
from mmtriage.engine.algebra.sparse import times
from mmtriage.engine.algebra.symbolic import Plan, plan
from mmtriage.model.design import Design


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """Model matrices by row, in block order: the factor with most levels first."""

    X: Array  # (n, p)
    Z: csr_array  # (n, q)
    Zt: csr_array  # (q, n)
    S: csr_array  # (entries, n)
    St: csr_array  # (n, entries)
    pattern: CrossProducts  # at unit weights; its `fixed` is empty
    plan: Plan

    @property
    def blocks(self) -> Blocks:
        """The grouping factors."""
        return self.pattern.blocks

    def weighted(self, W: Array) -> CrossProducts:
        """A = Z'WZ for weights W (n,)."""
        pattern = self.pattern
        return CrossProducts(pattern.n, pattern.blocks, pattern.meetings, times(self.S, W), ())

    def leverages(self, inverse: Array, Lambda: RelativeFactor) -> Array:
        """`z_i' Lambda M^-1 Lambda' z_i` for every row, (n,): the derivative of log|M| by its weight.

        `inverse` is `Factor.inverse_on_pattern()`.
        """
        parts = [
            sandwich(L, inverse[where], L.T).ravel()
            for L, where in zip(Lambda.parts, self.plan.diagonal_positions, strict=True)
        ]
        parts += [
            # A crossing stands for both triangles of A.
            2.0 * sandwich(Lambda.parts[c.row], inverse[where], Lambda.parts[c.col].T).ravel()
            for c, where in zip(self.pattern.meetings, self.plan.crossing_positions, strict=True)
        ]
        leverages: Array = self.St @ np.concatenate(parts)
        return leverages


def rows_of(design: Design, bases: Sequence[Array] | None = None, X: Array | None = None) -> Rows:
    """Lay out a design's rows.

    Args:
        bases: (k, k) per term: its columns become `Z_t bases[t]`; None keeps the user's, as lme4 does.
        X: (n, p) columns of the fixed effects, if not the design's own.
    """
    blocks = blocks_of(design)
    codes = [design.random[block.terms[0]].codes for block in blocks]
    columns = [
        np.hstack(
            [
                design.random[t].Z if bases is None else design.random[t].Z @ np.asarray(bases[t])
                for t in block.terms
            ]
        )
        for block in blocks
    ]
    parts = [sparse_rows(c, q, b) for c, q, b in zip(codes, columns, blocks, strict=True)]
    Z = csr_array(hstack(parts, format="csr"))
    entries = [_diagonal_entries(c, q, b) for c, q, b in zip(codes, columns, blocks, strict=True)]
    meetings = []
    for row in range(len(blocks)):
        for col in range(row):
            meeting, part = _crossing_entries(row, col, codes, columns, blocks)
            meetings.append(meeting)
            entries.append(part)
    S = csr_array(vstack(entries, format="csr"))
    n = len(design.y)
    pattern = CrossProducts(n, blocks, tuple(meetings), S @ np.ones(n), ())
    return Rows(
        X=design.X if X is None else X,
        Z=Z,
        Zt=csr_array(Z.T.tocsr()),
        S=S,
        St=csr_array(S.T.tocsr()),
        pattern=pattern,
        plan=plan(pattern),
    )


def _diagonal_entries(codes: Index, Q: Array, block: Block) -> csr_array:
    """(l K K, n): entry (level, a, b) of a row's block is q_a q_b."""
    n, K = Q.shape
    products = (Q[:, :, None] * Q[:, None, :]).reshape(n, K * K)
    entry = codes[:, None] * (K * K) + np.arange(K * K)
    return _entries(entry, products, block.n_levels * K * K)


def _crossing_entries(
    row: int, col: int, codes: Sequence[Index], columns: Sequence[Array], blocks: Blocks
) -> tuple[Meeting, csr_array]:
    """The pairs of levels that occur together, and (N K_row K_col, n)."""
    pairs, where = np.unique(codes[row] * blocks[col].n_levels + codes[col], return_inverse=True)
    n, size = len(where), blocks[row].width * blocks[col].width
    products = (columns[row][:, :, None] * columns[col][:, None, :]).reshape(n, size)
    entry = where.reshape(-1)[:, None] * size + np.arange(size)
    meeting = Meeting(row, col, pairs // blocks[col].n_levels, pairs % blocks[col].n_levels)
    return meeting, _entries(entry, products, len(pairs) * size)


def _entries(entry: Index, values: Array, size: int) -> csr_array:
    row = np.broadcast_to(np.arange(len(entry))[:, None], entry.shape)
    triplets = (values.ravel(), (entry.ravel(), row.ravel()))
    return csr_array(coo_array(triplets, shape=(size, len(entry))))
