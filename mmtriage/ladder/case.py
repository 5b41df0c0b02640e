"""What a rung is given and what every rung does with it: refit, measure, compare.

A rung never fits by itself: `fit`, `fit_ml`, `run` and `build` are handed in, so that rungs can be tested
with canned answers, and the walk decides what a refit is.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from mmtriage.data.table import Table
from mmtriage.diagnose.finding import Finding
from mmtriage.diagnose.verdict import Verdict, allowed_gap
from mmtriage.engine.comparison import Comparison, Prepared
from mmtriage.engine.estimates import Fit
from mmtriage.engine.lme4.outcome import Lme4Failure, Lme4Run
from mmtriage.engine.optimum.faces import Place
from mmtriage.formula import Formula
from mmtriage.ladder.emitted.commands import Commands
from mmtriage.ladder.records import Attempt, Remedy
from mmtriage.model.design import Design
from mmtriage.model.families import family_of
from mmtriage.options import TriageOptions

IMPROVED = 1e-4  # deviance units that count as an improvement


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Refit:
    """The fit behind a remedy that is another model."""

    prepared: Prepared  # the present model's where the remedy has no random effects
    fit: Fit
    place: Place | None  # of the fit; None: it has no random effects


def _forget(remedy: Remedy, refit: Refit) -> None:
    """Fits behind remedies are kept only for outputs that show them."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Case:
    """The patient: a fitted model, its verdict, and the means to try something else."""

    comparison: Comparison
    verdict: Verdict
    findings: tuple[Finding, ...]  # so far
    options: TriageOptions
    commands: Commands
    table: Table
    build: Callable[..., Design]  # build(formula, columns={}, **changes of the ModelSpec): the same table
    fit: Callable[[Design], Comparison]  # baseline and reference of another design
    fit_ml: Callable[[Prepared], Fit]  # reference by ML, for tests
    run: Callable[..., Lme4Run | Lme4Failure]  # run(prepared, optimizers=, start=, maxfun=, transform=)
    keep: Callable[[Remedy, Refit], None] = _forget

    @property
    def codes(self) -> frozenset[str]:
        """Index of the findings so far."""
        return frozenset(found.code for found in self.findings)

    @property
    def design(self) -> Design:
        return self.comparison.prepared.design

    @property
    def formula(self) -> Formula:
        return self.design.formula

    @property
    def before(self) -> float:
        """The baseline's criterion; infinite if lme4 made no fit."""
        return np.inf if self.comparison.lme4_fit is None else self.comparison.lme4_fit.criterion

    @property
    def is_separated(self) -> bool:
        """Whether fixed effects have no finite estimate, with random effects or without."""
        return any(f.code == "MM203" and not any("|" in t for t in f.terms) for f in self.findings)

    @property
    def is_suspect(self) -> bool:
        """Whether anything is wrong at all."""
        return self.verdict.status != "converged"


@dataclass(frozen=True, slots=True, kw_only=True)
class AgainstPresent:
    """A candidate model against the present one; None where that is not fair, with the reason."""

    delta_aic: float | None
    delta_bic: float | None
    loss: float | None  # deviance units of fit given up; negative: the candidate fits better
    max_shift_se: float | None
    not_comparable: str | None
    by_ml: bool  # the fixed effects differ, so both were refitted by ML


def same_model_attempt(case: Case, label: str, run: Lme4Run | Lme4Failure, seconds: float) -> Attempt:
    """An attempt to reach the optimum of the present model, measured against its reference."""
    formula = case.formula.to_text()
    if isinstance(run, Lme4Failure):
        return Attempt(
            label=label,
            formula=formula,
            optimizer=run.optimizer,
            criterion=None,
            gap=None,
            max_abs_gradient=None,
            lme4_messages=run.lme4_messages,
            evaluations=run.total_evaluations,
            note=run.error,
            seconds=seconds,
        )
    gap = run.criterion - case.comparison.optimum_fit.criterion
    return Attempt(
        label=label,
        formula=formula,
        optimizer=run.optimizer,
        criterion=run.criterion,
        gap=gap,
        max_abs_gradient=run.max_abs_gradient,
        lme4_messages=run.lme4_messages,
        evaluations=run.evaluations,
        certified=case.comparison.optimum.certificate.certified and gap <= allowed_gap(run.criterion),
        singular=case.comparison.is_singular,
        seconds=seconds,
    )


