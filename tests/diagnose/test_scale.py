"""MM101, MM102 and MM106: each on one small table, its message read whole."""

from __future__ import annotations

import numpy as np
import pytest

from mmtriage.diagnose.finding import Finding
from mmtriage.diagnose.run_checks import of_design
from mmtriage.diagnose.scale import FAR_ORIGIN, SLOPE_SCALE
from mmtriage.model.design import Design
from tests.diagnose.planted import by_code, planted
from tests.model.tables import numeric


def data_findings(design: Design) -> list[Finding]:
    """What is said of the table and the scale of its columns, in order."""
    return [found for found in of_design(design) if found.code.startswith("MM1")]


@pytest.mark.parametrize(
    "formula",
    [
        "y ~ x + (1 + x | g)",
        "y ~ x + (1 + two | g)",
        "y ~ far + (1 + far || g)",  # no intercept in the block of `far`: no ridge
        "y ~ micro + (1 | g)",  # alone, one scale is as good as another
    ],
)
def test_a_table_without_trouble_has_no_findings(formula: str) -> None:
    found = data_findings(planted(formula))
    assert [f.code for f in found] == (["MM101"] if "micro" in formula else [])


def test_predictors_on_very_different_scales() -> None:
    found = by_code(data_findings(planted("y ~ micro + small + three + (1 | g)")))["MM101"]
    assert found.message == (
        "fixed-effect columns on very different scales: `micro` has SD 2.3e+06, `small` has SD 9.98e-05"
    )
    assert (found.name, found.severity) == ("predictor-scale", "info")
    assert (found.columns, found.terms) == (("micro", "small"), ())
    assert found.evidence["threshold"] == 1000.0


def test_scales_that_are_wild_only_beside_each_other_are_both_named() -> None:
    changes = {
        "small": numeric("small", np.linspace(0, 0.01, 96)),
        "large": numeric("large", np.geomspace(1, 900, 96)),
    }
    found = by_code(data_findings(planted("y ~ small + large + z + (1 | g)", changes)))["MM101"]
    assert set(found.columns) == {"small", "large"}


def test_a_random_slope_on_an_extreme_scale() -> None:
    found = by_code(data_findings(planted("y ~ micro + (1 + micro | g)")))["MM101"]
    assert found.message == (
        "random slope on an extreme scale: `micro` in `(1 + micro | g)` has SD 2.3e+06; the optimizer "
        "looks for its relative standard deviation around 1, and it is of order 4e-07; lme4 never checks "
        "the columns of Z"
    )
    assert (found.severity, found.columns, found.terms) == ("info", ("micro",), ("(1 + micro | g)",))


@pytest.mark.parametrize(("factor_of", "is_found"), [(0.9, False), (1.1, True)])
@pytest.mark.parametrize("side", [1, -1], ids=["large", "small"])
def test_a_slope_is_extreme_beyond_the_threshold(factor_of: float, is_found: bool, side: int) -> None:
    x = np.tile([-1.0, 0.0, 1.0], 32)
    scaled = x / np.std(x, ddof=1) * (SLOPE_SCALE * factor_of) ** side
    found = data_findings(planted("y ~ z + (1 + s | g)", {"s": numeric("s", scaled)}))
    assert bool(found) is is_found


def test_a_response_on_an_extreme_scale_changes_nothing() -> None:
    found = by_code(data_findings(planted("huge ~ x + (1 | g)")))["MM102"]
    assert found.message == (
        "the response has standard deviation 2.42e+06; for a linear mixed model this changes nothing but the "
        "number of digits printed"
    )
    assert found.severity == "info"


def test_a_slope_far_from_its_origin() -> None:
    found = by_code(data_findings(planted("y ~ far + (1 + far | g)")))["MM106"]
    assert found.message == (
        "`far` lies far from zero (mean 2000, SD 2.3): in `(1 + far | g)` intercept and slope become one "
        "ridge that an optimizer cannot follow; centring repairs it, dividing does not"
    )
    assert (found.severity, found.columns, found.terms) == ("info", ("far",), ("(1 + far | g)",))


@pytest.mark.parametrize(("ratio", "is_found"), [(0.99, False), (1.01, True), (-1.01, True)])
def test_far_is_beyond_eight_standard_deviations(ratio: float, is_found: bool) -> None:
    x = np.tile([-1.0, 0.0, 1.0], 32)
    moved = x / np.std(x, ddof=1) + ratio * FAR_ORIGIN
    found = data_findings(planted("y ~ z + (1 + m | g)", {"m": numeric("m", moved)}))
    assert bool(found) is is_found
