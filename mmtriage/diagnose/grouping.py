"""Findings about grouping factors and the structure of the random effects (MM301 to MM309).

Those that rest on the design alone say what no optimizer can change. `refusals` are the models that lme4
itself declines to fit.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mmtriage.diagnose.finding import Finding, finding
from mmtriage.diagnose.naming import direction_text, listed, plural, term_text
from mmtriage.diagnose.severity import Severity
from mmtriage.engine.linear.identifiability import NullDirection
from mmtriage.formula.nodes import names_in
from mmtriage.model.design import Design
from mmtriage.model.families import family_of
from mmtriage.model.ranef import RandomTerm

FEW_LEVELS = 5  # lme4's check.nlev.gtreq.5
MOSTLY_SINGLE = 0.5  # share of groups with one row
HARDLY_VARIES = 0.02  # within-group share of a slope column's variance


def refusals(design: Design) -> list[Finding]:
    """Why lme4 would refuse to fit this model, or has nothing to fit it to; empty when all is well.

    An effect for every row is confounded with a residual variance where there is one. Where the scale is
    fixed it takes up overdispersion and `glmer` allows it; a single 0 or 1 in each row has none to take up.
    """
    found = []
    for term in design.random:
        levels = len(term.levels)
        if levels < 2:
            message = (
                f"grouping factor `{term.group}` has one level (`{term.levels[0] if term.levels else ''}`): "
                "there is no variation between groups to estimate"
            )
            text = term_text(term)
            found.append(finding("MM302", message, columns=(term.group,), terms=(text,), levels=levels))
        else:
            found += [
                f for f in (_level_for_every_row(design, term) or _too_many_effects(design, term),) if f
            ]
    return found


def _level_for_every_row(design: Design, term: RandomTerm) -> Finding | None:
    n, levels, text = len(design.y), len(term.levels), term_text(term)
    if levels < n:
        return None
    if family_of(design.spec).scale_free:
        cause = f"there are rows ({n:,}): `{text}` cannot be told apart from the residual"
    elif is_bernoulli(design):
        cause = (
            f"there are rows ({n:,}), and each row is a single 0 or 1: nothing in them tells of the variance "
            f"of `{text}`"
        )
    else:
        return None
    message = f"`{term.group}` has as many levels as {cause}"
    return finding("MM303", message, columns=(term.group,), terms=(text,), levels=levels, rows=n)


def _too_many_effects(design: Design, term: RandomTerm) -> Finding | None:
    n, levels, k, text = len(design.y), len(term.levels), len(term.columns), term_text(term)
    free = family_of(design.spec).scale_free
    if levels * k < n or (levels * k == n and not free):
        return None
    what = "the random effects and the residual variance" if free else "their variances and covariances"
    message = (
        f"`{text}` asks for {levels * k:,} random effects ({levels:,} levels x {k} columns) from "
        f"{n:,} rows: {what} cannot be told apart"
    )
    return finding("MM305", message, columns=(term.group,), terms=(text,), random_effects=levels * k, rows=n)


def is_bernoulli(design: Design) -> bool:
    """Whether every row is one trial."""
    return design.spec.family == "binomial" and (design.weights is None or bool(np.all(design.weights <= 1)))


def random_findings(design: Design, null: Sequence[NullDirection]) -> list[Finding]:
    """Findings MM301, MM304, MM306, MM308 and MM309 of a design that lme4 would fit."""
    found: list[Finding] = []
    for group in dict.fromkeys(term.group for term in design.random):
        term = next(t for t in design.random if t.group == group)
        found += [f for f in (_too_few_levels(term), _singletons(term)) if f is not None]
    found += _constant_slopes(design, null)
    found += _unidentified(design, null)
    return found


def within_share(term: RandomTerm, index: int) -> float:
    """Share of a column's variance that lies within groups, in [0, 1]."""
    x = term.Z[:, index]
    x = x - x.mean()
    total = float(x @ x)
    if total == 0:
        return 0.0
    count = np.bincount(term.codes, minlength=len(term.levels))
    mean = np.bincount(term.codes, x, minlength=len(term.levels)) / np.maximum(count, 1)
    inside = x - mean[term.codes]
    return float(inside @ inside) / total


def _too_few_levels(term: RandomTerm) -> Finding | None:
    levels = len(term.levels)
    if levels >= FEW_LEVELS:
        return None
    message = (
        f"grouping factor `{term.group}` has {plural(levels, 'level')}: a variance estimated from so few is "
        "very uncertain; a fixed effect may serve better"
    )
    severity: Severity = "warning" if levels == 2 else "info"
    return finding(
        "MM301", message, severity=severity, columns=(term.group,), levels=levels, threshold=FEW_LEVELS
    )


