"""Per-block algebra that linear and generalized models share: Lambda applied, gathered, differentiated.

A block is one grouping factor with K columns per level (`crossproducts.py`); Lambda is block-diagonal with
one (K, K) factor repeated over the levels, which is itself block-diagonal over the block's terms.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from mmtriage.arrays import Array
from mmtriage.engine.algebra.crossproducts import Block, CrossProducts
from mmtriage.engine.algebra.symbolic import Plan

NULL_PROBE = 1e-8  # relative SD given to a null direction, to divide G out of G F: error of order 1e-16


def block_factors(blocks: Sequence[Block], factors: Sequence[Array]) -> list[Array]:
    """Lambda of each block (K, K) from F of each term (k, k)."""
    Lambda = []
    for block in blocks:
        if len(block.terms) == 1:
            Lambda.append(np.asarray(factors[block.terms[0]], dtype=float))
            continue
        L = np.zeros((block.width, block.width))
        for term, where in zip(block.terms, block.slices, strict=True):
            L[where, where] = factors[term]
        Lambda.append(L)
    return Lambda


def term_parts(blocks: Sequence[Block], matrices: Sequence[Array]) -> list[Array]:
    """The (k, k) part of each term, in the design's order, of per-block (K, K) matrices."""
    parts: list[Array] = [np.empty(0)] * sum(len(block.terms) for block in blocks)
    for block, M in zip(blocks, matrices, strict=True):
        for term, where in zip(block.terms, block.slices, strict=True):
            parts[term] = M[where, where]
    return parts


def times(
    blocks: Sequence[Block], offsets: Sequence[int], Lambda: Sequence[Array], rhs: Array, *, transposed: bool
) -> Array:
    """`Lambda rhs` or `Lambda' rhs` for rhs (q, m)."""
    out = np.empty_like(rhs)
    for block, start, L in zip(blocks, offsets, Lambda, strict=True):
        rows = slice(start, start + block.size)
        if block.width == 1:
            out[rows] = L[0, 0] * rhs[rows]
            continue
        part = rhs[rows].reshape(block.n_levels, block.width, -1)
        out[rows] = ((L.T if transposed else L) @ part).reshape(block.size, -1)
    return out


def outer_sums(blocks: Sequence[Block], offsets: Sequence[int], left: Array, right: Array) -> list[Array]:
    """`sum_j a_j b_j'` over the levels of each block, (K, K), for rows a, b of (q, m) arrays."""
    sums = []
    for block, start in zip(blocks, offsets, strict=True):
        shape = (block.n_levels, block.width, -1)
        a = left[start : start + block.size].reshape(shape)
        b = right[start : start + block.size].reshape(shape)
        sums.append(np.tensordot(a, b, ([0, 2], [0, 2])))
    return sums


def trace_parts(products: CrossProducts, plan: Plan, Lambda: Sequence[Array], inverse: Array) -> list[Array]:
    """`sum_j (A Lambda M^-1)_jj` per block, (K, K); `inverse` is `Factor.inverse_on_pattern()`."""
    parts = []
    for A, L, where in zip(products.diagonal, Lambda, plan.diagonal_positions, strict=True):
        parts.append(np.tensordot(A @ L, inverse[where], ([0, 2], [0, 1])))
    for link, where in zip(products.links, plan.link_positions, strict=True):
        V = inverse[where]  # (N, K_row, K_col)
        parts[link.row] += np.tensordot(link.values @ Lambda[link.col], V, ([0, 2], [0, 2]))
        parts[link.col] += np.tensordot(Lambda[link.row].T @ link.values, V, ([0, 1], [0, 1]))
    return parts


def level_modes(
    blocks: Sequence[Block], offsets: Sequence[int], b: Array, inverses: Sequence[Array]
) -> list[Array]:
    """b (q,) in orthonormal columns as (levels, k) per term in the user's: `inverses` are the bases' own."""
    modes: list[Array] = [np.empty(0)] * sum(len(block.terms) for block in blocks)
    for block, start in zip(blocks, offsets, strict=True):
        part = b[start : start + block.size].reshape(block.n_levels, block.width)
        for term, where in zip(block.terms, block.slices, strict=True):
            modes[term] = part[:, where] @ inverses[term].T
    return modes


def level_sds(
    blocks: Sequence[Block], plan: Plan, Lambda: Sequence[Array], inverse: Array, inverses: Sequence[Array]
) -> list[Array]:
    """Roots of the diagonal of `Lambda [M^-1]_jj Lambda'`, (levels, k) per term, in the user's columns."""
    sds: list[Array] = [np.empty(0)] * sum(len(block.terms) for block in blocks)
    for block, L, where in zip(blocks, Lambda, plan.diagonal_positions, strict=True):
        V = L @ inverse[where] @ L.T
        for term, part in zip(block.terms, block.slices, strict=True):
            rows = inverses[term]
            variances = np.einsum("ia,jab,ib->ji", rows, V[:, part, part], rows)
            sds[term] = np.sqrt(np.maximum(variances, 0.0))
    return sds


def covariance_gradient(
    factors: Sequence[Array], gradient: Callable[[Sequence[Array]], Sequence[Array]]
) -> list[Array]:
    """`G_t = d criterion / d S_t`, (k, k) symmetric, from `gradient(factors)` = 2 G_t F_t."""
    probes, inverses = zip(*(_nonsingular(F) for F in factors), strict=True)
    G = [0.5 * D @ inverse for D, inverse in zip(gradient(probes), inverses, strict=True)]
    return [0.5 * (g + g.T) for g in G]


def _nonsingular(F: Array) -> tuple[Array, Array]:
    """F with its null directions given `NULL_PROBE`, and the inverse of that."""
    U, d, Vt = np.linalg.svd(F)
    d = np.maximum(d, NULL_PROBE)
    return (U * d) @ Vt, (Vt.T / d) @ U.T
