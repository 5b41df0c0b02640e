"""Directions in which a likelihood rises without end, found by linear programming.

Row i of X has a pull: +1 if its likelihood rises to a finite limit as its linear predictor goes to +inf (a
success), -1 if as it goes to -inf (a failure, a count of zero), 0 if it falls both ways. There is no finite
maximum if and only if some d has pull_i x_i'd >= 0 in all rows that pull, x_i'd = 0 in the others, and X d is
not 0. By Stiemke's lemma there is either such a d, or there are positive weights that balance the rows,
sum_i lambda_i pull_i x_i = 0. The linear program looks for the weights,

    minimize |sum_i lambda_i pull_i x_i|_1   subject to   lambda >= 1,

and where it finds none its prices are d (Konis 2007; Correia, Guimaraes & Zylkin 2019 for counts). Two facts
make it fast. Rows without a pull confine d to a subspace, in most models to nothing. And rows that balance
each other and have full rank force d = 0: a few hundred of them decide for the rest; if they do not, the rows
that their d violates join them.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mmtriage.arrays import Array, Index, Mask
from mmtriage.model.tall import triangular_factor

Pulls = NDArray[np.int8]  # (n,) -1, 0 or +1

RANK = 1e-9  # singular values of unit columns below this are zero; lme4 drops columns at 1e-7
FIRST_ROWS = 400  # rows of the first linear program; 400 x 20 take 10 ms
TOUCHES = 1e-6  # margins below this share of the largest are zero up to the tolerance of the program (1e-7)
SNAP = 1e-11  # share of the largest |x_ij d_j| below which a coefficient is rounding
VIOLATION = 1e-9  # share of sum |x_ij d_j| by which rounding may miss an inequality


def recession_direction(X: Array, pulls: Pulls) -> Array | None:
    """A direction d (p,) of no finite maximum, in the units of X (n, p); None where there is none."""
    rows, pull = _distinct(X, pulls)
    basis = _orthonormal(rows)
    Q = rows @ basis  # (m, r), columns of mean square 1
    free = _null_space(Q[pull == 0], Q.shape[1])
    if free.shape[1] == 0 or not np.any(pull):
        return None
    pure = pull != 0
    A = pull[pure, None] * (Q[pure] @ free)
    e = _unbalanced(A)
    if e is None:
        return None
    d: Array = basis @ (free @ _on_its_face(A, e))
    reach = np.max(np.abs(rows), axis=0) * np.abs(d)
    d = np.where(reach > SNAP * np.max(reach), d, 0.0)
    d = d / np.max(np.abs(d))
    return d if _is_recession(rows, pull, d) else None


def strict_rows(X: Array, direction: Array) -> Mask:
    """The rows (n,) that a direction moves at all."""
    moves: Mask = np.abs(X @ direction) > TOUCHES * np.max(np.abs(X @ direction))
    return moves


def _distinct(X: Array, pulls: Pulls) -> tuple[Array, Pulls]:
    """The distinct rows of X (m, p) and their pulls: 0 where rows that pull both ways share them."""
    # Rows that share their predictors move together. Where they pull both ways no move is for nothing.
    codes = row_codes(X)
    _, first = np.unique(codes, return_index=True)
    m = len(first)
    low, high = np.full(m, 1, dtype=np.int8), np.full(m, -1, dtype=np.int8)
    np.minimum.at(low, codes, pulls)
    np.maximum.at(high, codes, pulls)
    return X[first], np.where(low == high, low, 0).astype(np.int8)


def row_codes(X: Array) -> Index:
    """A number (n,) per distinct row of X (n, p), from 0."""
    # Numbers sort faster than rows: each row becomes one number, the same in every run.
    mixture: Array = np.random.default_rng(0).normal(size=(X.shape[1],))
    mixed = np.zeros(len(X))
    for j, column in enumerate(X.T):  # not X @ mixture: equal rows must get equal sums to the last bit
        mixed += mixture[j] * column
    _, first, codes = np.unique(mixed, return_index=True, return_inverse=True)
    if not np.array_equal(X[first][codes], X):  # two rows of one sum
        _, codes = np.unique(X, axis=0, return_inverse=True)
    return codes.astype(np.int64).reshape(-1)


def _orthonormal(rows: Array) -> Array:
    """B (p, r) such that the columns of `rows B` are orthogonal, of mean square 1, and span those of rows."""
    lengths = np.linalg.norm(rows, axis=0)
    lengths = np.where(lengths > 0, lengths, 1.0)
    # The triangle of a QR has the singular values of the rows, however many these are.
    _, values, directions = np.linalg.svd(triangular_factor(rows / lengths), full_matrices=False)
    kept = values > RANK * values[0]
    basis: Array = (directions[kept] / values[kept, None]).T / lengths[:, None] * np.sqrt(len(rows))
    return basis


def _null_space(rows: Array, width: int) -> Array:
    """Orthonormal columns (width, k) that every row is orthogonal to."""
    if not len(rows):
        return np.eye(width)
    _, values, directions = np.linalg.svd(triangular_factor(rows))
    rank = int(np.sum(values > RANK * max(values[0], 1.0)))
    null: Array = directions[rank:].T
    return null


def _unbalanced(A: Array) -> Array | None:
    """e (k,) with A e >= 0 (m, k) and not 0, None where positive weights balance the rows."""
    m, k = A.shape
    chosen = np.zeros(m, dtype=bool)
    chosen[:: max(1, m // FIRST_ROWS)] = True
    while True:
        part = A[chosen]
        e, is_balanced = _program(part)
        if is_balanced:
            if chosen.all():
                return None
            rest = _null_space(part, k)
            if rest.shape[1] == 0:
                return None
            # The chosen rows balance but leave a subspace open: whatever moves in it must be seen.
            outside = np.linalg.norm(A @ rest, axis=1)
        else:
            margins = A @ e
            if np.min(margins) >= -TOUCHES * np.max(margins):
                return e
            outside = -margins
        outside[chosen] = -np.inf
        if not np.max(outside) > 0:  # violated only among the chosen, by rounding
            return None
        worst = np.argsort(-outside)[: max(FIRST_ROWS, int(chosen.sum()))]
        chosen[worst[outside[worst] > 0]] = True


def _program(A: Array) -> tuple[Array, bool]:
    """The prices (k,) of the rows' balance, and whether they balance."""
    from scipy.optimize import linprog  # here, because most models have no row that pulls

    m, k = A.shape
    total = A.sum(axis=0)
    answer = linprog(
        np.concatenate([np.zeros(m), np.ones(2 * k)]),  # lambda - 1, what is lacking, what is too much
        A_eq=np.hstack([A.T, np.eye(k), -np.eye(k)]),
        b_eq=-total,
        bounds=(0, None),
        method="highs-ds",
    )
    if answer.status != 0:  # the program is feasible and bounded; HiGHS gave up on its numbers
        return np.zeros(k), True
    prices: Array = -answer.eqlin.marginals
    return prices, not np.max(A @ prices, initial=0.0) > TOUCHES


def _on_its_face(A: Array, e: Array) -> Array:
    """The direction with the margins that are zero to the program's tolerance made zero to rounding."""
    margins = A @ e
    face = _null_space(A[margins <= TOUCHES * np.max(margins)], A.shape[1])
    moved = face @ (face.T @ e)
    return moved if np.any(moved) else e


def _is_recession(rows: Array, pull: Pulls, d: Array) -> bool:
    """The definition, row by row, up to rounding."""
    moves, rounding = rows @ d, VIOLATION * (np.abs(rows) @ np.abs(d))
    wrong = np.where(pull == 0, np.abs(moves), -pull * moves)
    return bool(np.all(wrong <= rounding) and np.any(np.abs(moves) > rounding))
