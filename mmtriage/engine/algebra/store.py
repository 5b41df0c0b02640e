"""The store: one flat vector that holds every entry of M = Lambda'A Lambda + I that can become nonzero.

    | front 0 | front 1 | ... | root | trash |

    front, a panel of (c + b) rows and c columns:          root (d, d):

        columns of the cluster                             columns from `root_start` on
      +------------------------+
    c | M_CC: both orders of   |                           both orders of every pair
      | every pair             |
      +------------------------+
    b | M_BC: border row,      |                           trash: one slot, which padding points at
      | cluster column         |
      +------------------------+

A pair of scalar columns is thus kept by the front that eliminates the earlier of the two, in the row of the
later one; by the root if neither is eliminated before it. M_BB has no place of its own in a front: its pairs
are those of later fronts, or of the root, and what a front takes off them is taken off there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Self

import numpy as np

from mmtriage.arrays import Index
from mmtriage.engine.algebra.fronts import Stack


@dataclass(frozen=True, slots=True, eq=False)
class Store:
    """Where every pair has its place. Scalar columns are numbered from 0, padding is q."""

    q: int
    root_start: int
    panels: tuple[int, ...]  # where the panels of each stack start
    root_position: int
    front: Index  # (q + 1,) the front that eliminates a column; -1 in the root
    column: Index  # (q + 1,) its place among that front's columns
    base: Index  # (fronts,) where a panel starts
    width: Index  # (fronts,) c
    row_keys: Index  # front * (q + 1) + scalar column, ascending, of every row of every panel
    row_places: Index  # the place of that row in its panel

    @classmethod
    def of(cls, stacks: Sequence[Stack], q: int, root_start: int) -> Self:
        """Lay out the panels of all fronts, in order of elimination, then the root."""
        counts = [len(columns) for columns, _ in stacks]
        sizes = [n * (c + b) * c for n, c, b in map(_shape, stacks)]
        panels = tuple(accumulate(sizes[:-1], initial=0)) if stacks else ()
        numbers = np.split(np.arange(sum(counts)), np.cumsum(counts)[:-1]) if stacks else []
        front = np.full(q + 1, -1, dtype=np.int64)
        column = np.zeros(q + 1, dtype=np.int64)
        for (columns, _), fronts in zip(stacks, numbers, strict=True):
            front[columns] = fronts[:, None]
            column[columns] = np.arange(columns.shape[1])
        front[q] = -1
        keys, places = _panel_rows(stacks, numbers, q)
        return cls(
            q=q,
            root_start=root_start,
            panels=panels,
            root_position=sum(sizes),
            front=front,
            column=column,
            base=_joined(
                [
                    start + np.arange(n) * (c + b) * c
                    for start, (n, c, b) in zip(panels, map(_shape, stacks), strict=True)
                ]
            ),
            width=_joined([np.full(n, c) for n, c, _ in map(_shape, stacks)]),
            row_keys=keys,
            row_places=places,
        )

    @property
    def root_size(self) -> int:
        """Order d of the root."""
        return self.q - self.root_start

    @property
    def trash(self) -> int:
        """The slot that padding points at."""
        return self.root_position + self.root_size**2

    @property
    def size(self) -> int:
        """Length of the vector."""
        return self.trash + 1

    def positions(self, rows: Index, columns: Index) -> Index:
        """The places of pairs; `rows` and `columns` broadcast."""
        rows, columns = np.broadcast_arrays(rows, columns)
        low, high = np.minimum(rows, columns), np.maximum(rows, columns)
        out = np.full(low.shape, self.trash, dtype=np.int64)
        in_root = (low >= self.root_start) & (high < self.q)
        out[in_root] = self._in_root(rows[in_root], columns[in_root])
        in_panel = (low < self.root_start) & (high < self.q)
        out[in_panel] = self._in_panel(rows[in_panel], columns[in_panel])
        return out

    def _in_root(self, rows: Index, columns: Index) -> Index:
        place: Index = (rows - self.root_start) * self.root_size + (columns - self.root_start)
        return self.root_position + place

    def _in_panel(self, rows: Index, columns: Index) -> Index:
        # Inside one cluster both orders have their own place; otherwise the earlier column owns the pair.
        swap = (self.front[rows] != self.front[columns]) & (rows < columns)
        rows, columns = np.where(swap, columns, rows), np.where(swap, rows, columns)
        front = self.front[columns]
        found = np.searchsorted(self.row_keys, front * (self.q + 1) + rows)
        place: Index = self.row_places[found] * self.width[front] + self.column[columns]
        return self.base[front] + place


def _shape(stack: Stack) -> tuple[int, int, int]:
    """(N, c, b)."""
    return stack.columns.shape[0], stack.columns.shape[1], stack.border.shape[1]


def _panel_rows(stacks: Sequence[Stack], numbers: Sequence[Index], q: int) -> tuple[Index, Index]:
    """Keys of all rows of all panels, ascending, and their places; padding has none."""
    keys, places = [], []
    for (columns, border), fronts in zip(stacks, numbers, strict=True):
        rows = np.hstack([columns, border])
        real = rows < q
        keys.append((fronts[:, None] * (q + 1) + rows)[real])
        places.append(np.broadcast_to(np.arange(rows.shape[1]), rows.shape)[real])
    order = np.argsort(_joined(keys))
    return _joined(keys)[order], _joined(places)[order]


def _joined(parts: Sequence[Index]) -> Index:
    return np.concatenate(parts) if parts else np.zeros(0, dtype=np.int64)
