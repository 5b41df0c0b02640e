"""The criterion with lme4's rounding errors, for models in which they decide where lme4 stops.

lme4 works on cross-products of the user's columns. The fixed effects' factor comes from a difference,

    RX'RX = X'WX - RZX'RZX,        RZX = L^-1 Lambda'Z'WX,        LL' = Lambda'Z'WZ Lambda + I,

and with a slope in microseconds both sides are of size 1e15 while what is left is of size 10: one digit.
lme4's criterion is then off by whole deviance units, and the path of its optimiser, the point where it
stops, or the error it stops with ("Downdated VtV is not positive definite") follow from that. Our own
engine has no such errors, so it cannot say what lme4 does there; this module can. It repeats lme4's
operations in lme4's order: within a grouping factor element by element, without fused multiply-add, as
CHOLMOD's simplicial factorisation does.

Where nothing cancels, both criteria agree to rounding error, and the engine's is to be preferred: this one
goes through all rows at every evaluation.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mmtriage.engine.theta import factors_of_theta

Array = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int64]
Block = tuple[Codes, Array]  # level of each row (n,), the term's columns (n, k)
Objective = Callable[[Array], float]

DOWNDATE_MESSAGE = "Downdated VtV is not positive definite"
HARMLESS_SIZE = 1e3  # columns smaller than this square to less than a third of the digits of a double
NOTICEABLE_LOSS = 1e-9  # relative rounding error of RX'RX from which lme4's path may part from the exact one
LARGEST_DENSE = 1_000  # random effects, where several grouping factors need a dense factorisation


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Rows:
    """The weighted rows of the model: what lme4 calls V, Ut and the residual."""

    y: Array  # (n,) offset taken off
    X: Array  # (n, p)
    blocks: tuple[Block, ...]
    nu: int  # divisor of the residual sum of squares
    reml: bool
    sum_log_weights: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Eliminated:
    """The random effects eliminated at one theta."""

    logdet: float  # log det LL'
    RZX: Array  # (q, p)
    cu: Array  # (q,) L^-1 Lambda'Z'Wy
    fitted: Callable[[Array], Array]  # spherical random effects L' u = . (q,) -> Z Lambda u (n,)
    spherical: Callable[[Array], Array]  # (q,) -> u (q,): solves L' u = .


def lme4_objective(
    y: Array,
    X: Array,
    blocks: Sequence[Block],
    *,
    reml: bool,
    weights: Array | None = None,
    offset: Array | None = None,
) -> Objective | None:
    """The criterion of lme4's raw theta in lme4's arithmetic; LinAlgError where lme4 stops.

    None where that is out of reach: several grouping factors with more than LARGEST_DENSE random effects.
    """
    rows = _weighted_rows(y, X, blocks, reml=reml, weights=weights, offset=offset)
    one_factor = all(np.array_equal(codes, blocks[0][0]) for codes, _ in blocks)
    if not one_factor and sum(_effects(block) for block in blocks) > LARGEST_DENSE:
        return None
    eliminate = _one_factor(rows) if one_factor else _dense(rows)
    return lambda theta: _criterion(rows, eliminate(theta))


def loses_digits(X: Array, blocks: Sequence[Block], theta: Array, weights: Array | None = None) -> bool:
    """Whether lme4's downdate at `theta` loses enough digits to be felt.

    The relative error of RX_jj^2 is about X'WX_jj eps / RX_jj^2.
    """
    columns = [X, *(Z for _, Z in blocks)]
    if max((float(np.max(np.abs(c), initial=0.0)) for c in columns), default=0.0) < HARMLESS_SIZE:
        return False
    rows = _weighted_rows(np.zeros(len(X)), X, blocks, reml=True, weights=weights, offset=None)
    one_factor = all(np.array_equal(codes, blocks[0][0]) for codes, _ in blocks)
    if not one_factor and sum(_effects(block) for block in blocks) > LARGEST_DENSE:
        return False
    try:
        RX = _fixed_factor(rows, (_one_factor(rows) if one_factor else _dense(rows))(theta))
    except np.linalg.LinAlgError:
        return True
    loss = np.sum(rows.X**2, axis=0) * np.finfo(float).eps / np.diag(RX) ** 2
    return bool(np.any(loss > NOTICEABLE_LOSS))


def _criterion(rows: _Rows, at: _Eliminated) -> float:
    """ldL2 + ldRX2 - sum(log w) + nu (1 + log(2 pi pwrss / nu)), pwrss from the residuals as lme4 has it."""
    RX = _fixed_factor(rows, at)
    left = rows.X.T @ rows.y - _product(at.RZX, at.cu[:, None])[:, 0]
    beta = np.linalg.solve(RX.T, np.linalg.solve(RX, left))
    u = at.spherical(at.cu - at.RZX @ beta)
    residual = rows.y - rows.X @ beta - at.fitted(u)
    pwrss = float(residual @ residual + u @ u)
    value = at.logdet - rows.sum_log_weights + rows.nu * (1.0 + np.log(2.0 * np.pi * pwrss / rows.nu))
    if rows.reml:
        value += 2.0 * float(np.sum(np.log(np.diag(RX))))
    return float(value)


def _fixed_factor(rows: _Rows, at: _Eliminated) -> Array:
    """Lower factor of X'X - RZX'RZX, (p, p): where lme4 loses its digits."""
    try:
        return np.asarray(np.linalg.cholesky(rows.X.T @ rows.X - _product(at.RZX, at.RZX)))
    except np.linalg.LinAlgError:
        raise np.linalg.LinAlgError(DOWNDATE_MESSAGE) from None


def _product(A: Array, B: Array) -> Array:
    """A'B, (a, b), summed from the first row to the last: BLAS would sum in pieces."""
    return np.array([[np.add.accumulate(a * b)[-1] for b in B.T] for a in A.T])