def changed_model_attempt(label: str, comparison: Comparison, note: str | None = None) -> Attempt:
    """An attempt with another model, measured against that model's own reference."""
    baseline = comparison.lme4
    return Attempt(
        label=label,
        formula=comparison.prepared.design.formula.to_text(),
        optimizer=None if baseline is None else baseline.optimizer,
        criterion=comparison.optimum_fit.criterion,
        gap=comparison.gap,
        max_abs_gradient=None if baseline is None else baseline.max_abs_gradient,
        lme4_messages=() if baseline is None else baseline.lme4_messages,
        evaluations=None if baseline is None else baseline.evaluations,
        certified=comparison.optimum.certificate.certified and not comparison.prepared.null,
        singular=comparison.is_singular,
        note=note,
        seconds=comparison.seconds,
    )


def reaches_optimum(case: Case, attempt: Attempt) -> bool:
    """Whether a same-model attempt cures the verdict: it is at the certified optimum, and not singular.

    What cures a false alarm also leaves lme4 without one.
    """
    if not attempt.certified or attempt.singular or case.comparison.prepared.null:
        return False
    return case.verdict.status != "false_alarm" or not any(
        is_alarm(message) for message in attempt.lme4_messages
    )


def is_alarm(message: str) -> bool:
    """Whether one of lme4's messages is about convergence: its remarks on X are not."""
    return not message.startswith(("Some predictor variables", "fixed-effect model matrix"))


def compare(case: Case, candidate: Comparison) -> AgainstPresent:
    """Information criteria and the move of the common fixed effects, fairly or not at all."""
    present, other = case.comparison.optimum_fit, candidate.optimum_fit
    reason = _incomparable(case.design, candidate.prepared.design)
    if reason is not None:
        return AgainstPresent(
            delta_aic=None,
            delta_bic=None,
            loss=None,
            max_shift_se=common_shift(case.comparison, candidate),
            not_comparable=reason,
            by_ml=False,
        )
    by_ml = case.design.spec.reml and not _same_columns(case.design, candidate.prepared.design)
    if by_ml:
        present, other = case.fit_ml(case.comparison.prepared), case.fit_ml(candidate.prepared)
    return AgainstPresent(
        delta_aic=other.aic - present.aic,
        delta_bic=other.bic - present.bic,
        loss=-2.0 * (other.log_likelihood - present.log_likelihood),
        max_shift_se=common_shift(case.comparison, candidate),
        not_comparable=None,
        by_ml=by_ml,
    )


def likelihood_ratio(case: Case, smaller: Comparison) -> tuple[float, Fit, Fit]:
    """`2 (log L - log L_0)` by ML of the present model against a smaller one, and both fits."""
    full, null = case.fit_ml(case.comparison.prepared), case.fit_ml(smaller.prepared)
    return max(0.0, null.criterion - full.criterion), full, null


def common_shift(present: Comparison, candidate: Comparison) -> float | None:
    """Largest move of a fixed effect that both models have, in the present reference's standard errors.

    None where there is nothing to compare: no common effect, or effects on the scales of different links.
    """
    if present.prepared.design.spec.link != candidate.prepared.design.spec.link:
        return None
    names = candidate.prepared.design.fixed_names
    where = {name: j for j, name in enumerate(names)}
    moves = [
        abs(candidate.optimum_fit.beta[where[name]] - beta) / se
        for name, beta, se in zip(
            present.prepared.design.fixed_names,
            present.optimum_fit.beta,
            present.optimum_fit.se,
            strict=True,
        )
        if name in where and se > 0
    ]
    return float(max(moves)) if moves else None


def _incomparable(one: Design, two: Design) -> str | None:
    if not np.array_equal(one.rows, two.rows):
        return "the two models use different rows"
    if not np.array_equal(one.y, two.y):
        return "the two models have different responses"
    if _measure(one.spec.family) != _measure(two.spec.family):
        return "the two models have different distributions"
    if one.spec.nagq != two.spec.nagq:
        points = f"nAGQ = {one.spec.nagq} and {two.spec.nagq}"
        return f"the likelihoods of the two models are approximated differently ({points})"
    return without_likelihood(one)


def without_likelihood(design: Design) -> str | None:
    """Why a model has no AIC and no likelihood ratio at all, or None."""
    spec = design.spec
    if spec.nagq > 1 and family_of(spec).scale_free:
        family = f"the criterion of the {spec.family} family"
        return f"with nAGQ > 1 {family} is no likelihood: its scale is not in it"
    return None


def _measure(family: str) -> str:
    """Families with one name here have densities of the same kind, to be compared across families."""
    return "counts" if family in ("poisson", "negative.binomial") else family


def _same_columns(one: Design, two: Design) -> bool:
    return one.X.shape == two.X.shape and np.array_equal(one.X, two.X)
