"""MM313: random slopes beside a fixed part that has no mean for them."""

from __future__ import annotations

import pytest

from mmtriage.diagnose.slopes_alone import slopes_without_mean
from tests.diagnose.planted import by_code, planted


@pytest.mark.parametrize(
    ("formula", "columns"),
    [
        ("y ~ 1 + (x | g)", ("x",)),
        ("y ~ z + (x + z | g)", ("x",)),
        ("y ~ z + (0 + x | g)", ("x",)),
        ("y ~ 1 + (h | g)", ("h",)),
        ("y ~ x + z + (x * z | g)", ("x:z",)),
        ("y ~ pair + x:z + (x | g)", ("x",)),
    ],
)
def test_a_slope_without_its_fixed_effect_is_named(formula: str, columns: tuple[str, ...]) -> None:
    found = by_code(slopes_without_mean(planted(formula)))["MM313"]
    assert (found.severity, found.columns) == ("warning", columns)


@pytest.mark.parametrize(
    "formula",
    [
        "y ~ x + (x | g)",
        "y ~ x * z + (x * z | g)",
        "y ~ log(x + 10) + (x | g)",
        "y ~ factor(x) + (x | g)",
        "y ~ twice + (x | g)",
        "y ~ I(x - z) + z + (x | g)",
        "y ~ pair:x + (x | g)",
        "y ~ x + twice + (twice | g)",
        "y ~ offset(x) + (0 + x | g)",
        "y ~ 1 + (1 | g)",
        "y ~ h + (0 + h | g)",
        "y ~ micro + (tiny | g)",
    ],
)
def test_a_mean_may_be_written_in_other_ways(formula: str) -> None:
    assert slopes_without_mean(planted(formula)) == []


def test_a_column_that_is_added_by_an_option_is_known() -> None:
    assert slopes_without_mean(planted("y ~ 1 + (0 + x | g)", offset="x")) == []


def test_both_sides_of_double_bars_are_told_of_once() -> None:
    found = slopes_without_mean(planted("y ~ 1 + (x || g)"))
    assert [f.terms for f in found] == [("(0 + x | g)",)]
