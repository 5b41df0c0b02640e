"""What stands below the estimates on the degrees of freedom of their tests."""

from __future__ import annotations

from collections.abc import Sequence

from mmtriage import figures
from mmtriage.report.facts import FixedEffect, Report

BY_SATTERTHWAITE = "df and p by Satterthwaite's method, as lmerTest has them."
BY_KENWARD_ROGER = "SE, df and p by Kenward and Roger's method, as pbkrtest has them."


def df_notes(report: Report) -> tuple[str, ...]:
    """By which method, and for which effects another one; nothing where no t is tested."""
    effects = report.reference.fixed_effects if report.reference is not None else ()
    between = [effect for effect in effects if effect.between is not None]
    others = [effect for effect in effects if effect.between is None and effect.df_method is not None]
    notes = [_method(others[0])] if others else []
    groupings = dict.fromkeys(effect.between for effect in between)
    notes += [_between(report, [e for e in between if e.between == group]) for group in groupings]
    return tuple(notes)


def _method(effect: FixedEffect) -> str:
    return BY_SATTERTHWAITE if effect.df_method == "Satterthwaite" else BY_KENWARD_ROGER


def _between(report: Report, effects: Sequence[FixedEffect]) -> str:
    """Of effects that vary only between the levels of a grouping of zero variance."""
    told = [e for e in effects if e.name != "(Intercept)"] or list(effects)
    names = ", ".join(f"`{effect.name}`" for effect in told)
    head = f"{names} {'varies' if len(told) == 1 else 'vary'} only between the levels of `{told[0].between}`"
    if told[0].name == "(Intercept)":
        head = f"the intercept is a mean over the levels of `{told[0].between}`"
    head = f"{head[0].upper() if head[0] != '`' else head[0]}{head[1:]}, whose variance is estimated as zero"
    leaves = f"Satterthwaite's would count rows as if there were no groups{_in_r(report, told)}"
    if told[0].df is None:
        return f"{head}, and no df are given: {leaves}; {_refit(report)}."
    return f"{head}: Kenward and Roger's df stand here; {leaves}."


def _in_r(report: Report, effects: Sequence[FixedEffect]) -> str:
    """What lmerTest says of them, where it is Satterthwaite's."""
    known = {} if report.baseline is None else {e.name: e for e in report.baseline.fixed_effects}
    said = [
        f"{figures.df(other.df)} df, {figures.p_value(other.p_value)}"
        for effect in effects
        if (other := known.get(effect.name)) is not None and other.df_method == "Satterthwaite"
    ]
    return f" (lmerTest: {'; '.join(said)})" if said else ""


def _refit(report: Report) -> str:
    if report.model.method == "ML":
        return "Kenward and Roger's method would keep to them, but is for REML: fit without --ml"
    is_linear = all(
        term.structure is None or term.structure.tag.is_linear(len(term.terms))
        for term in report.model.random_terms
    )
    if not is_linear:
        return "and Kenward and Roger's method is for covariances that are linear in their parameters"
    return "and the model is too large for Kenward and Roger's method"
