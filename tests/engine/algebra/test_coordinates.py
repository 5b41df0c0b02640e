"""Orthonormal coordinates: many rows are taken by parts, and nothing hangs on how many."""

from __future__ import annotations

import numpy as np
import pytest

from mmtriage.engine.algebra.coordinates import coordinates
from tests.diagnose.planted import planted, planted_columns
from tests.model.tables import numeric


@pytest.mark.parametrize("weights", [None, "w"])
@pytest.mark.parametrize("rows", [3, 50])
def test_parts_of_the_rows_have_the_triangles_of_all(
    monkeypatch: pytest.MonkeyPatch, rows: int, weights: str | None
) -> None:
    w = numeric("w", 1.0 + planted_columns()["z"].values ** 2)
    design = planted("y ~ x + (x | g)", {"w": w}, weights=weights)
    whole = coordinates(design)
    monkeypatch.setattr("mmtriage.arrays.MOST_ROWS", rows)
    parts = coordinates(design)
    assert [basis.rank for basis in parts.terms] == [basis.rank for basis in whole.terms]
    one = [whole.fixed.R, *(basis.R for basis in whole.terms)]
    other = [parts.fixed.R, *(basis.R for basis in parts.terms)]
    for R, by_parts in zip(one, other, strict=True):
        assert not np.array_equal(R, by_parts)
        np.testing.assert_allclose(by_parts.T @ by_parts, R.T @ R, rtol=1e-11, atol=1e-11)
