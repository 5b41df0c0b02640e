"""Steps to and between the covariance structures that lme4 2.x has: rung 2's way between all correlations
and none.

From an unstructured term of a factor's levels lead compound symmetry, with a variance for each level, and,
where the levels have an order with equal distances, an autoregression. With two levels the first is no
smaller model. From a structured term lead what has no correlation, and what has one variance. Compound
symmetry with one variance is `(1 | g) + (1 | g:f)`, which every lme4 fits; what follows where its first
variance is zero is in `shared_variance.py`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from mmtriage.formula import Bar, Formula
from mmtriage.formula.edit import (
    bar_terms,
    compound_symmetry,
    drop_correlations,
    make_bar,
    swap_bar,
)
from mmtriage.formula.structured import StructureTag
from mmtriage.ladder.lrt import Removal
from mmtriage.ladder.steps import Step
from mmtriage.model.ranef import RandomTerm

EQUAL = 1e-9  # relative: distances of levels that differ by less are equal


def structures_of_levels(formula: Formula, term: RandomTerm) -> Iterator[Step]:
    """From an unstructured term that has a column for each level of a factor, and nothing else."""
    k = len(term.columns)
    factor = _factor(term)
    if factor is None or k < 3:
        return
    whole = make_bar(term.bar, intercept=False, terms=term.bar.terms)
    entries = k * (k + 1) // 2
    yield Step(
        title=f"one correlation of all levels of {factor} by {term.group}",
        formula=swap_bar(formula, term.bar, [replace(whole, structure=StructureTag("cs"))]),
        removal=Removal("correlations", entries - k - 1, k),
        weakens=f"all pairs of levels of {factor} are given one correlation",
    )
    if factor in term.ordered or _are_equally_spaced(term.factors[factor]):
        fading = StructureTag("ar1", homogeneous=True)
        yield Step(
            title=f"correlations that fade along {factor} by {term.group}",
            formula=swap_bar(formula, term.bar, [replace(whole, structure=fading)]),
            removal=Removal("correlations", entries - 2, k),
            weakens=f"levels of {factor} have one variance, and correlations that fade with their distance",
        )


def _factor(term: RandomTerm) -> str | None:
    """The factor of which the term has all levels, as `(1 + f | g)` and `(0 + f | g)` have; None: another."""
    slopes = [label for label in bar_terms(term.bar) if label != "1"]
    if len(slopes) != 1 or slopes[0] not in term.factors:
        return None
    return slopes[0] if len(term.factors[slopes[0]]) == len(term.columns) else None


def _are_equally_spaced(levels: tuple[str, ...]) -> bool:
    """Whether levels are numbers at equal distances, in their order."""
    try:
        distances = np.diff([float(level) for level in levels])
    except ValueError:
        return False
    return bool(distances[0] > 0.0 and np.ptp(distances) <= EQUAL * distances[0])


def other_structures(formula: Formula, term: RandomTerm, *, has_residual: bool) -> Iterator[Step]:
    """Structures of the same columns with fewer parameters: without the correlation, or with one variance.

    With one row in each cell of a linear model they have no step: neither tells its SDs from the residual's.
    """
    tag, k, factor = term.bar.structure, len(term.columns), _factor(term)
    if tag.tag == "diag" or (has_residual and factor is not None and term.has_single_rows):
        return
    independent: list[Bar]
    if not tag.homogeneous:
        independent = list(drop_correlations(term.bar, term.factors))
    elif factor is not None and not term.bar.intercept:
        independent = [compound_symmetry(term.bar, factor)[1]]
    else:
        independent = [replace(term.bar, structure=StructureTag("diag", homogeneous=True))]
    yield Step(
        title=f"no correlation in {term.bar.to_text()}",
        formula=swap_bar(formula, term.bar, independent),
        removal=Removal("correlations", 1, k),
        weakens="the correlation between the random effects is assumed to be zero",
    )
    if not tag.homogeneous and not term.bar.intercept and factor is not None:
        equal = replace(term.bar, structure=StructureTag(tag.tag, homogeneous=True))
        yield Step(
            title=f"one variance in {term.bar.to_text()}",
            formula=swap_bar(formula, term.bar, [equal]),
            removal=Removal("correlations", k - 1, k),
            weakens="all levels are given one variance",
        )
