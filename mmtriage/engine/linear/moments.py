"""The Gram matrix of a model's variance components, and moment estimates from it.

The covariance of y is `sigma^2 (I + sum_i s_i A_i)`, one A_i for each free entry of the terms'
covariances: A = sum_j z_ja z_ja' on the diagonal, sum_j (z_ja z_jb' + z_jb z_ja') off it. With P0 the
projection off the columns of X,

    K_ij = tr(P0 A_i P0 A_j),   A_0 = I

is the Gram matrix of the projected components. Its null space is what no amount of data of this design
can tell apart; solving K s = (y'P0 A_i P0 y) gives MINQUE(0) estimates (Rao 1971), a start that owes
nothing to an optimizer. All traces come from the cross-products: with C = Z'P0 Z = A - U U', U = Z'Q,
sums over pairs of levels split into sparse ones over A and small ones over U.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mmtriage.arrays import Array, Index
from mmtriage.engine.linear.likelihood import LinearLikelihood

NO_INFORMATION = 1e-10  # share of a component that survives the projection off X, below which nothing is left
COLUMNS_AT_ONCE = 16  # columns of U gathered over pairs of levels at a time: bounds memory
RELATIVE_SD_FLOOR = 0.05  # smallest moment start along any direction: no component starts at its bound


@dataclass(frozen=True, slots=True)
class Component:
    """Entry (a, b) of the covariance of a term; a >= b."""

    term: int
    a: int
    b: int


@dataclass(frozen=True, slots=True, eq=False)
class ComponentGram:
    """`K` (m + 1, m + 1) over the residual (index 0) and the m components.

    `unprojected` (m + 1,) is tr(A_i A_i): K's diagonal without the projection.
    """

    components: tuple[Component, ...]
    K: Array
    unprojected: Array
    response: Array  # (m + 1,) r'A_i r with r the unit-length residual of y on X


def component_gram(likelihood: LinearLikelihood) -> ComponentGram:
    """Gram matrix of the variance components of a model, in orthonormal columns."""
    blocks = likelihood.products.blocks
    U = [C[:, :, : likelihood.p] for C in likelihood.products.fixed]
    r = [C[:, :, likelihood.p] for C in likelihood.products.fixed]
    places = _places(likelihood)
    components = tuple(component for component, _, _, _ in places)
    m = len(components)
    K = np.empty((m + 1, m + 1))
    unprojected = np.empty(m + 1)
    response = np.empty(m + 1)
    K[0, 0], unprojected[0], response[0] = likelihood.n - likelihood.p, likelihood.n, 1.0
    tensors = {(i, j): _pair_tensor(likelihood, U, i, j) for i in range(len(blocks)) for j in range(i + 1)}
    for x, (_, i, a, b) in enumerate(places, start=1):
        twice = 1.0 if a == b else 2.0
        trace = likelihood.products.diagonal[i][:, a, b].sum() - np.einsum("jx,jx->", U[i][:, a], U[i][:, b])
        K[0, x] = K[x, 0] = twice * trace
        response[x] = twice * float(r[i][:, a] @ r[i][:, b])
        unprojected[x] = _entry(tensors[i, i][1], a, b, a, b)
        for y, (_, j, c, d) in enumerate(places[:x], start=1):
            value = _entry(tensors[i, j][0], a, b, c, d) if i >= j else _entry(tensors[j, i][0], c, d, a, b)
            K[x, y] = K[y, x] = value
    return ComponentGram(components, K, unprojected, response)


def moment_start(
    likelihood: LinearLikelihood, gram: ComponentGram, *, residual_variance: float | None = None
) -> list[Array] | None:
    """Factors F (k, k) of the MINQUE(0) relative covariances, made positive; None if they make no sense.

    A `residual_variance` that is known is not estimated.
    """
    diagonal = np.diag(gram.K)
    informed = np.flatnonzero(
        diagonal > NO_INFORMATION * gram.unprojected
    )  # of the others only rounding is left
    scale = np.sqrt(diagonal[informed])
    K = gram.K[np.ix_(informed, informed)] / np.outer(scale, scale)
    solution = np.zeros(len(diagonal))
    response = gram.response
    if residual_variance is not None:
        # The response is normalized to the residual length, so variances are in units of its square.
        known = residual_variance / likelihood.basis.fixed.residual_length**2
        response = response - known * gram.K[:, 0]
        solution[0] = known
        informed, K, scale = informed[1:], K[1:, 1:], scale[1:]
    solution[informed] = np.linalg.lstsq(K, response[informed] / scale, rcond=1e-10)[0] / scale
    if solution[0] <= 0 or not np.all(np.isfinite(solution)):
        return None
    S = [np.zeros((k, k)) for k in likelihood.widths]
    for component, value in zip(gram.components, solution[1:] / solution[0], strict=True):
        S[component.term][component.a, component.b] = S[component.term][component.b, component.a] = value
    return [_positive_factor(s, basis.rank) for s, basis in zip(S, likelihood.basis.terms, strict=True)]


def _positive_factor(S: Array, rank: int) -> Array:
    eigenvalues, Q = np.linalg.eigh(S[:rank, :rank])
    F = np.zeros_like(S)
    F[:rank, :rank] = Q * np.sqrt(np.maximum(eigenvalues, RELATIVE_SD_FLOOR**2))
    return F


def _places(likelihood: LinearLikelihood) -> list[tuple[Component, int, int, int]]:
    """Each component with its block and columns there, but for columns without a direction of their own."""
    places = []
    for i, block in enumerate(likelihood.products.blocks):
        for term, where in zip(block.terms, block.slices, strict=True):
            for a in range(likelihood.basis.terms[term].rank):
                for b in range(a + 1):
                    places.append((Component(term, a, b), i, where.start + a, where.start + b))
    return places


def _entry(M: Array, a: int, b: int, c: int, d: int) -> float:
    """tr(P0 A_ab P0 A_cd) from M[a, b, c, d] = sum_jl C_ja,lc C_jb,ld."""
    if a == b and c == d:
        return float(M[a, a, c, c])
    if a == b or c == d:
        return float(M[a, b, c, d] + M[a, b, d, c])
    return float(2.0 * (M[a, b, c, d] + M[a, b, d, c]))


def _pair_tensor(likelihood: LinearLikelihood, U: list[Array], i: int, j: int) -> tuple[Array, Array]:
    """M (K_i, K_i, K_j, K_j) projected off X, and without the projection."""
    A, rows, columns = _sparse_part(likelihood, i, j)
    plain = np.einsum("nac,nbd->abcd", A, A, optimize=True)
    cross = _cross_part(U[i], U[j], rows, columns)
    mixed = np.einsum("nac,nbd->abcd", A, cross, optimize=True)
    both = _outer_part(U[i], U[j])
    return plain - mixed - mixed.transpose(1, 0, 3, 2) + both, plain


def _sparse_part(likelihood: LinearLikelihood, i: int, j: int) -> tuple[Array, Index, Index]:
    """A_ij over the crossing pairs of levels, (N, K_i, K_j), and the levels of each pair."""
    if i == j:
        A = likelihood.products.diagonal[i]
        level = np.arange(len(A))
        return A, level, level
    crossing = next(c for c in likelihood.products.crossings if (c.row, c.col) == (i, j))
    return crossing.values, crossing.row_level, crossing.col_level


def _cross_part(U_i: Array, U_j: Array, rows: Index, columns: Index) -> Array:
    """`u_jb . u_ld` over the crossing pairs of levels, (N, K_i, K_j)."""
    out = np.zeros((len(rows), U_i.shape[1], U_j.shape[1]))
    for start in range(0, U_i.shape[2], COLUMNS_AT_ONCE):
        part = slice(start, start + COLUMNS_AT_ONCE)
        out += U_i[rows, :, part] @ U_j[columns, :, part].transpose(0, 2, 1)
    return out


def _outer_part(U_i: Array, U_j: Array) -> Array:
    """`sum_jl (u_ja . u_lc)(u_jb . u_ld)`, (K_i, K_i, K_j, K_j)."""
    (l_i, K_i, p), (l_j, K_j, _) = U_i.shape, U_j.shape
    if (K_i * p) ** 2 > l_i * K_i * l_j * K_j:
        # With more fixed effects than levels, sums over pairs of levels take less memory.
        W = np.tensordot(U_i, U_j, (2, 2))  # (l_i, K_i, l_j, K_j)
        paired: Array = np.tensordot(W, W, ([0, 2], [0, 2])).transpose(0, 2, 1, 3)
        return paired
    left = np.tensordot(U_i, U_i, (0, 0))  # (K_i, p, K_i, p)
    right = np.tensordot(U_j, U_j, (0, 0))
    return np.tensordot(left, right, ([1, 3], [1, 3]))
