"""Overdispersion (MM501): counts that scatter more than their mean and the random effects allow.

The statistic is Pearson's, X^2 = sum w_i (y_i - mu_i)^2 / V(mu_i), at the conditional modes, over df = n less
the degrees of freedom that fixed and random effects use up (see `freedom`). With the usual df, n less the
number of parameters, a healthy Poisson model of small groups has X^2 / df of 0.6. Its law under the model is
not chi-square where means are small: one squared residual has mean 1 and variance 2 + kappa, where the excess
kurtosis kappa is

    1 / mu                                     Poisson
    (1 - 6 pi (1 - pi)) / (m pi (1 - pi))      binomial, m trials

so the p-value is that of a gamma with mean df and the sum of these variances. Rows in which next to nothing
is expected are left out: they add noise only. It stays conservative: the
variances of the random effects grow to take up part of the surplus scatter. In 3,975 simulated healthy fits
(Poisson means 0.02 to 7, binomial of 4 to 10 trials, 20 to 60 groups) it was found once.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.special import gammaincc

from mmtriage.arrays import Array
from mmtriage.diagnose.finding import Finding, Said, finding, not_assessed
from mmtriage.diagnose.fitted import Fitted
from mmtriage.diagnose.freedom import used_degrees
from mmtriage.diagnose.grouping import is_bernoulli
from mmtriage.model.design import Design
from mmtriage.model.families import family_of

MATERIAL = 1.2  # X^2 / df that matters: standard errors too small by its root, 10 %
BY_CHANCE = 1e-3  # p below which the scatter is not chance
FEWEST_DF = 10  # below, the scatter that remains says nothing
LEAST_EXPECTED = 0.02  # successes and failures, or counts, below which a row has no say


def overdispersed(fitted: Fitted) -> Sequence[Said]:
    """MM501 of a family whose mean alone says how much a response scatters."""
    design, mu = fitted.design, fitted.fit.mu
    reason = why_not_assessed(design)
    if reason is not None:
        return [not_assessed("MM501", reason)]
    if mu is None:  # there is no mean at an optimum that could not be evaluated
        return []
    weights = np.ones(fitted.fit.n) if design.weights is None else design.weights
    family = family_of(design.spec)
    V = family.variance(mu)
    W = weights * family.link.slope(family.link.link(mu)) ** 2 / V
    used = used_degrees(design.X, design.random, fitted.fit.covariances, W)
    # A row has its say by the counts that are expected of it, of successes and of failures.
    highest = family.distribution.mean_range[1]
    said = weights * np.minimum(mu, highest - mu) >= LEAST_EXPECTED
    squares = weights * (design.y - mu) ** 2 / V
    variances = 2.0 + family.excess_kurtosis(mu, weights)
    df = float(np.sum(said) - used * np.sum(W[said]) / np.sum(W))
    found = overdispersion(squares[said], variances[said], df)
    return [] if found is None else [found]


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


def overdispersion(squares: Array, variances: Array, df: float) -> Finding | None:
    """MM501 from squared Pearson residuals (n,) and their variances (n,) under the model."""
    if df < FEWEST_DF:
        return None
    statistic = float(np.sum(squares))
    ratio = statistic / df
    spread = float(np.sum(variances)) * df / len(squares)
    p_value = float(gammaincc(df**2 / spread, statistic * df / spread))
    if ratio < MATERIAL or p_value > BY_CHANCE:
        return None
    message = (
        f"the data scatter {ratio:.3g} times as much as the model allows (Pearson chi-square "
        f"{statistic:.4g} on {df:.4g} df, p = {p_value:.2g}): standard errors are too small, by a factor of "
        f"about {np.sqrt(ratio):.3g}"
    )
    return finding(
        "MM501",
        message,
        statistic=statistic,
        df=df,
        ratio=ratio,
        p_value=p_value,
        threshold=MATERIAL,
        p_threshold=BY_CHANCE,
    )
