"""MM301 to MM309: each on one small design, its message read whole."""

from __future__ import annotations

import pytest

from mmtriage.diagnose.finding import Finding
from mmtriage.diagnose.grouping import refusals, small_groups, within_share
from mmtriage.diagnose.structure import confounded, constant_slopes
from tests.diagnose.planted import by_code, fitted, planted, trial_of
from tests.model.tables import numeric


def findings_of(formula: str) -> dict[str, Finding]:
    made = fitted(trial_of(formula))
    return by_code([*small_groups(made), *constant_slopes(made), *confounded(made)])


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


def test_a_constant_slope_of_two_values_is_an_error_with_its_null_direction() -> None:
    found = findings_of("y ~ x + (1 + two | g)")["MM304"]
    assert found.message == (
        "`two` takes one value within each of the 12 levels of `g`; with 2 distinct values overall, `(1 + "
        "two | g)` has a covariance parameter too many: the change -0.5 Cov((Intercept), two | g) +1 "
        "Var(two | g) leaves the likelihood as it is"
    )
    assert (found.severity, found.columns, found.terms) == ("error", ("two",), ("(1 + two | g)",))
    assert found.evidence["null_direction"] == "-0.5 Cov((Intercept), two | g) +1 Var(two | g)"


def test_a_constant_slope_of_three_values_is_a_warning() -> None:
    found = findings_of("y ~ x + (1 + three | g)")["MM304"]
    assert found.message == (
        "`three` takes one value within each of the 12 levels of `g`: this is not a slope; it only lets "
        "the variance between groups change with it"
    )
    assert (found.severity, found.evidence["null_direction"]) == ("warning", None)


def test_a_slope_that_hardly_varies_is_a_warning_with_its_share() -> None:
    found = findings_of("y ~ x + (1 + hardly | g)")["MM304"]
    assert found.message == (
        "`hardly` hardly varies within each of the 12 levels of `g` (share of its variance within groups: "
        "0.00079): this is not a slope; it only lets the variance between groups change with it"
    )
    assert found.severity == "warning"


def test_another_cause_in_the_term_does_not_make_a_constant_slope_an_error() -> None:
    """`three` is constant but identified; what is not are the two units of `x`."""
    found = findings_of("y ~ x + (1 + three + x + twice | g)")
    assert found["MM304"].severity == "warning"
    assert "twice" in str(found["MM308"].evidence["null_direction"])
    assert "three" not in str(found["MM308"].evidence["null_direction"])


def test_mostly_single_rows() -> None:
    found = findings_of("y ~ x + (1 | single)")["MM306"]
    assert found.message == (
        "50 of the 60 levels of `single` have a single row; they say nothing about the variation within "
        "groups"
    )
    assert found.severity == "info"


@pytest.mark.parametrize(
    ("formula", "groups", "subject", "direction"),
    [
        (
            "y ~ x + (1 | g) + (1 | again)",
            ("g", "again"),
            "`(1 | g)` and `(1 | again)`",
            "-1 Var((Intercept) | g) +1 Var((Intercept) | again)",
        ),
        (
            "y ~ x + (1 + x | g) + (1 | g)",
            ("g",),
            "`(1 + x | g)` and `(1 | g)`",
            "-1 Var((Intercept) | g) in (1 + x | g) +1 Var((Intercept) | g) in (1 | g)",
        ),
        (
            "y ~ x + (1 | g) + (1 | g:h)",
            ("g:h",),
            "`(1 | g:h)` and the residual variance",
            "-1 residual variance +1 Var((Intercept) | g:h)",
        ),
        (
            "y ~ x + (1 + x + nought | g)",
            ("g",),
            "`(1 + x + nought | g)`",
            "+1 Var(nought | g)",
        ),
        (
            "y ~ x + (1 + x + twice | g)",
            ("g",),
            "`(1 + x + twice | g)`",
            "+0.25 Var((Intercept) | g) +0.5 Cov((Intercept), x | g) +1 Var(x | g) -0.25 Cov((Intercept), "
            "twice | g) "
            "-0.5 Cov(x, twice | g) +0.25 Var(twice | g)",
        ),
    ],
    ids=["relabelled", "an intercept twice", "cells of one row", "zeros", "two units"],
)
def test_what_the_design_cannot_tell_apart(
    formula: str, groups: tuple[str, ...], subject: str, direction: str
) -> None:
    found = findings_of(formula)["MM308"]
    assert found.message == (
        f"the design cannot tell apart the components of {subject}: the change {direction} leaves the "
        "likelihood as it is"
    )
    assert (found.severity, found.columns, found.evidence["null_direction"]) == ("error", groups, direction)


def test_a_factor_that_is_fixed_and_random() -> None:
    found = findings_of("y ~ g + x + (1 | g)")["MM309"]
    assert found.message == (
        "`g` is both a fixed effect and the grouping factor of `(1 | g)`: its 12 levels are estimated "
        "freely already, and nothing is left that could tell the variance"
    )
    assert (found.severity, found.columns, found.terms) == ("error", ("g",), ("(1 | g)",))


def test_a_term_that_other_fixed_effects_absorb() -> None:
    found = findings_of("y ~ g + (1 | again)")["MM308"]
    assert found.message == (
        "the fixed effects absorb everything that `(1 | again)` could explain: +1 Var((Intercept) | again) "
        "leaves the likelihood as it is"
    )


def test_the_share_within_groups() -> None:
    design = planted("y ~ 1 + (1 + x + two + nought | g)")
    assert [within_share(design.random[0], index) for index in range(4)] == pytest.approx(
        [0.0, 1.0, 0.0, 0.0]
    )
