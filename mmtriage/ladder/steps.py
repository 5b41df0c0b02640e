"""One step down: what can be taken away from a random-effects structure, and which inference that weakens.

Each function here proposes other formulas and fits nothing. Each grouping keeps its intercept, but for a
design that cannot tell the intercepts from something else, and terms named by `--keep` stay.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from mmtriage.engine.comparison import Comparison
from mmtriage.formula import Formula
from mmtriage.formula.edit import (
    INTERCEPT,
    bar_terms,
    compound_symmetry,
    drop_bar,
    drop_bar_term,
    drop_correlations,
    make_bar,
    swap_bar,
    with_random,
)
from mmtriage.ladder.kept_terms import is_kept
from mmtriage.ladder.lrt import Removal, RemovalKind
from mmtriage.model.ranef import RandomTerm


@dataclass(frozen=True, slots=True)
class Step:
    """A proposal: another formula, and what it gives up."""

    title: str
    formula: Formula
    removal: Removal | None  # None: not nested by leaving out covariance parameters
    weakens: str  # which inference it weakens


def without_correlations(formula: Formula, term: RandomTerm) -> Step:
    """Drop correlations; factors are written out, since `||` alone keeps those between their levels."""
    k = len(term.columns)
    return Step(
        title=f"no correlations in {term.bar.to_text()}",
        formula=swap_bar(formula, term.bar, drop_correlations(term.bar, term.factors)),
        removal=Removal("correlations", k * (k - 1) // 2, k),
        weakens=(
            "correlations between the random effects are assumed to be zero; this depends on where the "
            "predictors have their zero"
        ),
    )


def compound_symmetries(formula: Formula, term: RandomTerm) -> Iterator[Step]:
    """Give all levels of a factor one variance and one correlation: a step for each factor of a bar."""
    k = len(term.columns)
    for factor in term.factors:
        yield Step(
            title=f"compound symmetry of {factor} in {term.bar.to_text()}",
            formula=swap_bar(formula, term.bar, compound_symmetry(term.bar, factor)),
            removal=Removal("several", k * (k + 1) // 2 - 2, k) if k > 2 else None,
            weakens=f"all levels of {factor} are given one variance and one correlation",
        )


def without_slope(formula: Formula, term: RandomTerm, label: str) -> Step | None:
    """Drop one slope of a bar, or the bar if nothing else is in it and its group has another; else None."""
    smaller = drop_bar_term(term.bar, label)
    if smaller is None:
        others = [bar for bar in formula.random if bar != term.bar and bar.group_name == term.bar.group_name]
        if not others:
            return None
    dropped = len(columns_of(term, label))
    k = len(term.columns)
    kind: RemovalKind = "scalar" if k == 1 else "column" if dropped == 1 else "several"
    return Step(
        title=f"drop the slope of {label} by {term.group}",
        formula=swap_bar(formula, term.bar, [] if smaller is None else [smaller]),
        removal=Removal(kind, sum(k - j for j in range(dropped)), k),
        weakens=(
            f"if the effect of {label} does vary between levels of {term.group}, the standard error of its "
            "fixed effect is now too small (Barr et al. 2013)"
        ),
    )


def without_least_slope(comparison: Comparison, term: RandomTerm, keep: Sequence[str]) -> Step | None:
    """Drop the slope of this term that contributes least to the variance of the response."""
    formula = comparison.prepared.design.formula
    slopes = sorted(slopes_to_drop(term, keep), key=lambda label: _contribution(comparison, term, label))
    steps = (without_slope(formula, term, label) for label in slopes)
    return next((step for step in steps if step is not None), None)


def without_intercept(formula: Formula, term: RandomTerm) -> Step | None:
    """Keep the slopes alone, where the fixed effects absorb the intercepts; None if there are no slopes."""
    if INTERCEPT not in bar_terms(term.bar):
        return None
    slopes_alone = drop_bar_term(term.bar, INTERCEPT)
    if slopes_alone is None:
        return None
    return Step(
        title=f"drop the intercept of {term.bar.to_text()}",
        formula=swap_bar(formula, term.bar, [slopes_alone]),
        removal=None,
        weakens="nothing: the fixed effects estimate these intercepts already",
    )


def without_term(formula: Formula, term: RandomTerm) -> Step:
    """Drop a term that the design cannot tell from others, or from the fixed effects."""
    k = len(term.columns)
    return Step(
        title=f"drop {term.bar.to_text()}",
        formula=drop_bar(formula, term.bar),
        removal=Removal("scalar" if k == 1 else "several", k * (k + 1) // 2, k),
        weakens="nothing: the design could not tell this term from the others",
    )


def with_correlations(formula: Formula) -> Iterator[Step]:
    """Join the uncorrelated pieces of each grouping again."""
    for group in dict.fromkeys(bar.group_name for bar in formula.random):
        pieces = [bar for bar in formula.random if bar.group_name == group]
        if len(pieces) < 2 or sum(bar.intercept for bar in pieces) != 1:
            continue
        joined = make_bar(
            pieces[0],
            intercept=True,
            terms=[term for bar in pieces for term in bar.terms],
            uncorrelated=False,
        )
        rest = [bar for bar in formula.random if bar.group_name != group]
        yield Step(
            title=f"correlations back: {joined.to_text()}",
            formula=with_random(formula, [joined, *rest]),
            removal=None,
            weakens="nothing compared with the model before it; one or more slopes are gone",
        )


def slopes_to_drop(term: RandomTerm, keep: Sequence[str]) -> list[str]:
    """The slopes of a bar that `--keep` does not protect."""
    return [
        label for label in bar_terms(term.bar) if label != INTERCEPT and not is_kept(keep, term.bar, label)
    ]


def columns_of(term: RandomTerm, label: str) -> list[int]:
    """The columns of Z that one term of a bar makes."""
    number = bar_terms(term.bar).index(label) + (0 if term.bar.intercept else 1)
    return [j for j, assigned in enumerate(term.assign) if assigned == number]


def _contribution(comparison: Comparison, term: RandomTerm, label: str) -> float:
    """Share of the response's variance that the columns of a term's slope bring in, n^-1 tr(Z S Z')."""
    t = next(i for i, other in enumerate(comparison.prepared.design.random) if other is term)
    S = comparison.optimum_fit.covariances[t]
    return float(sum(S[j, j] * np.mean(term.Z[:, j] ** 2) for j in columns_of(term, label)))
