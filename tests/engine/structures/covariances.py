"""Structured covariances written out as their definitions say, and designs that have them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from mmtriage.arrays import Array
from tests.engine.designs import Case, case_of
from tests.model.tables import factor, numeric, table

# S relative to sigma^2 from lme4's parameters, by the formula's tag and options.
COVARIANCES: dict[str, Callable[[Array, int], Array]] = {
    "cs({})": lambda p, k: _scaled(p[:k], p[k] ** _apart(k)),
    "cs({}, hom = TRUE)": lambda p, k: _scaled(np.full(k, p[0]), p[1] ** _apart(k)),
    "ar1({})": lambda p, k: _scaled(np.full(k, p[0]), p[1] ** _lags(k)),
    "ar1({}, hom = FALSE)": lambda p, k: _scaled(p[:k], p[k] ** _lags(k)),
    "diag({}, hom = TRUE)": lambda p, k: p[0] ** 2 * np.eye(k),
}
LEVELS = 4


def _scaled(s: Array, C: Array) -> Array:
    return np.asarray(np.outer(s, s) * C)


def _lags(k: int) -> Array:
    return np.abs(np.subtract.outer(np.arange(k), np.arange(k)))


def _apart(k: int) -> Array:
    return 1 - np.eye(k, dtype=int)


def columns_of(tag: str) -> str:
    """Effects that the tag makes sense of: columns of one kind but for a variance of all columns."""
    return "1 + x + z | g" if tag.startswith("diag") else "0 + f | g"


def structured_case(tag: str, *, reml: bool = True, weights: bool = False, seed: int = 3) -> Case:
    """Groups with a few rows in each of `LEVELS` cells."""
    rng = np.random.default_rng(seed)
    n, groups = 240, 15
    g, f = rng.integers(0, groups, n), rng.integers(0, LEVELS, n)
    effects = rng.normal(size=(groups, LEVELS)) + rng.normal(size=(groups, 1))
    x, z = rng.normal(size=n) + 1.0, rng.uniform(size=n)
    data = table(
        numeric("y", 1.0 + 0.5 * x + effects[g, f] + rng.normal(size=n)),
        numeric("x", x),
        numeric("z", z),
        numeric("w", rng.uniform(0.5, 2.0, n)),
        factor("g", [f"{code:02d}" for code in g]),
        factor("f", [f"{code}" for code in f]),
    )
    formula = f"y ~ x + {tag.format(columns_of(tag))}"
    return case_of(data, formula, reml=reml, seed=seed, **({"weights": "w"} if weights else {}))


def random_parameters(case: Case, rng: np.random.Generator) -> Array:
    """Parameters within lme4's bounds."""
    layout = case.problem.layout
    sds = rng.uniform(0.3, 2.0, len(layout.lower))
    is_rho = np.isfinite(layout.upper)
    rho = rng.uniform(np.where(is_rho, layout.lower, 0.0) * 0.9, 0.9)
    return np.where(is_rho, rho, sds)