def _weighted_rows(
    y: Array,
    X: Array,
    blocks: Sequence[Block],
    *,
    reml: bool,
    weights: Array | None,
    offset: Array | None,
) -> _Rows:
    n, p = X.shape
    root = np.ones(n) if weights is None else np.sqrt(weights)
    return _Rows(
        y=root * (y if offset is None else y - offset),
        X=root[:, None] * X,
        blocks=tuple((codes, root[:, None] * Z) for codes, Z in blocks),
        nu=n - p if reml else n,
        reml=reml,
        sum_log_weights=0.0 if weights is None else float(np.sum(np.log(weights))),
    )


def _effects(block: Block) -> int:
    codes, Z = block
    return _levels(codes) * int(Z.shape[1])


def _levels(codes: Codes) -> int:
    return int(codes.max()) + 1


def _one_factor(rows: _Rows) -> Callable[[Array], _Eliminated]:
    """One grouping factor: LL' is block diagonal, and every operation runs over all G levels at once."""
    sizes = [Z.shape[1] for _, Z in rows.blocks]
    codes = rows.blocks[0][0]
    Z = np.hstack([block for _, block in rows.blocks])
    K, G, p = Z.shape[1], _levels(codes), rows.X.shape[1]
    right = np.column_stack([rows.X, rows.y])

    def eliminate(theta: Array) -> _Eliminated:
        # row by row and not from Z'Z, as lme4: where columns cancel, the order of these two products tells
        ZL = _times_lower(Z, _block_diagonal(factors_of_theta(theta, sizes)))
        L = _factor_levels(_level_products(ZL, ZL, codes, G) + np.eye(K))
        solved = _forward_levels(L, _level_products(ZL, right, codes, G))

        def spherical(right_side: Array) -> Array:
            return _backward_levels(L, right_side.reshape(G, K)).reshape(-1)

        def fitted(u: Array) -> Array:
            return np.asarray(np.sum(ZL * u.reshape(G, K)[codes], axis=1))

        return _Eliminated(
            logdet=2.0 * float(np.sum(np.log(np.diagonal(L, axis1=1, axis2=2)))),
            RZX=solved[:, :, :p].reshape(G * K, p),
            cu=solved[:, :, p].reshape(G * K),
            fitted=fitted,
            spherical=spherical,
        )

    return eliminate


