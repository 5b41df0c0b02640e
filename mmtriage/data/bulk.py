"""Large plain texts: Arrow's reader where it is installed (`by_arrow`), else that of pandas (`by_pandas`)."""

from __future__ import annotations

import importlib.util
from collections.abc import Collection, Sequence

import numpy as np
import numpy.typing as npt

from mmtriage.data.table import Column

BULK_BYTES = 1_000_000  # here Arrow is as fast, its import counted, and soon ten times as fast
PANDAS_BYTES = 4_000_000  # here pandas is twice as fast, its import counted

Bytes = npt.NDArray[np.uint8]


def is_large(size: int) -> bool:
    """Whether so many bytes are read faster by another reader than the csv module."""
    return size > (BULK_BYTES if has_arrow() else PANDAS_BYTES)


def bulk_columns(
    content: bytes,
    separator: str,
    names: Sequence[str],
    first: Sequence[Sequence[str]],
    na_strings: Collection[str],
) -> list[Column] | None:
    """Read the columns of a regular text by a faster reader; None where it stumbles.

    Args:
        first: the first records, that of the names among them.
    """
    raw, *sample = first
    if has_arrow():
        from mmtriage.data.by_arrow import arrow_columns

        return arrow_columns(content, separator, names, raw, sample, na_strings)
    from mmtriage.data.by_pandas import pandas_columns

    return pandas_columns(content, separator, names, sample[0], na_strings)


def has_arrow() -> bool:
    return importlib.util.find_spec("pyarrow") is not None


def is_regular(content: bytes, separator: str) -> bool:
    """Whether quotes stand where fields begin and end, and every carriage return is half of a line end.

    What other text means is for the csv module to say.
    """
    characters = np.frombuffer(content, dtype=np.uint8)
    if b"\r" in content:
        returns = np.flatnonzero(characters == ord("\r"))
        if not np.all(characters[np.minimum(returns + 1, characters.size - 1)] == ord("\n")):
            return False
    return b'"' not in content or _quotes_are_regular(characters, separator)


def _quotes_are_regular(characters: Bytes, separator: str) -> bool:
    """Opening quotes follow an edge, closing ones precede it; a doubled quote closes and opens at once."""
    at = np.flatnonzero(characters == ord('"'))
    if at.size % 2:
        return False
    opening, closing = at[::2], at[1::2]
    edges = [ord("\n"), ord('"'), ord(separator)]
    before = (opening == 0) | np.isin(characters[opening - 1], edges)
    last = closing == characters.size - 1
    after = last | np.isin(characters[np.minimum(closing + 1, characters.size - 1)], [*edges, ord("\r")])
    return bool(np.all(before) and np.all(after))
