"""MM206 and MM207: a family that is not the response's, and a response that tells little.

What is asked of the response (n,) is what it is, not how it is called: two values only, whole numbers crowded
at zero, shares between 0 and 1 of which some are exactly 0 or 1. Rating scales and whole milliseconds are
whole numbers too, and no counts: these have zeros, and a long tail on the other side.
"""

from __future__ import annotations

import numpy as np

from mmtriage import figures
from mmtriage.arrays import Array
from mmtriage.diagnose.finding import Finding, finding
from mmtriage.diagnose.grouping import is_bernoulli
from mmtriage.formula.text import to_text
from mmtriage.model.design import Design

AT_THE_END = 0.05  # share of a response that lies at 0, or at 0 or 1, from which this is no accident
SKEWED = 0.5  # skewness beyond which whole numbers from zero up are counts rather than ratings
EVENTS_PER_COEFFICIENT = 5.0  # below, estimates are biased and standard errors wrong (Vittinghoff 2007)
WHOLE = 1e-9  # distance from a whole number that is rounding


def unsuited_family(design: Design) -> list[Finding]:
    """MM206: a binary response, counts or shares under normal errors, or shares without their trials."""
    if design.spec.is_linear:
        return _under_normal_errors(design)
    is_share = (design.y > 0) & (design.y < 1)
    if not design.spec.distribution.has_trials or design.weights is not None or not np.any(is_share):
        return []
    share = float(np.mean(is_share))
    message = (
        f"`{_response(design)}` holds shares ({share:.0%} of the rows lie between 0 and 1) without their "
        "trials: each row counts as one trial, and standard errors are those of another study; give the "
        "trials (`--weights`, or `cbind(success, failure)`)"
    )
    return [_unsuited(design, message, "shares without trials", share)]


def _under_normal_errors(design: Design) -> list[Finding]:
    y, name = design.y, _response(design)
    if np.ptp(y) == 0:
        return []
    distinct = np.unique(y[:: max(1, len(y) // 1000)])  # more than two values show soon
    if len(distinct) <= 2 and len(distinct := np.unique(y)) == 2:
        low, high = distinct.tolist()
        message = (
            f"`{name}` takes two values only ({low:g} and {high:g}): `lmer` gives it normal errors of one "
            "size; family binomial is made for it (`--family binomial`, in R `glmer`)"
        )
        return [_unsuited(design, message, "binary", float(np.mean(y == high)))]
    zeros = float(np.mean(y == 0))
    if zeros >= AT_THE_END and float(np.min(y)) == 0.0 and _is_whole(y) and _skewness(y) > SKEWED:
        message = (
            f"`{name}` counts (whole numbers from 0 to {float(np.max(y)):g}, {zeros:.0%} of them zero): its "
            "scatter grows with its mean, and `lmer` gives it errors of one size; try `--family poisson` (in "
            "R `glmer`, or `glmer.nb`)"
        )
        return [_unsuited(design, message, "counts", zeros)]
    at_ends = float(np.mean((y == 0) | (y == 1)))
    if at_ends >= AT_THE_END and float(np.min(y)) >= 0.0 and float(np.max(y)) <= 1.0:
        message = (
            f"`{name}` holds shares, {at_ends:.0%} of them exactly 0 or 1: their scatter hangs on their mean "
            "and their trials, and `lmer` gives them errors of one size; family binomial with the trials is "
            "made for them"
        )
        return [_unsuited(design, message, "shares", at_ends)]
    return []


def _response(design: Design) -> str:
    return to_text(design.formula.response)


def _unsuited(design: Design, message: str, kind: str, share: float) -> Finding:
    return finding("MM206", message, columns=(_response(design),), kind=kind, share=share)


def _is_whole(y: Array) -> bool:
    return bool(np.all(np.abs(y - np.rint(y)) <= WHOLE))


def _skewness(y: Array) -> float:
    centered = y - np.mean(y)
    return float(np.mean(centered**3) / np.mean(centered**2) ** 1.5)


def few_events(design: Design) -> list[Finding]:
    """MM207: fewer events, or fewer of the other outcome, than the coefficients need.

    The intercept counts for none, unless it is alone: the events decide on it.
    """
    if not design.spec.distribution.is_discrete:
        return []
    events = float(np.sum(design.row_weights * design.y))
    what = "event" if is_bernoulli(design) else "success" if design.spec.distribution.has_trials else "count"
    if design.spec.distribution.has_trials:
        others = float(np.sum(design.row_weights)) - events
        if others < events:
            events, what = others, f"non-{what}" if what == "event" else "failure"
    coefficients = max(1, sum(name != "(Intercept)" for name in design.fixed_names))
    if events >= EVENTS_PER_COEFFICIENT * coefficients:
        return []
    plural = {"success": "successes"}.get(what)
    message = (
        f"{figures.count(round(events), what, plural)} for {figures.count(coefficients, 'coefficient')} of "
        f"fixed effects, in {figures.count(len(design.y), 'row')}: the likelihood is far from a normal law, "
        "estimates lie too far from zero and their standard errors cannot be trusted"
    )
    return [
        finding(
            "MM207",
            message,
            columns=(_response(design),),
            events=events,
            coefficients=coefficients,
            per_coefficient=events / coefficients,
            threshold=EVENTS_PER_COEFFICIENT,
        )
    ]
