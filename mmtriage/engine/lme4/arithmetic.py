"""The criterion in lme4's own floating-point operations, to the last bit, for one grouping factor.

lme4 works on cross-products of the user's columns. The fixed effects' factor comes from a difference,

    RX'RX = X'WX - RZX'RZX,        RZX = L^-1 Lambda'Z'WX,        LL' = Lambda'Z'WZ Lambda + I,

and with a slope in microseconds both sides are of size 1e15 while what is left is of size 10: one digit.
The criterion is then off by whole deviance units, and the path of lme4's optimizer, where it stops, or the
error it stops with follow from that. Our engine has no such errors, so it cannot tell what lme4 does; this
module repeats lme4 1.1-31, operation by operation (its predModule.cpp and respModule.cpp, CHOLMOD's
simplicial LL', Eigen 3.3 without vector instructions):

- every sum runs from the first row to the last, without fused multiply-add: as bincount and accumulate add;
- the random effects are solved for as CHOLMOD does (`cholmod.py`), the fixed effects as Eigen (`eigen.py`).

It is held against R in tests/engine/lme4/test_arithmetic.py. Where Z is zero for the whole of a level, our
last digits may differ.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from mmtriage.arrays import Array, Index
from mmtriage.engine.lme4.cholmod import Order, backward, backward_order, diagonal, factor_levels, forward
from mmtriage.engine.lme4.eigen import Matrix, cholesky, gram, panels, solve_fixed
from mmtriage.engine.structures.parameter_layout import Layout, layout_of
from mmtriage.model.design import Design
from mmtriage.model.ranef import lme4_units

LARGEST = 2_000_000  # products per evaluation: 50 MB, some 10 ms


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Model:
    """What does not depend on theta: K effects in each of G levels. Arrays lie with the rows last."""

    layout: Layout
    widths: tuple[int, ...]  # columns of each term of lme4's, of which the pieces of a `diag()` are one
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
    """The criterion of lme4's raw theta; None for several grouping factors, or for too much data.

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
    levels = len(first.levels)
    Z = np.ascontiguousarray(np.hstack([term.Z for term in design.random]).T, dtype=np.float64)
    X = np.ascontiguousarray(design.X.T, dtype=np.float64)
    y = design.y if design.offset is None else design.y - design.offset
    right = np.vstack([X, y[None, :]])
    U, right = (Z, right) if root is None else (Z * root, right * root)
    K = len(Z)
    return _Model(
        layout=layout_of(design.random),
        widths=tuple(sum(term.Z.shape[1] for term in unit) for unit in lme4_units(design.random)),
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
        VtV=gram(right[:p]),
        Vtr=[_sum(column * right[p]) for column in right[:p]],
        nu=n - p if reml else n,
        reml=reml,
        sum_log_weights=0.0 if design.weights is None else _sum(np.log(design.weights)),
        first_order=backward_order(K, first=True),
        order=backward_order(K, first=False),
    )


def _evaluate(model: _Model, theta: Array) -> float:
    """ldL2 + ldRX2 - sum(log w) + nu (1 + log(2 pi pwrss / nu)), as lmerResp::Laplace adds it up."""
    factors = model.layout.factors(theta)
    K, p = len(model.Z), len(model.X)
    products = _cross_products(model, factors)
    L = factor_levels(products[:, :K])
    solved = forward(L, products[:, K:])
    RX, left = _fixed_factor(model, solved)
    beta = solve_fixed(RX, left)
    u = _spherical_effects(model, L, solved[:, p] - _combine(solved.swapaxes(0, 1), beta))
    pwrss = _squares(_residuals(model, factors, beta, u)) + _squares(_in_lme4_order(u, model.widths))
    value = _sum_logs([d * d for d in diagonal(L).T.ravel().tolist()])
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


def _spherical_effects(model: _Model, L: Array, right: Array) -> Array:
    """u = L'^-1 right, (K, G)."""
    u = backward(L, right, model.order)
    if model.first_order != model.order:
        u[:, :1] = backward(L[:, :, :1], right[:, :1], model.first_order)
    return u


def _fixed_factor(model: _Model, solved: Array) -> tuple[Matrix, list[float]]:
    """The lower factor of X'WX - RZX'RZX, (p, p), and X'Wy - RZX'cu."""
    p = len(model.X)
    if p == 0:
        return [], []
    # RZX and cu lie in CHOLMOD's order. With two columns or more in C order, NumPy adds row after row.
    rows = np.ascontiguousarray(solved.transpose(2, 0, 1).reshape(-1, p + 1))
    S = model.VtV.copy()
    for start, stop in panels(len(rows)):
        panel = rows[start:stop]
        S -= [np.add.reduce(panel * panel[:, i : i + 1], axis=0)[:p] for i in range(p)]
    explained = np.add.reduce(rows * rows[:, p:], axis=0).tolist()
    left = [a - b for a, b in zip(model.Vtr, explained, strict=False)]
    return cholesky(S), left


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


def _squares(values: Array) -> float:
    return _sum(values * values)


def _sum(values: Array) -> float:
    """Add from the first to the last; NumPy's own sum goes in pairs."""
    return float(np.add.accumulate(values)[-1])


def _sum_logs(values: list[float]) -> float:
    total = 0.0
    for value in values:
        total += _log(value)
    return total


def _log(x: float) -> float:
    """The C library's logarithm; NumPy's may differ in the last bit."""
    return math.log(x) if x > 0.0 else -math.inf if x == 0.0 else math.nan
