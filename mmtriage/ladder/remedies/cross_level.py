"""`cross-level`: a predictor of the groups that may explain how slopes differ, where nothing else does.

A slope variance at zero, or a perfect correlation (MM310 to MM312), says that the random slopes have nothing
of their own to add. Slopes may still differ with what is known of the groups: the interaction of the slope
with a group-level predictor says so as a fixed effect.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import islice

import numpy as np

from mmtriage.diagnose.grouping import within_share
from mmtriage.diagnose.singularity import defects
from mmtriage.engine.comparison import Comparison
from mmtriage.engine.estimates import correlation
from mmtriage.formula.edit import add_fixed
from mmtriage.formula.nodes import Name
from mmtriage.ladder.case import Case
from mmtriage.ladder.records import Proposal
from mmtriage.ladder.remedies.measured import changed_model
from mmtriage.model.ranef import RandomTerm

MOST_INTERACTIONS = 4  # each is a model to fit


def propose(case: Case) -> Iterator[Proposal]:
    """Let predictors of the groups moderate singular slopes; only the first few are tried."""
    for term, slope, moderator in islice(_interactions(case), MOST_INTERACTIONS):
        yield _interaction(case, term, slope, moderator)


def _interactions(case: Case) -> Iterator[tuple[RandomTerm, str, str]]:
    """Each singular term with a slope of it and a predictor that does not moderate the slope yet."""
    for defect in defects(case.comparison):
        term = case.design.random[defect.term]
        for slope in (v.name for t in term.bar.terms for v in t.variables if isinstance(v, Name)):
            if slope in term.columns:
                for moderator in _group_level_effects(case, term, slope):
                    yield term, slope, moderator


def _group_level_effects(case: Case, term: RandomTerm, slope: str) -> Iterator[str]:
    """Fixed main effects that are constant within a term's groups and do not yet moderate its slope."""
    labels = {frozenset(t.label.split(":")) for t in case.formula.fixed}
    for number, label in enumerate(case.design.fixed_terms, start=1):
        columns = [j for j, assigned in enumerate(case.design.assign) if assigned == number]
        if ":" in label or label == slope or frozenset((label, slope)) in labels or not columns:
            continue
        varies = [within_share(replace(term, Z=case.design.X), j) for j in columns]
        if max(varies) < np.finfo(float).eps:
            yield label


def _interaction(case: Case, term: RandomTerm, slope: str, moderator: str) -> Proposal:
    comparison = case.refit(add_fixed(case.formula, f"{slope}:{moderator}"))
    before, after = (_slope_sd(t, term, slope) for t in (case.comparison, comparison))
    return changed_model(
        case,
        comparison,
        id="cross-level",
        title=f"Let {moderator} moderate the slope of {slope}",
        changes=(
            f"the slope of {slope} may differ with {moderator}; its SD by {term.group} goes "
            f"from {before:.3g} to {after:.3g}"
        ),
        caveats=("a hypothesis of its own: report it as one",),
        note=f"SD of the slope of {slope}: {before:.4g} without, {after:.4g} with it",
    )


def _slope_sd(comparison: Comparison, term: RandomTerm, slope: str) -> float:
    index = next(i for i, other in enumerate(comparison.prepared.design.random) if other.bar == term.bar)
    sd, _ = correlation(comparison.optimum_fit.covariances[index])
    return float(sd[term.columns.index(slope)])
