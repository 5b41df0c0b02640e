"""Where else a search should start: evidence that a local optimum is the global one.

A certificate proves an optimum of the second order; that no other one lies lower is shown by where other
starts lead. Most models have one optimum, and then every start is an expense. Several optima were met where

* a grouping factor has few levels, so that single groups shape the criterion;
* a term has slopes, whose correlations may settle on either side;
* the link leaves not even the likelihood of the fixed effects convex.

There, and where the first starts disagree, the search also starts from moderate and large variances, from
very large ones where there are as many effects as rows, and from correlations of both signs; where the risk
is grave (a handful of groups, slopes of a generalized model, a structured covariance, whose SDs share one
correlation, a link without a convex likelihood) also from zero, from small variances, from each term alone
and at random around the best point.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from mmtriage.arrays import Array
from mmtriage.engine.optimum.protocol import Likelihood, supports, template_factors

ENOUGH_LEVELS = 20  # levels of every factor from which intercepts alone are no risk
A_HANDFUL = 6  # levels up to which the risk is grave
SMALL, LARGE, VERY_LARGE = 0.15, 5.0, 50.0  # relative standard deviations, beside one (the template)
STRONG = 0.9  # correlation


def is_at_risk(likelihood: Likelihood) -> bool:
    """Whether models like this one were seen to have several optima."""
    has_few = _fewest_levels(likelihood) < ENOUGH_LEVELS
    return _has_slopes(likelihood) or has_few or not likelihood.is_convex


def is_grave(likelihood: Likelihood) -> bool:
    """Whether single groups, or a criterion that is not convex, shape the likelihood."""
    is_approximate = len(likelihood.free_scale) > 0
    has_few = _fewest_levels(likelihood) <= A_HANDFUL
    is_structured = not likelihood.layout.is_ordinary
    has_slopes = _has_slopes(likelihood)
    return has_few or is_structured or not likelihood.is_convex or (has_slopes and is_approximate)


def _has_slopes(likelihood: Likelihood) -> bool:
    return max(supports(likelihood)) > 1


def _fewest_levels(likelihood: Likelihood) -> int:
    return min(block.n_levels for block in likelihood.products.blocks)


def explored(likelihood: Likelihood) -> Iterator[tuple[str, list[Array]]]:
    """Labels and factors (k, k) per term of further starts, for a model that is at risk."""
    unit = template_factors(likelihood.basis)
    grave = is_grave(likelihood)
    yield "template", unit
    yield "large", [LARGE * F for F in unit]
    if likelihood.p + likelihood.products.blocks.q >= likelihood.n:
        # Random effects that leave next to nothing of the residual may have an optimum where they do.
        yield "very large", [VERY_LARGE * F for F in unit]
    if grave:
        yield "zero", [0.0 * F for F in unit]
        yield "small", [SMALL * F for F in unit]
    if grave and len(unit) > 1:
        for t in range(len(unit)):
            yield f"term {t + 1} alone", [F if s == t else 0.0 * F for s, F in enumerate(unit)]
    if _has_slopes(likelihood):
        for name, sign in (("positive", 1.0), ("negative", -1.0)):
            yield f"{name} correlations", [correlated(r, len(F), sign) for r, F in _sizes(likelihood, unit)]


def _sizes(likelihood: Likelihood, factors: Sequence[Array]) -> list[tuple[int, Array]]:
    return list(zip(supports(likelihood), factors, strict=True))


def correlated(rank: int, k: int, sign: float) -> Array:
    """F (k, k) of unit variances in which each direction goes with the one before it, or against it."""
    S = (sign * STRONG) ** np.abs(np.subtract.outer(np.arange(rank), np.arange(rank)))
    F = np.zeros((k, k))
    F[:rank, :rank] = np.linalg.cholesky(S)
    return F
