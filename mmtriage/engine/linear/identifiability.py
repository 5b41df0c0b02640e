"""Structural identifiability: what this design can never tell apart, whatever the response.

The null space of the Gram matrix of the variance components (`moments.py`): a combination of
covariance entries, and perhaps the residual variance, that leaves the distribution of the response
unchanged once the fixed effects are projected out. Judged on unit diagonal, so units do not matter.

Of a structured covariance only those changes of its entries count that its parameters make
(`component_space.py`). The Gram matrix speaks of a term's independent columns only. Where Z n = 0 for some
n (a column twice, in two units; the intercept beside all levels of a factor), any S + n c' + c n' is as
good as S as well.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.linalg import qr

from mmtriage.arrays import Array
from mmtriage.engine.algebra.coordinates import TermBasis
from mmtriage.engine.linear.component_space import parameter_space
from mmtriage.engine.linear.likelihood import LinearLikelihood
from mmtriage.engine.linear.moments import NO_INFORMATION, ComponentGram

NULL_EIGENVALUE = 1e-10  # of the Gram matrix on unit diagonal: below, nothing is left but rounding
NEGLIGIBLE = 1e-6  # coefficient of a null direction that is rounding


@dataclass(frozen=True, slots=True)
class NullPart:
    """One entry of a null direction; `term` is None for the residual variance."""

    term: int | None
    a: int
    b: int
    coefficient: float


@dataclass(frozen=True, slots=True)
class NullDirection:
    """A change of the variance components, in the user's units, that changes nothing observable.

    Its largest part is +1.
    """

    parts: tuple[NullPart, ...]
    absorbed: bool  # a single component that is in the data, and that the fixed effects absorb altogether

    @property
    def terms(self) -> tuple[int, ...]:
        """The random terms concerned."""
        return tuple(dict.fromkeys(part.term for part in self.parts if part.term is not None))

    @property
    def includes_residual(self) -> bool:
        """Whether the residual variance is part of it."""
        return any(part.term is None for part in self.parts)


def null_directions(
    likelihood: LinearLikelihood, gram: ComponentGram, *, residual_free: bool = True
) -> tuple[NullDirection, ...]:
    """Null directions of a design, one for each cause; empty when the model is identifiable.

    The residual variance takes no part where it is known (`residual_free` is False).
    """
    space = parameter_space(likelihood, gram)
    K, unprojected = space.gram(gram.K), space.sizes(gram.unprojected)
    diagonal = np.diag(K)
    lost = diagonal <= NO_INFORMATION * unprojected
    kept = np.flatnonzero(~lost & (residual_free | (np.arange(len(lost)) > 0)))
    # A covariance of two columns that are never both at work in one level is not in the data to begin with.
    present = unprojected > NO_INFORMATION * np.max(unprojected)
    scale = np.sqrt(diagonal[kept])
    eigenvalues, vectors = np.linalg.eigh(K[np.ix_(kept, kept)] / np.outer(scale, scale))
    directions = [
        NullDirection(
            _parts(likelihood, gram, space.components(_unit(len(diagonal), i))), absorbed=bool(present[i])
        )
        for i in np.flatnonzero(lost).tolist()
    ]
    directions += [NullDirection(parts, False) for parts in _dependent_columns(likelihood)]
    null = vectors[:, eigenvalues < NULL_EIGENVALUE] / scale[:, None]
    for column in _sparse_basis(null):
        full = np.zeros(len(diagonal))
        full[kept] = column
        directions.append(NullDirection(_parts(likelihood, gram, space.components(full)), False))
    return tuple(directions)


def _unit(size: int, index: int) -> Array:
    vector = np.zeros(size)
    vector[index] = 1.0
    return vector


def _sparse_basis(null: Array) -> list[Array]:
    """A basis of the same space in echelon form: each vector speaks of as few components as possible."""
    if not null.shape[1]:
        return []
    _, _, pivots = qr(null.T, pivoting=True, mode="economic")
    lead = pivots[: null.shape[1]]
    return list(np.linalg.solve(null[lead].T, null.T))


def _parts(likelihood: LinearLikelihood, gram: ComponentGram, vector: Array) -> tuple[NullPart, ...]:
    """A direction over the Gram's components as entries of the terms' covariances in the user's columns."""
    changes = [np.zeros((k, k)) for k in likelihood.widths]
    for component, value in zip(gram.components, vector[1:], strict=True):
        changes[component.term][component.a, component.b] = value
        changes[component.term][component.b, component.a] = value
    largest = np.max(np.abs(vector))
    found = [] if abs(vector[0]) <= NEGLIGIBLE * largest else [NullPart(None, 0, 0, float(vector[0]))]
    for t, (change, basis) in enumerate(zip(changes, likelihood.basis.terms, strict=True)):
        threshold = NEGLIGIBLE * max(np.max(np.abs(change)), largest * NEGLIGIBLE)
        found += _entries(t, basis.inverse @ change @ basis.inverse.T, _column_sizes(basis), threshold)
    return _normalized(found)


def _dependent_columns(likelihood: LinearLikelihood) -> Iterator[tuple[NullPart, ...]]:
    """`n n'` for each n with Z n = 0; every `n c' + c n'` is one too, but n n' names the columns at fault."""
    for t, basis in enumerate(likelihood.basis.terms):
        k = len(basis.R)
        if basis.rank == k:
            continue
        is_independent = np.any(basis.inverse != 0.0, axis=1)
        identity = np.eye(k)
        sizes = _column_sizes(basis)
        for j in np.flatnonzero(~is_independent):
            n = identity[j] - basis.inverse @ basis.R[:, j]
            largest = float(np.max(np.abs(n) * sizes)) ** 2
            yield _normalized(_entries(t, np.outer(n, n), sizes, NEGLIGIBLE * largest))


def _entries(term: int, change: Array, sizes: Array, threshold: float) -> list[NullPart]:
    """The entries of a change (k, k) in the user's columns that are more than rounding, per average row."""
    weighed = np.abs(change) * np.outer(sizes, sizes)
    return [
        NullPart(term, a, b, float(change[a, b]))
        for a in range(len(change))
        for b in range(a + 1)
        if weighed[a, b] > threshold
    ]


def _column_sizes(basis: TermBasis) -> Array:
    """Root mean square of a term's columns, (k,); one for a column of zeros."""
    sizes = np.sqrt(np.sum(basis.R**2, axis=0))
    return np.where(sizes > 0.0, sizes, 1.0)


def _normalized(parts: Sequence[NullPart]) -> tuple[NullPart, ...]:
    if not parts:
        return ()
    largest = max(abs(part.coefficient) for part in parts)
    # Of equally large parts the last is made +1, so that rounding does not decide about signs.
    lead = [p.coefficient for p in parts if abs(p.coefficient) >= (1.0 - NEGLIGIBLE) * largest][-1]
    return tuple(NullPart(p.term, p.a, p.b, p.coefficient / lead) for p in parts)
