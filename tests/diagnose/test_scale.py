"""MM101 to MM106: each on one small table, its message read whole."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from mmtriage.diagnose.continuous import is_two_valued, slopes
from mmtriage.diagnose.finding import Finding
from mmtriage.diagnose.run_checks import of_design
from mmtriage.diagnose.scale import FAR_ORIGIN, SLOPE_SCALE
from mmtriage.model.design import Design
from tests.diagnose.planted import by_code, planted
from tests.model.tables import factor, numeric


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


def test_a_constant_response() -> None:
    found = by_code(data_findings(planted("five ~ x + (1 | g)")))["MM103"]
    assert found.message == "the response has no variation: all 96 values are 5"
    assert (found.severity, dict(found.evidence)) == ("error", {"value": 5.0, "rows": 96})


def test_missing_rows_are_counted() -> None:
    found = by_code(data_findings(planted("y ~ gappy + (1 | g)")))["MM104"]
    assert found.message == "3 rows dropped for missing values (3 in `gappy`)"
    assert (found.severity, found.columns) == ("info", ("gappy",))


def test_missing_rows_that_take_a_level_with_them_are_a_warning() -> None:
    found = by_code(data_findings(planted("y ~ no_first + (1 | g)")))["MM104"]
    assert found.message == "8 rows dropped for missing values (8 in `no_first`); with them went `g00` of `g`"
    assert (found.severity, found.evidence["levels_lost"]) == ("warning", 1)


def test_many_lost_levels_are_counted_not_listed() -> None:
    values: Sequence[float | None] = [None if i < 64 else float(i % 8) for i in range(96)]
    found = by_code(data_findings(planted("y ~ m + (1 | g)", {"m": numeric("m", values)})))["MM104"]
    assert found.message == (
        "64 rows dropped for missing values (64 in `m`); with them went `g00` of `g`, `g01` of `g`, `g02` "
        "of `g`, `g03` of `g`, `g04` of `g` and 3 more"
    )


def test_rows_lost_to_a_transformation_are_named_by_it() -> None:
    found = by_code(data_findings(planted("y ~ sqrt(gappy) + (1 | g)")))["MM104"]
    assert found.message == "48 rows dropped for missing values (3 in `gappy`, 45 in `sqrt(gappy)`)"


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


def test_only_continuous_columns_are_slopes() -> None:
    made = planted("y ~ x + (1 + x + two + f | g)", {"f": factor("f", ["a", "b", "c"] * 32)})
    assert [(s.column, s.has_intercept) for s in slopes(made)] == [("x", True)]


@pytest.mark.parametrize(
    ("values", "answer"), [([1.0, 1.0], True), ([0.0, 3.0, 0.0], True), ([0.0, 1.0, 2.0], False)]
)
def test_two_valued(values: list[float], answer: bool) -> None:
    assert is_two_valued(np.array(values)) is answer
