"""Separation (MM203): effects that are infinite at the supremum of the likelihood.

Given the random effects, moving the fixed effects along a direction of recession (see `recession`) lets no
row's likelihood fall and some rise; integrated over the random effects it still rises. So the test of a model
without random effects decides for the one with them, whatever the variances. The direction is put into the
user's own terms: first pure cells of factors, then thresholds of single columns, else the smallest set of
columns that separates together.

A group whose responses are all equal is harmless. When *all* groups of a factor are pure, the random
intercepts separate instead: the more they vary, the better, and the likelihood tends to
q^k (1-q)^(G-k), which no finite variance reaches (q the share k/G of groups of ones).
"""

from __future__ import annotations

import numpy as np

from mmtriage import figures
from mmtriage.arrays import Array
from mmtriage.diagnose.finding import Finding, finding
from mmtriage.diagnose.naming import listed, term_text
from mmtriage.diagnose.recession import Pulls, recession_direction
from mmtriage.diagnose.separators import (
    InformativeRows,
    combination,
    has_constant,
    pure_cells,
    thresholds,
    thresholds_within,
)
from mmtriage.model.design import Design
from mmtriage.model.ranef import RandomTerm
from mmtriage.model.spec import ModelSpec

MOST_REASONS = 5  # cells or thresholds spelled out in one message


def separated(design: Design) -> list[Finding]:
    """MM203, by the fixed effects and by the groups of a random intercept."""
    rows = _informative(design)
    if rows is None or np.ptp(rows.design.y[rows.used]) == 0:  # a constant response is MM103
        return []
    by_fixed = _separated_by_fixed(rows)
    return ([] if by_fixed is None else [by_fixed]) + _separated_by_groups(rows)


def row_pulls(spec: ModelSpec, y: Array) -> Pulls | None:
    """Which way the likelihood of each row rises to a limit; None where a family has no such rows.

    Such a row was observed at an edge of the mean's range, and the edge is at an infinite linear predictor.
    With a log link the mean can only vanish there: a success or a positive count holds eta.
    """
    if not spec.distribution.is_discrete or not (_has_infinite_edges(spec) or spec.link == "log"):
        return None
    lowest, highest = spec.distribution.mean_range
    pulls = np.where(y == lowest, -1, 0).astype(np.int8)
    return np.where(y == highest, 1, pulls).astype(np.int8) if _has_infinite_edges(spec) else pulls


def _has_infinite_edges(spec: ModelSpec) -> bool:
    """Whether every linear predictor is a mean, so that the edges of its range are out of reach."""
    return spec.link in spec.distribution.safe_links


def _informative(design: Design) -> InformativeRows | None:
    pulls = row_pulls(design.spec, design.y)
    if pulls is None:
        return None
    weights = design.row_weights
    used = np.flatnonzero(weights > 0)
    has_trials = design.spec.distribution.has_trials
    is_single = has_trials and bool(np.all((design.y == 0) | (design.y == 1)) and np.all(weights <= 1))
    noun = "response" if is_single else "proportion" if has_trials else "count"
    return InformativeRows(design, used, design.X[used], pulls[used], noun)


def _separated_by_fixed(rows: InformativeRows) -> Finding | None:
    if not rows.X.shape[1] or recession_direction(rows.X, rows.pulls) is None:
        return None
    reasons = pure_cells(rows) + thresholds(rows) or thresholds_within(rows) or combination(rows)
    names = tuple(dict.fromkeys(name for reason in reasons for name in reason.columns))
    effects = tuple(dict.fromkeys(name for reason in reasons for name in reason.effects))
    texts = [reason.text for reason in reasons[:MOST_REASONS]]
    more = f"; and {len(reasons) - MOST_REASONS} more such" if len(reasons) > MOST_REASONS else ""
    single = effects if len(effects) == 1 and ":" in effects[0] else names  # an interaction, or its columns
    whose = (
        f"the effects of {listed(single)} grow" if len(single) > 1 else f"the effect of `{single[0]}` grows"
    )
    message = (
        f"{'; '.join(texts)}{more}: the likelihood keeps rising as {whose} without end; there is no finite "
        "estimate"
    )
    return finding(
        "MM203",
        message,
        columns=names,
        terms=effects,
        separated_rows=max(reason.rows for reason in reasons),
        rows=len(rows.used),
        reasons=tuple(reason.text for reason in reasons),
    )


def _separated_by_groups(rows: InformativeRows) -> list[Finding]:
    """Grouping factors with a random intercept whose levels are all pure, 0s here and 1s there."""
    spec = rows.design.spec
    if not spec.distribution.has_trials or not _has_infinite_edges(spec):
        return []
    found = []
    for term in rows.design.random:
        counts = _pure_levels(rows, term) if has_constant(term.Z) else None
        if counts is not None:
            found.append(_pure_groups(term, *counts))
    return list({f.columns: f for f in found}.values())


def _pure_levels(rows: InformativeRows, term: RandomTerm) -> tuple[int, int] | None:
    """How many levels have only 0s, and only 1s; None where some have both, or all a single row."""
    codes, pulls = term.codes[rows.used], rows.pulls
    size = np.bincount(codes, minlength=len(term.levels))
    ones = np.bincount(codes[pulls > 0], minlength=len(term.levels))
    zeros = np.bincount(codes[pulls < 0], minlength=len(term.levels))
    only_ones, only_zeros = (
        int(np.sum((ones == size) & (size > 0))),
        int(np.sum((zeros == size) & (size > 0))),
    )
    if only_ones + only_zeros < int(np.sum(size > 0)) or np.max(size) < 2:
        return None
    return only_zeros, only_ones


def _pure_groups(term: RandomTerm, zeros: int, ones: int) -> Finding:
    text = term_text(term)
    message = (
        f"each of the {figures.count(zeros + ones, 'level')} of `{term.group}` has only 0s ({zeros:,}) or "
        f"only 1s ({ones:,}): the likelihood keeps rising as the variance of `{text}` grows without end; "
        "where a fit by the Laplace approximation stops means nothing"
    )
    return finding(
        "MM203",
        message,
        columns=(term.group,),
        terms=(text,),
        levels_of_zeros=zeros,
        levels_of_ones=ones,
    )
