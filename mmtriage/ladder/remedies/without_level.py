"""`without-level`: the rows of a separated level left out, and the model fitted to the rest (MM203).

Of a level whose responses are all 0, or all 1, the data say only that: no number follows for its effect. The
other effects can be had from the other rows, where the level is described in words.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from mmtriage import figures
from mmtriage.data.table import Column
from mmtriage.diagnose.naming import listed
from mmtriage.formula import Formula
from mmtriage.formula.nodes import names_in
from mmtriage.formula.text import quote, quote_name
from mmtriage.ladder.case import SEPARATION, Case
from mmtriage.ladder.records import Proposal
from mmtriage.ladder.remedies.measured import arriving, changed_model

MOST_LEVELS = 12  # of a column that has levels at all


def propose(case: Case) -> Iterator[Proposal]:
    """Leave out the pure levels of the first column that has some, if others are left."""
    if not case.is_separated:
        return
    names = dict.fromkeys(name for found in case.found(SEPARATION) for name in found.columns)
    for name in names:
        column = case.design.variables.get(name)
        pure = {} if column is None else _pure_levels(case, column)
        if column is not None and pure:
            yield _measured(case, name, column, pure)
            return


def _pure_levels(case: Case, column: Column) -> dict[float, float]:
    """Levels, by their value, whose responses are all one edge: that edge. Empty where no others are left."""
    values = column.values if len(column.values) == len(case.design.y) else column.values[case.design.rows]
    levels = np.unique(values)
    if len(levels) > MOST_LEVELS:
        return {}
    y, edges = case.design.y, case.design.spec.distribution.mean_range
    found = {
        float(level): float(y[values == level][0])
        for level in levels
        if np.ptp(y[values == level]) == 0 and y[values == level][0] in edges
    }
    return found if len(found) < len(levels) else {}


def _measured(case: Case, name: str, column: Column, pure: dict[float, float]) -> Proposal:
    labels = [column.levels[int(v)] if column.kind == "factor" else f"{v:.15g}" for v in pure]
    said = [quote(label, '"') if column.kind == "factor" else label for label in labels]
    conditions = [f"{quote_name(name)} != {label}" for label in said]
    present = case.options.subset
    subset = " & ".join([*([f"({present})"] if present else []), *conditions])
    formula = case.formula
    values = column.values if len(column.values) == len(case.design.y) else column.values[case.design.rows]
    if len(np.unique(values)) - len(pure) < 2:  # nothing of the column varies any more
        formula = _without(formula, name)
    comparison = case.bench.fit(case.bench.build(formula, subset=subset))
    left_out = len(case.design.y) - len(comparison.prepared.design.y)
    is_text = "level" if len(labels) == 1 else "levels"
    edge = f"all {next(iter(pure.values())):g}" if len(set(pure.values())) == 1 else "all of one kind"
    proposal = changed_model(
        case,
        comparison,
        id="without-level",
        title=f"Leave out the {is_text} {listed(labels)} of {name}, whose responses are {edge}",
        changes=(
            f"{figures.count(left_out, 'row')} less: what is known of {name} there is said in words, and the "
            "model is of the others"
        ),
        caveats=("the question is then about the other levels only",),
        code=arriving(case.commands.of(subset=subset), comparison).both(formula.to_text()),
    )
    return replace(proposal, remedy=replace(proposal.remedy, order=2 if proposal.remedy.clears else None))


def _without(formula: Formula, name: str) -> Formula:
    """The formula without the fixed terms of a column."""
    kept = tuple(
        term for term in formula.fixed if not any(n.name == name for v in term.variables for n in names_in(v))
    )
    return replace(formula, fixed=kept)
