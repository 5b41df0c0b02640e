"""The standard errors that lme4 prints, beside the right ones (MM410).

`summary(glmer(...))` takes standard errors, z and p from a Hessian by finite differences, whose step is
1e-4 whatever the units, of a criterion whose inner iteration stops at a relative change of 1e-7 (tolPwrss).
Noise of that size, divided by the square of that step, can be larger than the curvature that is looked for
(lme4 issue 998). Nothing in lme4 tests for it: where its own tests warn, they warn of something else.

Where lme4 takes no such differences (nAGQ = 0), its standard errors come from the factor RX of the fixed
effects, as if the covariances of the random effects were known. That is by design, and a warning where it
makes a difference.

Of a fit made elsewhere its own standard errors are compared, whatever they rest on; some are no numbers.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from mmtriage import figures
from mmtriage.diagnose.finding import Finding, finding
from mmtriage.diagnose.fitted import Fitted
from mmtriage.diagnose.judgement import gives_wrong_errors, wrong_standard_errors
from mmtriage.diagnose.verdict import SE_FACTOR
from mmtriage.engine.comparison import Comparison
from mmtriage.engine.estimates import Fit
from mmtriage.engine.lme4.differences import DELTA

INTERCEPT = "(Intercept)"
MOST_NAMED = 3  # coefficients in a sentence; the evidence has all


def printed_errors(fitted: Fitted) -> list[Finding]:
    """MM410: at the optimum, but standard errors that lme4 prints there are wrong."""
    wrong = wrong_standard_errors(fitted.comparison)
    fit = fitted.comparison.lme4_fit
    if fit is None or not wrong:
        return []
    names = in_order(wrong)
    right = _errors(fitted.comparison, fitted.fit)
    printed = _errors(fitted.comparison, fit)
    said = "; ".join(
        f"`{name}` {figures.three(printed[name])}, right: {figures.three(right[name])} "
        f"({factor_of(wrong[name])})"
        for name in names[:MOST_NAMED]
    )
    more = len(names) - MOST_NAMED
    said += f"; and {figures.count(more, 'more')}" if more > 0 else ""
    return [
        finding(
            "MM410",
            f"{_lead(fitted.comparison)}: {said}",
            severity="warning" if is_by_design(fitted.comparison) else "error",
            columns=names,
            factors=tuple((name, wrong[name]) for name in names),
            printed=tuple((name, printed[name]) for name in names),
            right=tuple((name, right[name]) for name in names),
            threshold=SE_FACTOR,
            method=fit.se_method,
        )
    ]


def is_by_design(comparison: Comparison) -> bool:
    """Whether these standard errors are what lme4 means to print: it took no differences for them."""
    return not gives_wrong_errors(comparison)


def in_order(wrong: Mapping[str, float]) -> tuple[str, ...]:
    """The names of wrong standard errors, the worst first, but the intercept's last: few ask about it."""
    return tuple(sorted(wrong, key=lambda name: (name == INTERCEPT, -_off(wrong[name]))))


def factor_of(ratio: float) -> str:
    """A ratio to the right standard error in words: "53 times too small"."""
    if not np.isfinite(ratio) or ratio <= 0.0:
        return "not a number"
    factor, which = (1.0 / ratio, "small") if ratio < 1.0 else (ratio, "large")
    return f"{figures.rough(factor)} times too {which}"


def _off(ratio: float) -> float:
    """How far a ratio is from one, whatever the side; infinite where it is no number."""
    return abs(float(np.log(ratio))) if np.isfinite(ratio) and ratio > 0.0 else np.inf


def _errors(comparison: Comparison, fit: Fit) -> dict[str, float]:
    return dict(zip(comparison.prepared.design.fixed_names, map(float, fit.se), strict=True))


def _lead(comparison: Comparison) -> str:
    """Where these standard errors come from, and what is wrong with that."""
    if comparison.given is not None:
        return f"{comparison.given.software} gives standard errors that are wrong at the optimum it has found"
    if is_by_design(comparison):
        return "lme4 takes these standard errors from RX, as if the random effects' covariances were known"
    if comparison.lme4_fit is not None and comparison.lme4_fit.se_method == "conditional":
        return (
            "lme4's finite differences have no Hessian that it can use, so it takes these standard errors "
            "from RX, as if the random effects' covariances were known"
        )
    from mmtriage.engine.lme4.glmer_pirls import TOLERANCE  # here: linear models start sooner without

    return (
        f"lme4 takes these standard errors from finite differences (a step of {figures.tidy(DELTA)} in every "
        f"parameter, in a likelihood whose inner iteration stops at {figures.tidy(TOLERANCE)}), too coarse "
        "for them"
    )
