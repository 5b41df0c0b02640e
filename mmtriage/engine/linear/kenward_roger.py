"""Kenward and Roger's standard errors and degrees of freedom, as pbkrtest has them.

V is linear in the variances: V = V_r sigma^2 with V_r = sum_i gamma_i G_i, where the G_i are the
Z_a Z_b' + Z_b Z_a' of each entry of each S_t, and the identity. With B_i = X'V^-1 G_i V^-1 X
(-P_i of pbkrtest), Phi = (X'V^-1 X)^-1 and

    Q_ij = X'V^-1 G_i V^-1 G_j V^-1 X,
    W = 2 [tr(V^-1 G_i V^-1 G_j) - 2 tr(Phi Q_ij) + tr(Phi B_i Phi B_j)]^-1,

the adjusted covariance of beta is Phi + 2 Phi [sum_ij W_ij (Q_ij - B_i Phi B_j)] Phi, and of one coefficient,
l, df = 2 / sum_ij W_ij c_i c_j with c_i = l'Phi B_i Phi l / l'Phi l (Kenward & Roger 1997, Biometrics 53,
section 3, where both of their A are this sum; Halekoh & Hojsgaard 2014, JSS 59(9)). V is not linear in
theta, but W is the same in any coordinates of S: these are the orthonormal ones. Of a structured covariance
the G_i are those of the parts that it is a combination of; where it is none, as ar1, there is no method.

No matrix here has a side of n: with N = Lambda M^-1 Lambda' and U = I - N A,

    Z'V^-1 Z = A U,   Z'V^-2 Z = U'A U,   V^-1 X = X - Z K,  K = N Z'X,   Z'V^-1 X = Z'X - A K,

all relative to sigma^2, which cancels. The (q, q) matrices are dense.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.linalg import cho_factor, cho_solve, solve_triangular

from mmtriage.arrays import Array
from mmtriage.engine.linear.likelihood import LinearLikelihood
from mmtriage.engine.structures.unstructured import Unstructured

MOST_EFFECTS = 3000  # random effects, q, up to which dense (q, q) matrices are made: 72 MB each, some seconds
DETERMINED = (
    1e-10  # relative eigenvalue of the information below which it is inverted on its range, as pbkrtest does
)

# Columns a and b of one term, as rows of (q, ...) arrays, and a weight: G = w Z_a Z_b'. An entry of S has one
# or two of them, a part of a structured S one for each of its entries.
Pair = tuple[slice, slice, float]


@dataclass(frozen=True, slots=True, eq=False)
class KenwardRoger:
    """Kenward and Roger's inference on each coefficient."""

    se: Array  # (p,) adjusted, in the user's units
    df: Array  # (p,)


def kenward_roger(likelihood: LinearLikelihood, factors: Sequence[Array]) -> KenwardRoger | None:
    """At `factors`, in orthonormal coordinates; None where there are more than `MOST_EFFECTS`.

    None of a covariance, too, in the parameters of which V is not linear.
    """
    if not likelihood.layout.is_linear or likelihood.blocks.q > MOST_EFFECTS:
        return None
    at = likelihood.evaluate(factors)
    parts = _parts(likelihood, factors)
    Phi = np.linalg.inv(parts.XVX)
    B = np.array([parts.once(i) for i in parts.entries])
    Q = np.array([[parts.twice(i, j) for j in parts.entries] for i in parts.entries])
    traces = np.array([[parts.trace(i, j) for j in parts.entries] for i in parts.entries])
    PhiB = Phi @ B
    information = traces - 2.0 * np.einsum("ab,ijba->ij", Phi, Q) + np.einsum("iab,jba->ij", PhiB, PhiB)
    W = 2.0 * _inverse(information)
    surplus = np.einsum("ij,ijab->ab", W, Q) - np.einsum("ij,iab,jbc->ac", W, B, PhiB)
    adjusted = Phi + 2.0 * Phi @ (0.5 * (surplus + surplus.T)) @ Phi
    p = likelihood.p
    to_user = solve_triangular(
        likelihood.basis.fixed.R[:p, :p], np.eye(p)
    )  # rows are the user's coefficients
    lPhi = to_user @ Phi
    c = np.einsum("la,iab,lb->li", lPhi, B, lPhi) / np.einsum("la,la->l", lPhi, to_user)[:, None]
    variances = np.einsum("la,ab,lb->l", to_user, adjusted, to_user)
    return KenwardRoger(
        se=likelihood.sigma(at) * np.sqrt(variances), df=2.0 / np.einsum("li,ij,lj->l", c, W, c)
    )


