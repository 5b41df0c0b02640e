"""The criterion in lme4's own floating-point operations, to the last bit, for one grouping factor.

lme4 works on cross-products of the user's columns. The fixed effects' factor comes from a difference,

    RX'RX = X'WX - RZX'RZX,        RZX = L^-1 Lambda'Z'WX,        LL' = Lambda'Z'WZ Lambda + I,

and with a slope in microseconds both sides are of size 1e15 while what is left is of size 10: one digit.
The criterion is then off by whole deviance units, and the path of lme4's optimizer, where it stops, or the
error it stops with follow from that. Our engine has no such errors, so it cannot tell what lme4 does; this
module repeats lme4 1.1-31, operation by operation (its predModule.cpp and respModule.cpp, CHOLMOD's
simplicial LL', Eigen 3.3 without vector instructions):

- every sum runs from the first row to the last, without fused multiply-add: as bincount and accumulate add;
- with one grouping factor CHOLMOD keeps the order of the levels and puts the effects of a level side by
  side, term by term;
- CHOLMOD solves with up to three neighboring columns of L at once (`_forward`, `_backward_order`);
- Eigen multiplies matrices in panels of rows, whose height depends on the level-1 cache (`PANEL_ROWS`), so
  beyond some 800 rows the last digits of lme4 itself differ between machines.

Held against R in tests/engine/test_lme4_arithmetic.py. From 32 fixed effects Eigen factors in blocks; there,
and where Z is zero for the whole of a level, our last digits may differ.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from mmtriage.arrays import Array, Index, Mask
from mmtriage.engine.algebra.theta import factors_of_theta
from mmtriage.engine.lme4.checks import DOWNDATED
from mmtriage.model.design import Design

Rows = list[list[float]]  # a small matrix; Python's floats are as exact as NumPy's and faster one at a time
Order = tuple[tuple[int, ...], ...]

LARGEST = 2_000_000  # products per evaluation: 50 MB, some 10 ms
PANEL_ROWS = 816  # Eigen's kc for a level-1 cache of 32 KB, as where the golden references were made
BLOCKED_FROM = 32  # columns from which Eigen's Cholesky is blocked


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Model:
    """What does not depend on theta: K effects in each of G levels. Arrays lie with the rows last."""

    sizes: tuple[int, ...]  # of the terms
    codes: Index  # (n,) level of each row
    bins: Index  # (K (K + p + 1) n,) where each product of `_cross_products` is summed
    levels: int
    Z: Array  # (K, n)
    U: Array  # (K, n) Z, weighted
    X: Array  # (p, n)
    right: Array  # (p + 1, n) X and y, weighted
    y: Array  # (n,)
    offset: Array | None
    root: Array | None  # (n,) square root of the prior weights
    VtV: Array  # (p, p) X'WX, lower triangle
    Vtr: list[float]  # X'Wy
    nu: int  # divisor of the residual sum of squares
    reml: bool
    sum_log_weights: float
    first_order: Order
    order: Order


def lme4_criterion(design: Design, *, reml: bool) -> Callable[[Array], float] | None:
    """The criterion of lme4's raw theta, or None where it cannot be had: several grouping factors, much data.

    It raises LinAlgError where lme4 stops, is NaN where lme4's is, and has lme4's memory: u and beta of the
    last evaluation enter the next one multiplied by 0, so that after one NaN there are only NaN.
    """
    if not _is_in_reach(design):
        return None
    model = _model(design, reml=reml)
    broken = False

    def criterion(theta: Array) -> float:
        nonlocal broken
        with np.errstate(all="ignore"):
            value = _evaluate(model, theta)
        broken = broken or not math.isfinite(value)
        return math.nan if broken else value

    return criterion


def _is_in_reach(design: Design) -> bool:
    first, *others = design.random
    width = sum(term.Z.shape[1] for term in design.random)
    p = design.X.shape[1]
    size = max(len(design.y) * width * (width + p + 1), len(first.levels) * width * p * p)
    return size <= LARGEST and all(np.array_equal(first.codes, term.codes) for term in others)


def _model(design: Design, *, reml: bool) -> _Model:
    n, p = design.X.shape
    root = None if design.weights is None else np.sqrt(design.weights)
    first = design.random[0]
    sizes = tuple(term.Z.shape[1] for term in design.random)
    levels = len(first.levels)
    Z = np.ascontiguousarray(np.hstack([term.Z for term in design.random]).T, dtype=np.float64)
    X = np.ascontiguousarray(design.X.T, dtype=np.float64)
    y = design.y if design.offset is None else design.y - design.offset
    right = np.vstack([X, y[None, :]])
    U, right = (Z, right) if root is None else (Z * root, right * root)
    K = len(Z)
    return _Model(
        sizes=sizes,
        codes=first.codes,
        bins=(np.arange(K * (K + p + 1))[:, None] * levels + first.codes).ravel(),
        levels=levels,
        Z=Z,
        U=U,
        X=X,
        right=right,
        y=design.y,
        offset=design.offset,
        root=root,
        VtV=_gram(right[:p]),
        Vtr=[_sum(column * right[p]) for column in right[:p]],
        nu=n - p if reml else n,
        reml=reml,
        sum_log_weights=0.0 if design.weights is None else _sum(np.log(design.weights)),
        first_order=_backward_order(K, first=True),
        order=_backward_order(K, first=False),
    )


def _evaluate(model: _Model, theta: Array) -> float:
    """ldL2 + ldRX2 - sum(log w) + nu (1 + log(2 pi pwrss / nu)), as lmerResp::Laplace adds it up."""
    factors = factors_of_theta(theta, model.sizes)
    K, p = len(model.Z), len(model.X)
    products = _cross_products(model, factors)
    L = _factor(products[:, :K])
    solved = _forward(L, products[:, K:])
    RX, left = _fixed_factor(model, solved)
    beta = _solve_fixed(RX, left)
    u = _spherical_effects(model, L, solved[:, p] - _combine(solved.swapaxes(0, 1), beta))
    pwrss = _squares(_residuals(model, factors, beta, u)) + _squares(_in_lme4_order(u, model.sizes))
    value = _sum_logs([d * d for d in _diagonal(L).T.ravel().tolist()])
    if model.reml:
        value += 2.0 * _sum_logs([row[i] for i, row in enumerate(RX)])
    nu = float(model.nu)
    return value - model.sum_log_weights + nu * (1.0 + _log(2.0 * math.pi * pwrss) - math.log(nu))


def _cross_products(model: _Model, factors: list[Array]) -> Array:
    """(K, K + p + 1, G): per level the cross-products of Lambda'U with itself, X and y."""
    A = np.empty_like(model.U)
    start = 0
    for F in factors:
        k = len(F)
        for j in range(k):
            column = F[j, j] * model.U[start + j]
            for i in range(j + 1, k):
                column += F[i, j] * model.U[start + i]
            A[start + j] = column
        start += k
    weights = A[:, None, :] * np.concatenate((A, model.right))
    rows, columns, _ = weights.shape
    sums = np.bincount(model.bins, weights=weights.ravel(), minlength=rows * columns * model.levels)
    return np.asarray(sums.reshape(rows, columns, model.levels), dtype=np.float64)


