"""An optimum at the edge of the means that a link has: it is said where it lies, and not proven."""

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
    assert report.verdict.status == "undetermined"
    assert report.reference is not None
    certificate = report.reference.certificate
    assert certificate is not None
    assert not certificate.certified
    assert certificate.reason.startswith("the linear predictor of rows 6, 12, 18, 24 is zero there")


def test_under_the_log_link_there_is_no_edge() -> None:
    report = mmtriage.triage(counts(), "y ~ x + (1 | g)", family="poisson")
    assert report.reference is not None
    assert report.reference.certificate is not None
    assert report.reference.certificate.certified
