"""The shares of evaluations of rung 3."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mmtriage.ladder.shares import FEWEST, share_of
from mmtriage.optimizers import ALLFIT_MAXFUN, OPTIMIZERS
from tests.ladder import stubs
from tests.ladder.glmm_stubs import COUNTS, glmm_case


@pytest.mark.parametrize(
    ("name", "evaluations", "share"),
    [
        ("bobyqa", 5_000, ALLFIT_MAXFUN),  # lme4's own has what allFit gives it
        ("Nelder_Mead", 1_000, 20_000),
        ("Nelder_Mead", 100, 5_000),
        ("COBYLA", 300, FEWEST),
        ("pybobyqa", 5_000, 500),
        ("COBYLA", 5_000, 2_000),
        ("pybobyqa", 90_000, 500),  # never more than of a linear model
    ],
)
def test_a_stand_in_has_a_share_of_what_glmer_took(name: str, evaluations: int, share: int) -> None:
    comparison = glmm_case(COUNTS, family="poisson").comparison
    took = replace(comparison, lme4=stubs.baseline(total_evaluations=evaluations))
    assert share_of(OPTIMIZERS[name], took) == share


def test_of_a_linear_model_shares_are_fixed() -> None:
    comparison = stubs.comparison(stubs.design_of(stubs.SLOPE))
    assert share_of(OPTIMIZERS["pybobyqa"], comparison) == 500
    assert share_of(OPTIMIZERS["COBYLA"], comparison) == 2_000
