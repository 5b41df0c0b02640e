"""Findings about grouping factors: too few levels or rows, or too many (MM301 to MM303, MM305, MM306).

Three of them are `refusals`, the reasons for which lme4 itself declines to fit a model.
"""

from __future__ import annotations

import numpy as np

from mmtriage import figures
from mmtriage.diagnose.finding import Finding, finding
from mmtriage.diagnose.fitted import Fitted
from mmtriage.diagnose.naming import term_text
from mmtriage.diagnose.severity import Severity
from mmtriage.formula.structured import UNSTRUCTURED
from mmtriage.model.design import Design
from mmtriage.model.ranef import RandomTerm

FEW_LEVELS = 5  # lme4's check.nlev.gtreq.5
MOSTLY_SINGLE = 0.5  # share of groups with one row
HARDLY_VARIES = 0.02  # within-group share of a slope column's variance


def refusals(design: Design) -> list[Finding]:
    """MM302, MM303 or MM305 of a term: why lme4 would refuse to fit it, or has nothing to fit it to.

    An effect for every row is confounded with a residual variance where there is one. Where the scale is
    fixed it takes up overdispersion and `glmer` allows it; a single 0 or 1 in each row has none to take up.
    """
    reasons = (
        _one_level(term) or _level_for_every_row(design, term) or _too_many_effects(design, term)
        for term in design.random
    )
    return [found for found in reasons if found is not None]


def _one_level(term: RandomTerm) -> Finding | None:
    levels = len(term.levels)
    if levels >= 2:
        return None
    message = (
        f"grouping factor `{term.group}` has one level (`{term.levels[0] if term.levels else ''}`): "
        "there is no variation between groups to estimate"
    )
    return finding("MM302", message, columns=(term.group,), terms=(term_text(term),), levels=levels)


def _level_for_every_row(design: Design, term: RandomTerm) -> Finding | None:
    n, levels, text = len(design.y), len(term.levels), term_text(term)
    if levels < n:
        return None
    if design.spec.distribution.estimates_scale:
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
    free = design.spec.distribution.estimates_scale
    if levels * k < n or (levels * k == n and not free):
        return None
    if term.bar.structure != UNSTRUCTURED:  # a few parameters of many effects may well be told apart
        return None
    what = "the random effects and the residual variance" if free else "their variances and covariances"
    message = (
        f"`{text}` asks for {levels * k:,} random effects ({levels:,} levels x {k} columns) from "
        f"{n:,} rows: {what} cannot be told apart"
    )
    return finding("MM305", message, columns=(term.group,), terms=(text,), random_effects=levels * k, rows=n)


def is_bernoulli(design: Design) -> bool:
    """Whether every row is one trial."""
    return design.spec.distribution.has_trials and (
        design.weights is None or bool(np.all(design.weights <= 1))
    )


def small_groups(fitted: Fitted) -> list[Finding]:
    """MM301 and MM306: grouping factors of few levels, or whose levels have a single row each."""
    terms: dict[str, RandomTerm] = {}  # a factor may have several terms, of the same levels
    for term in fitted.design.random:
        terms.setdefault(term.group, term)
    answers = (look(term) for term in terms.values() for look in (_too_few_levels, _singletons))
    return [found for found in answers if found is not None]


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
        f"grouping factor `{term.group}` has {figures.count(levels, 'level')}: a variance estimated from so "
        "few is very uncertain; a fixed effect may serve better"
    )
    severity: Severity = "warning" if levels == 2 else "info"  # one degree of freedom for a variance
    return finding(
        "MM301", message, severity=severity, columns=(term.group,), levels=levels, threshold=FEW_LEVELS
    )


def _singletons(term: RandomTerm) -> Finding | None:
    """MM306, but for an effect of every row, which is meant to be one: it takes up scatter."""
    count = np.bincount(term.codes, minlength=len(term.levels))
    single = int(np.sum(count == 1))
    if single <= MOSTLY_SINGLE * len(term.levels) or len(term.levels) == len(term.codes):
        return None
    message = (
        f"{single:,} of the {len(term.levels):,} levels of `{term.group}` have a single row; they say "
        "nothing about the variation within groups"
    )
    return finding("MM306", message, columns=(term.group,), single=single, levels=len(term.levels))
