"""`cwc`, `cwc-mean`: a random slope centered within its groups: another model, often a better one.

A predictor that varies within groups and between them asks two questions with one coefficient. Centered
within groups it asks the first alone; with the group means added, each has its own (Enders & Tofighi 2007,
Psychological Methods 12(2)).
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from mmtriage.arrays import Array
from mmtriage.deadline import TimeBudgetError
from mmtriage.diagnose.continuous import Slope, slopes
from mmtriage.diagnose.grouping import within_share
from mmtriage.errors import MmtriageError
from mmtriage.formula.edit import add_fixed, replace_fixed_variable, replace_variable, with_random
from mmtriage.formula.nodes import Name
from mmtriage.formula.text import to_text
from mmtriage.ladder.case import Case
from mmtriage.ladder.emitted.r_columns import centered_within, complete_rows
from mmtriage.ladder.records import Proposal
from mmtriage.ladder.remedies.measured import arriving, changed_model

MIXED = (0.02, 0.98)  # within-group share of a slope's variance between which it mixes two questions


def propose(case: Case) -> Iterator[Proposal]:
    """Center the first slope that mixes the two questions: without its group means, then with them."""
    if case.verdict.status == "converged" and not case.options.all_rungs:
        return
    slope = next((slope for slope in slopes(case.design) if _mixes(case, slope)), None)
    if slope is None:
        return
    for with_mean in (False, True):
        try:
            proposal = _centered(case, slope, with_mean=with_mean)
        except TimeBudgetError:
            raise
        except MmtriageError:  # `log(x)` of a centered x, say: this one cannot be offered
            continue
        yield proposal


def _mixes(case: Case, slope: Slope) -> bool:
    """Whether a slope is a numeric column of the table that varies within its groups and between them."""
    is_plain = any(
        isinstance(v, Name) and v.name == slope.column for t in slope.term.bar.terms for v in t.variables
    )
    return (
        is_plain
        and "`" not in slope.column
        and MIXED[0] < within_share(slope.term, slope.index) < MIXED[1]
        and case.design.variables[slope.column].kind == "numeric"
    )


def _centered(case: Case, slope: Slope, *, with_mean: bool) -> Proposal:
    name, group = slope.column, slope.term.group
    within, between = f"{name}_within", f"{name}_mean"
    formula = replace_fixed_variable(case.formula, name, within)
    formula = with_random(formula, [replace_variable(bar, name, within) for bar in formula.random])
    if with_mean:
        formula = add_fixed(formula, between)
    codes, values = slope.term.codes, slope.term.Z[:, slope.index]
    means = (np.bincount(codes, values) / np.bincount(codes))[codes]
    columns = {within: _on_table(case, values - means), between: _on_table(case, means)}
    groups = ", ".join(to_text(node) for node in slope.term.bar.group)
    before = [*_rows_in_use(case), *centered_within(name, groups, within=within, between=between)]
    comparison = case.refit(formula, columns)
    return changed_model(
        case,
        comparison,
        id="cwc-mean" if with_mean else "cwc",
        rung=1,
        title=f"Centre {name} within {group}" + (" and add its group mean" if with_mean else ""),
        label=f"{name} centred within {group}" + (", group mean added" if with_mean else ""),
        code=arriving(case.commands, comparison).in_r(formula.to_text(), before=before),
        changes=(
            f"the slope becomes the effect of {name} within {group}; differences between groups are "
            + ("a separate coefficient" if with_mean else "no longer adjusted for")
        ),
        caveats=("another question, not another route to the same answer (Enders & Tofighi 2007)",),
    )


def _rows_in_use(case: Case) -> list[str]:
    """Write R code that leaves the rows of the model, since the means of groups are over these."""
    if len(case.design.rows) == case.bench.table.n_rows:
        return []
    options = case.options
    names = dict.fromkeys(filter(None, (*case.design.variables, options.weights, options.offset)))
    return complete_rows(names, options.subset)


def _on_table(case: Case, values: Array) -> Array:
    """Spread values on the rows in use over the table; elsewhere they are missing."""
    column = np.full(case.design.missing.rows_read, np.nan)
    column[case.design.rows] = values
    return column
