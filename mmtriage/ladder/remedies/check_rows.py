"""`check-rows`: a few rows decide on the verdict (MM108): look at them, and see what the fit is without them.

No row is dropped: whether it is a mistake the table cannot say. What it does is measured all the same.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from mmtriage.ladder.against_present import not_compared
from mmtriage.ladder.case import Case
from mmtriage.ladder.effect_changes import effects_of
from mmtriage.ladder.emitted.r_columns import without_rows
from mmtriage.ladder.rank import FIRST
from mmtriage.ladder.records import Proposal
from mmtriage.ladder.remedies.measured import compared

CAUSE = "MM108"  # outlier


def propose(case: Case) -> Iterator[Proposal]:
    """Propose it with the figures of the fit without these rows."""
    for found in case.found(CAUSE):
        numbers = found.evidence["rows"]
        rows = [row for row in numbers if isinstance(row, int)] if isinstance(numbers, tuple) else []
        other = case.bench.fit_without(case.design, np.flatnonzero(np.isin(case.design.row_numbers, rows)))
        if other is None:
            continue
        named, it, them = _words(rows)
        remedy = compared(
            not_compared("the rows are not the same"),
            id="check-rows",
            rung=2,
            title=f"Look at {named} of the table",
            scope="advice",
            formula=case.formula.to_text(),
            code=case.commands.in_r(
                case.formula.to_text(), before=[without_rows(rows, first=case.design.first_row)]
            ),
            changes=f"nothing, if {it} right; a mistake has to be corrected",
            caveats=(
                f"the R code is the fit without {them}, to see what becomes of it; to leave out what is no "
                "mistake has to be reported, with both fits",
            ),
            effects=effects_of(case, other.prepared, other.optimum_fit),
            order=FIRST,
        )
        yield Proposal(remedy=remedy, attempt=None)


def _words(rows: list[int]) -> tuple[str, str, str]:
    if len(rows) == 1:
        return f"row {rows[0]}", "it is", "it"
    return f"rows {', '.join(map(str, rows[:-1]))} and {rows[-1]}", "they are", "them"
