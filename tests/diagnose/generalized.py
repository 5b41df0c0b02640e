"""Simulated generalized models, their optima, and fits of golden ones, for tests of the diagnosis."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np

from mmtriage.engine.comparison import Comparison, prove_optimum
from mmtriage.engine.estimates import Fit
from mmtriage.engine.optimum.found import Optimum
from mmtriage.engine.prepared import prepare
from mmtriage.model.design import Design
from tests.diagnose.test_separation import golden
from tests.model.tables import design, factor, numeric, table


def counts(seed: int, *, groups: int = 20, rows: int = 10, mean: float = 1.0, surplus: float = 0.0) -> Design:
    """Poisson counts with a random intercept, and scatter of each row on top."""
    rng = np.random.default_rng(seed)
    g = np.repeat(np.arange(groups), rows)
    x = rng.normal(size=len(g))
    eta = np.log(mean) + 0.5 * x + 0.7 * rng.normal(size=groups)[g] + surplus * rng.normal(size=len(g))
    columns = [numeric("y", rng.poisson(np.exp(eta))), numeric("x", x), factor("g", [f"g{i:02d}" for i in g])]
    return design(table(*columns), "y ~ x + (1 | g)", family="poisson", link="log")


def answers(seed: int, *, groups: int, rows: int, sd: float, trials: int = 1) -> Design:
    """Binomial responses of few rows per group."""
    rng = np.random.default_rng(seed)
    g = np.repeat(np.arange(groups), rows)
    x = rng.normal(size=len(g))
    k = rng.binomial(trials, 1 / (1 + np.exp(-0.5 * x - sd * rng.normal(size=groups)[g])))
    columns = [
        numeric("k", k),
        numeric("f", trials - k),
        numeric("x", x),
        factor("g", [f"g{i:03d}" for i in g]),
    ]
    return design(table(*columns), "cbind(k, f) ~ x + (1 | g)", family="binomial", link="logit")


def optimum(made: Design) -> Fit:
    return prove_optimum(prepare(made), {}, seed=0)[1]


def with_points(made: Design, points: int) -> Fit:
    return optimum(replace(made, spec=replace(made.spec, nagq=points)))


def proven(made: Design, *, error: str | None = None) -> Comparison:
    """A model at its proven optimum; lme4's fit was not made, or stopped with an error."""
    prepared = prepare(made)
    found, fit = prove_optimum(prepared, {}, seed=0)
    assert isinstance(found, Optimum)
    return Comparison(
        prepared=prepared,
        lme4=None,
        lme4_fit=None,
        lme4_error=error,
        optimum=found,
        optimum_fit=fit,
        seconds=0.0,
    )


@cache
def golden_proven(case_id: str) -> Comparison:
    return proven(golden(case_id))
