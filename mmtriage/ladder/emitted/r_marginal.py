"""Calls of R functions that are no mixed models: Firth's penalty, GEE, and compound symmetry by `gls`.

What is not fitted here is advice, and its code runs: GEE takes rows without gaps, one group after the other.
"""

from __future__ import annotations

from mmtriage.arrays import Array
from mmtriage.ladder.emitted.r_call import call_arguments
from mmtriage.ladder.emitted.r_values import r_condition, r_vector
from mmtriage.options import TriageOptions


def firth_call(options: TriageOptions, formula: str, start: Array) -> str:
    """The generalized linear model with Jeffreys' prior, whose mode is Firth's estimate for these links.

    It starts at the mode (p,): from its own start brglm2 swings where one row is a column's only one.
    """
    arguments = [*call_arguments(options, formula, "plain"), f"start = {r_vector(start, digits=8)}"]
    how = 'method = brglm2::brglm_fit, control = list(type = "MPL_Jeffreys")'
    return f"m <- glm({', '.join(arguments)}, {how})"


def gee_call(options: TriageOptions, formula: str, group: str) -> str:
    """Population averages, with standard errors from how groups differ."""
    first, *rest = call_arguments(options, formula, "plain")
    said = ", ".join([first, f"id = {group}", *rest])
    return f'm <- geepack::geeglm({said}, corstr = "exchangeable")'


def sorted_by(group: str) -> str:
    """Rows of one group stand together, as `geeglm` needs them."""
    return f"d <- d[order(d${group}), ]"


def gls_call(options: TriageOptions, formula: str, group: str) -> str:
    """Rows of one group correlated alike, and negatively where the data say so."""
    method = "REML" if options.spec.reml else "ML"
    subset = "" if options.subset is None else f", subset = {r_condition(options.subset)}"
    correlation = f"correlation = nlme::corCompSymm(form = ~ 1 | {group})"
    return (
        f"m <- nlme::gls({formula}, data = d, {correlation}, method = {method!r}{subset}, "
        "na.action = na.omit)"
    ).replace("'", '"')