def _factor(gram: Array) -> Array:
    """L (K, K, G) with LL' = gram + I per level."""
    L = np.zeros_like(gram)
    for i in range(len(L)):
        for j in range(i):
            s = gram[i, j]
            for t in range(j):
                s = s - L[i, t] * L[j, t]
            L[i, j] = s / L[j, j]
        s = gram[i, i] + 1.0
        for t in range(i):
            s = s - L[i, t] * L[i, t]
        L[i, i] = np.sqrt(s)
    positive = _diagonal(L) > 0.0
    if not positive.all():
        _stop_at_first_failure(L, positive)
    return L


def _diagonal(L: Array) -> Array:
    """(K, G)."""
    return L[range(len(L)), range(len(L))]


def _stop_at_first_failure(L: Array, positive: Mask) -> None:
    """Where a pivot is not positive CHOLMOD stops without a word: from there on, L is 0."""
    level, effect = divmod(int(np.argmin(positive.T)), len(L))
    L[effect, effect, level] = 0.0
    L[effect + 1 :, :, level] = 0.0
    L[:, :, level + 1 :] = 0.0


def _forward(L: Array, right: Array) -> Array:
    """L^-1 right, (K, m, G), taking off three columns of four or more entries at once."""
    K = len(L)
    left = list(right)
    solved = np.empty_like(right)
    j = 0
    while j < K:
        stop = j + 3 if K - j >= 4 else j + 1
        for i in range(j, stop):
            s = left[i]
            for t in range(j, i):
                s = s - L[i, t] * solved[t]
            solved[i] = s / L[i, i]
        for i in range(stop, K):
            together = L[i, j] * solved[j]
            for t in range(j + 1, stop):
                together = together + L[i, t] * solved[t]
            left[i] = left[i] - together
        j = stop
    return solved


