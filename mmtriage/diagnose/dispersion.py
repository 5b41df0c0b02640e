"""Overdispersion (MM501): counts that scatter more than their mean and the random effects allow.

The statistic is Pearson's, X^2 = sum w_i (y_i - mu_i)^2 / V(mu_i), at the conditional modes, over df = n less
the degrees of freedom that fixed and random effects use up (see `freedom`). With the usual df, n less the
number of parameters, a healthy Poisson model of small groups has X^2 / df of 0.6. Its law under the model is
not chi-square where means are small: one squared residual has mean 1 and variance 2 + kappa, where the excess
kurtosis kappa is

    1 / mu                                     Poisson
    (1 - 6 pi (1 - pi)) / (m pi (1 - pi))      binomial, m trials

so the p-value is that of a gamma with mean df and the sum of these variances. Rows in which next to nothing
is expected are left out: they add noise only. It stays conservative: the variances of the random effects
grow to take up part of the surplus scatter.

The stronger test is what an effect of every row gains, 2 log L, whose law under the model is that of a
variance at zero, 1/2 chi2(0) + 1/2 chi2(1) (Self & Liang 1987). It takes a refit, so only scatter that would
matter is asked; cbpp (lme4's own example) has X^2 / df of 1.48 with p = 0.044, and a gain of 9.41, p = 0.001.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import erfc, gammaincc

from mmtriage.arrays import Array
from mmtriage.deadline import TimeBudgetError
from mmtriage.diagnose.finding import Finding, Said, finding, not_assessed
from mmtriage.diagnose.fitted import Fitted
from mmtriage.diagnose.freedom import used_degrees
from mmtriage.diagnose.grouping import is_bernoulli
from mmtriage.engine.estimates import Fit
from mmtriage.engine.generalized.model import GeneralizedModel
from mmtriage.engine.generalized.row_effect import RowEffect, row_effect
from mmtriage.model.design import Design
from mmtriage.model.families import family_of

MATERIAL = 1.2  # X^2 / df that matters: standard errors too small by its root, 10 %
BY_CHANCE = 1e-3  # p below which the scatter is not chance
ROW_BY_CHANCE = 5e-3  # p of the row effect's gain below which it is not chance, of scatter that matters
FEWEST_DF = 10  # below, the scatter that remains says nothing
MOST_ROWS = 20_000  # beyond, Pearson's statistic sees what matters, and a row effect costs too much
# Weight of an average row on the link scale below which Laplace's approximation of its effect is an artefact:
# of 10 events in 400 rows it gained 15 deviance units with an SD of 6.8.
LEAST_INFORMATION = 0.1
LEAST_EXPECTED = 0.02  # successes and failures, or counts, below which a row has no say


def overdispersed(fitted: Fitted) -> Sequence[Said]:
    """MM501 of a family whose mean alone says how much a response scatters."""
    design, mu = fitted.design, fitted.fit.mu
    reason = why_not_assessed(design)
    if reason is not None:
        return [not_assessed("MM501", reason)]
    if mu is None:  # there is no mean at an optimum that could not be evaluated
        return []
    scatter = pearson(design, fitted.fit, mu)
    if scatter is None or scatter.ratio < MATERIAL:
        return []
    row = _row_effect(fitted, scatter.surplus) if scatter.information >= LEAST_INFORMATION else None
    found = overdispersion(scatter, row, has_trials=design.spec.distribution.has_trials)
    return [] if found is None else [found]


def pearson(design: Design, fit: Fit, mu: Array) -> Scatter | None:
    """Pearson's statistic at the means mu (n,) of a fit.

    Of a negative binomial it has no p-value. None where next to no degrees of freedom are left.
    """
    weights = design.row_weights
    family = family_of(design.spec)
    if fit.nb_theta is not None:
        family = family.with_theta(fit.nb_theta)
    V = family.variance(mu)
    W = weights * family.link.slope(family.link.link(mu)) ** 2 / V
    used = used_degrees(design.X, design.random, fit.covariances, W)
    # A row has its say by the counts that are expected of it, of successes and of failures.
    highest = family.distribution.mean_range[1]
    said = weights * np.minimum(mu, highest - mu) >= LEAST_EXPECTED
    squares = weights * (design.y - mu) ** 2 / V
    variances = 2.0 + family.excess_kurtosis(mu, weights)
    df = float(np.sum(said) - used * np.sum(W[said]) / np.sum(W))
    return scatter_of(squares[said], variances[said], df, information=float(np.mean(W)))


def _row_effect(fitted: Fitted, surplus: float) -> RowEffect | None:
    """What an effect of every row would gain; None where that cannot be said, or costs too much.

    Args:
        surplus: variance of the effect that would explain the scatter, about.
    """
    model = fitted.comparison.prepared.model
    if not isinstance(model, GeneralizedModel) or len(fitted.design.y) > MOST_ROWS:
        return None
    try:
        return row_effect(model, fitted.comparison.optimum.place, sd=float(np.sqrt(surplus)))
    except (np.linalg.LinAlgError, TimeBudgetError):
        return None


def why_not_assessed(design: Design) -> str | None:
    """Why MM501 cannot be asked of a model; None where it can."""
    if design.spec.estimates_nb_theta:
        return "the negative binomial estimates its own dispersion"
    if any(len(term.levels) == len(design.y) for term in design.random):
        return "an effect of each row takes up any scatter"
    if is_bernoulli(design):
        return "0/1 data have no scatter beyond their mean"
    if design.spec.distribution.is_count and design.weights is not None and np.any(design.weights != 1):
        return "prior weights are not counts of anything"
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Scatter:
    """Pearson's statistic."""

    statistic: float
    df: float
    p_value: float
    information: float = 1.0  # mean weight of a row on the link scale

    @property
    def ratio(self) -> float:
        """How many times as much the data scatter as the model allows."""
        return self.statistic / self.df

    @property
    def surplus(self) -> float:
        """The variance on the link scale, between rows, that makes about as much scatter."""
        return (self.ratio - 1.0) / self.information


