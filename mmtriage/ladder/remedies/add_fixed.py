"""`add-fixed`: the fixed effect that a random slope deviates from, where it is missing (MM313).

A slope that takes one value in each group is none: its fixed effect takes its place.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from mmtriage.diagnose.grouping import HARDLY_VARIES, within_share
from mmtriage.formula import Formula
from mmtriage.formula.edit import add_fixed, bar_terms, drop_bar_term, with_random
from mmtriage.ladder.case import Case
from mmtriage.ladder.rank import FIRST
from mmtriage.ladder.records import Proposal
from mmtriage.ladder.remedies.measured import changed_model
from mmtriage.model.ranef import RandomTerm

CAUSE = "MM313"  # slope-without-fixed-effect


def propose(case: Case) -> Iterator[Proposal]:
    """Add all fixed effects that are missing at once."""
    found = case.found(CAUSE)
    labels = list(dict.fromkeys(label for one in found for label in one.columns))
    if not labels:
        return
    formula, gone = _with_effects(case, labels)
    caveats = [f"the slope of {', '.join(gone)} goes: it takes one value in each group"] if gone else []
    made = changed_model(
        case,
        case.refit(formula),
        id="add-fixed",
        title=f"Add {' + '.join(labels)} to the fixed effects",
        changes=f"the mean effect of {', '.join(labels)} is estimated, and not taken to be zero",
        caveats=caveats,
    )
    yield replace(made, remedy=replace(made.remedy, order=FIRST))


def _with_effects(case: Case, labels: list[str]) -> tuple[Formula, list[str]]:
    """The formula with these fixed effects and without those of their slopes that are constant in groups."""
    bars, gone = [], []
    for term in case.design.random:
        bar = term.bar
        for label in (label for label in labels if _is_constant(term, label)):
            smaller = drop_bar_term(bar, label)
            if smaller is not None:
                bar = smaller
                gone.append(label)
        bars.append(bar)
    formula = with_random(case.formula, bars) if gone else case.formula
    for label in labels:
        formula = add_fixed(formula, label)
    return formula, list(dict.fromkeys(gone))


def _is_constant(term: RandomTerm, label: str) -> bool:
    """Whether a term has this slope, and it hardly varies within any group."""
    if label not in bar_terms(term.bar):
        return False
    return all(within_share(term, j) <= HARDLY_VARIES for j in term.columns_labelled(label))
