"""What follows where the first variance of `(1 | g) + (1 | g:f)`, which levels of f share, is zero.

With one variance and one correlation for all levels of f, `cs(0 + f | g, hom = TRUE)` of lme4 2.x is
`(1 | g) + (1 | g:f)`: the variance between groups is the covariance of the levels. As a variance it cannot
be negative, so where a negative one fits better it ends at zero. As a correlation it can, down to
-1 / (k - 1): a model with as many parameters, which fits no worse. Without it `(1 | g:f)` is left, which is
`diag(0 + f | g, hom = TRUE)`: the same fit with a parameter less.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

from mmtriage.engine.comparison import Comparison
from mmtriage.formula import Bar, Formula
from mmtriage.formula.edit import drop_bar, make_bar, with_random
from mmtriage.formula.structured import UNSTRUCTURED, StructureTag
from mmtriage.formula.terms import Term
from mmtriage.ladder.lrt import Removal
from mmtriage.ladder.steps import Step
from mmtriage.model.ranef import RandomTerm


class Pair(NamedTuple):
    """`(1 | g)` without a variance beside `(1 | g:f)` with one."""

    shared: Bar
    cells: Bar
    levels: Term  # f


def _pairs(comparison: Comparison) -> Iterator[Pair]:
    design, ranks = comparison.prepared.design, comparison.optimum.certificate.ranks
    plain = [t for t, term in enumerate(design.random) if term.columns == ("(Intercept)",)]
    for g in (t for t in plain if ranks[t] == 0):
        for cells in (t for t in plain if ranks[t] == 1):
            shared, crossed = design.random[g].bar, design.random[cells].bar
            added = [node for node in crossed.group if node not in shared.group]
            if len(added) == 1 and len(crossed.group) == len(shared.group) + 1:
                yield Pair(shared, crossed, Term((added[0],)))


def negative_correlations(comparison: Comparison, present: Formula) -> Iterator[Step]:
    """To the compound symmetry whose correlation may be negative.

    Args:
        present: the formula that the search began with, which the new model may be a part of.
    """
    formula = comparison.prepared.design.formula
    for pair in _pairs(comparison):
        effects = make_bar(pair.shared, intercept=False, terms=(pair.levels,))
        whole = replace(effects, structure=StructureTag("cs", homogeneous=True))
        others = [bar for bar in formula.random if bar not in (pair.shared, pair.cells)]
        yield Step(
            title=f"a correlation of {pair.levels.label} by {pair.shared.group_name} that may be negative",
            formula=with_random(formula, [whole, *others]),
            removal=_removal(present, pair),
            weakens=(
                f"`{pair.shared.to_text()} + {pair.cells.to_text()}` is `{whole.to_text()}` of lme4 2.x with "
                "a correlation that is not negative. Here it wants to be, which has to make sense: "
                "competition, or shares of a whole"
            ),
        )


def cells_alone(comparison: Comparison, present: Formula) -> Iterator[Step]:
    """To one variance without a correlation."""
    formula = comparison.prepared.design.formula
    for pair in _pairs(comparison):
        levels, group = pair.levels.label, pair.shared.group_name
        yield Step(
            title=f"one variance and no correlation of all levels of {levels} by {group}",
            formula=drop_bar(formula, pair.shared),
            removal=_removal(present, pair),
            weakens=f"levels of {levels} have one variance and, within one level of {group}, no correlation",
        )


def _removal(present: Formula, pair: Pair) -> Removal | None:
    """What a test removes; its parameters are counted when the model is fitted."""
    return Removal("several", 0, 0) if _has_all(present, pair.shared, pair.levels) else None


def _has_all(present: Formula, group: Bar, levels: Term) -> bool:
    """Whether a formula has all covariances of the levels."""
    return any(
        bar.group == group.group and bar.structure == UNSTRUCTURED and levels in bar.terms
        for bar in present.random
    )


def is_crossed(term: RandomTerm) -> bool:
    """Whether some level of the factor is met in several groups."""
    return term.cells > len(term.columns)
