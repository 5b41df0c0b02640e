"""Student's t against SciPy's, from its middle far into its tails."""

from __future__ import annotations

import math

import pytest
from scipy.special import stdtr

from mmtriage.engine.student_t import MANY, two_sided

DF = [0.01, 0.3, 1.0, 1.7, 2.0, 3.0, 5.5, 10.0, 17.3, 39.9, 40.1, 100.0, 1234.5, MANY, 1e9]
T = [1e-5, 0.01, 0.3, 0.9, 1.0, 1.5, 2.0, 3.0, 5.0, 8.0, 13.0, 40.0, 300.0, 1e4, 1e8, 1e150]


@pytest.mark.parametrize("df", DF)
def test_p_is_scipys(df: float) -> None:
    for t in T:
        expected = 2.0 * float(stdtr(df, -t))
        assert two_sided(t, df) == pytest.approx(expected, rel=1e-12, abs=1e-300)
        assert two_sided(-t, df) == two_sided(t, df)


def test_where_there_is_no_p() -> None:
    assert two_sided(0.0, 3.0) == 1.0
    assert two_sided(math.inf, 3.0) == two_sided(-math.inf, 3.0) == 0.0
    assert all(math.isnan(two_sided(t, df)) for t, df in ((math.nan, 3.0), (1.0, math.nan), (1.0, 0.0)))
