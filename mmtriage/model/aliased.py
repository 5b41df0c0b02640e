"""Which columns of X are aliased: R's limited-pivoting QR (LINPACK dqrdc2), tolerance 1e-7, as lme4 uses it.

Columns are taken from left to right; one whose residual norm, after projection on the columns kept so far,
has fallen below the tolerance times its own norm is moved to the end. So of aliased columns the later ones
are dropped.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mmtriage.arrays import Array

RANK_TOLERANCE = 1e-7  # lme4: tol = 1e-7 in chkRank.drop.cols
_NEGLIGIBLE = 1e-9  # a contribution below this share of the dropped column's norm is rounding


@dataclass(frozen=True, slots=True, kw_only=True)
class DroppedColumn:
    """A fixed-effect column that is a linear combination of columns kept."""

    name: str
    depends_on: tuple[tuple[str, float], ...]  # (kept column, coefficient); empty for a column of zeros


def independent_columns(R: Array) -> list[int]:
    """Indices of the columns lme4 keeps, ascending; R is the triangular factor of X."""
    columns, norms = _normalized(R)
    # Until a column is dropped, |R_jj| is its residual norm and the unit vectors are the basis.
    independent = np.abs(np.diag(columns)) >= RANK_TOLERANCE
    first = len(independent) if independent.all() else int(np.argmin(independent))
    kept = list(range(first))
    orthonormal = np.empty((R.shape[0], min(R.shape)), order="F")
    orthonormal[:, :first] = np.eye(R.shape[0], first)
    for j in range(first, R.shape[1]):
        spanned = orthonormal[:, : len(kept)]
        residual = columns[:, j]
        for _ in range(2):  # the second pass removes what rounding left of the first
            residual = residual - spanned @ (spanned.T @ residual)
        norm = np.linalg.norm(residual)
        if norms[j] > 0 and norm >= RANK_TOLERANCE and len(kept) < R.shape[0]:
            orthonormal[:, len(kept)] = residual / norm
            kept.append(j)
    return kept


def dropped_columns(R: Array, names: Sequence[str], kept: Sequence[int]) -> tuple[DroppedColumn, ...]:
    """The columns not kept, each with the combination of kept columns that it equals."""
    lost = sorted(set(range(R.shape[1])) - set(kept))
    if not lost:
        return ()
    columns, norms = _normalized(R)
    shares, *_ = np.linalg.lstsq(columns[:, kept], columns[:, lost], rcond=None)
    return tuple(
        DroppedColumn(
            name=names[j],
            depends_on=tuple(
                (names[i], float(share * (norms[j] / norms[i])))
                for i, share in zip(kept, shares[:, position], strict=True)
                if abs(share) > _NEGLIGIBLE
            ),
        )
        for position, j in enumerate(lost)
    )


def _normalized(R: Array) -> tuple[Array, Array]:
    """Columns of length 1 (or 0) and their lengths, safe from overflow."""
    largest = np.abs(R).max(axis=0, initial=0.0)
    scaled = R / np.where(largest > 0, largest, 1.0)
    lengths = np.linalg.norm(scaled, axis=0)
    return scaled / np.where(lengths > 0, lengths, 1.0), lengths * largest
