"""How the random effects of a design are laid out: block after block, level after level.

A block is one grouping factor with K columns per level, those of all its terms side by side; the blocks stand
in elimination order, most levels first. A vector u (q,) of random effects is read as

    block 0 |level 0: term a, term b|level 1: term a, term b| ... | block 1 |level 0: ...

so that the effects of a block are a (levels, K) array, and those of a term some of its columns.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate

import numpy as np

from mmtriage.arrays import Array


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """The random terms of one grouping factor, side by side."""

    group: str
    n_levels: int
    terms: tuple[int, ...]  # indices into the design's random terms
    slices: tuple[slice, ...]  # where each term's columns sit among the block's K
    width: int  # K

    @property
    def size(self) -> int:
        """Number of random effects, levels x K."""
        return self.n_levels * self.width


@dataclass(frozen=True, eq=False)
class Blocks:
    """The blocks of a design."""

    members: tuple[Block, ...]

    def __iter__(self) -> Iterator[Block]:
        return iter(self.members)

    def __len__(self) -> int:
        return len(self.members)

    def __getitem__(self, index: int) -> Block:
        return self.members[index]

    @cached_property
    def offsets(self) -> tuple[int, ...]:
        """The first random effect of each block."""
        return tuple(accumulate((block.size for block in self.members[:-1]), initial=0))

    @property
    def q(self) -> int:
        """Number of random effects."""
        return sum(block.size for block in self.members)

    @property
    def n_terms(self) -> int:
        """Number of random terms."""
        return sum(len(block.terms) for block in self.members)

    def with_rows(self) -> Iterator[tuple[Block, slice]]:
        """Each block with the random effects that are its own."""
        for block, start in zip(self.members, self.offsets, strict=True):
            yield block, slice(start, start + block.size)

    def term_parts(self, matrices: Sequence[Array]) -> list[Array]:
        """The (k, k) part of each term, in the design's order, of per-block (K, K) matrices."""
        parts: list[Array] = [np.empty(0)] * self.n_terms
        for block, M in zip(self.members, matrices, strict=True):
            for term, where in zip(block.terms, block.slices, strict=True):
                parts[term] = M[where, where]
        return parts

    def outer_sums(self, left: Array, right: Array) -> list[Array]:
        """`sum_j a_j b_j'` over the levels of each block, (K, K), for rows a, b of (q, m) arrays."""
        sums = []
        for block, rows in self.with_rows():
            shape = (block.n_levels, block.width, -1)
            a = left[rows].reshape(shape)
            b = right[rows].reshape(shape)
            sums.append(np.tensordot(a, b, ([0, 2], [0, 2])))
        return sums
