"""Blocked Cholesky of `M = Lambda' A Lambda + I`: factor, solve, and the inverse on the pattern of A.

It follows the plan of `symbolic.py`. With W = L_CC^-1 of a front,

    factor:   M_CC = L_CC L_CC',  L_BC = M_BC W',  M_BB <- M_BB - L_BC L_BC'
    inverse:  T = L_BC W,  V_BC = -V_BB T,  V_CC = W'W - T' V_BC

where V = M^-1 (Takahashi, Fagan & Chin 1973): the second line needs V only where L may be nonzero, so the
diagonal blocks that the gradient asks for cost no more than the factor.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.linalg import blas, lapack

from mmtriage.arrays import Array
from mmtriage.deadline import foresee
from mmtriage.engine.algebra.crossproducts import CrossProducts
from mmtriage.engine.algebra.relative_factor import RelativeFactor
from mmtriage.engine.algebra.symbolic import Bucket, Plan


@dataclass(frozen=True, slots=True, eq=False)
class _Front:
    """Numbers of one bucket: `W` (N, c, c) = L_CC^-1 and `L_BC` (N, b, c)."""

    W: Array
    L_BC: Array
    by_row: Array | None  # (b, N c): L_BC where the border of every front is the whole root

    @property
    def is_scalar(self) -> bool:
        """Whether every front has one column."""
        return len(self.W[0]) == 1

    def head(self, x: Array) -> Array:
        """L_CC^-1 x for x (N, c, m)."""
        return self.W * x if self.is_scalar else self.W @ x

    def border_transposed(self, x: Array) -> Array:
        """L_BC' x for x (N, b, m)."""
        is_one = self.is_scalar and self.L_BC.shape[1] == 1
        return self.L_BC * x if is_one else self.L_BC.transpose(0, 2, 1) @ x

    def head_transposed(self, x: Array) -> Array:
        """L_CC'^-1 x for x (N, c, m)."""
        return self.W * x if self.is_scalar else self.W.transpose(0, 2, 1) @ x


@dataclass(frozen=True, slots=True, eq=False)
class Factor:
    """L L' = M. Right-hand sides are (q, m), or one (q,), rows in the order of the blocks."""

    plan: Plan
    fronts: tuple[_Front, ...]
    root: Array  # (d, d) upper: L' of the root
    logdet: float  # log det M

    def forward(self, rhs: Array) -> Array:
        """Solve `L x = rhs`."""
        if rhs.ndim == 1:
            return self.forward(rhs[:, None])[:, 0]
        x, start = _with_padding(rhs), self.plan.root_start
        for bucket, front in zip(self.plan.buckets, self.fronts, strict=True):
            head = front.head(bucket.columns_of(x))
            bucket.put_columns(x, head)
            if front.by_row is not None:
                x[start:-1] -= front.by_row @ head.reshape(front.by_row.shape[1], x.shape[1])
            elif front.L_BC.shape[1]:
                bucket.take_from_border(x, front.L_BC * head if front.is_scalar else front.L_BC @ head)
            x[-1] = 0.0
        if len(self.root):
            x[start:-1] = _solve_root(self.root, x[start:-1], transposed=False)
        return x[:-1]

    def backward(self, rhs: Array) -> Array:
        """Solve `L' x = rhs`."""
        if rhs.ndim == 1:
            return self.backward(rhs[:, None])[:, 0]
        x, start = _with_padding(rhs), self.plan.root_start
        if len(self.root):
            x[start:-1] = _solve_root(self.root, x[start:-1], transposed=True)
        for bucket, front in zip(reversed(self.plan.buckets), reversed(self.fronts), strict=True):
            head = bucket.columns_of(x)
            if front.by_row is not None:
                head = head - (front.by_row.T @ x[start:-1]).reshape(head.shape)
            elif front.L_BC.shape[1]:
                head = head - front.border_transposed(x[bucket.border])
            bucket.put_columns(x, front.head_transposed(head))
            x[-1] = 0.0
        return x[:-1]

    def inverse_on_pattern(self) -> Array:
        """The store of `M^-1` where L may be nonzero, symmetric parts filled on both sides."""
        plan = self.plan
        store = np.zeros(plan.store_size)
        d = plan.root_size
        root = _symmetric_inverse(self.root)
        store[plan.root_position : plan.root_position + d * d] = root.ravel()
        for bucket, front in zip(reversed(plan.buckets), reversed(self.fronts), strict=True):
            _invert_bucket(store, root, bucket, front)
        return store


