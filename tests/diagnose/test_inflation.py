"""Variance inflation, and MM202 where predictors carry the same information."""

from __future__ import annotations

import numpy as np
import pytest

from mmtriage.diagnose.fixed import collinear
from mmtriage.diagnose.inflation import inflation_factors, power_of, worst_inflation
from mmtriage.formula import parse_formula
from mmtriage.model.design import Design
from tests.diagnose.planted import by_code
from tests.model.tables import design, factor, numeric, table


def two(inflation: float, *, formula: str = "y ~ x + w + (1 | g)") -> Design:
    """`x` and a `w` that mirrors it, at this variance inflation to the last digit; `year` far from zero."""
    rng = np.random.default_rng(0)
    q, _ = np.linalg.qr(rng.normal(size=(60, 2)) - np.mean(rng.normal(size=(60, 2)), axis=0))
    q, _ = np.linalg.qr(q - q.mean(axis=0))
    x, w = q[:, 0], 3.0 - np.sqrt(1.0 - 1.0 / inflation) * q[:, 0] + np.sqrt(1.0 / inflation) * q[:, 1]
    year = 2000.0 + np.arange(60) % 20
    columns = [numeric("y", rng.normal(size=60)), numeric("x", x), numeric("w", w), numeric("year", year)]
    return design(table(*columns, factor("g", [f"g{i // 6}" for i in range(60)])), formula)


@pytest.mark.parametrize(
    ("inflation", "severity"), [(4277.0, "warning"), (1001.0, "warning"), (999.0, "info"), (101.0, "info")]
)
def test_predictors_that_mirror_each_other_are_named(inflation: float, severity: str) -> None:
    found = by_code(collinear(two(inflation)))["MM202"]
    assert (found.severity, found.columns) == (severity, ("x", "w"))
    assert found.evidence["variance_inflation"] == pytest.approx(inflation)


def test_an_inflation_below_a_hundred_is_no_defect() -> None:
    assert collinear(two(99.0)) == []


@pytest.mark.parametrize(
    "fixed",
    ["year + I(year^2)", "I(year^2) + year + I(year^3)", "year + I((year - 1900)^2)", "poly(year, 3)"],
)
def test_powers_of_one_variable_count_by_what_they_add(fixed: str) -> None:
    made = two(2.0, formula=f"y ~ {fixed} + (1 | g)")
    assert collinear(made) == []
    assert max(inflation_factors(made, powers_apart=True).values()) == pytest.approx(1.0, abs=1e-3)


def test_what_goes_with_a_power_is_found_all_the_same() -> None:
    found = by_code(collinear(two(4277.0, formula="y ~ x + I(x^2) + w + (1 | g)")))["MM202"]
    assert found.columns == ("x", "w")


def test_without_powers_apart_they_inflate_each_other() -> None:
    assert worst_inflation(two(2.0, formula="y ~ year + I(year^2) + (1 | g)")) > 1e5


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("x", "x"),
        ("I(x^2)", "x"),
        ("I((x - 10)^2 / 4)", "x"),
        ("I(-x * x)", "x"),
        ("poly(x, 3)", "x"),
        ("scale(x)", "x"),
        ("log(x)", None),
        ("I(1 / x)", None),
        ("I(2^x)", None),
        ("I(x * z)", None),
        ("factor(x)", None),
        ("poly(log(x), 2)", None),
    ],
)
def test_powers_are_known_by_how_they_are_written(text: str, name: str | None) -> None:
    (term,) = parse_formula(f"y ~ {text} + (1 | g)").fixed
    assert power_of(term.variables[0]) == name
