"""`as-fixed`: a grouping factor among the fixed effects, which one of few levels is often better as.

A variance between levels is known no better than from as many draws as there are levels; fixed effects need
no such variance.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from mmtriage.formula.edit import add_fixed, drop_bar
from mmtriage.formula.text import operand_text
from mmtriage.ladder.case import Case
from mmtriage.ladder.records import Proposal
from mmtriage.ladder.remedies.measured import changed_model
from mmtriage.model.ranef import RandomTerm

CAUSE = "MM301"  # too-few-levels


def propose(case: Case) -> Iterator[Proposal]:
    """Propose it for the factors that have so few levels that the diagnosis says so."""
    few = {found.columns[0] for found in case.found(CAUSE)}
    return as_fixed(case, (term for term in case.design.random if term.group in few), rung=2)


def as_fixed(case: Case, terms: Iterable[RandomTerm], *, rung: int) -> Iterator[Proposal]:
    """Make the factor of each term a fixed effect, where that leaves a mixed model."""
    for term in terms:
        if _can_be_fixed(case, term):
            yield _as_fixed(case, term, rung)


def _can_be_fixed(case: Case, term: RandomTerm) -> bool:
    """Whether a term is a plain intercept of one factor, beside which other random terms remain."""
    is_plain = term.columns == ("(Intercept)",) and len(term.bar.group) == 1
    return is_plain and len(case.design.random) > 1


def _as_fixed(case: Case, term: RandomTerm, rung: int) -> Proposal:
    factor = f"factor({operand_text(term.bar.group[0])})"
    return changed_model(
        case,
        case.refit(drop_bar(add_fixed(case.formula, factor), term.bar)),
        id="as-fixed",
        rung=rung,
        title=f"Make {term.group}, which has {len(term.levels)} levels, a fixed effect",
        changes=f"the levels of {term.group} are the ones of interest, not a sample of others",
        caveats=("conclusions no longer extend to other levels",),
    )
