"""Factors of covariances of every rank."""

from __future__ import annotations

import numpy as np

from mmtriage.arrays import Array
from mmtriage.engine.structures.unstructured import RankCone


def random_factor(rng: np.random.Generator, k: int, rank: int, support: int) -> Array:
    F = np.zeros((k, k))
    F[:support, :rank] = rng.normal(size=(support, rank))
    Q, _ = np.linalg.qr(rng.normal(size=(k, k)))
    turned: Array = F @ Q
    return turned


def rank_cones(supports: list[int]) -> list[RankCone]:
    return [RankCone(support) for support in supports]


RANKS = [
    (k, rank, support) for k in range(1, 5) for support in range(1, k + 1) for rank in range(support + 1)
]
