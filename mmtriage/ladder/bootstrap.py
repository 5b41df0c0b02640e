"""Parametric bootstrap of a likelihood ratio: simulate from the smaller model, refit both by ML."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np

from mmtriage.engine.coordinates import Array
from mmtriage.engine.fit import Fit
from mmtriage.engine.lmm import LmmProblem, lmm_problem
from mmtriage.engine.reference import Start, find_reference
from mmtriage.engine.trial import Prepared, Trial
from mmtriage.ladder.case import Case
from mmtriage.parallel import run_all


def bootstrap_statistics(case: Case, smaller: Trial) -> tuple[Array, int]:
    """Simulated `2 (log L - log L0)` under the smaller model, (B,), and how many replicates failed."""
    full, null = case.trial.prepared, smaller.prepared
    replicate = partial(_statistic, full, case.fit_ml(full), null, case.fit_ml(null))
    generators = np.random.default_rng(case.options.seed).spawn(case.options.bootstrap)
    statistics = run_all(replicate, generators, jobs=case.options.jobs)
    drawn = np.array([value for value in statistics if value is not None])
    return drawn, len(statistics) - len(drawn)


def _statistic(
    full: Prepared, full_fit: Fit, null: Prepared, null_fit: Fit, generator: np.random.Generator
) -> float | None:
    """One replicate; None if a refit fails."""
    y = simulate(null, null_fit, generator)
    try:
        return max(0.0, _refitted(null, y, null_fit) - _refitted(full, y, full_fit))
    except np.linalg.LinAlgError:
        return None


def simulate(prepared: Prepared, fit: Fit, generator: np.random.Generator) -> Array:
    """A response (n,) drawn from a fitted model."""
    design = prepared.design
    y = design.X @ fit.beta
    if design.offset is not None:
        y = y + design.offset
    for term, basis, F in zip(design.random, prepared.problem.basis.terms, fit.factors, strict=True):
        u = generator.normal(size=(len(term.levels), F.shape[1]))
        b = fit.sigma * u @ (basis.inverse @ F).T
        y = y + np.einsum("ij,ij->i", term.Z, b[term.codes])
    noise = generator.normal(size=len(y)) * fit.sigma
    return y + (noise if design.weights is None else noise / np.sqrt(design.weights))


def _refitted(prepared: Prepared, y: Array, fit: Fit) -> float:
    """The ML criterion at the optimum for another response, started from the fit that made it."""
    spec = replace(prepared.design.spec, reml=False)
    problem: LmmProblem = lmm_problem(replace(prepared.design, y=y, spec=spec), prepared.problem.deadline)
    return find_reference(problem, [Start("fit", list(fit.factors))]).criterion
