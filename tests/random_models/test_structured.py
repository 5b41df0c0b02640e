"""The optimum of random structured models: no search of lme4's parameters in their box ends lower."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import minimize

from mmtriage.arrays import Array
from mmtriage.engine.comparison import compare_fits
from mmtriage.engine.prepared import Prepared, prepare
from tests.model.tables import design, factor, numeric, table

TAGS = ("cs({})", "cs({}, hom = TRUE)", "ar1({})", "ar1({}, hom = FALSE)")
SEARCHES, LOWER = 4, 1e-4  # deviance units


def random_model(rng: np.random.Generator) -> Prepared:
    """Few groups, SDs of which some are zero, and correlations up to their bounds."""
    groups, k, each = int(rng.integers(4, 14)), int(rng.integers(2, 6)), int(rng.integers(2, 4))
    g, f = np.repeat(np.arange(groups), k * each), np.tile(np.repeat(np.arange(k), each), groups)
    rho = rng.choice([-0.99 / (k - 1), 0.0, 0.5, 0.99])
    C = np.full((k, k), rho) + (1.0 - rho) * np.eye(k)
    sds = rng.choice([0.0, 0.3, 1.0, 3.0]) * rng.choice([0.0, 1.0, 1.0, 2.0], size=k)
    effects = rng.multivariate_normal(np.zeros(k), C, size=groups) * sds
    data = table(
        numeric("y", effects[g, f] + rng.normal(size=len(g))),
        factor("g", [f"{code:02d}" for code in g]),
        factor("f", [f"{code}" for code in f]),
    )
    return prepare(
        design(data, f"y ~ 1 + {rng.choice(TAGS).format('0 + f | g')}", reml=bool(rng.random() < 0.7))
    )


def lowest(prepared: Prepared, rng: np.random.Generator) -> float:
    """The best of several searches by L-BFGS-B with differences."""
    layout = prepared.model.layout
    is_rho = np.isfinite(layout.upper)
    highest = np.where(is_rho, layout.upper - 1e-9, np.inf)  # at rho = 1 lme4's factor is no number

    def criterion(theta: Array) -> float:
        return min(prepared.objective(np.clip(theta, layout.lower, highest)), 1e6)

    found = []
    for _ in range(SEARCHES):
        inside = rng.uniform(np.where(is_rho, 0.95 * layout.lower, 0.0), 0.95)
        start = np.where(is_rho, inside, np.exp(rng.normal(size=len(is_rho))))
        box = [
            (low, None if np.isinf(high) else high) for low, high in zip(layout.lower, highest, strict=True)
        ]
        found.append(
            float(minimize(criterion, start, method="L-BFGS-B", bounds=box, options={"maxiter": 50}).fun)
        )
    return min(found)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(12))
def test_no_search_ends_below_a_proven_optimum(seed: int) -> None:
    rng = np.random.default_rng(seed)
    prepared = random_model(rng)
    if prepared.null:
        pytest.skip("not identifiable")
    optimum = compare_fits(prepared, seed=1).optimum
    assert not optimum.certificate.certified or lowest(prepared, rng) >= optimum.criterion - LOWER
