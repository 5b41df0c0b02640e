"""Symbolic analysis: in which order, and in what dense pieces, to factor `M = Lambda' Z'WZ Lambda + I`.

Levels are eliminated one grouping factor after another, the one with most levels first, in clusters of levels
that are coupled (`coupling.py`). Each cluster is one small dense front, and fronts of equal padded shape are
stacked in *buckets* (`fronts.py`), so that numpy works on all of them at once (the multifrontal method of
Duff & Reid 1983, with the assembly tree flattened into stages).

For nested factors every cluster is a single level and every border has one level per outer factor, so
nothing fills in however many levels there are. For crossed factors one cluster soon spans its whole
factor; from there on the remaining columns form one dense *root* that LAPACK factors.

All numbers lie in one flat vector, the store (`store.py`).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np

from mmtriage.arrays import Array, Index
from mmtriage.engine.algebra.coupling import clustered_stages
from mmtriage.engine.algebra.crossproducts import CrossProducts
from mmtriage.engine.algebra.fronts import Stack, stacked_fronts
from mmtriage.engine.algebra.store import Store
from mmtriage.errors import UnjudgedError
from mmtriage.system.limited import size_in_words
from mmtriage.system.memory import free_memory

LITTLE = 1e8  # bytes: who has no more, has failed before
NUMBER, COPIES_OF_ROOT = 8, 3  # bytes; the root, its factor and, for the gradient, its inverse
LARGEST_ROOT = 20_000  # columns of a dense root: 3.2 GB, and minutes for each evaluation beyond


@lru_cache(maxsize=64)
def _lower_triangle(size: int) -> tuple[Index, Index]:
    """Row and column numbers of the lower triangle, asked for at every factorization."""
    return np.tril_indices(size)


@dataclass(frozen=True, eq=False)
class Bucket:
    """Fronts of equal padded shape.

    `columns` (N, c) and `border` (N, b) hold scalar column numbers, with q where padded. `panel` is where the
    (N, c + b, c) panels start in the store. `pairs` (N, b, b) are the store positions of all pairs of border
    columns; it is empty when `spans_root`: then every border is the whole root and BLAS does the update.
    """

    columns: Index
    border: Index
    panel: int
    pairs: Index
    spans_root: bool
    identity: Index  # store positions of diagonal entries that only pad

    @cached_property
    def run(self) -> slice | None:
        """All its columns, where they follow one another."""
        flat = self.columns.ravel()
        return None if np.any(np.diff(flat) != 1) else slice(int(flat[0]), int(flat[-1]) + 1)

    @cached_property
    def flat_border(self) -> Index:
        """(N b,)."""
        return self.border.ravel()

    def columns_of(self, x: Array) -> Array:
        """The rows of x (q + 1, m) that its fronts eliminate, (N, c, m)."""
        n, c, _ = self.shape
        return x[self.columns] if self.run is None else x[self.run].reshape(n, c, x.shape[1])

    def put_columns(self, x: Array, head: Array) -> None:
        """Set the rows of x (q + 1, m) that its fronts eliminate to head (N, c, m)."""
        if self.run is None:
            x[self.columns] = head
        else:
            x[self.run] = head.reshape(x[self.run].shape)

    def take_from_border(self, x: Array, taken: Array) -> None:
        """Take (N, b, m) off the rows of x (q + 1, m) that stand in the borders."""
        if x.shape[1] == 1:  # many times faster than row by row
            np.subtract.at(x[:, 0], self.flat_border, taken.ravel())
        else:
            np.subtract.at(x, self.border, taken)

    @property
    def lower(self) -> tuple[Index, Index]:
        """Rows and columns of the lower triangle of (b, b)."""
        return _lower_triangle(self.border.shape[1])

    @cached_property
    def shape(self) -> tuple[int, int, int]:
        """(N, c, b)."""
        return self.columns.shape[0], self.columns.shape[1], self.border.shape[1]


@dataclass(frozen=True, slots=True, eq=False)
class Stage:
    """The fronts of one grouping factor: independent of each other.

    What its buckets take off later ones, border pair by border pair (lower triangles), one bucket after
    another, is summed by store position: `touched` lists those that occur, `places` where each pair's is
    among them.
    """

    buckets: tuple[Bucket, ...]
    touched: Index
    places: Index


@dataclass(frozen=True, eq=False)
class Plan:
    """The whole elimination."""

    q: int  # scalar columns
    stages: tuple[Stage, ...]  # in order of elimination
    root_start: int  # scalar columns from here on are the root
    root_position: int  # where the root's (d, d) matrix starts in the store
    store_size: int
    diagonal_positions: tuple[Index, ...]  # per block, (l, K, K)
    crossing_positions: tuple[Index, ...]  # per crossing, (N, K_row, K_col)
    row_block: Index  # the block of an entry's row, for every entry of `CrossProducts.entries`
    col_block: Index  # and that of its column

    @cached_property
    def buckets(self) -> tuple[Bucket, ...]:
        """All buckets, in order of elimination."""
        return tuple(bucket for stage in self.stages for bucket in stage.buckets)

    @cached_property
    def positions(self) -> Index:
        """Where the entries of Z'WZ have their places, in the order of `CrossProducts.entries`."""
        parts = [*self.diagonal_positions, *self.crossing_positions]
        return np.concatenate([part.ravel() for part in parts])

    @cached_property
    def unit(self) -> Index:
        """Which of those entries are on the diagonal of M."""
        places, start = [], 0
        for part in self.diagonal_positions:
            levels, K, _ = part.shape
            places.append(start + np.arange(levels)[:, None] * K * K + np.arange(K) * (K + 1))
            start += part.size
        return np.concatenate([part.ravel() for part in places])

    @property
    def root_size(self) -> int:
        """Order d of the root."""
        return self.q - self.root_start


