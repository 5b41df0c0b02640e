"""Columns of a large text by pandas' C parser, where Arrow is not installed.

It fills short rows with missing values, so that every row must be known to have all its fields before.
"""

from __future__ import annotations

import io
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Literal

import numpy as np
import numpy.typing as npt

from mmtriage.data.convert import column_from_text, number
from mmtriage.data.odd_numbers import MOST_EXACT
from mmtriage.data.table import Column

if TYPE_CHECKING:
    import pandas as pd

Bytes = npt.NDArray[np.uint8]


def pandas_columns(
    content: bytes, separator: str, names: Sequence[str], first: Sequence[str], na_strings: Collection[str]
) -> list[Column] | None:
    """Columns of a text whose quotes and line ends are regular; None where only the csv module knows.

    Args:
        first: the first row under the header.
    """
    if any(number(text) is not None for text in na_strings):
        return None  # -99 for missing would take -99.0 with it
    if not _is_rectangular(content, separator, len(names)):
        return None
    import pandas as pd

    # As objects, since a category of TRUE and FALSE would be one of Python's True and False.
    as_text = {position: object for position, cell in enumerate(first) if number(cell) is None}
    try:
        frame = pd.read_csv(
            io.BytesIO(content),
            sep=separator,
            header=0,
            names=range(len(names)),
            index_col=False,
            dtype=as_text,
            na_values=list(na_strings),
            keep_default_na=False,
            float_precision=_correct_rounding(pd.__version__),
            low_memory=False,  # a column has one type, not one per chunk
            engine="c",
        )
    except (pd.errors.ParserError, ValueError):
        return None
    if any(_may_be_identifiers(frame.iloc[:, position]) for position in range(len(names))):
        return None
    return [_column(name, frame.iloc[:, position], na_strings) for position, name in enumerate(names)]


def _may_be_identifiers(series: pd.Series) -> bool:
    return series.dtype.kind in "iuf" and bool((series.abs() >= MOST_EXACT).any())


def _correct_rounding(version: str) -> Literal["round_trip"] | None:
    """Pandas rounds to the nearest double by default from 3.1 on, which deprecates the option."""
    major, minor = version.split(".")[:2]
    return None if (int(major), int(minor)) >= (3, 1) else "round_trip"


def _column(name: str, series: pd.Series, na_strings: Collection[str]) -> Column:
    if series.dtype.kind in "iuf":
        return Column(name=name, kind="numeric", values=series.to_numpy(dtype=np.float64))
    codes, cells = series.factorize()  # -1 is missing
    return column_from_text(name, [str(cell) for cell in cells], codes.astype(np.int64), na_strings)


def _is_rectangular(content: bytes, separator: str, n_fields: int) -> bool:
    """Whether every record that is not blank has `n_fields` fields, by counting separators outside quotes."""
    characters = np.frombuffer(content, dtype=np.uint8)
    is_newline = characters == ord("\n")
    inside = np.logical_xor.accumulate(characters == ord('"'))  # a doubled quote toggles twice
    ends = np.flatnonzero(is_newline & ~inside)
    if characters[-1] != ord("\n"):
        ends = np.append(ends, characters.size)
    separators = np.flatnonzero((characters == ord(separator)) & ~inside)
    counts = np.diff(np.searchsorted(separators, ends), prepend=0)
    lengths = np.diff(ends, prepend=-1) - 1
    is_blank = (lengths == 0) | ((lengths == 1) & (characters[ends - 1] == ord("\r")))
    return bool(np.all(is_blank | (counts == n_fields - 1)))
