"""Numbers that are written for people: `1,956.38`, `19.6%`, `$ 12`, `(3.5)`, and a typesetter's minus sign.

R reads a column of them as text, and a model then has a level for each value.
"""

from __future__ import annotations

import re

import numpy as np

from mmtriage.data.convert import FEW_CELLS, rows_with, strange_levels
from mmtriage.data.table import Column

_SIGN = "[-+\u2212\u2013\uff0d]"
_MONEY = "[$\u20ac\u00a3\u00a5\u20b9]|USD|EUR|GBP|CHF"
_SPACE = "[ \u00a0\u202f\u2009']"
_DIGITS = rf"\d{{1,3}}(?:(?:[.,]|{_SPACE})\d{{3}})+(?:[.,]\d+)?|\d+(?:[.,]\d+)?"
DECORATED = re.compile(
    rf"\(?{_SIGN}?{_SPACE}?(?:{_MONEY})?{_SPACE}?{_SIGN}?(?:{_DIGITS})(?:[eE]{_SIGN}?\d+)?"
    rf"{_SPACE}?(?:%|\u2030|{_MONEY})?\)?"
)


def decorated_cell(column: Column) -> tuple[str, int] | None:
    """A decorated number and its row, counted from 0, of a column that is text because of such; else None."""
    if column.kind != "factor":
        return None
    strangers = strange_levels(column)
    if not strangers or not all(DECORATED.fullmatch(column.levels[code].strip()) for code in strangers):
        return None
    rows = rows_with(column, strangers)
    if len(rows) <= FEW_CELLS * np.count_nonzero(~column.is_missing):  # MM107 names them
        return None
    row = int(rows[0])
    return column.levels[int(column.values[row])], row
