"""The response of a linear mixed model."""

from __future__ import annotations

import numpy as np

from mmtriage.data import Table, first_non_number
from mmtriage.errors import ModelError
from mmtriage.formula import Formula
from mmtriage.formula.nodes import Name
from mmtriage.formula.text import to_text
from mmtriage.model.values import Array, Value

_LEVELS_SHOWN = 5


def numeric_response(formula: Formula, value: Value, table: Table) -> Array:
    """The response as numbers, (n,); a logical counts as 0 and 1."""
    response = formula.response
    name = to_text(response)
    if value.is_matrix:
        raise ModelError(
            f"`{name}` has several columns: a linear mixed model can't handle matrix-valued responses",
            hint="Model one column; successes and failures belong to a binomial model: `--family binomial`.",
        )
    if value.kind == "factor":
        column = table.columns[response.name] if isinstance(response, Name) else None
        stray = first_non_number(column) if column is not None else None
        if stray is not None:
            cell, row = stray
            raise ModelError(
                f'response must be numeric: `{name}` holds the text "{cell}"',
                where=f"column `{name}`, row {row + 1}",
                hint=f'Correct the cell, or read it as missing: `--na-values "{cell}"`.',
            )
        shown = ", ".join(f'"{level}"' for level in value.levels[:_LEVELS_SHOWN])
        more = ", ..." if len(value.levels) > _LEVELS_SHOWN else ""
        raise ModelError(
            f"response must be numeric: `{name}` is a factor with levels {shown}{more}",
            hint=(
                "A linear mixed model needs numbers; a two-level outcome belongs to a binomial model."
                if len(value.levels) == 2
                else "A linear mixed model needs numbers: correct the column, or name another response."
            ),
        )
    return np.asarray(value.data)