def scatter_of(squares: Array, variances: Array, df: float, *, information: float = 1.0) -> Scatter | None:
    """Pearson's statistic from squared residuals (n,) and their variances (n,) under the model.

    None where next to no degrees of freedom are left.
    """
    if df < FEWEST_DF:
        return None
    statistic = float(np.sum(squares))
    spread = float(np.sum(variances)) * df / len(squares)
    p_value = float(gammaincc(df**2 / spread, statistic * df / spread))
    return Scatter(statistic=statistic, df=df, p_value=p_value, information=information)


def overdispersion(
    scatter: Scatter, row: RowEffect | None = None, *, has_trials: bool = False
) -> Finding | None:
    """MM501 of scatter that matters, where one of the two tests says that it is not chance."""
    if scatter.ratio < MATERIAL:
        return None
    gain = None if row is None else row.gain
    p_row = None if gain is None else 0.5 * float(erfc(np.sqrt(0.5 * gain)))
    if scatter.p_value > BY_CHANCE and (p_row is None or p_row > ROW_BY_CHANCE):
        return None
    gained = (
        f"; an effect of each row gains {gain:.4g} deviance units, p = {p_row:.2g}"
        if gain is not None and p_row is not None
        else ""
    )
    message = (
        f"the data scatter {scatter.ratio:.3g} times as much as the model allows (Pearson chi-square "
        f"{scatter.statistic:.4g} on {scatter.df:.4g} df, p = {scatter.p_value:.2g}{gained}): "
        f"standard errors are too small, by a factor of about {np.sqrt(scatter.ratio):.3g}"
    )
    if has_trials:
        message += "; an effect of each row takes it up, or a beta-binomial (glmmTMB, family betabinomial)"
    return finding(
        "MM501",
        message,
        statistic=scatter.statistic,
        df=scatter.df,
        ratio=scatter.ratio,
        p_value=scatter.p_value,
        row_effect_gain=gain,
        row_effect_p=p_row,
        row_effect_sd=None if row is None else row.sd,
        threshold=MATERIAL,
        p_threshold=BY_CHANCE,
        row_effect_threshold=ROW_BY_CHANCE,
    )
