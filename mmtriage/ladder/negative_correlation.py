"""From `(1 | g) + (1 | g:f)` to the compound symmetry that it is part of, where rho wants to be negative.

With one variance and one correlation for all levels of f, `cs(0 + f | g, hom = TRUE)` of lme4 2.x is
`(1 | g) + (1 | g:f)`: the variance between groups is the covariance of the levels. As a variance it cannot
be negative, so where a negative one fits better it ends at zero. As a correlation it can, down to
-1 / (k - 1). The model has as many parameters as before, and fits no worse.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from mmtriage.engine.comparison import Comparison
from mmtriage.formula import Bar, Formula
from mmtriage.formula.edit import make_bar, with_random
from mmtriage.formula.structured import UNSTRUCTURED, StructureTag
from mmtriage.formula.terms import Term
from mmtriage.formula.text import to_text
from mmtriage.ladder.lrt import Removal
from mmtriage.ladder.steps import Step
from mmtriage.model.ranef import RandomTerm


def negative_correlations(comparison: Comparison, present: Formula) -> Iterator[Step]:
    """A step from each pair of such terms of which the first has no variance and the second has one.

    Args:
        present: the formula that the search began with, which the new model may be a part of.
    """
    design = comparison.prepared.design
    formula = design.formula
    plain = [t for t, term in enumerate(design.random) if term.columns == ("(Intercept)",)]
    ranks = comparison.optimum.certificate.ranks
    for g in (t for t in plain if ranks[t] == 0):
        for cells in (t for t in plain if ranks[t] == 1):
            group, crossed = design.random[g].bar, design.random[cells].bar
            added = [node for node in crossed.group if node not in group.group]
            if len(added) != 1 or len(crossed.group) != len(group.group) + 1:
                continue
            levels = Term((added[0],))
            effects = make_bar(group, intercept=False, terms=(levels,))
            whole = replace(effects, structure=StructureTag("cs", homogeneous=True))
            others = [bar for bar in formula.random if bar not in (group, crossed)]
            yield Step(
                title=f"a correlation of levels of {to_text(added[0])} by {group.group_name}, maybe negative",
                formula=with_random(formula, [whole, *others]),
                removal=Removal("several", 0, 0) if _has_all(present, group, levels) else None,
                weakens=(
                    f"`{group.to_text()} + {crossed.to_text()}` is `{whole.to_text()}` of lme4 2.x with a "
                    "correlation that is not negative. Here it wants to be, which has to make sense: "
                    "competition, or shares of a whole"
                ),
            )


def _has_all(present: Formula, group: Bar, levels: Term) -> bool:
    """Whether a formula has all covariances of the levels."""
    return any(
        bar.group == group.group and bar.structure == UNSTRUCTURED and levels in bar.terms
        for bar in present.random
    )


def is_crossed(term: RandomTerm) -> bool:
    """Whether some level of the factor is met in several groups."""
    return term.cells > len(term.columns)