def _backward_order(K: int, *, first: bool) -> Order:
    """In which order the solved elements are taken off each of the K elements of a level in L'^-1.

    Columns are taken in threes from the last; within such a chain the last comes first. Of the first level,
    columns before the fifth are taken alone.
    """
    order = [tuple(range(i + 1, K)) for i in range(K)]
    top = K - 1
    while top >= 0 and not (first and top < 4):
        bottom = max(top - 2, 0)
        for i in range(bottom, top):
            order[i] = (*range(top + 1, K), *range(top, i, -1))
        top = bottom - 1
    return tuple(order)


def _spherical_effects(model: _Model, L: Array, right: Array) -> Array:
    """u = L'^-1 right, (K, G)."""
    u = _backward(L, right, model.order)
    if model.first_order != model.order:
        u[:, :1] = _backward(L[:, :, :1], right[:, :1], model.first_order)
    return u


def _backward(L: Array, right: Array, order: Order) -> Array:
    u = np.empty_like(right)
    for i in range(len(L) - 1, -1, -1):
        s = right[i]
        for t in order[i]:
            s = s - L[t, i] * u[t]
        u[i] = s / L[i, i]
    return u


def _fixed_factor(model: _Model, solved: Array) -> tuple[Rows, list[float]]:
    """The lower factor of X'WX - RZX'RZX, (p, p), and X'Wy - RZX'cu."""
    p = len(model.X)
    if p == 0:
        return [], []
    # RZX and cu in CHOLMOD's order. Two columns or more, in C order: so the reductions add row after row
    rows = np.ascontiguousarray(solved.transpose(2, 0, 1).reshape(-1, p + 1))
    S = model.VtV.copy()
    for start, stop in _panels(len(rows)):
        panel = rows[start:stop]
        S -= [np.add.reduce(panel * panel[:, i : i + 1], axis=0)[:p] for i in range(p)]
    explained = np.add.reduce(rows * rows[:, p:], axis=0).tolist()
    left = [a - b for a, b in zip(model.Vtr, explained, strict=False)]
    return _cholesky(S), left


def _cholesky(S: Array) -> Rows:
    """The lower factor of S (p, p), of which the lower triangle is used, like Eigen's LLT."""
    if len(S) >= BLOCKED_FROM:
        return _blocked_cholesky(S)
    L: Rows = S.tolist()
    for k, row in enumerate(L):
        pivot = row[k]
        if k:
            squares = row[0] * row[0]
            for r in row[1:k]:
                squares += r * r
            pivot -= squares
        if pivot <= 0.0:  # false for NaN, here as there
            raise np.linalg.LinAlgError(DOWNDATED)
        row[k] = pivot = math.sqrt(pivot)
        for below in L[k + 1 :]:
            s = below[k]
            for j in range(k):
                s -= below[j] * row[j]
            below[k] = s / pivot
    return L


