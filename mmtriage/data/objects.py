"""A column of Python objects: all logical, all numbers, or all text, by what its values are."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from decimal import Decimal
from numbers import Real
from typing import Literal

import numpy as np
import numpy.typing as npt

from mmtriage.arrays import Mask
from mmtriage.data.table import Column

Objects = npt.NDArray[np.object_]


class UnusableError(Exception):
    """A column holds what no model can use."""


def gathered(
    names: list[str], column: Callable[[int, str], Column]
) -> tuple[dict[str, Column], dict[str, str]]:
    """The columns by name, and why others are none: nobody minds them who does not use them.

    Args:
        column: makes the column at a place, under its name.
    """
    columns: dict[str, Column] = {}
    unusable: dict[str, str] = {}
    for position, name in enumerate(names):
        try:
            columns[name] = column(position, name)
        except UnusableError as error:
            unusable[name] = str(error)
    return columns, unusable


def column_of_objects(name: str, values: Objects, is_known: Mask) -> Column:
    """A column from values (n,), of which those that are not known (n,) are missing.

    Raises UnusableError where a value is no logical, number or text.
    """
    known = values[is_known]
    if all(isinstance(value, (bool, np.bool_)) for value in known):
        return _filled(name, "logical", known, is_known)
    if all(_is_real(value) for value in known):
        return _filled(name, "numeric", known, is_known)
    for value in known:
        if not isinstance(value, (str, bool)) and not _is_real(value):
            raise UnusableError(what_it_is(value))
    text = np.array([str(value) for value in known], dtype=object)
    levels = sorted(set(text))
    code_of = {level: code for code, level in enumerate(levels)}
    codes = np.full(len(values), -1, dtype=np.int64)
    codes[is_known] = [code_of[value] for value in text]
    return Column(name=name, kind="factor", values=codes, levels=tuple(levels))


def what_it_is(value: object) -> str:
    """What a value is that no model can use."""
    if isinstance(value, (datetime.date, datetime.time, datetime.timedelta)):
        return "dates or times"
    return f"a value of type {type(value).__name__}"


def _is_real(value: object) -> bool:
    return isinstance(value, (Real, Decimal)) and not isinstance(value, bool)


def _filled(name: str, kind: Literal["numeric", "logical"], known: Objects, is_known: Mask) -> Column:
    values = np.full(is_known.size, np.nan)
    values[is_known] = known.astype(np.float64)
    return Column(name=name, kind=kind, values=values)
