"""Which levels are eliminated together, and what they touch: the combinatorics of the elimination.

A *unit* is a level of a grouping factor; units are numbered in the order of elimination, one factor (a
*stage*) after the other. Two levels of a factor become coupled when an earlier level is observed with both
("fill"). The connected components of that coupling are the *clusters* of the stage, and the later units that
a cluster touches, directly or by fill, are its *border*. Once a cluster grows too large, its factor and all
later ones form one dense *root*.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import accumulate

import numpy as np
from scipy.sparse import block_array, csr_array

from mmtriage.arrays import Index
from mmtriage.engine.algebra.crossproducts import CrossProducts

SMALL_ROOT = 192  # this many remaining columns are cheaper as one dense root than as stages ...
SMALL_NESTED_ROOT = 48  # ... and this many of factors that are nested, where nothing fills in
LARGEST_CLUSTER = 48  # a component with more columns than this counts as crossed


@dataclass(frozen=True, slots=True, eq=False)
class Clusters:
    """The clusters of one grouping factor: who is in them, and what they touch."""

    units: csr_array  # (clusters, all units) membership
    border: csr_array  # (clusters, all units) later units touched


def unit_offsets(products: CrossProducts) -> list[int]:
    """The first unit of each block, and the number of units in all."""
    return list(accumulate((b.n_levels for b in products.blocks), initial=0))


def clustered_stages(products: CrossProducts) -> tuple[list[Clusters], int]:
    """The clustered stages, and the first unit (level of a factor) of the dense root."""
    edges = unit_offsets(products)
    adjacency = _adjacency(products, edges)
    stages: list[Clusters] = []
    for i, block in enumerate(products.blocks):
        remaining = sum(b.size for b in products.blocks.members[i:])
        if i > 0 and remaining <= (SMALL_NESTED_ROOT if _is_nested(products, i) else SMALL_ROOT):
            return stages, edges[i]
        membership = _clusters(stages, edges[i], edges[i + 1], edges[-1])
        largest = int(np.max(np.diff(membership.indptr))) * block.width
        if i > 0 and largest > LARGEST_CLUSTER:
            return stages, edges[i]
        stages.append(Clusters(membership, _borders(membership, stages, adjacency, edges[i + 1])))
    return stages, edges[-1]


def _is_nested(products: CrossProducts, first: int) -> bool:
    """Whether factors are nested from block `first` on: a level is seen with one level of each later one."""
    inner = (meeting for meeting in products.meetings if meeting.col >= first)
    return all(len(meeting.col_level) == products.blocks[meeting.col].n_levels for meeting in inner)


def _adjacency(products: CrossProducts, edges: list[int]) -> csr_array:
    """(units, units) pattern of the crossings, from each unit to the later ones."""
    n_units = edges[-1]
    if not products.meetings:
        return csr_array((n_units, n_units), dtype=np.float64)
    earlier = np.concatenate([edges[meeting.col] + meeting.col_level for meeting in products.meetings])
    later = np.concatenate([edges[meeting.row] + meeting.row_level for meeting in products.meetings])
    return csr_array((np.ones(len(earlier)), (earlier, later)), shape=(n_units, n_units))


def _clusters(stages: list[Clusters], first: int, stop: int, n_units: int) -> csr_array:
    """(clusters, units) membership of the units [first, stop): components coupled through earlier fronts."""
    size = stop - first
    touching = [stage.border[:, first:stop] for stage in stages]
    couplings = [t[np.diff(t.indptr) > 1] for t in touching]
    labels = _components(_stack(couplings, size))
    data = np.ones(size)
    return csr_array((data, (labels, np.arange(first, stop))), shape=(int(labels.max()) + 1, n_units))


def _components(coupling: csr_array) -> Index:
    """(levels,) the component of each level; a row of `coupling` (ties, levels) ties its levels together."""
    ties, size = coupling.shape
    if not ties:
        return np.arange(size)
    from scipy.sparse.csgraph import connected_components  # slow to import, and most models tie nothing

    graph = block_array([[None, coupling.T], [coupling, None]])
    _, labels = connected_components(graph, directed=False)
    _, labels = np.unique(labels[:size], return_inverse=True)
    return labels.astype(np.int64)


def _borders(membership: csr_array, stages: list[Clusters], adjacency: csr_array, stop: int) -> csr_array:
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
