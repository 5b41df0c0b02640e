"""The arrays that everything here is made of, by what they hold; shapes are said where they are used."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Index = NDArray[np.int64]  # positions, and codes of levels
Mask = NDArray[np.bool_]
