"""Responses that the model reproduces exactly: no maximum exists, and the report says so."""

import numpy as np
import pandas as pd
import pytest

from mmtriage import triage
from mmtriage.report.facts import Report

GROUPS = np.repeat(np.arange(12), 5)
X = np.random.default_rng(0).normal(size=GROUPS.size)


def report_on(y: np.ndarray, formula: str) -> Report:
    frame = pd.DataFrame({"y": y, "x": X, "g": [f"g{i}" for i in GROUPS], "row": np.arange(len(y))})
    return triage(frame, formula)


@pytest.mark.parametrize(
    ("y", "formula", "who"),
    [
        (2 * X + 1, "y ~ x + (1 | g)", "the fixed effects reproduce"),
        (2 * X + 1, "y ~ 1 + (x | g)", "the fixed and random effects reproduce"),
        (GROUPS.astype(float), "y ~ x + (1 | g)", "the fixed and random effects reproduce"),
        (GROUPS * X, "y ~ x + (x | g)", "the fixed and random effects reproduce"),
        (X, "y ~ factor(row) + (1 | g)", "60 coefficients for 60 rows"),
        (X, "y ~ factor(row) + (1 | row)", "60 coefficients for 60 rows"),
        (X, "y ~ row + (1 | g) + offset(y)", "the response equals its offset"),
    ],
    ids=[
        "fixed",
        "random",
        "constant in groups",
        "lines",
        "as many coefficients as rows",
        "twice wrong",
        "offset",
    ],
)
def test_a_response_that_is_reproduced_has_no_maximum(y: np.ndarray, formula: str, who: str) -> None:
    report = report_on(y, formula)
    assert report.verdict.status == "unidentifiable"
    assert report.verdict.codes[0] == "MM407"
    assert who in report.verdict.message


def test_a_little_noise_is_enough() -> None:
    noise = np.random.default_rng(1).normal(size=X.size)
    report = report_on(2 * X + 1 + 1e-3 * noise, "y ~ x + (1 | g)")
    assert report.verdict.status in ("converged", "singular")
