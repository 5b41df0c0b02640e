"""Another model against the present one: by AIC, BIC and loss of fit where that is fair, else not at all.

Two models are compared on the same rows and the same response, by densities of one kind, approximated in the
same way. REML criteria of models whose fixed effects differ are on different scales (they leave out different
directions of y): those models are compared by ML.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mmtriage.diagnose.verdict import allowed_gap
from mmtriage.engine.comparison import Comparison
from mmtriage.ladder.case import Bench, Case
from mmtriage.model.design import Design


@dataclass(frozen=True, slots=True, kw_only=True)
class AgainstPresent:
    """How a candidate compares with the present model; what would not be fair to compare is None."""

    delta_aic: float | None
    delta_bic: float | None
    loss: float | None  # deviance units of fit given up; negative: the candidate fits better
    max_shift_se: float | None
    not_comparable: str | None


# The present model, reached or written in another way.
SAME = AgainstPresent(delta_aic=0.0, delta_bic=0.0, loss=0.0, max_shift_se=0.0, not_comparable=None)

ENDLESS = "the likelihood of the present model has no maximum to compare with"
NO_MAXIMUM = "a posterior mode is not a maximum of the likelihood: no AIC, BIC or likelihood ratio"


def compare(case: Case, candidate: Comparison) -> AgainstPresent:
    """Compare a candidate with the present model, fairly or not at all."""
    if case.is_endless:
        return not_compared(ENDLESS)
    reason = _incomparable(case.design, candidate.prepared.design)
    shift = common_shift(case.comparison, candidate)
    if reason is not None:
        return not_compared(reason, max_shift_se=shift)
    present, other = case.comparison.optimum_fit, candidate.optimum_fit
    if case.design.spec.reml and not _same_columns(case.design, candidate.prepared.design):
        present, other = (case.bench.fit_ml(c.prepared) for c in (case.comparison, candidate))
    # A parameter that the data cannot determine is none: it costs nothing in the one model and saves nothing.
    spare = len(case.comparison.prepared.null) - len(candidate.prepared.null)
    return AgainstPresent(
        delta_aic=other.aic - present.aic + 2.0 * spare,
        delta_bic=other.bic - present.bic + float(np.log(present.n)) * spare,
        loss=-2.0 * (other.log_likelihood - present.log_likelihood),
        max_shift_se=shift,
        not_comparable=None,
    )


def identified_df(comparison: Comparison) -> int:
    """Parameters that the data determine: those of the model less the directions that change nothing."""
    return comparison.optimum_fit.df - len(comparison.prepared.null)


def not_compared(
    reason: str, *, loss: float | None = None, max_shift_se: float | None = None
) -> AgainstPresent:
    """Say why no information criterion compares a candidate with the present model."""
    return AgainstPresent(
        delta_aic=None, delta_bic=None, loss=loss, max_shift_se=max_shift_se, not_comparable=reason
    )


def is_same_model(bench: Bench, one: Comparison, two: Comparison) -> bool:
    """Whether two ways to write a model are one model: their ML criteria agree."""
    first, second = (bench.fit_ml(comparison.prepared).criterion for comparison in (one, two))
    return abs(first - second) <= allowed_gap(first)


def likelihood_ratio(case: Case, smaller: Comparison) -> float:
    """`2 (log L - log L0)` by ML of the present model against a smaller one."""
    full, null = (case.bench.fit_ml(c.prepared) for c in (case.comparison, smaller))
    return max(0.0, null.criterion - full.criterion)


def common_shift(present: Comparison, candidate: Comparison) -> float | None:
    """Largest move of a fixed effect that both models have, in standard errors of the present optimum.

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
    if one.spec.distribution.kind_of_density != two.spec.distribution.kind_of_density:
        return "the two models have different distributions"
    moved = _moved_factors(one, two)
    if moved:
        return (
            f"{', '.join(moved)} is fixed in one model and random in the other: its levels are parameters of "
            "the one likelihood and draws in the other, and no AIC compares them"
        )
    if one.spec.nagq != two.spec.nagq:
        points = f"nAGQ = {one.spec.nagq} and {two.spec.nagq}"
        return f"the likelihoods of the two models are approximated differently ({points})"
    return without_likelihood(one)


def _moved_factors(one: Design, two: Design) -> list[str]:
    """Grouping factors of one model that are fixed effects of the other alone."""
    found = []
    for mine, theirs in ((one, two), (two, one)):
        gained = set(theirs.fixed_terms) - set(mine.fixed_terms)
        groups = {term.group for term in mine.random} - {term.group for term in theirs.random}
        found += [g for g in groups if gained & {g, f"factor({g})"}]
        lost = set(mine.fixed_terms) - set(theirs.fixed_terms)
        found += [term.group for term in theirs.random if lost & {term.group, f"factor({term.group})"}]
    return list(dict.fromkeys(found))


def without_likelihood(design: Design) -> str | None:
    """Why a model has no AIC and no likelihood ratio at all, or None."""
    spec = design.spec
    if spec.nagq > 1 and spec.distribution.estimates_scale:
        family = f"the criterion of the {spec.family} family"
        return f"with nAGQ > 1 {family} is no likelihood: its scale is not in it"
    return None


def _same_columns(one: Design, two: Design) -> bool:
    return one.X.shape == two.X.shape and np.array_equal(one.X, two.X)
