"""Columns on which lme4 is to fit instead of the user's.

They are `Z T` for the columns Z of each random term, and `X A` for those of the fixed effects.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from mmtriage.arrays import Array
from mmtriage.engine.structures.parameter_layout import Layout


class Transform(NamedTuple):
    """The matrices that make the columns; estimates come back in the user's."""

    of_terms: Sequence[Array]  # T (k, k) per term
    of_fixed: Array  # A (p, p)

    def users_factors(self, theta: Array, layout: Layout) -> list[Array]:
        """`T L` (k, k) per term: the factors in the user's columns at theta (m,) in these."""
        return [T @ L for T, L in zip(self.of_terms, layout.factors(theta), strict=True)]
