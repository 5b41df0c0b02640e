"""Where lme4 stops because its cross-products have no digits left.

lme4 works in the user's columns. With a Unix time as random slope, X'X holds numbers of 1e18 and the part of
X that the random effects leave over, X'X - RZX'RZX, is smaller than its rounding error: "Downdated VtV is not
positive definite". Our coordinates do not have that trouble, so whether lme4 has it is found out by doing as
it does, once, at its start. For the designs whose arithmetic is repeated in full (`arithmetic.py`) this is
not needed.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from scipy.linalg import solve_triangular

from mmtriage.arrays import Array, Index
from mmtriage.engine.lme4.checks import DOWNDATED
from mmtriage.engine.structures.parameter_layout import layout_of
from mmtriage.model.design import Design

SUSPICIOUS_SIZE = 1e5  # a column below this squares to less than 1e10: two thirds of the digits at most


def lme4_failure(design: Design, theta: Array) -> str | None:
    """The error with which lme4 would stop at `theta`, or None."""
    columns = [design.X, *(term.Z for term in design.random)]
    if max((float(np.max(np.abs(c), initial=0.0)) for c in columns), default=0.0) < SUSPICIOUS_SIZE:
        return None
    return DOWNDATED if _downdate_fails(design, theta) else None


def _downdate_fails(design: Design, theta: Array) -> bool:
    """Whether X'X - RZX'RZX, in raw columns, has no Cholesky factor: one grouping factor at a time.

    Eliminating more factors only takes more away, so a single one that fails is proof enough; a failure that
    needs two together is missed.
    """
    root = None if design.weights is None else np.sqrt(design.weights)
    X = design.X if root is None else design.X * root[:, None]
    factors = layout_of(design.random).factors(theta)
    gram: Array = X.T @ X
    for term, L in zip(design.random, factors, strict=True):
        Z = (term.Z if root is None else term.Z * root[:, None]) @ L
        try:
            np.linalg.cholesky(gram - _explained(Z, X, term.codes, len(term.levels)))
        except np.linalg.LinAlgError:
            return True
    return False


def _explained(Z: Array, X: Array, codes: Index, n_levels: int) -> Array:
    """RZX'RZX (p, p) for one grouping factor with columns Z (n, k)."""
    order = np.argsort(codes, kind="stable")
    edges = np.searchsorted(codes[order], np.arange(n_levels + 1))
    total = np.zeros((X.shape[1], X.shape[1]))
    for start, stop in pairwise(edges):
        rows = order[start:stop]
        L = np.linalg.cholesky(Z[rows].T @ Z[rows] + np.eye(Z.shape[1]))
        RZX = solve_triangular(L, Z[rows].T @ X[rows], lower=True)
        total += RZX.T @ RZX
    return total
