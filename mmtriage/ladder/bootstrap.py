"""Parametric bootstrap of a likelihood ratio: simulate from the smaller model, refit both by ML."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np

from mmtriage.arrays import Array
from mmtriage.engine.comparison import Comparison
from mmtriage.engine.estimates import Fit
from mmtriage.engine.optimum.found import Start
from mmtriage.engine.optimum.search import find_optimum
from mmtriage.engine.prepared import Prepared
from mmtriage.engine.structures.covariance_factor import in_users_columns
from mmtriage.ladder.case import Case
from mmtriage.model.linear_predictor import linear_predictor
from mmtriage.processes import Died, run_all


def bootstrap_statistics(case: Case, smaller: Comparison) -> tuple[Array, int]:
    """Simulate `2 (log L - log L0)` under the smaller model, (B,), and count the replicates that failed."""
    full, null = case.comparison.prepared, smaller.prepared
    replicate = partial(_statistic, full, case.bench.fit_ml(full), null, case.bench.fit_ml(null))
    generators = np.random.default_rng(case.options.seed).spawn(case.options.bootstrap)
    statistics = run_all(replicate, generators, jobs=case.options.jobs)
    drawn = np.array([value for value in statistics if value is not None and not isinstance(value, Died)])
    return drawn, len(statistics) - len(drawn)


def _statistic(
    full: Prepared, full_fit: Fit, null: Prepared, null_fit: Fit, generator: np.random.Generator
) -> float | None:
    """Simulate one replicate; None if a refit fails."""
    y = simulate(null, null_fit, generator)
    try:
        return max(0.0, _refitted(null, y, null_fit) - _refitted(full, y, full_fit))
    except np.linalg.LinAlgError:
        return None


def simulate(prepared: Prepared, fit: Fit, generator: np.random.Generator) -> Array:
    """Draw a response (n,) from a fitted model, in the form of the design: proportions of a binomial."""
    design = prepared.design
    eta = linear_predictor(design, fit.beta)
    for term, F in zip(design.random, in_users_columns(fit.factors, prepared.model.basis.terms), strict=True):
        u = generator.normal(size=(len(term.levels), F.shape[1]))
        b = fit.sigma * u @ F.T
        eta = eta + np.einsum("ij,ij->i", term.Z, b[term.codes])
    from mmtriage.model.families import family_of  # here, for a linear model that is not simulated

    family = family_of(design.spec)
    if fit.nb_theta is not None:
        family = family.with_theta(fit.nb_theta)
    return family.draw(family.link.inverse(eta), generator, fit.sigma, design.weights, design.trials)


def _refitted(prepared: Prepared, y: Array, fit: Fit) -> float:
    """Fit another response by ML, from the fit that made it; return the criterion at the optimum."""
    design = replace(prepared.design, y=y, spec=replace(prepared.design.spec, reml=False))
    model = prepared.model.of(design, prepared.model.deadline)
    free = model.place(fit.theta, fit.beta, fit.nb_theta).free
    return find_optimum(model, [Start("fit", list(fit.factors), free)]).criterion
