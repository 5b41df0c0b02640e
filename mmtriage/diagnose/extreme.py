"""Implausible coefficients of generalized models (MM205).

On a link scale without units a coefficient has a size of its own: 10 on the logit scale multiplies the odds
by 22,000. It is judged per step that the data know: from one value to the other of a two-valued column, one
standard deviation of any other, less what the other columns share with it (over the root of its variance
inflation), so that neither units nor an origin far outside the data make a coefficient large. The same for
standard errors: an interval that reaches as far as the limit says that the data do not limit the effect.

The Wald statistic of such an effect is small because its standard error grows faster than itself (Hauck &
Donner 1977); what leaving it out would cost is the honest measure, and takes a fit.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from mmtriage.arrays import Array
from mmtriage.deadline import TimeBudgetError
from mmtriage.diagnose.continuous import is_two_valued
from mmtriage.diagnose.finding import Said, finding, not_assessed
from mmtriage.diagnose.fitted import Fitted
from mmtriage.diagnose.inflation import inflation_factors
from mmtriage.diagnose.naming import listed
from mmtriage.model.design import Design

LIMIT = 10.0  # on a log scale: of odds, of means
PROBIT_LIMIT = 6.0  # 10 logits in units of the probit
LIMITS = {"logit": LIMIT, "cloglog": LIMIT, "log": LIMIT, "probit": PROBIT_LIMIT}
INTERVAL = 2.0  # standard errors in half a 95 % interval
WALD = 1.96  # |z| below which nobody would believe in an effect ...
LIKELIHOOD_RATIO = 6.63  # ... that costs this many deviance units to leave out: p = 0.01 on one df


def implausible(fitted: Fitted) -> Sequence[Said]:
    """MM205, with the likelihood ratio of the worst coefficient where another fit can be made."""
    design, fit = fitted.design, fitted.fit
    if not has_limit(design):
        link = design.spec.link
        reason = f"coefficients have no size of their own on the {link} scale of this family"
        return [not_assessed("MM205", reason)]
    limit = LIMITS[design.spec.link]
    sizes, widths = standardized(design, fit.beta), standardized(design, fit.se)
    guilty = [j for j in range(len(sizes)) if sizes[j] > limit or INTERVAL * widths[j] > limit]
    if not guilty:
        return []
    worst = max(guilty, key=lambda j: max(sizes[j], INTERVAL * widths[j]))
    names = tuple(design.fixed_names[j] for j in guilty)
    beta, se = float(fit.beta[worst]), float(fit.se[worst])
    ratio = _likelihood_ratio(fitted, worst)
    message = _message(design, worst, names, beta, se, size=float(sizes[worst]), limit=limit)
    if ratio is not None and abs(beta / se) < WALD and ratio > LIKELIHOOD_RATIO:
        message += (
            f"; its Wald z is {beta / se:.2g}, yet without it the fit is {ratio:.4g} deviance units worse "
            "(Hauck-Donner): test it by a likelihood ratio"
        )
    return [
        finding(
            "MM205",
            message,
            columns=names,
            terms=names,
            estimate=beta,
            se=se,
            standardised=float(sizes[worst]),
            standardised_se=float(widths[worst]),
            likelihood_ratio=ratio,
            threshold=limit,
        )
    ]


def has_limit(design: Design) -> bool:
    """Whether a coefficient has a size of its own: the link scale has no units, nor has the response.

    A response with normal errors, whose mean may be anything, could be measured from another origin: what
    that does to the logarithm of its mean no limit on coefficients can foresee.
    """
    return design.spec.link in LIMITS and not math.isinf(design.spec.distribution.mean_range[0])


def _likelihood_ratio(fitted: Fitted, j: int) -> float | None:
    """Deviance units that leaving out a column of X costs; None where that model cannot be fitted in time."""
    try:
        return fitted.optimum(without_column(fitted.design, j)).criterion - fitted.fit.criterion
    except (TimeBudgetError, np.linalg.LinAlgError):
        return None


def standardized(design: Design, values: Array) -> Array:
    """|values| (p,) of beta or its standard errors per step of their columns; 0 for the intercept."""
    # An effect of a column nearly spanned by others is large only because it may be: its own share of the
    # variance is what a step of it is.
    factors = inflation_factors(design)
    steps = np.zeros(len(values))
    for j, name in enumerate(design.fixed_names):
        if name != "(Intercept)":
            x = design.X[:, j]
            step = np.ptp(x) if is_two_valued(x) else np.std(x)
            steps[j] = step / np.sqrt(factors.get(name, 1.0))
    return np.abs(values) * steps


def without_column(design: Design, j: int) -> Design:
    """The design without a column of X."""
    kept = [i for i in range(design.X.shape[1]) if i != j]
    return replace(
        design,
        X=design.X[:, kept],
        fixed_names=tuple(design.fixed_names[i] for i in kept),
        assign=tuple(design.assign[i] for i in kept),
    )


def _message(
    design: Design, j: int, names: tuple[str, ...], beta: float, se: float, *, size: float, limit: float
) -> str:
    name = design.fixed_names[j]
    if size > limit:
        says = "no plausible effect is so large"
    else:
        says = "its interval reaches from next to nothing to everything"
    others = f" (as is that of {listed([n for n in names if n != name])})" if len(names) > 1 else ""
    return (
        f"the coefficient of `{name}` is implausible on the {design.spec.link} scale{others}: {beta:.4g} "
        f"with standard error {se:.3g}; {says}"
    )