def _times_lower(Z: Array, Lambda: Array) -> Array:
    """Z Lambda, (n, K), element by element."""
    product = np.zeros_like(Z)
    for i, j in zip(*np.nonzero(np.tril(Lambda)), strict=True):
        product[:, j] += Z[:, i] * Lambda[i, j]
    return product


def _level_products(A: Array, B: Array, codes: Codes, G: int) -> Array:
    """A_g' B_g for every level g, (G, a, b), summed from the first row to the last."""
    products = np.empty((G, A.shape[1], B.shape[1]))
    for i in range(A.shape[1]):
        for j in range(B.shape[1]):
            products[:, i, j] = np.bincount(codes, weights=A[:, i] * B[:, j], minlength=G)
    return products


def _factor_levels(S: Array) -> Array:
    """Lower Cholesky factors of S (G, K, K), element by element: LAPACK would fuse and reorder."""
    L = np.zeros_like(S)
    K = S.shape[1]
    for i in range(K):
        for j in range(i + 1):
            s = S[:, i, j].copy()
            for t in range(j):
                s -= L[:, i, t] * L[:, j, t]
            if i == j and not np.all(s > 0.0):
                raise np.linalg.LinAlgError("Cholesky factorization failed")
            L[:, i, j] = np.sqrt(s) if i == j else s / L[:, j, j]
    return L


def _forward_levels(L: Array, B: Array) -> Array:
    """L_g^-1 B_g, (G, K, b)."""
    solved = np.empty_like(B)
    for i in range(L.shape[1]):
        s = B[:, i].copy()
        for t in range(i):
            s -= L[:, i, t, None] * solved[:, t]
        solved[:, i] = s / L[:, i, i, None]
    return solved


def _backward_levels(L: Array, b: Array) -> Array:
    """L_g'^-1 b_g, (G, K)."""
    solved = np.empty_like(b)
    K = L.shape[1]
    for i in reversed(range(K)):
        s = b[:, i].copy()
        for t in range(i + 1, K):
            s -= L[:, t, i] * solved[:, t]
        solved[:, i] = s / L[:, i, i]
    return solved


def _dense(rows: _Rows) -> Callable[[Array], _Eliminated]:
    """Several grouping factors: one dense (q, q) factorisation, not in CHOLMOD's order of elimination."""
    sizes = [Z.shape[1] for _, Z in rows.blocks]
    levels = [_levels(codes) for codes, _ in rows.blocks]
    Z = np.hstack([_indicator_columns(block) for block in rows.blocks])
    gram, cross, moments = Z.T @ Z, Z.T @ rows.X, Z.T @ rows.y

    def eliminate(theta: Array) -> _Eliminated:
        factors = factors_of_theta(theta, sizes)
        Lambda = _block_diagonal(
            [
                np.asarray(np.kron(np.eye(G), F), dtype=np.float64)
                for G, F in zip(levels, factors, strict=True)
            ]
        )
        L = np.linalg.cholesky(Lambda.T @ gram @ Lambda + np.eye(len(gram)))
        return _Eliminated(
            logdet=2.0 * float(np.sum(np.log(np.diag(L)))),
            RZX=np.linalg.solve(L, Lambda.T @ cross),
            cu=np.linalg.solve(L, Lambda.T @ moments),
            fitted=lambda u: np.asarray(Z @ (Lambda @ u)),
            spherical=lambda right_side: np.linalg.solve(L.T, right_side),
        )

    return eliminate


def _indicator_columns(block: Block) -> Array:
    """Z of one term, (n, G k): level-major, its k columns fastest."""
    codes, Z = block
    n, k = Z.shape
    full = np.zeros((n, _levels(codes), k))
    full[np.arange(n), codes] = Z
    return full.reshape(n, -1)


def _block_diagonal(blocks: Sequence[Array]) -> Array:
    q = sum(len(block) for block in blocks)
    full = np.zeros((q, q))
    position = 0
    for block in blocks:
        stop = position + len(block)
        full[position:stop, position:stop] = block
        position = stop
    return full
