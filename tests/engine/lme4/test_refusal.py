"""What lme4 says of models that it refuses: the words are R's (lme4 1.1-31), on its own sleepstudy."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from mmtriage.data.read_table import read_table
from mmtriage.data.table import Column, Table
from mmtriage.engine.lme4.refusal import lme4_refusal
from tests.golden_cases import data_path
from tests.model.tables import design, numeric, table

N = 180
LEVELS = "number of levels of each grouping factor must be < number of observations (problems: "


def too_many(effects: int, term: str, *, than: str, residual: str = "") -> str:
    return (
        f"number of observations (=180) {than} number of random effects (={effects}) for term ({term}); "
        f"the random-effects parameters{residual} are probably unidentifiable"
    )


RESIDUAL = " and the residual variance (or scale parameter)"


@cache
def sleep() -> Table:
    """sleepstudy with a label for each row, the same backwards, a constant, a count and halves of cells."""
    columns: dict[str, Column] = dict(read_table(data_path("sleepstudy.csv")).columns)
    row = np.arange(N)
    more = {
        "row": row + 1,
        "row2": N - row,
        "one": np.ones(N),
        "b": columns["Reaction"].values > 300,
        "s2": row % 2 + 1,
        "cell": row % 90 + 1,
    }
    return table(*columns.values(), *(numeric(name, values.astype(float)) for name, values in more.items()))


@pytest.mark.parametrize(
    ("formula", "says"),
    [
        (
            "Reaction ~ Days + (1|row) + (1|row2) + (1|Subject)",
            f"{LEVELS}row, row2)",
        ),
        ("Reaction ~ Days + (1|row) + (1|one)", "grouping factors must have > 1 sampled level"),
        (
            "Reaction ~ Days + (Days|Subject/cell)",
            f"{LEVELS}cell:Subject)",
        ),
        ("Reaction ~ (Days*I(Days^2)||cell) + (1|Subject)", None),
        (
            "Reaction ~ (poly(Days,2)|cell)",
            too_many(270, "poly(Days, 2) | cell", than="<=", residual=RESIDUAL),
        ),
        (
            "Reaction ~ (1+Days+I(Days^2)|Subject:s2) + (Days+s2|cell)",
            too_many(270, "Days + s2 | cell", than="<=", residual=RESIDUAL),
        ),
    ],
)
def test_lmer_refuses_in_these_words(formula: str, says: str | None) -> None:
    assert lme4_refusal(design(sleep(), formula)) == says


@pytest.mark.parametrize(
    ("formula", "family", "link", "says"),
    [
        (
            "b ~ (Days+s2|cell)",
            "binomial",
            "logit",
            too_many(270, "Days + s2 | cell", than="<"),
        ),
        ("b ~ (Days|cell)", "binomial", "logit", None),
        ("I(b+1) ~ (1|row)", "Gamma", "inverse", None),
        (
            "Reaction ~ (Days|row)",
            "gaussian",
            "log",
            too_many(360, "Days | row", than="<"),
        ),
        ("I(b*0) ~ (1|one)", "binomial", "logit", "grouping factors must have > 1 sampled level"),
        ("I(b*0) ~ (1|Subject)", "poisson", "log", "Response is constant"),
    ],
)
def test_glmer_refuses_in_these_words(formula: str, family: str, link: str, says: str | None) -> None:
    assert lme4_refusal(design(sleep(), formula, family=family, link=link)) == says
