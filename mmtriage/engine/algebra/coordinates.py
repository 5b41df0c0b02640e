"""Orthonormal coordinates in which every likelihood is computed.

The likelihood of `y = X beta + Z b + e` depends on the column spaces and on `Z_t S_t Z_t'` only, so each
block may be written in any basis. Raw columns are a poor one: a calendar year beside an intercept costs
six digits in `Z'Z`, a microsecond twelve. Here

* `[X, y - offset]` becomes orthonormal, the last column being the least-squares residual at length one;
* each random term's columns `Z_t` become `Q_t` with `Z_t = Q_t R_t`, `R_t' R_t = Z_t' W Z_t / n`, so a
  relative covariance `S_t` in the user's columns is `R_t S_t R_t'` here, and a singular value of `R_t L_t`
  is a standard deviation per observation relative to sigma, whatever the user's units and origins. Whether a
  fit is singular is judged by it, so that no unit decides.

Prior weights enter once: every row is multiplied by the square root of its weight.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.linalg import qr, solve_triangular

from mmtriage.arrays import Array, slices
from mmtriage.model.design import Design
from mmtriage.model.tall import triangular_factor

RANK_TOLERANCE = 1e-9  # smallest relative length of a new direction in a term's unit-length columns
PERFECT_FIT = 1e-10  # residual length of the fixed effects relative to the response: below it nothing is left


@dataclass(frozen=True, slots=True, eq=False)
class TermBasis:
    """Basis of one random term.

    `R` is (k, k): `Z = Q R` with `Q'WQ = n I` on the first `rank` columns of Q; its rows beyond are zero.
    `inverse` is (k, k): `Q = Z inverse`; its columns beyond `rank` are zero.
    """

    R: Array
    inverse: Array
    rank: int


@dataclass(frozen=True, slots=True, eq=False)
class FixedBasis:
    """`sqrt(W) [X, y - offset] = [Q, r] R`, all columns of [Q, r] orthonormal; R is (p + 1, p + 1) upper.

    Rows of [Q, r] are found by dividing by `steps` one after the other, R being their product: after one
    division alone the columns of Q are as far from orthogonal as X is from full rank (CholeskyQR2's remedy,
    Yamamoto et al. 2015, ETNA 44).
    """

    R: Array
    steps: tuple[Array, Array]
    has_residual: bool  # False: the fixed effects reproduce the response exactly

    @property
    def logdet_X(self) -> float:
        """log det(X'WX) = 2 sum log |R_jj| over the p columns of X."""
        return 2.0 * float(np.sum(np.log(np.abs(np.diag(self.R)[:-1]))))

    @property
    def residual_length(self) -> float:
        """Length of the weighted least-squares residual of y on X."""
        return abs(float(self.R[-1, -1]))


def term_basis(Z: Array, root_weights: Array | None) -> TermBasis:
    """Basis of a term's columns `Z` (n, k), weighted by `root_weights` (n,)."""
    n, k = Z.shape

    def weighted(rows: slice) -> Array:
        return Z[rows] if root_weights is None else Z[rows] * root_weights[rows, None]

    scale = _lengths(weighted, n)
    # A triangle without pivots is cheap, and pivoting on it finds the same pivots as on the n rows.
    triangle = _triangle(lambda rows: weighted(rows) / scale, n)
    _, upper, pivots = qr(triangle, pivoting=True)
    diagonal = np.abs(np.diag(upper))
    rank = int(np.sum(diagonal > RANK_TOLERANCE * np.max(diagonal, initial=1.0)))
    R = np.zeros((k, k))
    R[:rank, pivots] = upper[:rank] * scale[pivots] / np.sqrt(n)
    inverse = np.zeros((k, k))
    solved = solve_triangular(upper[:rank, :rank], np.eye(rank)) if rank else np.zeros((0, 0))
    inverse[pivots[:rank], :rank] = solved * np.sqrt(n) / scale[pivots[:rank], None]
    return TermBasis(R, inverse, rank)


def fixed_basis(X: Array, y: Array, root_weights: Array | None) -> FixedBasis:
    """Basis of `[X, y]` where X is (n, p) of full column rank and y (n,) has its offset taken off."""
    n = len(y)

    def stacked(rows: slice) -> Array:
        columns = np.column_stack([X[rows], y[rows]])
        return columns if root_weights is None else columns * root_weights[rows, None]

    scale = _lengths(stacked, n)
    R = _triangle(lambda rows: stacked(rows) / scale, n)
    has_residual = abs(R[-1, -1]) > PERFECT_FIT
    first = R * scale
    if not has_residual:
        return FixedBasis(first, (first, np.eye(len(R))), False)

    def once(rows: slice) -> Array:
        return np.asarray(solve_triangular(first, stacked(rows).T, trans="T", check_finite=False).T)

    second = _triangle(once, n)
    return FixedBasis(second @ first, (first, second), True)


def _lengths(columns: Callable[[slice], Array], n: int) -> Array:
    """Lengths (k,) of the columns of n rows, one where there is none."""
    squares = [np.einsum("ij,ij->j", part, part) for part in map(columns, slices(n))]
    lengths = np.sqrt(squares[0] if len(squares) == 1 else np.sum(squares, axis=0))
    return np.where(lengths > 0, lengths, 1.0)


def _triangle(columns: Callable[[slice], Array], n: int) -> Array:
    """R (k, k) of a QR of n rows, by parts: the triangle of their triangles (TSQR).

    Demmel, Grigori, Hoemmen & Langou 2012, SIAM J. Sci. Comput. 34(1).
    """
    parts = [triangular_factor(columns(rows)) for rows in slices(n)]
    return parts[0] if len(parts) == 1 else triangular_factor(np.vstack(parts))


@dataclass(frozen=True, slots=True, eq=False)
class Coordinates:
    """The bases of a design, in the order of its random terms."""

    fixed: FixedBasis
    terms: tuple[TermBasis, ...]

    @property
    def inverses(self) -> list[Array]:
        """(k, k) per term: from these columns to the user's."""
        return [basis.inverse for basis in self.terms]

    def relative_factor(self, raw: list[Array]) -> list[Array]:
        """`R_t L_t` for factors `L_t` (k, k) in the user's columns."""
        return [basis.R @ L for basis, L in zip(self.terms, raw, strict=True)]


def coordinates(design: Design) -> Coordinates:
    """Find the bases of a design: the only step that needs all rows before the cross-products."""
    root_weights = None if design.weights is None else np.sqrt(design.weights)
    y = design.y if design.offset is None else design.y - design.offset
    return Coordinates(
        fixed_basis(design.X, y, root_weights),
        tuple(term_basis(term.Z, root_weights) for term in design.random),
    )


@dataclass(frozen=True, slots=True, eq=False)
class UnweightedBases:
    """The bases of a design whose weights change as it is fitted: of its terms, and X = Q R, Q'Q = n I."""

    terms: tuple[TermBasis, ...]
    R: Array  # (p, p)
    inverse: Array  # (p, p)

    @property
    def inverses(self) -> list[Array]:
        """(k, k) per term: from these columns to the user's."""
        return [basis.inverse for basis in self.terms]

    def in_units(self, *, factor: float, predictor: float) -> UnweightedBases:
        """The bases whose R also comes from a user's units: what a Lambda and a predictor of one are."""
        terms = tuple(TermBasis(b.R / factor, b.inverse * factor, b.rank) for b in self.terms)
        return UnweightedBases(terms, self.R / predictor, self.inverse * predictor)


def unweighted_bases(design: Design) -> UnweightedBases:
    """Find the bases of a design, its prior weights left out."""
    once = term_basis(design.X, None)
    twice = term_basis(design.X @ once.inverse, None)  # a second time, for the reason that `FixedBasis` gives
    terms = tuple(term_basis(term.Z, None) for term in design.random)
    return UnweightedBases(terms, twice.R @ once.R, once.inverse @ twice.inverse)
