"""The arrays that everything here is made of, by what they hold; shapes are said where they are used."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Index = NDArray[np.int64]  # positions, and codes of levels
Mask = NDArray[np.bool_]

MOST_ROWS = 2**17  # that are taken at once: of millions of rows, copies of all would be most of the memory


def slices(n: int, most: int | None = None) -> list[slice]:
    """n rows in parts that are small enough to be copied, or of so many at most; one part at least."""
    step = most or MOST_ROWS
    return [slice(first, min(first + step, n)) for first in range(0, n, step)] or [slice(0, 0)]
