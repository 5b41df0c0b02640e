"""Fronts: each cluster as one small dense matrix, those of equal padded shape stacked.

    [ M_CC      ]     C: the cluster's columns (c of them)
    [ M_BC  M_BB]     B: its border, the later columns it touches (b of them)

Clusters and borders are of units (`coupling.py`); here they become scalar columns, K of them for a level.
Sizes are rounded up to a few so that NumPy works on whole stacks of fronts at once; q stands for padding.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.sparse import csr_array

from mmtriage.arrays import Index
from mmtriage.engine.algebra.coupling import Clusters

Ragged = tuple[Index, Index]  # indices and row pointers, as in a CSR matrix

PAIR_COST = 150.0  # scattering one border pair, in BLAS multiply-adds
SMALL_PANEL = 20_000  # entries below which a border spanning the root is always the cheaper choice
BORDER_SIZES = np.unique(np.rint(2.0 ** np.arange(0, 24, 0.25)).astype(np.int64))


class Stack(NamedTuple):
    """Fronts of equal padded shape, as scalar column numbers; q where padded."""

    columns: Index  # (N, c)
    border: Index  # (N, b)


def stacked_fronts(stage: Clusters, starts: Index, widths: Index, root_start: int) -> list[Stack]:
    """Scalar columns and borders of the stage's fronts, stacked by padded shape."""
    q = int(starts[-1])
    columns = _scalars(stage.units, starts, widths)
    borders = _scalars(stage.border, starts, widths)
    if _root_is_cheaper(columns, borders, root_start, q):
        borders = _whole_root(len(columns[1]) - 1, root_start, q)
    c = np.diff(columns[1])
    b = np.diff(borders[1])
    c_padded = BORDER_SIZES[np.searchsorted(BORDER_SIZES, c)] if len(np.unique(c)) > 3 else c
    b_padded = np.where(b > 0, BORDER_SIZES[np.searchsorted(BORDER_SIZES, np.maximum(b, 1))], 0)
    if len(np.unique(b)) <= 3:
        b_padded = b
    shapes, where = np.unique(np.column_stack([c_padded, b_padded]), axis=0, return_inverse=True)
    where = where.ravel()
    result = []
    for s, (width, height) in enumerate(shapes):
        fronts = np.flatnonzero(where == s)
        result.append(
            Stack(_padded(columns, fronts, int(width), q), _padded(borders, fronts, int(height), q))
        )
    return result


def _root_is_cheaper(columns: Ragged, borders: Ragged, root_start: int, q: int) -> bool:
    """Whether one matrix product with the whole root beats scattering each front's border pairs."""
    d = q - root_start
    if d == 0 or not len(borders[0]) or borders[0].min() < root_start:
        return False
    scattered = float(np.sum(np.diff(borders[1]).astype(np.float64) ** 2)) * PAIR_COST
    multiplied = float(len(columns[0])) * d**2
    return len(columns[0]) * d <= SMALL_PANEL or multiplied < scattered


def _whole_root(n_fronts: int, root_start: int, q: int) -> Ragged:
    d = q - root_start
    return np.tile(np.arange(root_start, q), n_fronts), np.arange(0, n_fronts * d + 1, d)


def _scalars(pattern: csr_array, starts: Index, widths: Index) -> Ragged:
    """Indices and row pointers of a units pattern, expanded to scalar columns in ascending order."""
    pattern.sort_indices()
    units = pattern.indices
    width = widths[units]
    ends = np.cumsum(width)
    total = int(ends[-1]) if len(ends) else 0
    within = np.arange(total) - np.repeat(ends - width, width)
    scalars = np.repeat(starts[units], width) + within
    pointers = np.concatenate([[0], ends])[pattern.indptr]
    return scalars.astype(np.int64), pointers.astype(np.int64)


def _padded(ragged: Ragged, rows: Index, width: int, fill: int) -> Index:
    indices, pointers = ragged
    starts = pointers[rows]
    lengths = pointers[rows + 1] - starts
    grid = np.arange(width)
    inside = grid < lengths[:, None]
    out = np.full((len(rows), width), fill, dtype=np.int64)
    out[inside] = indices[(starts[:, None] + grid)[inside]]
    return out
