"""`nest`: labels reused within another factor, written as the different groups that they are (MM307)."""

from __future__ import annotations

from collections.abc import Iterator

from mmtriage.formula import parse_formula
from mmtriage.ladder.case import Case
from mmtriage.ladder.records import Proposal
from mmtriage.ladder.remedies.measured import changed_model

CAUSE = "MM307"  # nesting


def propose(case: Case) -> Iterator[Proposal]:
    """Fit the nested model, whose optimum the finding knows already, as lme4 would."""
    for found in case.found(CAUSE):
        outer, inner = found.columns
        yield changed_model(
            case,
            case.refit(parse_formula(str(found.evidence["formula"]))),
            id="nest",
            title=f"Nest {inner} in {outer}",
            changes=f"equal labels of {inner} in different levels of {outer} are different groups",
            caveats=("right only if that is how the data were collected",),
        )
