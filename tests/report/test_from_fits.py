"""What a report says of fits."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from mmtriage.engine.linear.model import fit_at
from mmtriage.report.from_fits import fixed_effects
from tests.engine.designs import zoo_case


def test_without_a_standard_error_there_is_no_test() -> None:
    """An inverse Gaussian criterion fell for ever, to a point without curvature: a division by zero."""
    case = zoo_case("crossed")
    fit = fit_at(case.problem, case.factors)
    lost = replace(fit, vcov=np.zeros_like(fit.vcov))
    effects = fixed_effects(case.design, lost, [None] * len(fit.beta), ())
    assert [effect.se for effect in effects] == [0.0] * len(fit.beta)
    assert all(math.isnan(effect.statistic) for effect in effects)
