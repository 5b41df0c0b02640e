"""Rung 1 where the optimizer moves beta: the columns of X, in the likelihood, in the formula, as a cause."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from mmtriage.diagnose.continuous import constant_combination, moved_columns
from mmtriage.diagnose.scale import far_origin
from mmtriage.engine.lme4.outcome import Lme4Run
from mmtriage.ladder.case import Case
from mmtriage.ladder.guilty_columns import proven_causes, with_proven
from mmtriage.ladder.records import Attempt, RungResult
from mmtriage.ladder.rescaled_formula import in_new_variables, rewritten
from mmtriage.ladder.rungs import rescale
from mmtriage.ladder.rungs.rescale import climb
from mmtriage.ladder.standardized_columns import MOVES, movable_columns, transforms
from tests.ladder import stubs
from tests.ladder.glmm_stubs import glmm_case

BOTH, SCALE, CENTRE = MOVES
WIDE_SD = 100 * np.std(np.arange(48) % 6, ddof=1)


def poisson(predictors: str, **options: Any) -> Case:
    return glmm_case(
        f"k ~ {predictors}", family="poisson", status="false_alarm", present={"gap": 0.0}, **options
    )


def attempts(**alarmed: bool) -> RungResult:
    """Attempts of rung 1 that all arrive; those named say something."""
    made = tuple(
        Attempt(
            label=move.label,
            formula="",
            optimizer="bobyqa",
            criterion=100.0,
            gap=0.0,
            max_abs_gradient=None,
            lme4_messages=("Model is nearly unidentifiable",) if alarmed.get(key, False) else (),
            certified=True,
        )
        for key, move in zip(("both", "scale", "centre"), MOVES, strict=True)
    )
    return RungResult(rung=1, id="rescale", status="cleared", reason="", attempts=made)


def test_columns_of_x_move_only_with_beta() -> None:
    assert [c.column for c in moved_columns(poisson("wide + t + f + (1 | g)").design)] == ["wide"]
    assert list(moved_columns(poisson("wide + (1 | g)", nagq=0).design)) == []
    assert list(moved_columns(stubs.design_of("y ~ x + (1 | g)"))) == []


def test_standardized_columns_span_what_they_spanned() -> None:
    case = poisson("wide + far + t + (1 | g)")
    movable = movable_columns(case.design)
    X = case.design.X
    _, A = transforms(case.design, movable, BOTH)
    assert (X @ A)[:, 1:3].mean(axis=0) == pytest.approx([0, 0], abs=1e-9)
    assert (X @ A)[:, 1:3].std(axis=0, ddof=1) == pytest.approx([1, 1])
    assert (X @ A)[:, [0, 3]] == pytest.approx(X[:, [0, 3]])
    _, scaled = transforms(case.design, movable, SCALE)
    assert np.count_nonzero(scaled - np.diag(np.diag(scaled))) == 0
    assert scaled[1, 1] == pytest.approx(1 / WIDE_SD)


def test_without_the_constant_in_x_its_columns_are_only_scaled() -> None:
    case = poisson("0 + wide + (1 | g)")
    assert constant_combination(case.design) is None
    movable = movable_columns(case.design)
    assert not movable.can_be_centered
    _, A = transforms(case.design, movable, BOTH)
    assert pytest.approx(np.array([[1 / WIDE_SD]])) == A


def test_a_full_set_of_levels_is_as_good_as_an_intercept() -> None:
    case = poisson("0 + f + far + (1 | g)")
    assert constant_combination(case.design) == pytest.approx([1, 1, 1, 0], abs=1e-8)
    _, A = transforms(case.design, movable_columns(case.design), CENTRE)
    assert (case.design.X @ A)[:, 3].mean() == pytest.approx(0, abs=1e-9)


def test_a_constant_made_of_columns_that_would_move_is_none() -> None:
    case = poisson("0 + I(wide / 500) + I(1 - wide / 500) + (1 | g)")
    assert constant_combination(case.design) is not None
    assert movable_columns(case.design).constant is None


def test_each_move_is_run_on_z_and_x() -> None:
    asked: list[Any] = []

    def run(_: object, **options: Any) -> Lme4Run:
        asked.append(options["transform"])
        return stubs.baseline(100.0)

    result = climb(poisson("t + wide + (1 | g)", run=run, fit=_not_same))
    assert [a.label for a in result.attempts] == [move.label for move in MOVES]
    assert all(T[0] == pytest.approx(np.eye(1)) for T, _ in asked)
    assert [A[0, 2] != 0 for _, A in asked] == [True, False, True]


def _not_same(design: Any) -> Any:
    made = stubs.comparison(design)
    return replace(made, lme4=None, lme4_fit=None)


def test_with_nothing_continuous_there_is_nothing_to_rescale() -> None:
    result = climb(poisson("f + (1 | g)"))
    assert (result.status, result.reason) == (
        "no_effect",
        "no continuous column in X or Z: there is nothing to rescale",
    )
    result = climb(poisson("wide + (1 | g)", nagq=0))
    assert result.reason.endswith("never moves theta of a model fitted with nAGQ = 0")


@pytest.mark.parametrize(
    ("predictors", "expected"),
    [
        ("wide + (1 | g)", "k ~ I((wide - 200)/200) + (1 | g)"),
        ("wide + I(wide^2) + (1 | g)", "k ~ I((wide - 200)/200) + I(((wide - 200)/200)^2) + (1 | g)"),
        ("wide*f + (1 | g)", "k ~ I((wide - 200)/200) + f + I((wide - 200)/200):f + (1 | g)"),
        ("wide + t + (wide | g)", "k ~ I((wide - 200)/200) + t + (I((wide - 200)/200) | g)"),
        ("0 + wide + (1 | g)", "k ~ 0 + I(wide/200) + (1 | g)"),
    ],
)
def test_the_formula_says_it_wherever_the_column_occurs(predictors: str, expected: str) -> None:
    design = poisson(predictors).design
    formula = in_new_variables(design, movable_columns(design), BOTH)[0]
    assert formula.to_text().replace("1 + ", "") == expected.replace("1 + ", "")


def test_a_function_of_the_slopes_column_is_rescaled_itself() -> None:
    design = poisson("wide + log(wide + 1) + (wide | g)").design
    found = in_new_variables(design, movable_columns(design), BOTH)
    assert "log(I((wide - 200)/200) + 1)" in found[0].to_text()  # has no values: never the one that is taken
    assert found[1].to_text().startswith("k ~ I((wide - 200)/200) + I((log(wide + 1) - ")
    assert found[1].to_text().endswith("(1 + I((wide - 200)/200) | g)")


def test_a_formula_is_offered_only_if_its_own_fit_is_free_of_the_alarm() -> None:
    case = poisson("log(wide + 1) + (1 | g)", fit=stubs.comparison)
    movable = movable_columns(case.design)
    assert rewritten(case, movable, SCALE) is not None
    assert rewritten(stubs.on_bench(case, fit=_not_same), movable, SCALE) is None


def test_what_no_formula_says_is_done_to_the_model_matrix(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rescale, "rewritten", lambda *_: None)
    case = poisson("wide + offset(t) + (1 | g)", run=lambda *_, **__: stubs.baseline(100.0))
    (remedy,) = (r for r in climb(case).remedies if r.id == "rescale")
    assert remedy.code.mmtriage is None
    assert str(remedy.code.lme4).splitlines() == [
        "X <- model.matrix(~ wide + offset(t), model.frame(~ wide + offset(t), d, na.action = na.pass))",
        "k <- apply(X, 2, function(x) length(unique(na.omit(x))) > 2)",
        "X[, k] <- scale(X[, k, drop = FALSE], center = TRUE, "
        "scale = apply(X[, k, drop = FALSE], 2, sd, na.rm = TRUE))",
        "d$X_scaled <- X",
        "m <- glmer(k ~ 0 + X_scaled + offset(t) + (1 | g), data = d, family = poisson)",
    ]


def test_far_columns_of_x_are_found_where_beta_is_moved() -> None:
    far = far_origin(poisson("far + (1 | g)").design)
    assert [(f.columns, f.terms) for f in far] == [(("far",), ())]
    assert not far_origin(poisson("0 + far + (1 | g)").design)
    assert not far_origin(stubs.design_of("y ~ far + (1 | g)"))


@pytest.mark.parametrize(
    ("predictors", "alarmed", "proven", "named"),
    [
        ("wide + (1 | g)", {"centre": True}, ("MM101",), {"MM101": ("wide",)}),
        ("far + (1 | g)", {"scale": True}, ("MM106",), {"MM106": ("far",)}),
        ("wide + (1 | g)", {}, ("MM106", "MM101"), {"MM101": ("wide",)}),
        ("far + (1 | g)", {"centre": True}, ("MM101",), {}),  # an SD of 2 is no cause of anything
        ("wide + (1 | g)", {"both": True, "scale": True, "centre": True}, (), {}),
    ],
    ids=["scale", "origin", "either", "chance", "none"],
)
def test_what_is_proven_of_x_is_named(
    predictors: str, alarmed: dict[str, bool], proven: tuple[str, ...], named: dict[str, tuple[str, ...]]
) -> None:
    case = poisson(predictors)
    codes = proven_causes(case, [attempts(**alarmed)])
    assert codes == proven
    assert {f.code: f.columns for f in with_proven(case, (), codes)} == named


def test_only_the_worst_scaled_columns_are_named() -> None:
    case = poisson("wide + I(wide^2 * 1e6) + (1 | g)")
    (found,) = with_proven(case, (), ("MM101",))
    assert found.columns == ("I(wide^2 * 1e+06)",)


def test_a_random_slope_that_is_proven_guilty_is_named_below_the_threshold_of_its_finding() -> None:
    """x has a mean of 1.4 SDs, and an SD of 1.7: no MM106 by size, and nothing that scaling could cure."""
    case = stubs.case("y ~ x + (1 + x | g)", status="not_converged")
    (found,) = with_proven(case, (), ("MM101", "MM106"))
    assert (found.code, found.severity, found.terms) == ("MM106", "warning", ("(1 + x | g)",))
    assert found.evidence["ratio"] == pytest.approx(1.449, abs=1e-3)


@pytest.mark.parametrize("formula", ["y ~ x + (1 | g)", "y ~ t + (1 + t | g)", "y ~ x + (0 + x | g)"])
def test_without_a_slope_to_move_nothing_is_added_to_a_linear_mixed_model(formula: str) -> None:
    assert with_proven(stubs.case(formula), (), ("MM101", "MM106")) == ()