def _blocked_cholesky(S: Array) -> Rows:
    try:
        rows: Rows = np.linalg.cholesky(S).tolist()
    except np.linalg.LinAlgError:
        raise np.linalg.LinAlgError(DOWNDATED) from None
    return rows


def _solve_fixed(RX: Rows, left: list[float]) -> list[float]:
    """beta (p,) from RX RX' beta = left, RX lower triangular."""
    p = len(left)
    beta = list(left)
    for i in range(p):
        beta[i] /= RX[i][i]
        for k in range(i + 1, p):
            beta[k] -= beta[i] * RX[k][i]
    for i in range(p - 1, -1, -1):
        if i + 1 < p:
            taken = RX[i + 1][i] * beta[i + 1]
            for k in range(i + 2, p):
                taken += RX[k][i] * beta[k]
            beta[i] -= taken
        beta[i] /= RX[i][i]
    return beta


def _residuals(model: _Model, factors: list[Array], beta: list[float], u: Array) -> Array:
    """sqrt(w) (y - offset - X beta - Z Lambda u), (n,)."""
    mu = _combine(model.X, beta) + _random_part(model, factors, u)
    if model.offset is not None:
        mu = model.offset + mu
    residuals: Array = model.y - mu
    return residuals if model.root is None else model.root * residuals


def _random_part(model: _Model, factors: list[Array], u: Array) -> Array:
    """Z Lambda u, (n,)."""
    b = np.empty_like(u)
    start = 0
    for F in factors:
        for i in range(len(F)):
            effect = F[i, 0] * u[start]
            for j in range(1, i + 1):
                effect = effect + F[i, j] * u[start + j]
            b[start + i] = effect
        start += len(F)
    by_row = model.Z * b.take(model.codes, axis=1)
    return _combine(by_row, [1.0] * len(by_row))


def _in_lme4_order(u: Array, sizes: tuple[int, ...]) -> Array:
    """u (q,) from u (K, G): term by term, the effects of a level side by side."""
    if len(sizes) == 1:
        return u.T.ravel()
    edges = np.cumsum([0, *sizes])
    return np.concatenate([u[start:stop].T.ravel() for start, stop in pairwise(edges)])


def _combine(columns: Array, coefficients: list[float]) -> Array:
    """columns' coefficients, first to last, for columns (p or more, ...)."""
    if not coefficients:
        return np.zeros(columns.shape[1:])
    total = columns[0] * coefficients[0]
    for column, coefficient in zip(columns[1:], coefficients[1:], strict=False):
        total = total + column * coefficient
    return np.asarray(total)


def _gram(columns: Array) -> Array:
    """Lower triangle of the columns' cross-products (p, p), panel by panel."""
    p, n = columns.shape
    gram = np.zeros((p, p))
    for i in range(p):
        for start, stop in _panels(n):
            products = columns[: i + 1, start:stop] * columns[i, start:stop]
            gram[i, : i + 1] += np.add.accumulate(products, axis=1)[:, -1]
    return gram


def _panels(depth: int) -> list[tuple[int, int]]:
    """Eigen's evaluateProductBlockingSizesHeuristic: as few panels as fit the cache, of about one height."""
    height = PANEL_ROWS
    rest = depth % height
    if depth > height and rest:
        height -= 8 * ((height - 1 - rest) // (8 * (depth // height + 1)))
    return [(start, min(start + height, depth)) for start in range(0, depth, height)]


def _squares(values: Array) -> float:
    return _sum(values * values)


def _sum(values: Array) -> float:
    """From the first to the last; NumPy's own sum goes in pairs."""
    return float(np.add.accumulate(values)[-1])


def _sum_logs(values: list[float]) -> float:
    total = 0.0
    for value in values:
        total += _log(value)
    return total


def _log(x: float) -> float:
    """The C library's logarithm; NumPy's may differ in the last bit."""
    return math.log(x) if x > 0.0 else -math.inf if x == 0.0 else math.nan