def factor(plan: Plan, products: CrossProducts, Lambda: RelativeFactor) -> Factor:
    """Factor M; raises LinAlgError when M is not finite."""
    entries = Lambda.sandwich(products, plan)
    entries[plan.unit] += 1.0
    store = np.zeros(plan.store_size)
    store[plan.positions] = entries
    d, start = plan.root_size, plan.root_position
    root = store[start : start + d * d].reshape(d, d)  # a view: buckets below add to it
    fronts = []
    logdet = 0.0
    for stage in plan.stages:
        updates = []
        for bucket in stage.buckets:
            front, part, update = _factor_bucket(store, root, bucket)
            fronts.append(front)
            logdet += part
            if update is not None:
                updates.append(update)
        if updates:
            taken = updates[0] if len(updates) == 1 else np.concatenate(updates)
            store[stage.touched] -= np.bincount(stage.places, taken, minlength=len(stage.touched))
    if d:
        foresee(d**3 / 9)  # of d^3 / 3, three of which take the time of one of a QR
        # The lower triangle in C order is the upper one in LAPACK's order: no copy.
        root, failed = lapack.dpotrf(root.T, lower=0, clean=1, overwrite_a=1)
        if failed:
            raise np.linalg.LinAlgError("root of the blocked Cholesky is not positive definite")
        logdet += 2.0 * float(np.sum(np.log(np.diag(root))))
    if not np.isfinite(logdet):
        raise np.linalg.LinAlgError("log-determinant is not finite")
    return Factor(plan, tuple(fronts), root, logdet)


def _with_padding(rhs: Array) -> Array:
    """A copy (q + 1, m) with a last row of zeros, which padding points at."""
    x = np.empty((len(rhs) + 1, rhs.shape[1]))
    x[:-1] = rhs
    x[-1] = 0.0
    return x


def _factor_bucket(store: Array, root: Array, bucket: Bucket) -> tuple[_Front, float, Array | None]:
    """Eliminate a bucket.

    Returns its numbers, its part of log det M, and what the lower halves of its border pairs lose, None where
    the root has lost it already.
    """
    n, c, b = bucket.shape
    if len(bucket.identity):
        store[bucket.identity] = 1.0
    panels = store[bucket.panel : bucket.panel + n * (c + b) * c].reshape(n, c + b, c)
    W, logdet = inverse_cholesky(panels[:, :c])
    L_BC = panels[:, c:] * W if c == 1 else panels[:, c:] @ W.transpose(0, 2, 1)
    if bucket.spans_root:
        by_row = L_BC.transpose(1, 0, 2).reshape(b, n * c)
        root -= by_row @ by_row.T
        return _Front(W, L_BC, by_row), logdet, None
    if not b:
        return _Front(W, L_BC, None), logdet, None
    rows, columns = bucket.lower
    if c == 1:
        flat = L_BC[:, :, 0]
        return _Front(W, L_BC, None), logdet, (flat[:, rows] * flat[:, columns]).ravel()
    return _Front(W, L_BC, None), logdet, (L_BC @ L_BC.transpose(0, 2, 1))[:, rows, columns].ravel()


def _invert_bucket(store: Array, root: Array, bucket: Bucket, front: _Front) -> None:
    n, c, b = bucket.shape
    panels = store[bucket.panel : bucket.panel + n * (c + b) * c].reshape(n, c + b, c)
    W_t = front.W.transpose(0, 2, 1)
    if b == 0:
        panels[:] = W_t @ front.W
        return
    T = front.L_BC @ front.W
    if bucket.spans_root:
        flat = T.transpose(1, 0, 2).reshape(b, n * c)
        V_BC = -(root @ flat).reshape(b, n, c).transpose(1, 0, 2)
    else:
        V_BC = -(store[bucket.pairs] @ T)
    panels[:, c:] = V_BC
    panels[:, :c] = W_t @ front.W - T.transpose(0, 2, 1) @ V_BC


def inverse_cholesky(M: Array) -> tuple[Array, float]:
    """`W = L^-1` of a stack M (N, c, c) with L L' = M, and the sum of log det M over the stack."""
    c = M.shape[1]
    if c == 1:
        return 1.0 / np.sqrt(M), float(np.add.reduce(np.log(M), axis=None))
    if c == 2:
        return _inverse_cholesky_2(M)
    L = np.linalg.cholesky(M)
    logdet = 2.0 * float(np.sum(np.log(np.einsum("njj->nj", L))))
    return np.linalg.inv(L), logdet


def _inverse_cholesky_2(M: Array) -> tuple[Array, float]:
    """The closed form for c = 2, the commonest model: ten times faster than a stack of LAPACK calls."""
    a = np.sqrt(M[:, 0, 0])
    b = M[:, 1, 0] / a
    d = np.sqrt(M[:, 1, 1] - b * b)
    W = np.zeros_like(M)
    W[:, 0, 0] = 1.0 / a
    W[:, 1, 1] = 1.0 / d
    W[:, 1, 0] = -b * W[:, 0, 0] * W[:, 1, 1]
    return W, 2.0 * float(np.sum(np.log(a * d)))


def _solve_root(U: Array, rhs: Array, *, transposed: bool) -> Array:
    """Solve `L x = rhs` or `L' x = rhs` with U = L'."""
    solved: Array = blas.dtrsm(1.0, U, rhs, lower=0, trans_a=int(not transposed))
    return solved


def _symmetric_inverse(U: Array) -> Array:
    """`(U'U)^-1`, both triangles."""
    if not len(U):
        return np.zeros((0, 0))
    upper, _ = lapack.dpotri(U, lower=0)
    inverse: Array = upper + upper.T
    inverse[np.diag_indices(len(U))] *= 0.5
    return inverse
