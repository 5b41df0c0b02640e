"""The oracle itself is checked against lme4 1.1-31, before anything is checked against the oracle."""

from __future__ import annotations

import numpy as np
import pytest

from tests.dense_designs import dense_design
from tests.golden_cases import golden_cases
from tests.oracle import dense_fit, relative_factors

# devfun <- lmer(..., weights = rep(1:2, 90), offset = Days, devFunOnly = TRUE); devfun(0.95)
R_WEIGHTED_REML = 1792.8532456458
R_WEIGHTED_ML = 1800.39968706772

SMALL = [case.id for case in golden_cases().values() if case.expected["nobs"] <= 700]


@pytest.mark.parametrize("case_id", SMALL)
def test_criterion_estimates_and_errors_are_those_of_lme4(case_id: str) -> None:
    design = dense_design(case_id)
    expected = design.case.expected["default"]
    theta = np.array(list(expected["theta"].values()))
    sigmas = [L @ L.T for L in relative_factors(theta, design.sizes)]
    fit = dense_fit(design.y, design.X, design.blocks, sigmas, reml=design.case.reml)
    assert fit.criterion == pytest.approx(expected["criterion"], rel=1e-9)
    assert fit.beta == pytest.approx(np.array(list(expected["fixef"].values())), rel=1e-6, abs=1e-9)
    assert np.sqrt(np.diag(fit.vcov)) == pytest.approx(np.array(list(expected["se"].values())), rel=1e-6)
    assert fit.sigma == pytest.approx(expected["sigma"], rel=1e-7)


def test_sleepstudy_by_reml_has_the_criterion_printed_in_the_lme4_paper() -> None:
    objective = dense_design("sleepstudy_slope").objective()
    assert objective(np.array([0.966742, 0.015169, 0.230910])) == pytest.approx(1743.62827, abs=1e-5)


def test_weights_and_offset_enter_as_lme4_has_them() -> None:
    """lmer(Reaction ~ Days + (1 | Subject), weights = w, offset = Days), w = 1:2 repeated."""
    design = dense_design("sleepstudy_intercept")
    weights = np.tile([1.0, 2.0], 90)
    offset = design.X[:, 1]
    theta = 0.95
    for reml, criterion in ((True, R_WEIGHTED_REML), (False, R_WEIGHTED_ML)):
        fit = dense_fit(
            design.y,
            design.X,
            design.blocks,
            [np.eye(1) * theta**2],
            reml=reml,
            weights=weights,
            offset=offset,
        )
        assert fit.criterion == pytest.approx(criterion, abs=1e-8)
