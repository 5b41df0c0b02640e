"""lme4's rounding errors, digit for digit where they can be had.

Criteria are lmer(..., devFunOnly = TRUE)(theta) under lme4 1.1-31, R 4.2.2, OpenBLAS 0.3.21, on sleepstudy
with `Days` multiplied by a million (sleepstudy_micro).
"""

from __future__ import annotations

import numpy as np
import pytest

from mmtriage.engine.baseline import Baseline, BaselineFailure, fit_baseline
from mmtriage.engine.lme4_arithmetic import lme4_objective, loses_digits
from mmtriage.engine.start import lme4_start
from mmtriage.engine.theta import lower_bounds, theta_length
from tests.dense_designs import DenseDesign, dense_design
from tests.golden_cases import golden_cases
from tests.oracle import Array, dense_objective

SMALL = [case.id for case in golden_cases().values() if case.expected["nobs"] <= 700]
CANCELLING = {"sleepstudy_micro", "sleepstudy_year"}


def start_of(design: DenseDesign) -> Array:
    return lme4_start(design.y, design.groups, [codes for codes, _ in design.blocks], design.columns)


def lme4_baseline(design: DenseDesign) -> Baseline | BaselineFailure:
    objective = lme4_objective(design.y, design.X, design.blocks, reml=design.case.reml)
    assert objective is not None
    return fit_baseline(objective, start=start_of(design), lower=lower_bounds(design.sizes))


@pytest.mark.parametrize(
    ("theta", "criterion"),
    [
        ((1.0, 0.0, 1.0), 2269.66780661629),  # the truth is 2269.77268
        ((1.75, 0.0, 1.0), 2274.24322102449),
        ((1.0, 1.0, 1.0), 2284.23444363504),  # the truth is 2285.38742
        ((1.0, -1.0, 1.0), 2284.23443221709),
        ((1.0, 0.0, 0.25), 2222.53379833823),
        ((1.2148913844128255, -2.5517726246239593e-07, 0.0), 1934.49544747879),
        ((2.4993187922900635, 6.6172201017552234e-07, 0.043683798931586915), 2175.32401536384),
    ],
)
def test_the_criterion_has_lme4s_errors(theta: tuple[float, ...], criterion: float) -> None:
    design = dense_design("sleepstudy_micro")
    objective = lme4_objective(design.y, design.X, design.blocks, reml=True)
    assert objective is not None
    assert objective(np.array(theta)) == pytest.approx(criterion, abs=1e-7)


def test_lme4_stops_41_deviance_units_short_on_microseconds() -> None:
    design = dense_design("sleepstudy_micro")
    baseline = lme4_baseline(design)
    assert isinstance(baseline, Baseline)
    # permuting the rows moves lme4's own end between 1812.203 and 1812.244
    assert baseline.criterion == pytest.approx(design.case.expected["default"]["criterion"], abs=0.05)
    assert 31 <= baseline.evaluations <= 34
    assert baseline.singular


def test_lme4_stops_43_deviance_units_short_on_calendar_years() -> None:
    design = dense_design("sleepstudy_year")
    expected = design.case.expected
    baseline = lme4_baseline(design)
    assert isinstance(baseline, Baseline)
    assert baseline.evaluations == expected["feval"]
    assert baseline.criterion == pytest.approx(expected["default"]["criterion"], abs=1e-7)
    assert baseline.max_abs_gradient == pytest.approx(expected["max_abs_grad"], rel=1e-6)


@pytest.mark.parametrize(("origin", "step"), [(0.0, 1e7), (1.5e9, 1.0), (1.5e9, 86400.0), (1e6, 1e7)])
def test_a_unix_time_as_slope_stops_lme4(origin: float, step: float) -> None:
    design = dense_design("sleepstudy_slope")
    X = design.X * [1.0, step] + [0.0, origin]
    blocks = [(design.blocks[0][0], X)]
    objective = lme4_objective(design.y, X, blocks, reml=True)
    assert objective is not None
    run = fit_baseline(objective, start=np.array([1.0, 0.0, 1.0]), lower=lower_bounds([2]))
    assert isinstance(run, BaselineFailure)
    assert run.error == "Downdated VtV is not positive definite"
    assert loses_digits(X, blocks, np.array([1.0, 0.0, 1.0]))


@pytest.mark.parametrize("case_id", SMALL)
def test_where_nothing_cancels_it_is_the_criterion(case_id: str) -> None:
    design = dense_design(case_id)
    objective = lme4_objective(design.y, design.X, design.blocks, reml=design.case.reml)
    assert objective is not None
    theta = np.random.default_rng(1234).uniform(0.1, 1.5, size=theta_length(design.sizes))
    assert loses_digits(design.X, design.blocks, start_of(design)) is (case_id in CANCELLING)
    tolerance = 2.0 if case_id == "sleepstudy_micro" else 1e-4 if case_id == "sleepstudy_year" else 1e-7
    assert objective(theta) == pytest.approx(design.objective()(theta), abs=tolerance)


def test_weights_and_offset_enter() -> None:
    design = dense_design("sleepstudy_slope")
    options = {"weights": np.tile([1.0, 2.0], 90), "offset": design.X[:, 1]}
    theta = np.array([0.9, 0.1, 0.3])
    for reml in (True, False):
        objective = lme4_objective(design.y, design.X, design.blocks, reml=reml, **options)
        assert objective is not None
        exact = dense_objective(design.y, design.X, design.blocks, reml=reml, **options)
        assert objective(theta) == pytest.approx(exact(theta), abs=1e-9)


def test_two_terms_of_one_factor_and_two_factors_enter() -> None:
    for case_id in ("sleepstudy_uncor", "crossed_uncorrelated"):
        design = dense_design(case_id)
        objective = lme4_objective(design.y, design.X, design.blocks, reml=True)
        assert objective is not None
        theta = np.linspace(0.3, 0.9, theta_length(design.sizes))
        assert objective(theta) == pytest.approx(design.objective()(theta), abs=1e-8)


def test_many_crossed_effects_are_out_of_reach() -> None:
    n = 1500
    blocks = [(np.arange(n) % 700, np.ones((n, 1))), (np.arange(n) % 301, np.full((n, 1), 1e6))]
    X = np.ones((n, 1))
    assert lme4_objective(np.arange(n, dtype=float), X, blocks, reml=True) is None
    assert not loses_digits(X, blocks, np.ones(2))
