"""The t tests of a linear mixed model's coefficients: which degrees of freedom, and where none are right.

At a variance of zero Satterthwaite's method leaves the design: the gradient in that variance vanishes, so the
rows count as if they were independent, however few groups an effect varies between. An effect that is
constant within the levels of such a grouping is tested by Kenward and Roger's, which knows the groups.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from mmtriage.arrays import Array
from mmtriage.engine.estimates import Fit
from mmtriage.engine.linear.kenward_roger import kenward_roger
from mmtriage.engine.linear.model import LinearModel
from mmtriage.engine.linear.satterthwaite import satterthwaite_df
from mmtriage.engine.lme4.checks import SINGULAR_TOLERANCE
from mmtriage.engine.student_t import two_sided
from mmtriage.model.design import Design
from mmtriage.model.family_names import DfMethod
from mmtriage.model.ranef import RandomTerm

CONSTANT = 1e-9  # spread of a column within a level, relative to its largest value, that is rounding


@dataclass(frozen=True, slots=True)
class CoefficientTest:
    """How one coefficient is tested; p is two-sided, NaN where no method respects the design."""

    df: float
    statistic: float
    p_value: float
    method: DfMethod | None  # None: z is not t, or no method respects the design
    se: float  # of the test: Kenward and Roger's is adjusted
    between: str | None = None  # the grouping of zero variance within whose levels the effect is constant


def coefficient_tests(
    model: LinearModel, fit: Fit, ddf: DfMethod, *, heed_design: bool
) -> tuple[CoefficientTest, ...]:
    """The test of each coefficient of `fit`.

    Args:
        ddf: the method asked for; Kenward and Roger's is for REML.
        heed_design: False gives what R prints, by one method for all.
    """
    between = between_groups(model.design, fit) if heed_design else (None,) * model.p
    is_default = ddf == "Satterthwaite"
    by_default = _satterthwaite(model, fit, strict=heed_design) if is_default else [None] * model.p
    needs_kr = not is_default or any(between)
    by_kr = _kenward_roger(model, fit) if needs_kr and model.reml else [None] * model.p
    return tuple(
        _test(float(b), by_kr[j] if group or not is_default else by_default[j], float(se), group)
        for j, (b, se, group) in enumerate(zip(fit.beta, fit.se, between, strict=True))
    )


def _test(
    estimate: float, known: tuple[DfMethod, float, float] | None, se: float, between: str | None
) -> CoefficientTest:
    """One test from (method, df, standard error), or from nothing."""
    method, df, used = known if known is not None else (None, math.nan, se)
    t = estimate / used
    return CoefficientTest(df, t, two_sided(t, df), method, used, between)


def _satterthwaite(
    model: LinearModel, fit: Fit, *, strict: bool
) -> list[tuple[DfMethod, float, float] | None]:
    """(method, df, standard error) of each coefficient."""
    try:
        df = satterthwaite_df(model, fit.theta, leave_out=not strict)
    except np.linalg.LinAlgError:
        return [None] * model.p
    return [
        ("Satterthwaite", float(v), float(se)) if v > 0 else None for v, se in zip(df, fit.se, strict=True)
    ]


def _kenward_roger(model: LinearModel, fit: Fit) -> list[tuple[DfMethod, float, float] | None]:
    """(method, df, standard error) of each coefficient; None where the model is too large."""
    try:
        found = kenward_roger(model, fit.factors)
    except np.linalg.LinAlgError:
        found = None
    if found is None:
        return [None] * model.p
    return [("Kenward-Roger", float(df), float(se)) for df, se in zip(found.df, found.se, strict=True)]


def between_groups(design: Design, fit: Fit) -> tuple[str | None, ...]:
    """Of each coefficient the grouping of zero variance between whose levels alone it varies."""
    zero = list(_without_variance(design, fit))
    return tuple(
        next((term.group for term in zero if _is_constant_within(column, term)), None)
        for column in design.X.T
    )


def _without_variance(design: Design, fit: Fit) -> Iterator[RandomTerm]:
    """Terms whose intercept has no variance, and no other term of the grouping has one that has."""
    alive = {
        term.group
        for term, covariance in zip(design.random, fit.covariances, strict=True)
        if "(Intercept)" in term.columns
        and math.sqrt(covariance[_intercept(term), _intercept(term)]) > SINGULAR_TOLERANCE * fit.sigma
    }
    return (term for term in design.random if "(Intercept)" in term.columns and term.group not in alive)


def _intercept(term: RandomTerm) -> int:
    return term.columns.index("(Intercept)")


def _is_constant_within(column: Array, term: RandomTerm) -> bool:
    """Whether a column of X (n,) is constant within every level of a term's grouping."""
    low, high = term.extremes(column)
    seen = np.isfinite(low)
    return bool(np.all((high - low)[seen] <= CONSTANT * np.max(np.abs(column), initial=0.0)))
