"""MM107: a column of text of which a few cells are no numbers.

One "#N/A" or "high" among a thousand numbers makes a column text, and text becomes a factor: R says nothing
of it, and fits a coefficient to every value. Labels of groups may look like that and are none the worse, so
grouping columns are not asked; nor are columns that the user has declared a factor.
"""

from __future__ import annotations

from mmtriage.arrays import Index
from mmtriage.data.convert import FEW_CELLS, rows_with, strange_levels
from mmtriage.data.table import Column
from mmtriage.diagnose.finding import Finding, finding
from mmtriage.formula.nodes import columns_named
from mmtriage.model.design import Design

MOST_SHOWN = 3  # cells that a message shows


def strange_cells(design: Design) -> list[Finding]:
    """MM107 of each column that effects are made of."""
    formula = design.formula
    found = []
    for name in columns_named([*formula.effects(), *formula.offsets]):
        column = design.variables.get(name)
        if column is not None and column.kind == "factor" and name not in design.declared_factors:
            rows = rows_with(column, strange_levels(column))
            if 0 < len(rows) <= FEW_CELLS * len(column.values):
                found.append(_nearly_numeric(design, column, rows))
    return found


def _nearly_numeric(design: Design, column: Column, rows: Index) -> Finding:
    cells = [(column.levels[int(column.values[row])], int(design.row_numbers[row])) for row in rows]
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
