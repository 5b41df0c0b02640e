"""Residuals summed row by row, for ratios of variances that leave the cross-products no digits.

With [Q, r] orthonormal, `[Q r]'V^-1 [Q r] = I - C'Lambda M^-1 Lambda'C` is what is left of one. Where a
random effect is a million times as large as the residual, that is 1e-12, and four digits of it are right. The
same matrix is a minimum,

    S = E'E + U'U,   E = [Q r] - Z Lambda U,   U = M^-1 Lambda'C  the minimizer,

so at the rows it is a sum of squares without any difference, and an error of U enters by its square only. One
step of iterative refinement takes U from the normal equations to where the rows want it (Bjorck 1996,
Numerical Methods for Least Squares Problems, section 2.9). Z'V^-1 [Q r] is Z'E, and Lambda^-T U in the
directions in which Lambda is large, where Z'E is a sum of residuals that cancel.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.linalg import solve_triangular
from scipy.sparse import csr_array

from mmtriage.arrays import Array
from mmtriage.engine.algebra.cholesky import Factor
from mmtriage.engine.algebra.coordinates import Coordinates
from mmtriage.engine.algebra.crossproducts import rows_of_basis
from mmtriage.engine.algebra.relative_factor import RelativeFactor
from mmtriage.model.design import Design

LARGE = 1.0  # singular value of Lambda from which a direction is read off U


@dataclass(frozen=True, slots=True, eq=False)
class RowResiduals:
    """What the rows say where the cross-products cannot; the last column is r less its generalized fit on
    Q."""

    solved: Array  # (q, p + 1) U
    root_S: Array  # (p + 1, p + 1) lower Cholesky factor of [Q r]'V^-1 [Q r]
    whitened: Array  # (q, p + 1) Z'V^-1 [Q r] root_S^-T


def row_residuals(
    Z: csr_array, fixed: Array, Lambda: RelativeFactor, M: Factor, solved: Array
) -> RowResiduals:
    """Refine `solved` (q, p + 1) and sum the squares at the rows.

    The residual of the generalized fit is formed at the rows as well: r may hold more of Q than of what is
    left in the end, and their difference would be lost in the factor of S.

    Args:
        Z: (n, q) in orthonormal columns, weighted.
        fixed: (n, p + 1) the rows of [Q, r].
        solved: U as the cross-products give it.

    Raises LinAlgError where S is not positive definite.
    """

    def residuals(U: Array) -> Array:
        E: Array = fixed - Z @ Lambda.times(U)
        return E

    slope = Lambda.transposed(Z.T @ residuals(solved)) - solved
    U = solved + M.backward(M.forward(slope))
    E = residuals(U)
    root_S = np.asarray(np.linalg.cholesky(E.T @ E + U.T @ U), dtype=np.float64)
    p = E.shape[1] - 1
    moved = solve_triangular(root_S[:p, :p], root_S[p, :p], trans="T", lower=True)
    e, u = E[:, p] - E[:, :p] @ moved, U[:, p] - U[:, :p] @ moved
    root_S[p, p] = np.sqrt(e @ e + u @ u)
    pulled = _pulled(Lambda, np.column_stack([U[:, :p], u]), Z.T @ np.column_stack([E[:, :p], e]))
    of_Q = solve_triangular(root_S[:p, :p], pulled[:, :p].T, lower=True).T
    return RowResiduals(U, root_S, np.column_stack([of_Q, pulled[:, p] / root_S[p, p]]))


def _pulled(Lambda: RelativeFactor, U: Array, ZE: Array) -> Array:
    """Z'V^-1 [Q r]: in each principal direction of Lambda from the side that has digits left."""
    out = np.empty_like(U)
    for (block, rows), L in zip(Lambda.blocks.with_rows(), Lambda.parts, strict=True):
        shape = (block.n_levels, block.width, -1)
        P, d, Rt = np.linalg.svd(L)
        from_U = (Rt @ U[rows].reshape(shape)) / np.maximum(d, LARGE)[:, None]
        from_E = P.T @ ZE[rows].reshape(shape)
        out[rows] = (P @ np.where((d > LARGE)[:, None], from_U, from_E)).reshape(block.size, -1)
    return out


class LazyRows:
    """The rows of a design in orthonormal columns, made when first asked for: most models never ask."""

    def __init__(self, design: Design, basis: Coordinates) -> None:
        self._design, self._basis = design, basis
        self._rows: tuple[csr_array, Array] | None = None

    def __call__(self) -> tuple[csr_array, Array]:
        """Z (n, q) and [Q, r] (n, p + 1)."""
        if self._rows is None:
            self._rows = rows_of_basis(self._design, self._basis)
        return self._rows
