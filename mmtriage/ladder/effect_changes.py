"""What a remedy does to each fixed effect: its move, its standard error, and its test before and after."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache

from mmtriage.deadline import NEVER
from mmtriage.engine.coefficient_tests import coefficient_tests
from mmtriage.engine.estimates import Fit
from mmtriage.engine.linear.model import LinearModel
from mmtriage.engine.prepared import Prepared
from mmtriage.engine.student_t import two_sided
from mmtriage.ladder.case import Case
from mmtriage.ladder.records import EffectChange
from mmtriage.model.family_names import DDF_METHODS, DfMethod


@dataclass(frozen=True, slots=True)
class Tested:
    """One coefficient with its test; NaN where there is none."""

    estimate: float
    se: float
    statistic: float
    p_value: float


def effects_of(case: Case, prepared: Prepared, fit: Fit) -> tuple[EffectChange, ...]:
    """What a fit of another model makes of the effects that the present one has at its optimum.

    Empty where a coefficient is not the same quantity, on the scale of another link, and where the present
    model has no optimum.
    """
    if case.is_endless or prepared.design.spec.link != case.design.spec.link:
        return ()
    return changes(at_optimum(case), tested(prepared, fit, method_of(case), heed_design=True))


def repaired_effects(case: Case) -> tuple[EffectChange, ...]:
    """What the optimum of the present model makes of the effects that R prints now; empty if R has no fit."""
    lme4 = case.comparison.lme4_fit
    if lme4 is None or case.comparison.is_lost:
        return ()
    printed = tested(case.comparison.prepared, lme4, method_of(case), heed_design=False)
    return changes(printed, at_optimum(case), unit=at_optimum(case))


def plain_effects(case: Case, fit: Fit) -> tuple[EffectChange, ...]:
    """What a fit without random effects makes of them: least squares has n - p degrees of freedom."""
    df = fit.n - len(fit.beta)
    is_linear = case.design.spec.is_linear
    after = {
        name: Tested(b, se, b / se, _plain_p(case, b / se, df) if is_linear else by_z(b / se))
        for name, b, se in zip(case.design.fixed_names, fit.beta.tolist(), fit.se.tolist(), strict=True)
    }
    return changes(at_optimum(case), after)


def _plain_p(case: Case, t: float, df: int) -> float:
    return math.nan if method_of(case) is None else two_sided(t, df)


def method_of(case: Case) -> DfMethod | None:
    """Whose degrees of freedom the user wants."""
    return DDF_METHODS[case.options.ddf]


def at_optimum(case: Case) -> Mapping[str, Tested]:
    """The effects of the present model at its optimum; those without a finite estimate are left out."""
    optimum = case.comparison.optimum_fit
    found = tested(case.comparison.prepared, optimum, method_of(case), heed_design=True)
    endless = case.comparison.endless_effects()
    return {name: effect for name, effect in found.items() if name not in endless}


@lru_cache(maxsize=4)  # records are told apart by identity: the present fits are asked for by every remedy
def tested(
    prepared: Prepared, fit: Fit, method: DfMethod | None, *, heed_design: bool
) -> Mapping[str, Tested]:
    """The coefficients of a fit with their tests, by name."""
    names = prepared.design.fixed_names
    model = prepared.model
    if isinstance(model, LinearModel) and method is not None:
        tests = coefficient_tests(replace(model, deadline=NEVER), fit, method, heed_design=heed_design)
        return {
            name: Tested(b, t.se, t.statistic, t.p_value)
            for name, b, t in zip(names, fit.beta.tolist(), tests, strict=True)
        }
    has_p = prepared.design.spec.has_p_values
    return {
        name: Tested(b, se, b / se, by_z(b / se) if has_p else math.nan)
        for name, b, se in zip(names, fit.beta.tolist(), fit.se.tolist(), strict=True)
    }


def changes(
    before: Mapping[str, Tested], after: Mapping[str, Tested], unit: Mapping[str, Tested] | None = None
) -> tuple[EffectChange, ...]:
    """The changes of the effects that are in both; moves are in SEs of `unit`, by default of `before`."""
    of = before if unit is None else unit
    return tuple(
        EffectChange(
            name=name,
            shift_se=_ratio(after[name].estimate - one.estimate, of[name].se),
            se_ratio=_ratio(after[name].se, one.se),
            statistic=(_finite(one.statistic), _finite(after[name].statistic)),
            p_value=(_finite(one.p_value), _finite(after[name].p_value)),
        )
        for name, one in before.items()
        if name in after and name in of
    )


def _ratio(value: float, unit: float) -> float | None:
    return _finite(value / unit) if unit > 0 else None


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def by_z(z: float) -> float:
    """2 pnorm(-abs(z))."""
    return math.erfc(abs(z) / math.sqrt(2.0))
