"""MM301 to MM303, MM305 and MM306: each on one small design, its message read whole."""

from __future__ import annotations

import pytest

from mmtriage.diagnose.finding import Finding
from mmtriage.diagnose.grouping import refusals, small_groups, within_share
from tests.diagnose.generalized import golden_proven
from tests.diagnose.planted import by_code, comparison_of, fitted, planted
from tests.model.tables import numeric


def findings_of(formula: str) -> dict[str, Finding]:
    made = fitted(comparison_of(formula))
    return by_code(small_groups(made))


def refusal_of(formula: str) -> Finding:
    (found,) = refusals(planted(formula))
    return found


@pytest.mark.parametrize("formula", ["y ~ x + (1 + x | g)", "y ~ two + (1 | g) + (1 | h)"])
def test_a_design_without_trouble_has_no_findings(formula: str) -> None:
    assert refusals(planted(formula)) == []
    assert findings_of(formula) == {}


def test_a_grouping_of_two_levels_is_a_warning() -> None:
    found = findings_of("y ~ x + (1 | pair)")["MM301"]
    assert found.message == (
        "grouping factor `pair` has 2 levels: a variance estimated from so few is very uncertain; a fixed "
        "effect may serve better"
    )
    assert (found.severity, found.columns, dict(found.evidence)) == (
        "warning",
        ("pair",),
        {"levels": 2, "threshold": 5},
    )


def test_a_grouping_of_four_levels_is_worth_a_note() -> None:
    assert findings_of("y ~ x + (1 | few)")["MM301"].severity == "info"


def test_a_grouping_of_one_level_is_refused() -> None:
    found = refusal_of("y ~ x + (1 | one)")
    assert found.message == (
        "grouping factor `one` has one level (`only`): there is no variation between groups to estimate"
    )
    assert (found.code, found.severity, found.terms) == ("MM302", "error", ("(1 | one)",))


def test_a_level_for_every_row_is_refused() -> None:
    found = refusal_of("y ~ x + (1 | row)")
    assert found.message == (
        "`row` has as many levels as there are rows (96): `(1 | row)` cannot be told apart from the residual"
    )
    assert (found.code, found.severity) == ("MM303", "error")


BINARY = {"win": numeric("win", [row % 3 == 0 for row in range(96)]), "ten": numeric("ten", [10] * 96)}


@pytest.mark.parametrize(
    ("formula", "options"),
    [
        ("win ~ x + (1 | row)", {"family": "poisson", "link": "log"}),
        ("cbind(win, ten) ~ x + (1 | row)", {"family": "binomial", "link": "logit"}),
        ("win ~ x + (1 + x | half)", {"family": "binomial", "link": "logit"}),
    ],
)
def test_where_the_scale_is_fixed_an_effect_for_every_row_may_be_fitted(
    formula: str, options: dict[str, str]
) -> None:
    assert refusals(planted(formula, BINARY, **options)) == []


@pytest.mark.parametrize(
    ("options", "cause"),
    [
        (
            {"family": "gaussian", "link": "log"},
            "there are rows (96): `(1 | row)` cannot be told apart from the residual",
        ),
        (
            {"family": "Gamma", "link": "log"},
            "there are rows (96): `(1 | row)` cannot be told apart from the residual",
        ),
        (
            {"family": "binomial", "link": "probit"},
            "there are rows (96), and each row is a single 0 or 1: nothing "
            "in them tells of the variance of `(1 | row)`",
        ),
    ],
)
def test_an_effect_for_every_row_needs_something_to_tell_it_by(options: dict[str, str], cause: str) -> None:
    response = "win" if options["family"] == "binomial" else "I(win + 1)"
    (found,) = refusals(planted(f"{response} ~ x + (1 | row)", BINARY, **options))
    assert (found.code, found.severity, found.message) == (
        "MM303",
        "error",
        f"`row` has as many levels as {cause}",
    )


def test_more_random_effects_than_rows_are_refused_whatever_the_family() -> None:
    (found,) = refusals(planted("win ~ x + (1 + x + z | half)", BINARY, family="poisson", link="log"))
    assert found.message == (
        "`(1 + x + z | half)` asks for 144 random effects (48 levels x 3 columns) from 96 rows: their "
        "variances and covariances cannot be told apart"
    )


def test_as_many_random_effects_as_rows_are_refused() -> None:
    found = refusal_of("y ~ x + (1 + x | half)")
    assert found.message == (
        "`(1 + x | half)` asks for 96 random effects (48 levels x 2 columns) from 96 rows: the random "
        "effects and the residual variance cannot be told apart"
    )
    assert (found.code, found.severity) == ("MM305", "error")


def test_mostly_single_rows() -> None:
    found = findings_of("y ~ x + (1 | single)")["MM306"]
    assert found.message == (
        "50 of the 60 levels of `single` have a single row; they say nothing about the variation within "
        "groups"
    )
    assert found.severity == "info"


def test_the_share_within_groups() -> None:
    design = planted("y ~ 1 + (1 + x + two + nought | g)")
    assert [within_share(design.random[0], index) for index in range(4)] == pytest.approx(
        [0.0, 1.0, 0.0, 0.0]
    )


def test_an_effect_of_every_row_is_meant_to_be_single() -> None:
    assert small_groups(fitted(golden_proven("cbpp_olre"))) == []
