"""`drop-aliased`: the formula without the fixed effects that lme4 drops from it anyway (MM201)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from mmtriage.formula.edit import with_random
from mmtriage.ladder.case import Case
from mmtriage.ladder.records import Proposal
from mmtriage.ladder.remedies.measured import changed_model


def propose(case: Case) -> Iterator[Proposal]:
    """Write the formula that lme4 fits, unless a dropped column is only a part of its term."""
    gone = {column.name for column in case.design.dropped}
    kept = tuple(term for term in case.formula.fixed if term.label not in gone)
    if not gone or len(kept) == len(case.formula.fixed):
        return
    names = ", ".join(t.label for t in case.formula.fixed if t.label in gone)
    first = case.design.dropped[0]
    instead = ", ".join(name for name, _ in first.depends_on if name != "(Intercept)")
    yield changed_model(
        case,
        case.refit(with_random(replace(case.formula, fixed=kept), case.formula.random)),
        id="drop-aliased",
        title=f"Leave out {names}, which lme4 drops anyway",
        changes="nothing: the same fit, and the formula says so",
        caveats=(f"which of the aliased columns goes is your choice: {first.name}, or one of {instead}",),
        scope="same_model",
    )
