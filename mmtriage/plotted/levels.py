"""Conditional modes of the random effects with their conditional SDs, as lme4's ranef(condVar = TRUE).

Given the estimates, b of one level has variance sigma^2 Lambda [M^-1]_jj Lambda', M being the matrix of the
penalized least-squares problem (of the last step of PIRLS for a generalized model).
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from mmtriage.arrays import Array
from mmtriage.engine.optimum.faces import Place
from mmtriage.engine.prepared import Prepared
from mmtriage.model.ranef import RandomTerm
from mmtriage.plotted.plot_data import Band, LevelEffects, LevelMode

MOST_LEVELS = 50  # shown one by one
EXTREMES = 5  # at either end, shown by name where there are more
BANDS = 40
MOST_COLUMNS = 12  # of all terms


def level_effects(prepared: Prepared, place: Place, spreads: tuple[Array, ...]) -> tuple[LevelEffects, ...]:
    """Every column of every term; `spreads` are the terms' covariances (k, k)."""
    effects = prepared.model.conditional_modes(place)
    found = [
        _column(term, column, b[:, column], sd[:, column], float(np.sqrt(S[column, column])))
        for term, b, sd, S in zip(prepared.design.random, effects.modes, effects.sds, spreads, strict=True)
        for column in range(len(term.columns))
    ]
    return tuple(found[:MOST_COLUMNS])


def _column(term: RandomTerm, column: int, modes: Array, sds: Array, spread: float) -> LevelEffects:
    order = np.argsort(modes, kind="stable")
    n = len(order)
    shown = range(n) if n <= MOST_LEVELS else (*range(EXTREMES), *range(n - EXTREMES, n))
    return LevelEffects(
        group=term.group,
        column=term.columns[column],
        n_levels=n,
        sd=spread,
        levels=tuple(
            LevelMode(
                level=term.levels[order[rank]],
                rank=rank + 1,
                mode=float(modes[order[rank]]),
                sd=float(sds[order[rank]]),
            )
            for rank in shown
        ),
        bands=() if n <= MOST_LEVELS else _bands(modes[order], sds[order]),
    )


def _bands(modes: Array, sds: Array) -> tuple[Band, ...]:
    """Runs of consecutive ranks, about as long as each other, each with its medians."""
    edges = np.linspace(0, len(modes), min(BANDS, len(modes) // 8) + 1).round().astype(int)
    return tuple(
        Band(
            first=int(start) + 1,
            last=int(stop),
            mode=float(np.median(modes[start:stop])),
            sd=float(np.median(sds[start:stop])),
        )
        for start, stop in pairwise(edges)
    )