@dataclass(frozen=True, eq=False)
class _Parts:
    """Products of V^-1 with X and Z; an entry of S is a tuple of pairs, the residual variance none."""

    XVX: Array  # (p, p) X'V^-1 X
    XVVX: Array  # (p, p) X'V^-2 X
    XVVVX: Array  # (p, p) X'V^-3 X
    ZVX: Array  # (q, p)
    ZVVX: Array  # (q, p)
    ZVZ: Array  # (q, q)
    ZVVZ: Array  # (q, q)
    trace_VV: float  # tr V^-2
    entries: tuple[tuple[Pair, ...], ...]

    def once(self, i: tuple[Pair, ...]) -> Array:
        """X'V^-1 G_i V^-1 X."""
        if not i:
            return self.XVVX
        return sum((w * (self.ZVX[a].T @ self.ZVX[b]) for a, b, w in i), np.zeros_like(self.XVX))

    def twice(self, i: tuple[Pair, ...], j: tuple[Pair, ...]) -> Array:
        """X'V^-1 G_i V^-1 G_j V^-1 X."""
        if not i and not j:
            return self.XVVVX
        if not i:
            return self.twice(j, i).T
        if not j:
            return sum((w * (self.ZVX[a].T @ self.ZVVX[b]) for a, b, w in i), np.zeros_like(self.XVX))
        products = (v * w * (self.ZVX[a].T @ self.ZVZ[b, c] @ self.ZVX[d]) for a, b, v in i for c, d, w in j)
        return sum(products, np.zeros_like(self.XVX))

    def trace(self, i: tuple[Pair, ...], j: tuple[Pair, ...]) -> float:
        """tr(V^-1 G_i V^-1 G_j)."""
        if not i and not j:
            return self.trace_VV
        if not i or not j:
            return float(sum(w * np.trace(self.ZVVZ[b, a]) for a, b, w in i or j))
        return float(sum(v * w * np.vdot(self.ZVZ[d, a], self.ZVZ[c, b]) for a, b, v in i for c, d, w in j))


def _parts(likelihood: LinearLikelihood, factors: Sequence[Array]) -> _Parts:
    Lambda = likelihood.evaluate(factors).Lambda
    A, C, p, q = likelihood.A.toarray(), likelihood.C[:, : likelihood.p], likelihood.p, likelihood.blocks.q
    M = Lambda.transposed(Lambda.transposed(A).T) + np.eye(q)
    N = Lambda.times(Lambda.times(cho_solve(cho_factor(M, lower=True), np.eye(q))).T)
    NA, K = N @ A, N @ C
    ZVZ = A - A @ NA
    ZVX = C - A @ K
    XVX = np.eye(p) - C.T @ K
    XVVX = XVX - K.T @ ZVX
    return _Parts(
        XVX=XVX,
        XVVX=XVVX,
        XVVVX=XVVX - ZVX.T @ N @ ZVX,
        ZVX=ZVX,
        ZVVX=ZVX - NA.T @ ZVX,
        ZVZ=ZVZ,
        ZVVZ=ZVZ - NA.T @ ZVZ,
        trace_VV=likelihood.n - 2.0 * float(np.trace(NA)) + float(np.vdot(NA.T, NA)),
        entries=(*_entries(likelihood), ()),
    )


def _entries(likelihood: LinearLikelihood) -> Iterator[tuple[Pair, ...]]:
    """The parts of every S_t; columns that are no direction of their own are left out."""
    for block, rows in likelihood.blocks.with_rows():
        for term, where in zip(block.terms, block.slices, strict=True):
            first = rows.start + where.start
            columns = [
                slice(first + i, rows.stop, block.width) for i in range(likelihood.basis.terms[term].rank)
            ]
            structure = likelihood.layout.structures[term]
            if isinstance(structure, Unstructured):
                yield from _triangle(columns)
                continue
            parts, R = structure.parts, likelihood.basis.terms[term].R
            assert parts is not None
            for M in R @ parts @ R.T:
                pairs = ((columns[i], columns[j], float(w)) for (i, j), w in np.ndenumerate(M))
                yield tuple(pair for pair in pairs if pair[2] != 0.0)


def _triangle(columns: Sequence[slice]) -> Iterator[tuple[Pair, ...]]:
    """The entries of an unstructured S, whatever its coordinates."""
    for i, a in enumerate(columns):
        for b in columns[: i + 1]:
            yield ((a, a, 1.0),) if a == b else ((a, b, 1.0), (b, a, 1.0))


def _inverse(information: Array) -> Array:
    """Of the directions that the data determine; zero in the others."""
    root = np.sqrt(np.maximum(np.diag(information), np.finfo(float).tiny))
    values, vectors = np.linalg.eigh(information / np.outer(root, root))
    used = values > DETERMINED * values[-1]
    part = vectors[:, used] / root[:, None]
    inverse: Array = (part / values[used]) @ part.T
    return inverse
