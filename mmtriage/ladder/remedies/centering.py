"""Group-mean centering of a random slope: another model, often a better one (Enders & Tofighi 2007)."""

from __future__ import annotations

import numpy as np

from mmtriage.arrays import Array
from mmtriage.deadline import TimeBudgetError
from mmtriage.diagnose.grouping import within_share
from mmtriage.diagnose.scale import Slope, slopes
from mmtriage.engine.comparison import Comparison
from mmtriage.errors import MmtriageError
from mmtriage.formula.edit import add_fixed, replace_fixed_variable, replace_variable, with_random
from mmtriage.formula.nodes import Name
from mmtriage.formula.text import to_text
from mmtriage.ladder.case import Case, changed_model_attempt
from mmtriage.ladder.emitted.r_columns import centered_within, complete_rows
from mmtriage.ladder.records import Attempt, Remedy
from mmtriage.ladder.remedies.measured import changed_model_remedy

MIXED = (0.02, 0.98)  # within-group share of a slope's variance between which it mixes two questions


def group_mean_centering(case: Case) -> list[tuple[Attempt, Remedy]]:
    """Within-group centering of each slope that mixes within- and between-group variation: another model."""
    if case.verdict.status == "converged" and not case.options.all_rungs:
        return []
    found = []
    for slope in slopes(case.design):
        share = within_share(slope.term, slope.index)
        is_plain = any(
            isinstance(v, Name) and v.name == slope.column for t in slope.term.bar.terms for v in t.variables
        )
        if not (
            is_plain
            and "`" not in slope.column
            and MIXED[0] < share < MIXED[1]
            and case.design.variables[slope.column].kind == "numeric"
        ):
            continue
        for with_mean in (False, True):
            try:
                found.append(_centered_within(case, slope, with_mean=with_mean))
            except TimeBudgetError:
                raise
            except MmtriageError:  # `log(x)` of a centered x, say: this one cannot be offered
                continue
        break
    return found


def _centered_within(case: Case, slope: Slope, *, with_mean: bool) -> tuple[Attempt, Remedy]:
    name, group = slope.column, slope.term.group
    within, between = f"{name}_within", f"{name}_mean"
    formula = replace_fixed_variable(case.formula, name, within)
    formula = with_random(formula, [replace_variable(bar, name, within) for bar in formula.random])
    if with_mean:
        formula = add_fixed(formula, between)
    codes, values = slope.term.codes, slope.term.Z[:, slope.index]
    means = (np.bincount(codes, values) / np.bincount(codes))[codes]
    columns = {within: values - means, between: means}
    comparison: Comparison = case.fit(
        case.build(formula, columns={k: _on_table(case, v) for k, v in columns.items()})
    )
    label = f"{name} centred within {group}" + (", group mean added" if with_mean else "")
    groups = ", ".join(to_text(node) for node in slope.term.bar.group)
    before = [*_rows_in_use(case), *centered_within(name, groups, within=within, between=between)]
    remedy = changed_model_remedy(
        case,
        comparison,
        id="cwc-mean" if with_mean else "cwc",
        rung=1,
        title=f"Centre {name} within {group}" + (" and add its group mean" if with_mean else ""),
        code=case.commands.in_r(formula.to_text(), before=before),
        changes=(
            f"the slope becomes the effect of {name} within {group}; differences between groups are "
            + ("a separate coefficient" if with_mean else "no longer adjusted for")
        ),
        caveats=("another question, not another route to the same answer (Enders & Tofighi 2007)",),
    )
    return changed_model_attempt(label, comparison), remedy


def _rows_in_use(case: Case) -> list[str]:
    """R code that leaves the rows of the model: means of groups are over these."""
    if len(case.design.rows) == case.table.n_rows:
        return []
    options = case.options
    names = dict.fromkeys(filter(None, (*case.design.variables, options.weights, options.offset)))
    return complete_rows(names, options.subset)


def _on_table(case: Case, values: Array) -> Array:
    """Values on the rows in use as a column of the table, missing elsewhere."""
    column = np.full(case.design.missing.rows_read, np.nan)
    column[case.design.rows] = values
    return column
