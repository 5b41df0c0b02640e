"""`without-weights`: a negative binomial whose weights make its criterion fall for ever (MM407).

Weights mean many things. Where one says for how many rows its row stands, these rows are the data; where it
says how precise a count is, its log as an offset is usually what is meant.
"""

from __future__ import annotations

from collections.abc import Iterator

from mmtriage.ladder.case import Case
from mmtriage.ladder.records import Proposal
from mmtriage.ladder.remedies.measured import changed_model

CAVEATS = (
    "where a weight says for how many rows its row stands, repeat the row: `d[rep(seq_len(nrow(d)), w), ]`",
    "where it is the effort behind a count, such as hours or area, its log is an offset",
)


def propose(case: Case) -> Iterator[Proposal]:
    """Fit the model without its weights."""
    if not case.is_misweighted:
        return
    yield changed_model(
        case,
        case.refit(case.formula, weights=None),
        id="without-weights",
        title="Leave the weights out",
        changes="every row counts once",
        caveats=CAVEATS,
        code=case.commands.of(weights=None).both(case.formula.to_text()),
    )
