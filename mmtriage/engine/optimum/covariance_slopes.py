"""Derivatives of a term's covariance S, and of a criterion through S, by the coordinates of a face.

Each term's face knows its own (`structures/interfaces.py`). The second derivative of S, times G = d
criterion / d S, is what drives a variance to zero: it is exact, however roughly the rest of a Hessian is
known.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mmtriage.arrays import Array
from mmtriage.engine.algebra.relative_factor import RelativeFactor
from mmtriage.engine.optimum.faces import Face


def add_bends(H: Array, face: Face, x: Array, factors: Sequence[Array], gradient: Sequence[Array]) -> None:
    """Add to H (m, m) what the second derivatives of S contribute; `gradient` is d criterion / d F."""
    start = 0
    for term, part, F, D in zip(face.terms, face.parts(x), factors, gradient, strict=True):
        stop = start + term.size
        H[start:stop, start:stop] += term.bend(part, F, D)
        start = stop


def directions(face: Face, x: Array, Lambda: RelativeFactor, h: Array) -> Array:
    """`dS h` for every parameter of the covariances, (q, m)."""
    m = face.size - face.n_free
    V = np.zeros((len(h), m))
    first = np.cumsum([0] + [term.size for term in face.terms]).tolist()
    parts = face.parts(x)
    for (block, own_rows), L in zip(Lambda.blocks.with_rows(), Lambda.parts, strict=True):
        levels = h[own_rows].reshape(block.n_levels, block.width)
        part = V[own_rows].reshape(block.n_levels, block.width, m)
        for t, where in zip(block.terms, block.slices, strict=True):
            own = part[:, where, first[t] : first[t + 1]]
            face.terms[t].carry(parts[t], L[where, where], levels[:, where], own)
    return V
