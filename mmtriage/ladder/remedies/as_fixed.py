"""A grouping factor as a fixed effect: what few levels are often better as."""

from __future__ import annotations

from mmtriage.formula.edit import add_fixed, drop_bar
from mmtriage.formula.text import operand_text
from mmtriage.ladder.case import Case, changed_model_attempt
from mmtriage.ladder.records import Attempt, Remedy
from mmtriage.ladder.remedies.measured import changed_model_remedy
from mmtriage.model.ranef import RandomTerm


def can_be_fixed(case: Case, term: RandomTerm) -> bool:
    """Whether a term is a plain intercept of one factor, beside which other random terms remain."""
    is_plain = term.columns == ("(Intercept)",) and len(term.bar.group) == 1
    return is_plain and len(case.design.random) > 1


def as_fixed_effect(case: Case, term: RandomTerm, *, rung: int) -> tuple[Attempt, Remedy]:
    """The model with the factor among the fixed effects, fitted and compared."""
    factor = f"factor({operand_text(term.bar.group[0])})"
    comparison = case.fit(case.build(drop_bar(add_fixed(case.formula, factor), term.bar)))
    title = f"Make {term.group}, which has {len(term.levels)} levels, a fixed effect"
    remedy = changed_model_remedy(
        case,
        comparison,
        id="as-fixed",
        rung=rung,
        title=title,
        changes=f"the levels of {term.group} are the ones of interest, not a sample of others",
        caveats=("conclusions no longer extend to other levels",),
    )
    return changed_model_attempt(title, comparison), remedy
