"""The response of a linear mixed model."""

from __future__ import annotations

import numpy as np

from mmtriage.errors import ModelError
from mmtriage.formula import Formula
from mmtriage.formula.text import to_text
from mmtriage.model.values import Array, Value

_LEVELS_SHOWN = 5


def numeric_response(formula: Formula, value: Value) -> Array:
    """The response as numbers, (n,); a logical counts as 0 and 1."""
    name = to_text(formula.response)
    if value.is_matrix:
        raise ModelError(
            f"`{name}` has several columns: a linear mixed model can't handle matrix-valued responses",
            hint="Model one column; successes and failures belong to a binomial model: `--family binomial`.",
        )
    if value.kind == "factor":
        shown = ", ".join(f'"{level}"' for level in value.levels[:_LEVELS_SHOWN])
        more = ", ..." if len(value.levels) > _LEVELS_SHOWN else ""
        raise ModelError(
            f"response must be numeric: `{name}` is a factor with levels {shown}{more}",
            hint="If these should be numbers, look for stray text in the column; "
            "for a two-level outcome use `--family binomial`.",
        )
    return np.asarray(value.data)
