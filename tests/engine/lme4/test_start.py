"""lme4's start, to the last bit.

The hexadecimal numbers are sprintf("%a", theta) with
theta = environment(do.call(mkLmerDevfun, lFormula(formula, data)))$pp$theta under lme4 1.1-31, R 4.2.2.
"""

from __future__ import annotations

import numpy as np
import pytest

from mmtriage.arrays import Array
from mmtriage.engine.algebra.theta import template_theta
from mmtriage.engine.lme4.start import lme4_start
from tests.dense_designs import DenseDesign, dense_design

INTERCEPT = ("(Intercept)",)


def start_of(design: DenseDesign) -> Array:
    return lme4_start(
        design.y,
        design.groups,
        [codes for codes, _ in design.blocks],
        design.columns,
        template=template_theta(design.sizes),
    )


@pytest.mark.parametrize(
    ("case_id", "theta"),
    [
        ("penicillin", ("0x1.beb2c03a68ab2p+0", "0x1.cc08a23eda812p+1")),
        ("dyestuff", ("0x1.f52018c1a9457p-1",)),
        ("dyestuff2", ("0x1.5d1088c947913p-2",)),
        ("sleepstudy_intercept", ("0x1.c70157bb6c05ep-1",)),
        ("crossed_intercepts", ("0x1.0e2e4a80758fep+0", "0x1.db613681a8d6dp-2")),
        ("arabidopsis_log", ("0x1.5da4f8d747b1bp-1", "0x1.4e79ef3b257afp-1")),
        ("no_group_effect", ("0x1.69f4298dc99c3p-2",)),
        ("oats", ("0x1.613914d99dc6p+0", "0x1.213e983ffaf6fp+0")),
        ("cake_temp", ("0x1.5258487de6beap+0",)),
    ],
)
def test_intercepts_only_start_from_a_one_way_analysis_of_variance(
    case_id: str, theta: tuple[str, ...]
) -> None:
    assert [float(value).hex() for value in start_of(dense_design(case_id))] == [
        float.fromhex(value).hex() for value in theta
    ]


@pytest.mark.parametrize("case_id", ["pastes_sample", "pastes_nested", "machines_interaction"])
def test_no_variance_left_for_the_residual_means_the_template(case_id: str) -> None:
    """The group means of nested factors count the same variance twice: v_e < 0."""
    assert start_of(dense_design(case_id)).tolist() == [1.0, 1.0]


@pytest.mark.parametrize("case_id", ["sleepstudy_slope", "sleepstudy_uncor", "sleepstudy_noint"])
def test_slopes_start_from_the_template(case_id: str) -> None:
    design = dense_design(case_id)
    identity = np.concatenate([np.eye(k)[np.triu_indices(k)] for k in design.sizes])
    assert np.array_equal(start_of(design), identity)


def test_the_same_grouping_factor_twice_starts_from_the_template() -> None:
    y, codes = np.array([1.0, 2.0, 4.0, 7.0]), np.array([0, 0, 1, 1])
    assert lme4_start(
        y, ["g", "g"], [codes, codes], [INTERCEPT, INTERCEPT], template=np.ones(2)
    ).tolist() == [1.0, 1.0]


def test_equal_group_means_start_at_zero() -> None:
    values = [0.1, 0.2, 0.3, 0.7, 1.1, 3.3]
    rng = np.random.default_rng(3)
    y = np.concatenate([rng.permutation(values) for _ in range(8)])
    assert lme4_start(y, ["g"], [np.repeat(np.arange(8), 6)], [INTERCEPT], template=np.ones(1)).tolist() == [
        0.0
    ]


def test_a_constant_response_starts_from_the_template() -> None:
    assert lme4_start(
        np.ones(6), ["g"], [np.repeat([0, 1], 3)], [INTERCEPT], template=np.ones(1)
    ).tolist() == [1.0]
