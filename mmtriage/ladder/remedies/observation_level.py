"""`observation-level`: a random effect of each row, which takes up scatter beyond the family's (MM501).

The effect adds normal scatter on the link scale, one level per row (Harrison 2014, PeerJ 2:e616). It needs a
column with one level per row: one of the table's, two factors of the model whose cells have one row each, or
one that has to be made.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

import numpy as np

from mmtriage.arrays import Index
from mmtriage.data.table import Column
from mmtriage.engine.comparison import Comparison
from mmtriage.engine.estimates import correlation
from mmtriage.formula import Formula, parse_formula
from mmtriage.formula.nodes import Name, names_in
from mmtriage.formula.text import quote_name, to_text
from mmtriage.ladder.case import Case
from mmtriage.ladder.emitted.commands import Commands
from mmtriage.ladder.emitted.r_columns import row_numbers
from mmtriage.ladder.records import Code, Proposal
from mmtriage.ladder.remedies.measured import arriving, changed_model
from mmtriage.ladder.remedies.still_found import first_if_asked_for, still_found

CAUSES = ("MM501", "MM502")  # overdispersion, zero-inflation

BETA_BINOMIAL = (
    "a beta-binomial is the other way (glmmTMB, family = betabinomial): no function of lme4 has it"
)
ROW = "row"  # the name of a column of row numbers that has to be made


def propose(case: Case) -> Iterator[Proposal]:
    """Add a random term that is grouped by row."""
    if not any(map(case.found, CAUSES)):
        return
    from mmtriage.diagnose.dispersion import why_not_assessed  # here: linear models start sooner without

    if why_not_assessed(case.design) is not None:
        return
    group = row_label(case)
    name = group or _free_name(case)
    formula = parse_formula(f"{case.formula.to_text()} + (1 | {name})")
    columns = {} if group else {name: np.arange(case.bench.table.n_rows, dtype=np.float64)}
    comparison = case.refit(formula, columns)
    sd = _sd_of_rows(comparison)
    left = still_found(case, comparison)
    proposal = changed_model(
        case,
        comparison,
        id="observation-level",
        title=f"Give every observation an effect of its own: (1 | {name})",
        changes=f"normal scatter between observations on the link scale, of SD {sd:.3g}",
        caveats=(
            "coefficients are then those of a typical observation, further from zero than averages over all",
            *left.said,
            *((BETA_BINOMIAL,) if case.design.spec.distribution.has_trials else ()),
            *(() if group else ("no column of the table has one level per row: make one first",)),
        ),
        note=f"SD {sd:.4g}",
        code=_code(arriving(case.commands, comparison), formula, None if group else name),
    )
    yield first_if_asked_for(proposal, left)


def _code(commands: Commands, formula: Formula, made: str | None) -> Code:
    """No command can make a column of row numbers; R code can."""
    text = formula.to_text()
    return commands.both(text) if made is None else commands.in_r(text, before=row_numbers(made))


def _sd_of_rows(comparison: Comparison) -> float:
    design = comparison.prepared.design
    t = next(t for t, term in enumerate(design.random) if len(term.levels) == len(design.y))
    sd, _ = correlation(comparison.optimum_fit.covariances[t])
    return float(sd[0])


def row_label(case: Case) -> str | None:
    """A grouping with one level per row, in the table's or the model's own terms; None if there is none."""
    measured = _measured(case)
    for name, column in case.bench.table.columns.items():
        if name not in measured and _numbers_rows(column, case.design.rows):
            return quote_name(name)
    return _crossing(case)


def _numbers_rows(column: Column, rows: Index) -> bool:
    """Whether a column is a label of rows: text, or whole numbers that leave few out."""
    values = column.values[rows]
    if np.any(column.is_missing[rows]) or len(np.unique(values)) < len(rows):
        return False
    is_count = bool(np.all(values % 1 == 0)) and float(np.ptp(values)) < 2 * len(rows)
    return column.kind == "factor" or is_count


def _measured(case: Case) -> frozenset[str]:
    """Columns of the response and of the fixed part: numbers there are measurements, not labels."""
    nodes = [case.formula.response, *(v for term in case.formula.fixed for v in term.variables)]
    return frozenset(name.name for node in nodes for name in names_in(node))


def _crossing(case: Case) -> str | None:
    """Two factors of the model whose cells have one row each."""
    codes: dict[str, Index] = {
        quote_name(name): np.asarray(column.values, dtype=np.int64)
        for name, column in case.design.variables.items()
        if column.kind == "factor"
    }
    for term in case.design.random:
        if all(isinstance(node, Name) for node in term.bar.group):
            codes.setdefault(":".join(map(to_text, term.bar.group)), term.codes)
    n = len(case.design.y)
    for (a, one), (b, two) in combinations(codes.items(), 2):
        if len(np.unique(np.column_stack([one, two]), axis=0)) == n:
            return f"{a}:{b}"
    return None


def _free_name(case: Case) -> str:
    name = ROW
    while name in case.bench.table.columns:
        name += "_"
    return name
