"""Columns whose scale and origin an optimizer meets."""

from __future__ import annotations

import numpy as np
import pytest

from mmtriage.diagnose.continuous import is_two_valued, slopes
from tests.diagnose.planted import planted
from tests.model.tables import factor


def test_only_continuous_columns_are_slopes() -> None:
    made = planted("y ~ x + (1 + x + two + f | g)", {"f": factor("f", ["a", "b", "c"] * 32)})
    assert [(s.column, s.has_intercept) for s in slopes(made)] == [("x", True)]


@pytest.mark.parametrize(
    ("values", "answer"), [([1.0, 1.0], True), ([0.0, 3.0, 0.0], True), ([0.0, 1.0, 2.0], False)]
)
def test_two_valued(values: list[float], answer: bool) -> None:
    assert is_two_valued(np.array(values)) is answer
