"""`firth`: separated fixed effects made finite by Jeffreys' prior (Firth 1993; Heinze & Schemper 2002).

The mode of the likelihood times the root of its information, log L + log|X'WX| / 2, is finite whatever is
separated, and for the canonical links it is Firth's estimate, free of the bias of order 1/n. It is our own
fit, of the model without random effects: the penalty has no settled form with them. Its score is that of data
to which the hat values h are added, h/2 successes in h trials more, or h/2 counts.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np

from mmtriage.arrays import Array
from mmtriage.ladder.against_present import not_compared
from mmtriage.ladder.case import Case
from mmtriage.ladder.effect_changes import Tested, at_optimum, by_z, changes
from mmtriage.ladder.emitted.r_marginal import firth_call
from mmtriage.ladder.records import Attempt, Proposal
from mmtriage.ladder.remedies.measured import compared
from mmtriage.ladder.remedies.plain_model import without_bars
from mmtriage.model.design import Design

CANONICAL = {("binomial", "logit"), ("poisson", "log")}
PENALIZED = "a penalized likelihood is no likelihood: no AIC, BIC or likelihood ratio"
MOST_STEPS, SMALL_STEP, LARGEST_STEP = 500, 1e-9, 5.0  # Newton steps; on the link scale
TITLE = "Firth's penalty (Jeffreys' prior), without random effects"
ORDER = 1  # behind the prior, which keeps the groups


@dataclass(frozen=True, slots=True, eq=False)
class FirthFit:
    """The mode, and standard errors from the information there."""

    beta: Array  # (p,)
    se: Array  # (p,)
    deviance: float  # -2 log-likelihood, without the penalty, less what the data alone say


def propose(case: Case) -> Iterator[Proposal]:
    """Fit it where fixed effects are separated and the link is canonical."""
    design = case.design
    if not case.is_separated or (design.spec.family, design.spec.link) not in CANONICAL:
        return
    fit = firth_fit(design)
    if fit is None:
        return
    formula = without_bars(case.formula)
    after = {
        name: Tested(b, se, b / se, by_z(b / se))
        for name, b, se in zip(design.fixed_names, fit.beta.tolist(), fit.se.tolist(), strict=True)
    }
    endless = sorted(case.comparison.endless_effects() & set(after))
    told = "; ".join(f"`{name}` {after[name].estimate:.3g} (SE {after[name].se:.3g})" for name in endless)
    remedy = compared(
        not_compared(PENALIZED),
        id="firth",
        rung=2,
        title=TITLE,
        clears=True,
        formula=formula,
        code=case.commands.called(formula, partial(firth_call, start=fit.beta)),
        changes=f"every fixed effect becomes finite{f': {told}' if told else ''}; rows count as independent",
        caveats=(
            "test a separated effect by the penalized likelihood ratio (brglm2, logistf), not by Wald's z",
            "R may remark on successes that are not whole: the penalty adds parts of them",
            "where groups differ, its standard errors are too small: the prior above keeps them",
        ),
        effects=changes(at_optimum(case), after),
        order=ORDER,
    )
    attempt = Attempt(
        label=TITLE,
        formula=formula,
        optimizer="mmtriage",
        criterion=None,
        gap=None,
        max_abs_gradient=None,
        certified=None,
        singular=False,
        note="the mode of log L + log|X'WX| / 2, by Newton steps",
    )
    yield Proposal(remedy=remedy, attempt=attempt)


def firth_fit(design: Design) -> FirthFit | None:
    """The mode of the penalized likelihood; None if the steps do not settle."""
    from mmtriage.model.families import family_of  # here: linear models start sooner without

    family, X = family_of(design.spec), design.X
    counts_trials = design.spec.distribution.has_trials
    weights = np.asarray(design.row_weights, dtype=np.float64)
    offset = np.zeros(len(design.y)) if design.offset is None else design.offset
    beta = np.zeros(X.shape[1])
    for _ in range(MOST_STEPS):
        mu = family.link.inverse(X @ beta + offset)
        W = weights * family.variance(mu)  # of a canonical link
        information = X.T @ (W[:, None] * X)
        try:
            inverse = np.linalg.inv(information)
        except np.linalg.LinAlgError:
            return None
        hat = W * np.einsum("ij,jk,ik->i", X, inverse, X)
        added = hat * (0.5 - mu) if counts_trials else 0.5 * hat
        score = X.T @ (weights * (design.y - mu) + added)
        # the information of the data with what is added to them: with the data's own, steps may swing
        enlarged = W + hat * family.variance(mu) if counts_trials else W
        step = np.linalg.solve(X.T @ (enlarged[:, None] * X), score)
        largest = float(np.max(np.abs(X @ step), initial=0.0))
        if not np.isfinite(largest):
            return None
        beta = beta + step * min(1.0, LARGEST_STEP / max(largest, SMALL_STEP))
        if largest < SMALL_STEP:
            deviance = float(np.sum(family.deviance(design.y, mu, weights)))
            return FirthFit(beta, np.sqrt(np.diag(inverse)), deviance)
    return None
