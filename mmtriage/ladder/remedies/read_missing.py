"""`read-missing`: the few cells of a numeric column that are no numbers (MM107), read as missing.

What they should be only the user knows; as missing they cost their rows, and the column is a number again.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from mmtriage.data.convert import number
from mmtriage.data.table import Column
from mmtriage.diagnose.finding import Finding
from mmtriage.formula import Formula
from mmtriage.ladder.against_present import not_compared
from mmtriage.ladder.case import Bench, Case, refit
from mmtriage.ladder.emitted.commands import Commands
from mmtriage.ladder.emitted.r_table import r_reading
from mmtriage.ladder.rank import FIRST
from mmtriage.ladder.records import Proposal
from mmtriage.ladder.remedies.measured import fitted_model

CAUSE = "MM107"  # nearly-numeric


def propose(case: Case) -> Iterator[Proposal]:
    """Propose it for a fitted model."""
    yield from as_missing(case.bench, case.formula, case.findings)


def as_missing(bench: Bench, formula: Formula, findings: Sequence[Finding]) -> Iterator[Proposal]:
    """Fit a formula where the strange cells of all columns are missing; the model need not have a fit yet."""
    names = [name for found in findings if found.code == CAUSE for name in found.columns]
    if not names:
        return
    columns = [bench.table.columns[name] for name in names]
    cells = list(dict.fromkeys(cell for column in columns for cell in _strange(column)))
    comparison = refit(bench, formula, {column.name: _numbers(column) for column in columns})
    shown = ", ".join(f'"{cell}"' for cell in cells)
    rows = len(comparison.prepared.design.y)
    made = fitted_model(
        comparison,
        not_compared("the columns and the rows are not the same"),
        id="read-missing",
        title=f"Read {shown} in {', '.join(names)} as missing",
        changes=f"{', '.join(names)} is a number again; {rows:,} rows are left",
        caveats=("where a cell has a number that is known, correct the table instead",),
        code=_commands(bench, cells).both(formula.to_text()),
    )
    yield replace(made, remedy=replace(made.remedy, order=FIRST))


def _strange(column: Column) -> Iterator[str]:
    return (level for level in column.levels if number(level) is None)


def _numbers(column: Column) -> np.ndarray:
    """The values (n_rows,) of a text column, NaN where they are no numbers."""
    values = [number(level) for level in column.levels]
    table = np.array([np.nan if value is None else value for value in values] + [np.nan])
    return np.asarray(table[column.values])


def _commands(bench: Bench, cells: Sequence[str]) -> Commands:
    """The commands that read the table so."""
    reading = bench.table.reading
    wanted = replace(reading, na_values=(*reading.na_values, *cells), verbatim=())
    return replace(bench.commands, reading=wanted, r_table=r_reading(replace(bench.table, reading=wanted)))
