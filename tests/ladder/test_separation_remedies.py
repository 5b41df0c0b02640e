"""What is offered where effects have no finite estimate: a prior, Firth's penalty, the rest of the levels."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from mmtriage.data.in_memory import table_from_frame
from mmtriage.formula import parse_formula
from mmtriage.ladder.remedies.firth import firth_fit
from mmtriage.model.design import Design, build_design
from mmtriage.model.spec import ModelSpec
from tests.golden_cases import golden_glmms
from tests.triaged import golden_words, triaged


def design(frame: pd.DataFrame, formula: str, family: str, link: str) -> Design:
    return build_design(
        table_from_frame(frame), parse_formula(formula), ModelSpec(family=family, link=link, reml=False)
    )


def test_firths_estimates_are_those_of_brglm2() -> None:
    """brglm2 0.9 in R, type = "MPL_Jeffreys", on tests/golden/csv/separation.csv, `y ~ period`."""
    frame = pd.read_csv(golden_glmms()["toy_separation"].csv)
    frame["period"] = frame["period"].astype("category")
    fit = firth_fit(design(frame, "y ~ period + (1 | herd)", "binomial", "logit"))
    assert fit is not None
    assert fit.beta == pytest.approx([-1.263161676, -1.150197823, -1.274904342, -4.476631229], rel=1e-7)
    assert fit.se == pytest.approx([0.1446820377, 0.2889368586, 0.3093957696, 1.4283936641], rel=1e-6)


def test_a_column_of_one_row_does_not_swing() -> None:
    """Newton steps on the data's own information went to and fro for ever: 2.41, -2.59, 2.41, ..."""
    rng = np.random.default_rng(4)
    frame = pd.DataFrame({"y": rng.integers(0, 2, 60), "x": np.zeros(60), "g": np.arange(60) % 6})
    frame.loc[7, ["x", "y"]] = 1.0, 0
    fit = firth_fit(design(frame, "y ~ x + (1 | g)", "binomial", "logit"))
    assert fit is not None
    assert abs(fit.beta[1]) < 5
    assert np.all(np.isfinite(fit.se))


def test_counts_that_are_all_zero_at_a_level() -> None:
    """The score of data with half a hat value in every count is zero."""
    y = np.array([2, 3, 1, 4, 0, 0, 0, 0, 5, 1, 2, 2])
    frame = pd.DataFrame({"y": y, "f": np.repeat(["a", "b", "c"], 4), "g": np.tile([1, 2], 6)})
    made = design(frame, "y ~ f + (1 | g)", "poisson", "log")
    fit = firth_fit(made)
    assert fit is not None
    mu = np.exp(made.X @ fit.beta)
    inverse = np.linalg.inv(made.X.T @ (mu[:, None] * made.X))
    hat = mu * np.sum((made.X @ inverse) * made.X, axis=1)
    assert made.X.T @ (y - mu + hat / 2) == pytest.approx(np.zeros(3), abs=1e-7)


def test_a_prior_comes_first_then_firth_then_the_other_levels() -> None:
    case = golden_glmms()["toy_separation"]
    report = triaged(str(case.csv), case.formula, *golden_words(case)).report
    found = {remedy["id"]: remedy for remedy in report["remedies"]}
    assert list(found) == ["fixed-prior", "firth", "without-level"]
    assert "`periodp4` -4.48 (SE 1.43)" in found["firth"]["changes"]
    assert "brglm2::brglm_fit" in found["firth"]["code"]["lme4"]
    assert found["without-level"]["clears"]
    assert "--subset 'period != \"p4\"'" in found["without-level"]["code"]["mmtriage"]
    assert found["without-level"]["not_comparable"] == "the two models use different rows"
