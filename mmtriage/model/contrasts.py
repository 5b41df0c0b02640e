"""Contrast matrices with R's column names: contr.treatment, contr.sum, contr.helmert, contr.poly."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from mmtriage.arrays import Array
from mmtriage.model.bases import orthogonal_polynomials

MAX_POLY_LEVELS = 95  # R's limit: beyond it contr.poly is numerically void


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Contrast:
    """How the levels of a factor become columns."""

    matrix: Array  # (levels, columns)
    names: tuple[str, ...]  # appended to the factor's name


def full_dummies(levels: Sequence[str]) -> Contrast:
    """One column per level."""
    return Contrast(matrix=np.eye(len(levels)), names=tuple(levels))


def treatment(levels: Sequence[str]) -> Contrast:
    """Each level against the first."""
    return Contrast(matrix=np.eye(len(levels))[:, 1:], names=tuple(levels[1:]))


def numbered_treatment(levels: Sequence[str]) -> Contrast:
    """As `treatment`, named by numbers: what `C(f, contr.treatment)` sets is the function's bare matrix."""
    return replace(treatment(levels), names=tuple(str(i) for i in range(2, len(levels) + 1)))


def sum_to_zero(levels: Sequence[str]) -> Contrast:
    """Each level but the last against the mean."""
    k = len(levels)
    return Contrast(matrix=np.vstack([np.eye(k - 1), -np.ones((1, k - 1))]), names=_numbered(k - 1))


def helmert(levels: Sequence[str]) -> Contrast:
    """Each level against the mean of those before it."""
    k = len(levels)
    row, column = np.indices((k, k - 1))
    matrix = np.where(row <= column, -1.0, np.where(row == column + 1, column + 1.0, 0.0))
    return Contrast(matrix=matrix, names=_numbered(k - 1))


def polynomial(levels: Sequence[str]) -> Contrast:
    """Orthogonal polynomials over the level numbers: linear, quadratic, cubic, ..."""
    k = len(levels)
    matrix = orthogonal_polynomials(np.arange(1.0, k + 1.0), k - 1)
    if matrix is None:
        raise AssertionError(f"contr.poly of {k} levels; the caller checks MAX_POLY_LEVELS")
    return Contrast(matrix=matrix, names=tuple([".L", ".Q", ".C", *(f"^{i}" for i in range(4, k))][: k - 1]))


CONTRASTS: dict[str, Callable[[Sequence[str]], Contrast]] = {
    "treatment": treatment,
    "sum": sum_to_zero,
    "helmert": helmert,
    "poly": polynomial,
}


CODINGS = {**CONTRASTS, "numbered treatment": numbered_treatment}  # what a factor can carry


def _numbered(count: int) -> tuple[str, ...]:
    return tuple(str(i) for i in range(1, count + 1))
