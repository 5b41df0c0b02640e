"""MM107: a column of text of which a few cells are no numbers.

One "#N/A" or "high" among a thousand numbers makes a column text, and text becomes a factor: R says nothing
of it, and fits a coefficient to every value. Labels of groups may look like that and are none the worse, so
grouping columns are not asked; nor are columns that the user has declared a factor.
"""

from __future__ import annotations

import numpy as np

from mmtriage.arrays import Index
from mmtriage.data.convert import number
from mmtriage.data.table import Column
from mmtriage.diagnose.finding import Finding, finding
from mmtriage.formula.nodes import names_in
from mmtriage.model.design import Design

FEW_CELLS = 0.05  # share of the cells of a text column that are no numbers, up to which it is nearly numeric
MOST_SHOWN = 3  # cells that a message shows


def strange_cells(design: Design) -> list[Finding]:
    """MM107 of each column that effects are made of."""
    formula = design.formula
    terms = [*formula.fixed, *(term for bar in formula.random for term in bar.terms)]
    nodes = [*(v for term in terms for v in term.variables), *formula.offsets]
    names = dict.fromkeys(name.name for node in nodes for name in names_in(node))
    found = []
    for name in names:
        column = design.variables.get(name)
        if column is not None and column.kind == "factor" and name not in design.declared_factors:
            rows = _strangers(column)
            if 0 < len(rows) <= FEW_CELLS * len(column.values):
                found.append(_nearly_numeric(design, column, rows))
    return found


def _strangers(column: Column) -> Index:
    """The rows (k,) of a factor whose labels are no numbers."""
    strange = np.array([number(level) is None for level in column.levels] + [False])
    return np.flatnonzero(strange[column.values])


def _nearly_numeric(design: Design, column: Column, rows: Index) -> Finding:
    cells = [(column.levels[int(column.values[row])], int(design.rows[row]) + 1) for row in rows]
    shown = ", ".join(f'"{cell}" in row {row}' for cell, row in cells[:MOST_SHOWN])
    more = f" and {len(cells) - MOST_SHOWN} more" if len(cells) > MOST_SHOWN else ""
    distinct = list(dict.fromkeys(cell for cell, _ in cells))
    message = (
        f"`{column.name}` is a column of numbers but for {len(cells)} of its {len(column.values):,} cells: "
        f"{shown}{more}. R silently makes it a factor of {len(column.levels):,} levels, and so does this "
        f"fit; what means missing can be said to be so: `--na-values {_quoted(distinct)}`"
    )
    return finding(
        "MM107",
        message,
        columns=(column.name,),
        cells=tuple(cells[: 10 * MOST_SHOWN]),
        strange=len(cells),
        levels=len(column.levels),
        threshold=FEW_CELLS,
    )


def _quoted(cells: list[str]) -> str:
    return "'" + ",".join(cells[:MOST_SHOWN]) + "'"
