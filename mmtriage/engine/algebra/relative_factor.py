"""Lambda, the relative covariance factor of all random effects, as one object.

Lambda (q, q) is block-diagonal: one (K, K) factor repeated over the levels of each block, which is itself
block-diagonal over the block's terms with the factors F_t. The random effects are b = Lambda u.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Self

import numpy as np

from mmtriage.arrays import Array
from mmtriage.engine.algebra.blocks import Block, Blocks
from mmtriage.engine.algebra.crossproducts import CrossProducts
from mmtriage.engine.algebra.symbolic import Plan


@dataclass(frozen=True, eq=False)
class RelativeFactor:
    """Lambda.

    Below, M = Lambda'A Lambda + I, and `inverse` is the store of M^-1, `Factor.inverse_on_pattern()`.
    """

    blocks: Blocks
    parts: tuple[Array, ...]  # (K, K) per block

    @classmethod
    def of(cls, blocks: Blocks, factors: Sequence[Array]) -> Self:
        """From F (k, k) of each term, in the design's order."""
        return cls(blocks, tuple(_block_factor(block, factors) for block in blocks))

    @property
    def terms(self) -> list[Array]:
        """F (k, k) of each term."""
        return self.blocks.term_parts(self.parts)

    @cached_property
    def of_blocks(self) -> Array | None:
        """Lambda's number for each block, where it is diagonal: one column a level in every block."""
        if any(block.width > 1 for block in self.blocks):
            return None
        return np.array([L[0, 0] for L in self.parts])

    @cached_property
    def scales(self) -> Array | None:
        """The diagonal of Lambda (q,), where it is diagonal."""
        if self.of_blocks is None:
            return None
        return np.repeat(self.of_blocks, [block.n_levels for block in self.blocks])

    def times_number(self, size: float) -> Self:
        """`size Lambda`."""
        return replace(self, parts=tuple(size * part for part in self.parts))

    def times(self, rhs: Array) -> Array:
        """`Lambda rhs` for rhs (q,) or (q, m)."""
        return self._times(rhs, self.parts)

    def transposed(self, rhs: Array) -> Array:
        """`Lambda' rhs` for rhs (q,) or (q, m)."""
        return self._times(rhs, [L.T for L in self.parts])

    def sandwich(self, products: CrossProducts, plan: Plan) -> Array:
        """Lambda'A Lambda, in the order of `products.entries`; a new array."""
        if self.of_blocks is not None:
            scaled = self.of_blocks.take(plan.row_block)
            scaled *= products.entries
            scaled *= self.of_blocks.take(plan.col_block)
            return scaled
        pairs = [(i, i) for i in range(len(self.blocks))] + [(m.row, m.col) for m in products.meetings]
        made = [
            sandwich(self.parts[row].T, part, self.parts[col]).ravel()
            for (row, col), part in zip(pairs, products.parts, strict=True)
        ]
        return made[0] if len(made) == 1 else np.concatenate(made)

    def _times(self, rhs: Array, parts: Sequence[Array]) -> Array:
        if self.scales is not None:
            return (self.scales if rhs.ndim == 1 else self.scales[:, None]) * rhs
        if rhs.ndim == 1:
            return self._times(rhs[:, None], parts)[:, 0]
        out = np.empty_like(rhs)
        for (block, rows), L in zip(self.blocks.with_rows(), parts, strict=True):
            if block.width == 1:
                out[rows] = L[0, 0] * rhs[rows]
                continue
            if rhs.shape[1] == 1:  # one product of matrices, not one a level
                out[rows] = (rhs[rows].reshape(block.n_levels, block.width) @ L.T).reshape(block.size, 1)
                continue
            part = rhs[rows].reshape(block.n_levels, block.width, -1)
            out[rows] = (L @ part).reshape(block.size, -1)
        return out

    def traces(self, products: CrossProducts, plan: Plan, inverse: Array) -> list[Array]:
        """`sum_j (A Lambda M^-1)_jj` per block, (K, K)."""
        parts = []
        for A, L, where in zip(products.diagonal, self.parts, plan.diagonal_positions, strict=True):
            parts.append(np.tensordot(A @ L, inverse[where], ([0, 2], [0, 1])))
        for crossing, where in zip(products.crossings, plan.crossing_positions, strict=True):
            V = inverse[where]  # (N, K_row, K_col)
            by_row = crossing.values @ self.parts[crossing.col]
            by_col = self.parts[crossing.row].T @ crossing.values
            parts[crossing.row] += np.tensordot(by_row, V, ([0, 2], [0, 2]))
            parts[crossing.col] += np.tensordot(by_col, V, ([0, 1], [0, 1]))
        return parts

    def modes(self, u: Array, inverses: Sequence[Array]) -> list[Array]:
        """b = Lambda u as (levels, k) per term, in the user's columns; `inverses` are the bases' own."""
        b = self.times(u)
        modes: list[Array] = [np.empty(0)] * self.blocks.n_terms
        for block, rows in self.blocks.with_rows():
            part = b[rows].reshape(block.n_levels, block.width)
            for term, where in zip(block.terms, block.slices, strict=True):
                modes[term] = part[:, where] @ inverses[term].T
        return modes

    def spreads(self, plan: Plan, inverse: Array, inverses: Sequence[Array]) -> list[Array]:
        """Roots of the diagonal of `Lambda [M^-1]_jj Lambda'`, (levels, k) per term, user's columns."""
        spreads: list[Array] = [np.empty(0)] * self.blocks.n_terms
        for block, L, where in zip(self.blocks, self.parts, plan.diagonal_positions, strict=True):
            V = L @ inverse[where] @ L.T
            for term, part in zip(block.terms, block.slices, strict=True):
                rows = inverses[term]
                variances = np.einsum("ia,jab,ib->ji", rows, V[:, part, part], rows)
                spreads[term] = np.sqrt(np.maximum(variances, 0.0))
        return spreads


def sandwich(left: Array, stack: Array, right: Array) -> Array:
    """`left M right` for a stack M (N, k, l); scalars without N calls of a matrix product."""
    is_scalar = left.size == right.size == 1
    product: Array = left[0, 0] * stack * right[0, 0] if is_scalar else left @ stack @ right
    return product


def _block_factor(block: Block, factors: Sequence[Array]) -> Array:
    if len(block.terms) == 1:
        return np.asarray(factors[block.terms[0]], dtype=float)
    L = np.zeros((block.width, block.width))
    for term, where in zip(block.terms, block.slices, strict=True):
        L[where, where] = factors[term]
    return L