def plan(products: CrossProducts) -> Plan:
    """Analyse the pattern of `products`; the numbers in it do not matter."""
    widths = np.concatenate([np.full(b.n_levels, b.width) for b in products.blocks])
    starts = np.concatenate([[0], np.cumsum(widths)])
    stages, first_root_unit = clustered_stages(products)
    root_start = int(starts[first_root_unit])
    _check_root(products, int(starts[-1]) - root_start)
    stacks = [stacked_fronts(stage, starts, widths, root_start) for stage in stages]
    store = Store.of([stack for stage in stacks for stack in stage], int(starts[-1]), root_start)
    panels = iter(store.panels)
    blocks = list(range(len(products.blocks)))
    sizes = [part.size for part in products.parts]
    return Plan(
        q=store.q,
        stages=tuple(_stage([_bucket(stack, next(panels), store) for stack in stage]) for stage in stacks),
        root_start=root_start,
        root_position=store.root_position,
        store_size=store.size,
        diagonal_positions=tuple(
            _block_positions(products, i, i, np.arange(b.n_levels), np.arange(b.n_levels), store)
            for i, b in enumerate(products.blocks)
        ),
        crossing_positions=tuple(
            _block_positions(products, c.row, c.col, c.row_level, c.col_level, store)
            for c in products.meetings
        ),
        row_block=np.repeat([*blocks, *(c.row for c in products.meetings)], sizes),
        col_block=np.repeat([*blocks, *(c.col for c in products.meetings)], sizes),
    )


def _check_root(products: CrossProducts, size: int) -> None:
    """Refuse in words what would end in a MemoryError, or in no time."""
    needed = NUMBER * COPIES_OF_ROOT * size**2
    if size > LARGEST_ROOT:
        limit = f"more than the {LARGEST_ROOT:,} that can be factored"
    elif needed > LITTLE and needed > (free := free_memory()):
        limit = f"which takes {size_in_words(needed)} of memory, and {size_in_words(free)} are free"
    else:
        return
    crossed = ", ".join(f"{block.group} {block.n_levels:,}" for block in products.blocks)
    raise UnjudgedError(
        f"the crossed grouping factors ({crossed}) leave a dense block of {size:,} random effects, {limit}",
        hint="Triage a subset of the levels, or a model without the smaller crossed factors.",
    )


def _stage(buckets: list[Bucket]) -> Stage:
    updates = [b.pairs[:, b.lower[0], b.lower[1]].ravel() for b in buckets if b.pairs.size]
    none = np.zeros(0, dtype=np.int64)
    touched, places = np.unique(np.concatenate(updates), return_inverse=True) if updates else (none, none)
    return Stage(tuple(buckets), touched, places.ravel())


def _bucket(stack: Stack, panel: int, store: Store) -> Bucket:
    """A stack of fronts whose panels start at `panel`."""
    columns, border = stack
    c, b = columns.shape[1], border.shape[1]
    spans_root = _spans_root(border, store)
    padded = np.argwhere(columns == store.q)
    identity = panel + padded[:, 0] * (c + b) * c + padded[:, 1] * (c + 1)
    if spans_root or b == 0:
        return Bucket(columns, border, panel, np.zeros((0, 0, 0), dtype=np.int64), spans_root, identity)
    pairs = store.positions(border[:, :, None], border[:, None, :])
    return Bucket(columns, border, panel, pairs, spans_root, identity)


def _spans_root(border: Index, store: Store) -> bool:
    """Whether all borders are the whole root."""
    return border.shape[1] == store.root_size > 0 and bool(np.all(border[:, 0] == store.root_start))


def _block_positions(
    products: CrossProducts, row: int, col: int, row_level: Index, col_level: Index, store: Store
) -> Index:
    """The places (N, K_row, K_col) of pairs of levels of two blocks."""
    blocks = products.blocks
    (K_row, K_col), (first_row, first_col) = (
        (blocks[row].width, blocks[col].width),
        (blocks.offsets[row], blocks.offsets[col]),
    )
    rows = first_row + row_level[:, None, None] * K_row + np.arange(K_row)[None, :, None]
    columns = first_col + col_level[:, None, None] * K_col + np.arange(K_col)[None, None, :]
    return store.positions(rows, columns)
