"""Symbolic analysis: in which order, and in what dense pieces, to factor `M = Lambda' Z'WZ Lambda + I`.

Levels are eliminated one grouping factor after another, the one with most levels first. Two levels of a
factor become coupled when an earlier level is observed with both ("fill"). The connected components of
that coupling are the *clusters* of the stage; each is eliminated as one small dense *front*

    [ M_CC      ]     C: the cluster's columns (c of them)
    [ M_BC  M_BB]     B: its border, the later columns it touches (b of them)

For nested factors every cluster is a single level and every border has one level per outer factor, so
nothing fills in however many levels there are. For crossed factors one cluster soon spans its whole
factor; from there on the remaining columns form one dense *root* that LAPACK factors. Fronts of equal
padded shape are stacked in *buckets*, so that numpy works on all of them at once (the multifrontal method
of Duff & Reid 1983, with the assembly tree flattened into stages).

Storage is one flat vector: the (c + b, c) panel of each front, then the root, then one slot that
padding points at.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate

import numpy as np
from scipy.sparse import block_array, csr_array
from scipy.sparse.csgraph import connected_components

from mmtriage.arrays import Index
from mmtriage.engine.algebra.crossproducts import CrossProducts
from mmtriage.errors import UnjudgedError

Ragged = tuple[Index, Index]  # indices and row pointers, as in a CSR matrix

SMALL_ROOT = 192  # this many remaining columns are cheaper as one dense root than as stages
LARGEST_ROOT = 20_000  # columns of a dense root: 3.2 GB, and minutes for each evaluation beyond
LARGEST_CLUSTER = 48  # a component with more columns than this counts as crossed
PAIR_COST = 150.0  # scattering one border pair, in BLAS multiply-adds
SMALL_PANEL = 20_000  # entries below which a border spanning the root is always the cheaper choice
BORDER_SIZES = np.unique(np.rint(2.0 ** np.arange(0, 24, 0.25)).astype(np.int64))


@lru_cache(maxsize=64)
def _lower_triangle(size: int) -> tuple[Index, Index]:
    """Row and column numbers of the lower triangle, asked for at every factorization."""
    return np.tril_indices(size)


@dataclass(frozen=True, slots=True, eq=False)
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

    @property
    def lower(self) -> tuple[Index, Index]:
        """Rows and columns of the lower triangle of (b, b)."""
        return _lower_triangle(self.border.shape[1])

    @property
    def shape(self) -> tuple[int, int, int]:
        """(N, c, b)."""
        return self.columns.shape[0], self.columns.shape[1], self.border.shape[1]


@dataclass(frozen=True, slots=True, eq=False)
class Stage:
    """The fronts of one grouping factor: independent of each other.

    `updates` lists the store positions of the border pairs (lower triangles) of its buckets, one after
    another.
    """

    buckets: tuple[Bucket, ...]
    updates: Index


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """The whole elimination."""

    q: int  # scalar columns
    offsets: tuple[int, ...]  # first scalar column of each block
    stages: tuple[Stage, ...]  # in order of elimination
    root_start: int  # scalar columns from here on are the root
    root_position: int  # where the root's (d, d) matrix starts in the store
    store_size: int
    diagonal_positions: tuple[Index, ...]  # per block, (l, K, K)
    link_positions: tuple[Index, ...]  # per link, (N, K_row, K_col)

    @property
    def buckets(self) -> tuple[Bucket, ...]:
        """All buckets, in order of elimination."""
        return tuple(bucket for stage in self.stages for bucket in stage.buckets)

    @property
    def root_size(self) -> int:
        """Order d of the root."""
        return self.q - self.root_start


@dataclass(frozen=True, slots=True, eq=False)
class _Clusters:
    """The clusters of one grouping factor: who is in them, and what they touch."""

    units: csr_array  # (clusters, all units) membership
    border: csr_array  # (clusters, all units) later units touched


def plan(products: CrossProducts) -> Plan:
    """Analyse the pattern of `products`; the numbers in it do not matter."""
    widths = np.concatenate([np.full(b.n_levels, b.width) for b in products.blocks])
    starts = np.concatenate([[0], np.cumsum(widths)])
    stages, first_root_unit = _stages(products)
    _check_root(products, int(starts[-1] - starts[first_root_unit]))
    position = 0
    locate = _Locator(int(starts[-1]), int(starts[first_root_unit]))
    shaped: list[list[tuple[Index, Index]]] = []
    for stage in stages:
        shaped.append([])
        for columns, border in _shapes(stage, starts, widths, int(starts[first_root_unit])):
            shaped[-1].append((columns, border))
            locate.add(columns, border, position)
            n, c = columns.shape
            position += n * (c + border.shape[1]) * c
    locate.finish(position)
    offsets = tuple(int(starts[u]) for u in _unit_offsets(products)[:-1])
    return Plan(
        q=int(starts[-1]),
        offsets=offsets,
        stages=tuple(_stage(fronts, locate) for fronts in shaped),
        root_start=int(starts[first_root_unit]),
        root_position=position,
        store_size=locate.trash + 1,
        diagonal_positions=tuple(
            _block_positions(
                np.arange(b.n_levels), np.arange(b.n_levels), b.width, b.width, offsets[i], offsets[i], locate
            )
            for i, b in enumerate(products.blocks)
        ),
        link_positions=tuple(
            _block_positions(
                link.row_level,
                link.col_level,
                products.blocks[link.row].width,
                products.blocks[link.col].width,
                offsets[link.row],
                offsets[link.col],
                locate,
            )
            for link in products.links
        ),
    )


def _check_root(products: CrossProducts, size: int) -> None:
    """Refuse in words what would end in a MemoryError."""
    if size > LARGEST_ROOT:
        crossed = ", ".join(f"{block.group} {block.n_levels:,}" for block in products.blocks)
        raise UnjudgedError(
            f"the crossed grouping factors ({crossed}) leave a dense block of {size:,} random effects, more "
            f"than the {LARGEST_ROOT:,} that can be factored",
            hint="Triage a subset of the levels, or a model without the smaller crossed factors.",
        )


def _unit_offsets(products: CrossProducts) -> list[int]:
    return list(accumulate((b.n_levels for b in products.blocks), initial=0))


def _stages(products: CrossProducts) -> tuple[list[_Clusters], int]:
    """The clustered stages, and the first unit (level of a factor) of the dense root."""
    edges = _unit_offsets(products)
    adjacency = _adjacency(products, edges)
    stages: list[_Clusters] = []
    for i, block in enumerate(products.blocks):
        remaining = sum(b.size for b in products.blocks[i:])
        if i > 0 and remaining <= SMALL_ROOT:
            return stages, edges[i]
        membership = _clusters(stages, edges[i], edges[i + 1], edges[-1])
        largest = int(np.max(np.diff(membership.indptr))) * block.width
        if i > 0 and largest > LARGEST_CLUSTER:
            return stages, edges[i]
        stages.append(_Clusters(membership, _borders(membership, stages, adjacency, edges[i + 1])))
    return stages, edges[-1]


def _adjacency(products: CrossProducts, edges: list[int]) -> csr_array:
    """(units, units) pattern of the links, from each unit to the later ones."""
    n_units = edges[-1]
    if not products.links:
        return csr_array((n_units, n_units), dtype=np.float64)
    earlier = np.concatenate([edges[link.col] + link.col_level for link in products.links])
    later = np.concatenate([edges[link.row] + link.row_level for link in products.links])
    return csr_array((np.ones(len(earlier)), (earlier, later)), shape=(n_units, n_units))


def _clusters(stages: list[_Clusters], first: int, stop: int, n_units: int) -> csr_array:
    """(clusters, units) membership of the units [first, stop): components coupled through earlier fronts."""
    size = stop - first
    touching = [stage.border[:, first:stop] for stage in stages]
    couplings = [t[np.diff(t.indptr) > 1] for t in touching]
    coupling = _stack(couplings, size)
    graph = csr_array((size, size))
    if coupling.shape[0]:
        graph = block_array([[None, coupling.T], [coupling, None]])
    _, labels = connected_components(graph, directed=False)
    _, labels = np.unique(labels[:size], return_inverse=True)
    data = np.ones(size)
    return csr_array((data, (labels, np.arange(first, stop))), shape=(int(labels.max()) + 1, n_units))


def _borders(membership: csr_array, stages: list[_Clusters], adjacency: csr_array, stop: int) -> csr_array:
    """(clusters, units) of later units that each cluster touches, directly or by fill."""
    border = membership @ adjacency
    for stage in stages:
        border = border + (membership @ stage.border.T) @ stage.border
    pattern = border.tocoo()
    keep = pattern.col >= stop
    ones = np.ones(int(keep.sum()))
    result = csr_array((ones, (pattern.row[keep], pattern.col[keep])), shape=border.shape)
    result.sort_indices()
    return result


def _stack(parts: list[csr_array], width: int) -> csr_array:
    parts = [part for part in parts if part.shape[0]]
    if not parts:
        return csr_array((0, width))
    return csr_array(block_array([[part] for part in parts]))


def _shapes(stage: _Clusters, starts: Index, widths: Index, root_start: int) -> list[tuple[Index, Index]]:
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
        result.append((_padded(columns, fronts, int(width), q), _padded(borders, fronts, int(height), q)))
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


class _Locator:
    """Maps a pair (row, column) of scalar columns to its place in the store.

    Pairs lie in the panel of the front that eliminates the earlier of the two; pairs inside one cluster
    in its square diagonal part; pairs of root columns in the root.
    """

    def __init__(self, q: int, root_start: int) -> None:
        self.q = q
        self.root_start = root_start
        self.front = np.full(q + 1, -1, dtype=np.int64)
        self.column = np.zeros(q + 1, dtype=np.int64)
        self.bases: list[Index] = []
        self.widths: list[Index] = []
        self.keys: list[Index] = []
        self.locals: list[Index] = []
        self.n_fronts = 0

    def add(self, columns: Index, border: Index, position: int) -> None:
        """Register a stack of fronts whose panels start at `position`."""
        n, c = columns.shape
        height = c + border.shape[1]
        fronts = self.n_fronts + np.arange(n)
        self.front[columns] = fronts[:, None]
        self.column[columns] = np.arange(c)
        self.front[self.q] = -1
        self.bases.append(position + np.arange(n) * height * c)
        self.widths.append(np.full(n, c))
        rows = np.hstack([columns, border])
        real = rows < self.q
        self.keys.append((fronts[:, None] * (self.q + 1) + rows)[real])
        self.locals.append(np.broadcast_to(np.arange(height), rows.shape)[real])
        self.n_fronts += n

    def finish(self, position: int) -> None:
        """Close the list: the root starts at `position`."""
        self.root_position = position
        self.root_size = self.q - self.root_start
        self.trash = position + self.root_size**2
        empty = np.zeros(0, dtype=np.int64)
        self.base = np.concatenate(self.bases) if self.bases else empty
        self.width = np.concatenate(self.widths) if self.widths else empty
        keys = np.concatenate(self.keys) if self.keys else empty
        order = np.argsort(keys)
        self.sorted_keys = keys[order]
        self.sorted_locals = (np.concatenate(self.locals) if self.locals else empty)[order]

    def positions(self, rows: Index, columns: Index) -> Index:
        """Store positions of pairs; `rows` and `columns` broadcast; q marks padding."""
        rows, columns = np.broadcast_arrays(rows, columns)
        low, high = np.minimum(rows, columns), np.maximum(rows, columns)
        out = np.full(low.shape, self.trash, dtype=np.int64)
        in_root = (low >= self.root_start) & (high < self.q)
        out[in_root] = (
            self.root_position
            + (rows[in_root] - self.root_start) * self.root_size
            + (columns[in_root] - self.root_start)
        )
        in_panel = (low < self.root_start) & (high < self.q)
        r, c = rows[in_panel], columns[in_panel]
        # Inside one cluster both orders have their own place; otherwise the earlier column owns the pair.
        swap = (self.front[r] != self.front[c]) & (r < c)
        r, c = np.where(swap, c, r), np.where(swap, r, c)
        front = self.front[c]
        found = np.searchsorted(self.sorted_keys, front * (self.q + 1) + r)
        out[in_panel] = self.base[front] + self.sorted_locals[found] * self.width[front] + self.column[c]
        return out


def _stage(fronts: list[tuple[Index, Index]], locate: _Locator) -> Stage:
    buckets = tuple(_bucket(columns, border, locate) for columns, border in fronts)
    updates = [b.pairs[:, b.lower[0], b.lower[1]].ravel() for b in buckets if b.pairs.size]
    return Stage(buckets, np.concatenate(updates) if updates else np.zeros(0, dtype=np.int64))


def _bucket(columns: Index, border: Index, locate: _Locator) -> Bucket:
    n, c = columns.shape
    b = border.shape[1]
    panel = int(locate.base[locate.front[columns[0, 0]]]) if n else 0
    spans_root = _spans_root(border, locate)
    padded = np.argwhere(columns == locate.q)
    identity = panel + padded[:, 0] * (c + b) * c + padded[:, 1] * (c + 1)
    if spans_root or b == 0:
        return Bucket(columns, border, panel, np.zeros((0, 0, 0), dtype=np.int64), spans_root, identity)
    pairs = locate.positions(border[:, :, None], border[:, None, :])
    return Bucket(columns, border, panel, pairs, spans_root, identity)


def _spans_root(border: Index, locate: _Locator) -> bool:
    """Whether all borders are the whole root."""
    return border.shape[1] == locate.root_size > 0 and bool(np.all(border[:, 0] == locate.root_start))


def _block_positions(
    row_level: Index,
    col_level: Index,
    row_width: int,
    col_width: int,
    row_offset: int,
    col_offset: int,
    locate: _Locator,
) -> Index:
    rows = row_offset + row_level[:, None, None] * row_width + np.arange(row_width)[None, :, None]
    columns = col_offset + col_level[:, None, None] * col_width + np.arange(col_width)[None, None, :]
    return locate.positions(rows, columns)
