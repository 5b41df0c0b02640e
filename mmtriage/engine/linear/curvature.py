"""Average information: cheap curvature of the criterion (Gilmour, Thompson & Cullis 1995).

With P as in `lmm.py` and A_x = dV/dx, the exact Hessian of the profiled criterion holds traces
`tr(P A_x P A_y)`; the average of observed and expected information replaces them by quadratic forms,

    H_xy = nu (y'P A_x P A_y P y / r2 - (y'P A_x P y)(y'P A_y P y) / r2^2),

which need one more solve with the factor already at hand. In the entries of F, where S = F F', the second
derivative of S adds `2 G_ac` for entries (a, b) and (c, b) of the same column: exact, and what drives a
variance to zero.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from mmtriage.arrays import Array
from mmtriage.engine.algebra.crossproducts import Block
from mmtriage.engine.optimum.faces import Face

if TYPE_CHECKING:  # they import this module
    from mmtriage.engine.linear.likelihood import Evaluation, LmmProblem

SMALLEST_DIVISOR = 1e-12  # relative SD below which G is not divided out of G F


def average_information(problem: LmmProblem, face: Face, at: Evaluation, gradient: Sequence[Array]) -> Array:
    """Approximate Hessian (m, m) in the parameters of `face` at an evaluated point.

    `gradient` is `problem.gradient(at)`.
    """
    whitened = problem.whitened(at)  # (q, p + 1): E and h
    h = whitened[:, -1]
    V = directions(problem.products.blocks, problem.plan.offsets, face, at.Lambda, h)
    H = problem.nu * (_quadratic_form(problem, at, whitened[:, :-1], V) - np.outer(V.T @ h, V.T @ h))
    add_same_column(H, face, problem.term_parts(at.Lambda), gradient)
    return 0.5 * (H + H.T)


def add_same_column(H: Array, face: Face, factors: Sequence[Array], gradient: Sequence[Array]) -> None:
    """Add to H (m, m) what the second derivative of S = F F' contributes: 2 G_ac within a column."""
    start = 0
    for term, F, D in zip(face.terms, factors, gradient, strict=True):
        stop = start + term.size
        G = _covariance_gradient(F, D)
        rows, columns = term.entries
        same_column = columns[:, None] == columns[None, :]
        H[start:stop, start:stop] += 2.0 * G[np.ix_(rows, rows)] * same_column
        start = stop


def directions(
    blocks: Sequence[Block], offsets: Sequence[int], face: Face, factors: Sequence[Array], h: Array
) -> Array:
    """`dS h` for every parameter of the covariances, (q, m): dS = E_ab F' + F E_ab'."""
    m = face.size - face.n_free
    V = np.zeros((len(h), m))
    first = np.cumsum([0] + [term.size for term in face.terms])
    for block, offset, Lambda in zip(blocks, offsets, factors, strict=True):
        levels = h[offset : offset + block.size].reshape(block.n_levels, block.width)
        part = V[offset : offset + block.size].reshape(block.n_levels, block.width, m)
        for t, where in zip(block.terms, block.slices, strict=True):
            F, own = Lambda[where, where], levels[:, where]
            carried = own @ F  # (levels, k): F'h
            for x, (a, b) in enumerate(zip(*face.terms[t].entries, strict=True), start=int(first[t])):
                part[:, where.start + a, x] += carried[:, b]
                part[:, where, x] += own[:, a, None] * F[:, b]
    return V


def _quadratic_form(problem: LmmProblem, at: Evaluation, E: Array, V: Array) -> Array:
    """`V' Z'PZ V`, (m, m)."""
    AV = problem.A @ V
    half = at.factor.forward(problem.times(at.Lambda, AV, transposed=True))
    EV = E.T @ V
    form: Array = V.T @ AV - half.T @ half - EV.T @ EV
    return form


def _covariance_gradient(F: Array, D: Array) -> Array:
    """G (k, k) from D = 2 G F; directions in which F vanishes altogether are left at zero."""
    U, d, Vt = np.linalg.svd(F)
    inverse = np.where(d > SMALLEST_DIVISOR, 1.0 / np.maximum(d, SMALLEST_DIVISOR), 0.0)
    G: Array = 0.5 * D @ (Vt.T * inverse) @ U.T
    return 0.5 * (G + G.T)
