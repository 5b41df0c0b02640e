"""MM407 where the likelihood rises up to the edge of the means that a link has."""

from __future__ import annotations

import numpy as np
import pandas as pd

import mmtriage


def counts() -> pd.DataFrame:
    """Counts that fall along x so fast that a line through them is negative at their last zero."""
    x = np.tile(np.linspace(0.0, 1.0, 6), 4)
    y = np.array([9, 7, 3, 2, 0, 0] * 4)
    return pd.DataFrame({"y": y, "x": x, "g": np.repeat(["a", "b", "c", "d"], 6)})


def test_a_count_whose_mean_goes_to_zero_under_the_identity_link() -> None:
    report = mmtriage.triage(counts(), "y ~ x + (1 | g)", family="poisson", link="identity")
    assert report.verdict.status == "unidentifiable"
    assert report.verdict.codes[0] == "MM407"
    found = next(f for f in report.findings if f.code == "MM407")
    assert "rows 6, 12, 18, 24 is zero" in found.message
    assert found.evidence["rows_at_the_edge"] == 4


def test_under_the_log_link_there_is_no_edge() -> None:
    report = mmtriage.triage(counts(), "y ~ x + (1 | g)", family="poisson")
    assert "MM407" not in {f.code for f in report.findings}