def _singletons(term: RandomTerm) -> Finding | None:
    count = np.bincount(term.codes, minlength=len(term.levels))
    single = int(np.sum(count == 1))
    if single <= MOSTLY_SINGLE * len(term.levels):
        return None
    message = (
        f"{single:,} of the {len(term.levels):,} levels of `{term.group}` have a single row; they say "
        "nothing about the variation within groups"
    )
    return finding("MM306", message, columns=(term.group,), single=single, levels=len(term.levels))


def _constant_slopes(design: Design, null: Sequence[NullDirection]) -> list[Finding]:
    found = []
    for t, term in enumerate(design.random):
        for index in _constant_columns(term):
            own = [d for d in null if _is_of_one_group(design, d) and _speaks_of(d, t, index)]
            direction = direction_text(design, own[0]) if own else None
            found.append(_constant_slope(term, index, within_share(term, index), direction))
    return found


def _constant_columns(term: RandomTerm) -> list[int]:
    """Slope columns that vary, but hardly within groups."""
    return [
        index
        for index, column in enumerate(term.columns)
        if column != "(Intercept)"
        and within_share(term, index) <= HARDLY_VARIES
        and np.ptp(term.Z[:, index]) > 0
    ]


def _speaks_of(direction: NullDirection, term: int, index: int) -> bool:
    """Whether a direction changes the variance of a column or a covariance with it."""
    return any(part.term == term and index in (part.a, part.b) for part in direction.parts)


def _constant_slope(term: RandomTerm, index: int, share: float, direction: str | None) -> Finding:
    column, text = term.columns[index], term_text(term)
    groups = f"each of the {len(term.levels):,} levels of `{term.group}`"
    distinct = len(np.unique(term.Z[:, index]))
    if share > 1e-12:
        message = (
            f"`{column}` hardly varies within {groups} (share of its variance within groups: {share:.2g})"
        )
        constant = False
    else:
        message = f"`{column}` takes one value within {groups}"
        constant = True
    if direction is not None:
        message += f"; with {distinct} distinct values overall, `{text}` has a covariance parameter too many"
        if constant:
            message += f": the change {direction} leaves the likelihood as it is"
    else:
        message += ": this is not a slope; it only lets the variance between groups change with it"
    return finding(
        "MM304",
        message,
        severity="error" if direction is not None else "warning",
        columns=(column,),
        terms=(text,),
        within_share=share,
        distinct_values=distinct,
        null_direction=direction,
    )


def _unidentified(design: Design, null: Sequence[NullDirection]) -> list[Finding]:
    """Null directions that a constant slope does not explain."""
    found = []
    constant = [(t, index) for t, term in enumerate(design.random) for index in _constant_columns(term)]
    for direction in null:
        explained = any(_speaks_of(direction, t, index) for t, index in constant)
        if direction.absorbed:
            found.append(_absorbed(design, direction))
        elif not (_is_of_one_group(design, direction) and explained):
            found.append(_confounded(design, direction))
    return _distinct(found)


def _is_of_one_group(design: Design, direction: NullDirection) -> bool:
    """Whether a null direction concerns a single grouping factor and nothing else."""
    groups = {design.random[t].group for t in direction.terms}
    return len(groups) == 1 and not direction.includes_residual and not direction.absorbed


def _absorbed(design: Design, direction: NullDirection) -> Finding:
    term = design.random[direction.terms[0]]
    text = term_text(term)
    grouping = {name.name for node in term.bar.group for name in names_in(node)}
    fixed = {
        name.name
        for fixed_term in design.formula.fixed
        for node in fixed_term.variables
        for name in names_in(node)
    }
    if grouping <= fixed:
        message = (
            f"`{term.group}` is both a fixed effect and the grouping factor of `{text}`: its "
            f"{len(term.levels):,} levels are estimated freely already, and nothing is left that could tell "
            "the variance"
        )
        return finding("MM309", message, columns=(term.group,), terms=(text,), levels=len(term.levels))
    message = (
        f"the fixed effects absorb everything that `{text}` could explain: "
        f"{direction_text(design, direction)} leaves the likelihood as it is"
    )
    return finding(
        "MM308",
        message,
        columns=(term.group,),
        terms=(text,),
        null_direction=direction_text(design, direction),
    )


def _confounded(design: Design, direction: NullDirection) -> Finding:
    terms = [term_text(design.random[t]) for t in direction.terms]
    groups = tuple(dict.fromkeys(design.random[t].group for t in direction.terms))
    with_residual = " and the residual variance" if direction.includes_residual else ""
    text = direction_text(design, direction)
    subject = f"{listed(terms)}{with_residual}"
    message = (
        f"the design cannot tell apart the components of {subject}: the change {text} leaves the likelihood "
        "as it is"
    )
    return finding("MM308", message, columns=groups, terms=tuple(terms), null_direction=text)


def _distinct(found: Sequence[Finding]) -> list[Finding]:
    """One finding per code and set of terms: several null directions of one cause are one finding."""
    kept: dict[tuple[str, tuple[str, ...]], Finding] = {}
    for f in found:
        kept.setdefault((f.code, f.terms), f)
    return list(kept.values())
