"""Conditional modes and their SDs against lme4's ranef(condVar = TRUE); many levels in bands."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pytest

from mmtriage.arrays import Array
from mmtriage.engine.comparison import Comparison
from mmtriage.plotted.levels import BANDS, EXTREMES, MOST_LEVELS, level_effects
from tests.plotted.fitted import cbpp, comparison, sleep


def modes_of(of: Comparison) -> tuple[Sequence[Array], Sequence[Array]]:
    effects = of.prepared.model.conditional_modes(of.optimum.place)
    return effects.modes, effects.sds


def test_a_linear_model_has_lme4s() -> None:
    """Subject 308, lme4 1.1-31."""
    modes, sds = modes_of(sleep())
    assert modes[0][0] == pytest.approx((2.25855095, 9.19897577), rel=1e-5)
    assert sds[0][0] == pytest.approx((12.07085696, 2.30483902), rel=1e-5)


def test_a_generalized_model_has_lme4s() -> None:
    """Herds 1 and 2, lme4 1.1-31, bobyqa, tolPwrss = 1e-10."""
    modes, sds = modes_of(cbpp())
    assert modes[0][:2, 0] == pytest.approx((0.5900199284, -0.298897234), rel=1e-4)
    assert sds[0][:2, 0] == pytest.approx((0.348265043, 0.3655581854), rel=1e-4)


def test_few_levels_are_all_there_in_order() -> None:
    of = sleep()
    intercepts, slopes = level_effects(of.prepared, of.optimum.place, of.optimum_fit.covariances)
    assert (intercepts.column, slopes.column) == ("(Intercept)", "Days")
    assert [level.rank for level in slopes.levels] == list(range(1, 19))
    assert [level.mode for level in slopes.levels] == sorted(level.mode for level in slopes.levels)
    assert slopes.levels[0].level == "335"
    assert slopes.sd == pytest.approx(5.922133)
    assert slopes.bands == ()


def test_many_levels_have_ends_and_bands() -> None:
    of = comparison("Hsb82.csv", "mAch ~ 1 + (1 | school)")
    (found,) = level_effects(of.prepared, of.optimum.place, of.optimum_fit.covariances)
    modes, sds = modes_of(of)
    order = np.argsort(modes[0][:, 0])
    assert found.n_levels == 160 > MOST_LEVELS
    assert [level.rank for level in found.levels] == [*range(1, 1 + EXTREMES), *range(161 - EXTREMES, 161)]
    assert len(found.bands) == min(BANDS, 160 // 8)
    assert [found.bands[0].first, found.bands[-1].last] == [1, 160]
    assert all(one.last + 1 == two.first for one, two in pairwise(found.bands))
    inside = order[found.bands[3].first - 1 : found.bands[3].last]
    assert found.bands[3].mode == pytest.approx(np.median(modes[0][inside, 0]))
    assert found.bands[3].sd == pytest.approx(np.median(sds[0][inside, 0]))


def test_a_variance_of_zero_has_modes_of_zero() -> None:
    of = comparison("Dyestuff2.csv", "Yield ~ 1 + (1 | Batch)")
    modes, sds = modes_of(of)
    assert np.all(modes[0] == 0.0)
    assert np.all(sds[0] == 0.0)
