"""Derivatives by the entries of F, where S = F F' is a term's covariance: of S, and of a criterion through S.

For the entry (a, b) of F, with E_ab the matrix that is 1 there and 0 elsewhere,

    dS = E_ab F' + F E_ab',    d2S by (a, b) and (c, b) = E_ac + E_ca,

and 0 for entries of different columns. The second derivative of S, times G = d criterion / d S, is what
drives a variance to zero: it is exact, however roughly the rest of a Hessian is known.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mmtriage.arrays import Array
from mmtriage.engine.algebra.relative_factor import RelativeFactor
from mmtriage.engine.optimum.faces import Face
from mmtriage.engine.structures.covariance_factor import CovarianceFactor


def add_same_column(H: Array, face: Face, factors: Sequence[Array], gradient: Sequence[Array]) -> None:
    """Add to H (m, m) what the second derivative of S = F F' contributes: 2 G_ac within a column."""
    start = 0
    for term, F, D in zip(face.terms, factors, gradient, strict=True):
        stop = start + term.size
        G = CovarianceFactor(F, len(F)).covariance_slope(D)
        rows, columns = term.entries
        same_column = columns[:, None] == columns[None, :]
        H[start:stop, start:stop] += 2.0 * G[np.ix_(rows, rows)] * same_column
        start = stop


def directions(face: Face, Lambda: RelativeFactor, h: Array) -> Array:
    """`dS h` for every parameter of the covariances, (q, m): dS = E_ab F' + F E_ab'."""
    m = face.size - face.n_free
    V = np.zeros((len(h), m))
    first = np.cumsum([0] + [term.size for term in face.terms])
    for (block, own_rows), L in zip(Lambda.blocks.with_rows(), Lambda.parts, strict=True):
        levels = h[own_rows].reshape(block.n_levels, block.width)
        part = V[own_rows].reshape(block.n_levels, block.width, m)
        for t, where in zip(block.terms, block.slices, strict=True):
            F, own = L[where, where], levels[:, where]
            carried = own @ F  # (levels, k): F'h
            for x, (a, b) in enumerate(zip(*face.terms[t].entries, strict=True), start=int(first[t])):
                part[:, where.start + a, x] += carried[:, b]
                part[:, where, x] += own[:, a, None] * F[:, b]
    return V
