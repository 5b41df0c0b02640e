"""Findings about scale and origin of predictors and response (MM101, MM102, MM106).

theta of a random slope is its standard deviation over sigma, per unit of the predictor, and an optimizer
looks for it around 1. A slope that moves the response by about sigma has theta 1/s where s is the predictor's
SD: a theta far from 1 is lost among the optimizer's steps. And the further from zero the predictor lies, the
less intercept and slope can be told apart: every change of the one is made good by the other, on a ridge that
an optimizer creeps along. lme4 checks the scale of X only, and no origin.
"""

from __future__ import annotations

import numpy as np

from mmtriage.arrays import Array
from mmtriage.diagnose.continuous import constant_combination, moved_columns, slopes
from mmtriage.diagnose.finding import Finding, finding
from mmtriage.diagnose.naming import MOST_NAMES, listed, term_text
from mmtriage.engine.lme4.checks import SCALE_RATIO, has_wild_scales
from mmtriage.model.design import Design

# SD of a random-slope column, or its inverse, that is extreme. For the columns of X lme4 has a limit of 1000,
# SCALE_RATIO, but their coefficients are solved for; for those of Z it has none, and there the limit must be
# lower: at an SD of 100 nloptwrap already stops short.
SLOPE_SCALE = 50.0
FAR_ORIGIN = 8.0  # |mean| / SD of a slope column beyond which intercept and slope are one ridge
EXTREME_RESPONSE = 1e4  # response SD beyond this or its inverse


def predictor_scale(design: Design) -> list[Finding]:
    """MM101: of random slopes, else of the columns of X; one finding names them all."""
    found = _slope_scale(design) or _fixed_scale(design)
    return [found] if found else []


def far_origin(design: Design) -> list[Finding]:
    """MM106: of random slopes, else of the columns of X; one finding names them all."""
    found = _far_slopes(design) or _far_from_intercept(design)
    return [found] if found else []


def response_scale(design: Design) -> list[Finding]:
    """MM102 of a linear model, whose response may have any unit."""
    sd = float(np.std(design.y, ddof=1)) if len(design.y) > 1 else 0.0
    if sd == 0 or 1 / EXTREME_RESPONSE <= sd <= EXTREME_RESPONSE:
        return []
    message = (
        f"the response has standard deviation {sd:.3g}; for a linear mixed model this changes nothing but "
        "the number of digits printed"
    )
    return [finding("MM102", message, sd=sd, threshold=EXTREME_RESPONSE)]


def _fixed_scale(design: Design) -> Finding | None:
    """lme4's check.scaleX on the fixed-effects columns."""
    spread = {
        name: float(np.std(design.X[:, j], ddof=1))
        for j, name in enumerate(design.fixed_names)
        if name != "(Intercept)" and not _is_dummy(design.X[:, j])
    }
    if not spread or not has_wild_scales(design.X):
        return None
    low, high = min(spread, key=spread.__getitem__), max(spread, key=spread.__getitem__)
    # Each may be within lme4's limit, and two of them too far apart all the same.
    guilty = [n for n, sd in spread.items() if not 1 / SCALE_RATIO <= sd <= SCALE_RATIO] or [low, high]
    message = "fixed-effect columns on very different scales: " + ", ".join(
        f"`{name}` has SD {spread[name]:.3g}" for name in guilty[:MOST_NAMES]
    )
    if len(guilty) > MOST_NAMES:
        message += f" and {len(guilty) - MOST_NAMES} more"
    return finding(
        "MM101",
        message,
        columns=tuple(guilty),
        smallest_sd=spread[low],
        largest_sd=spread[high],
        threshold=SCALE_RATIO,
    )


def _is_dummy(column: Array) -> bool:
    """Whether a column (n,) is made of zeros and ones; sorting it would take as long as a fit."""
    return bool(np.all((column == 0.0) | (column == 1.0)))


def _slope_scale(design: Design) -> Finding | None:
    """Random-slope columns whose scale hides their variance from an optimizer; lme4 never looks at Z."""
    guilty = [s for s in slopes(design) if s.sd > 0 and not 1 / SLOPE_SCALE <= s.sd <= SLOPE_SCALE]
    if not guilty:
        return None
    described = ", ".join(f"`{s.column}` in `{term_text(s.term)}` has SD {s.sd:.3g}" for s in guilty)
    orders = ", ".join(f"{1 / s.sd:.1g}" for s in guilty)
    message = (
        f"random slope on an extreme scale: {described}; the optimizer looks for its relative standard "
        f"deviation around 1, and it is of order {orders}; lme4 never checks the columns of Z"
    )
    return finding(
        "MM101",
        message,
        columns=tuple(dict.fromkeys(s.column for s in guilty)),
        terms=tuple(dict.fromkeys(term_text(s.term) for s in guilty)),
        slope_sd=guilty[0].sd,
        threshold=SLOPE_SCALE,
    )


def _far_slopes(design: Design) -> Finding | None:
    guilty = [s for s in slopes(design) if s.has_intercept and s.sd > 0 and abs(s.mean) > FAR_ORIGIN * s.sd]
    if not guilty:
        return None
    worst = max(guilty, key=lambda s: abs(s.mean) / s.sd)
    names = listed(list(dict.fromkeys(s.column for s in guilty)))
    message = (
        f"{names} lies far from zero (mean {worst.mean:.5g}, SD {worst.sd:.3g}): in "
        f"`{term_text(worst.term)}` intercept and slope become one ridge that an optimizer cannot follow; "
        "centring repairs it, dividing does not"
    )
    return finding(
        "MM106",
        message,
        columns=tuple(dict.fromkeys(s.column for s in guilty)),
        terms=tuple(dict.fromkeys(term_text(s.term) for s in guilty)),
        mean=worst.mean,
        sd=worst.sd,
        ratio=abs(worst.mean) / worst.sd,
        threshold=FAR_ORIGIN,
    )


def _far_from_intercept(design: Design) -> Finding | None:
    """The same ridge between the intercept and a coefficient, where the optimizer moves both."""
    if constant_combination(design) is None:  # no intercept that could make good what a coefficient does
        return None
    guilty = [c for c in moved_columns(design) if abs(c.mean) > FAR_ORIGIN * c.sd]
    if not guilty:
        return None
    worst = max(guilty, key=lambda c: abs(c.mean) / c.sd)
    names = listed([c.column for c in guilty])
    message = (
        f"{names} lies far from zero (mean {worst.mean:.5g}, SD {worst.sd:.3g}): "
        "intercept and coefficient become one ridge that an optimizer cannot follow; centring repairs it, "
        "dividing does not"
    )
    return finding(
        "MM106",
        message,
        columns=tuple(c.column for c in guilty),
        mean=worst.mean,
        sd=worst.sd,
        ratio=abs(worst.mean) / worst.sd,
        threshold=FAR_ORIGIN,
    )
