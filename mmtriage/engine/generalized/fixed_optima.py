"""Optima of the fixed effects alone, where the link leaves their likelihood not convex.

Under a square-root link a predictor and its negative have one mean: rows on which the predictor changes its
sign, all together or some of them, make optima of their own, one for each way of dividing the rows. A search
finds those that it starts near; so the likelihood without random effects, which costs little, is descended
from predictors drawn at random, and the best of its optima are where the search for the whole model starts.
"""

from __future__ import annotations

import numpy as np

from mmtriage.arrays import Array
from mmtriage.engine.generalized.modes import Pirls
from mmtriage.engine.generalized.row_terms import RowTerms, row_terms
from mmtriage.model.families import Family

DRAWS = 30  # predictors
MOST = 4  # optima that are handed on
MAX_STEPS = 50
MAX_HALVINGS = 20
SETTLED = 1e-6  # of the deviance, gained by a step
DISTINCT = 1e-3  # of the deviance, between two optima


def has_even_link(family: Family) -> bool:
    """Whether a predictor and its negative have one mean."""
    return bool(np.ptp(family.link.inverse(np.array([-1.0, 1.0]))) == 0.0)


def fixed_optima(pirls: Pirls, family: Family, seed: int) -> list[Array]:
    """beta (p,) of the best optima without random effects, the best first."""
    numbers = np.random.default_rng(seed)
    level = pirls.offset + pirls.rows.X @ pirls.constant_mean(family)
    spread = np.linalg.norm(level) / np.linalg.norm(pirls.rows.X, axis=0)
    found: list[tuple[float, Array]] = []
    for _ in range(DRAWS):
        deviance, beta = _scored(pirls, family, spread * numbers.normal(size=len(spread)))
        if all(abs(deviance - known) > DISTINCT * known for known, _ in found):
            found.append((deviance, beta))
    found.sort(key=lambda end: end[0])
    return [beta for _, beta in found[:MOST]]


def _scored(pirls: Pirls, family: Family, beta: Array) -> tuple[float, Array]:
    """The deviance and beta where Fisher scoring from beta (p,) settles, or gives up."""
    X = pirls.rows.X
    terms = _at(pirls, family, beta)
    for _ in range(MAX_STEPS):
        try:
            step = np.linalg.solve(X.T @ (terms.W[:, None] * X), X.T @ terms.score)
        except np.linalg.LinAlgError:
            break
        before = terms.deviance
        for halvings in range(MAX_HALVINGS):
            moved = beta + 0.5**halvings * step
            there = _at(pirls, family, moved)
            if there.deviance < before:
                beta, terms = moved, there
                break
        if not before - terms.deviance > SETTLED * before:
            break
    return terms.deviance, beta


def _at(pirls: Pirls, family: Family, beta: Array) -> RowTerms:
    return row_terms(pirls.data(family), pirls.offset + pirls.rows.X @ beta)
