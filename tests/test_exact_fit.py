"""Responses that the model reproduces exactly: no maximum exists, and the report says so."""

import numpy as np
import pandas as pd
import pytest

from mmtriage import triage
from mmtriage.data.in_memory import table_from_frame
from mmtriage.diagnose.exact_fit import misweighted
from mmtriage.engine.generalized.model import GeneralizedModel
from mmtriage.formula import parse_formula
from mmtriage.model.design import Design, build_design
from mmtriage.model.spec import ModelSpec
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


def counts(w: float) -> Design:
    """Sixty rows of a negative binomial, each of a weight of w."""
    y = np.random.default_rng(2).negative_binomial(2, 0.4, X.size)
    table = table_from_frame(pd.DataFrame({"y": y, "g": [f"g{i}" for i in GROUPS], "w": w}))
    spec = ModelSpec(family="negative.binomial", link="log", weights="w")
    return build_design(table, parse_formula("y ~ 1 + (1 | g)"), spec)


def test_weights_of_a_negative_binomial_make_no_likelihood() -> None:
    """Along mu = theta, as theta goes to zero, lme4's criterion falls by twice the rate that is told."""
    design = counts(2.0)
    found = misweighted(design)
    assert found is not None
    rate = found.evidence["rate"]
    assert isinstance(rate, float)
    model = GeneralizedModel.of(design)
    at = [model.place(np.zeros(1), np.array([t]), float(np.exp(t))) for t in (-12.0, -13.0)]
    above, below = (model.criterion(*place) for place in at)
    assert above - below == pytest.approx(2.0 * rate, rel=1e-3)


@pytest.mark.parametrize("weight", [1.0, 0.5])
def test_smaller_weights_leave_it_an_optimum(weight: float) -> None:
    assert misweighted(counts(weight)) is None
