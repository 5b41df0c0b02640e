"""Rung 1 on canned refits."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from mmtriage.engine.lme4.checks import SINGULAR_MESSAGE
from mmtriage.engine.lme4.outcome import Lme4Failure, Lme4Run
from mmtriage.ladder.guilty_columns import proven_causes
from mmtriage.ladder.remedies import centered_within
from mmtriage.ladder.rungs import rescale
from mmtriage.ladder.rungs.rescale import climb
from tests.ladder.stubs import baseline, case, comparison, design_of, failure

FAR = "y ~ far + (1 + far | g)"
Z_MEAN, Z_SD = 2.5, np.std(np.arange(48) % 6, ddof=1)


class Runs:
    """An optimizer that ends at the gap canned for each move, and remembers what it was asked."""

    def __init__(self, *, both: float = 5.0, scale: float = 5.0, center: float = 5.0, **changes: Any) -> None:
        self.gaps = {(True, True): both, (False, True): scale, (True, False): center}
        self.changes = changes
        self.asked: list[dict[str, Any]] = []

    def __call__(self, _: object, **asked: Any) -> Lme4Run:
        self.asked.append(asked)
        ((T,), _) = asked["transform"]
        move = (T[0, -1] != 0, T[-1, -1] != 1)
        return baseline(100.0 + self.gaps[move], **self.changes)


@pytest.fixture(autouse=True)
def _one_question(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without group-mean centering, which is another model, and without formulas to prove."""
    monkeypatch.setattr(centered_within, "propose", lambda _: [])
    monkeypatch.setattr(rescale, "rewritten", lambda case, *_: case.comparison)


def test_three_moves_are_tried_on_the_columns_of_z() -> None:
    runs = Runs()
    result = climb(case(FAR, run=runs))
    assert [a.label for a in result.attempts] == ["centre and scale", "scale only", "centre only"]
    both, scaled, centered = (asked["transform"][0][0] for asked in runs.asked)
    mean = 2000 + Z_MEAN
    assert both == pytest.approx(np.array([[1, -mean / Z_SD], [0, 1 / Z_SD]]))
    assert scaled == pytest.approx(np.array([[1, 0], [0, 1 / Z_SD]]))
    assert centered == pytest.approx(np.array([[1, -mean], [0, 1]]))


@pytest.mark.parametrize("formula", ["y ~ far + (1 + far || g)", "y ~ far + (0 + far | g)"])
def test_without_an_intercept_in_the_block_columns_are_only_scaled(formula: str) -> None:
    asked: list[Any] = []

    def run(_: object, **options: Any) -> Lme4Run:
        asked.append(options["transform"])
        return baseline()

    result = climb(case(formula, run=run))
    assert [a.label for a in result.attempts] == ["scale only"]
    ((bases, _),) = asked
    assert all(np.count_nonzero(T - np.diag(np.diag(T))) == 0 for T in bases)


def test_two_valued_columns_and_factors_are_left_alone() -> None:
    for formula in ("y ~ t + (1 + t | g)", "y ~ f + (1 + f | g)", "y ~ x + (1 | g)"):
        result = climb(case(formula))
        assert (result.status, result.attempts) == ("no_effect", ())
        assert "no continuous random-slope column" in result.reason


@pytest.mark.parametrize(
    ("gaps", "status", "proven"),
    [
        ({"both": 0.0, "center": 0.0}, "cleared", ("MM106",)),
        ({"both": 0.0, "scale": 0.0}, "cleared", ("MM101",)),
        ({"both": 0.0}, "cleared", ("MM101", "MM106")),
        ({"both": 0.0, "scale": 0.0, "center": 0.0}, "cleared", ()),
        ({"both": 2.0}, "improved", ()),
        ({}, "no_effect", ()),
    ],
)
def test_the_attempts_tell_the_causes_apart(
    gaps: dict[str, float], status: str, proven: tuple[str, ...]
) -> None:
    present = case(FAR, run=Runs(**gaps))
    result = climb(present)
    assert result.status == status
    assert proven_causes(present, [result]) == proven
    assert len(result.remedies) == (status == "cleared")


def test_a_fit_that_lme4_would_still_warn_of_is_not_cleared() -> None:
    """A false alarm is cured only where the alarm is gone; a fit that was short, by not being short."""
    messages = ("Model failed to converge with max|grad| = 0.1 (tol = 0.002, component 1)",)
    remark = ("Some predictor variables are on very different scales: consider rescaling",)
    present = comparison(design_of(FAR), gap=0.005)
    for said, status in ((messages, "improved"), (remark, "cleared")):
        run = Runs(both=0.0, lme4_messages=said)
        assert climb(case(present, status="false_alarm", run=run)).status == status


def test_a_singular_optimum_is_not_cleared_by_scales() -> None:
    present = comparison(design_of(FAR), gap=0.0, ranks=(1,))
    result = climb(case(present, status="singular", run=Runs(both=0.0, lme4_messages=(SINGULAR_MESSAGE,))))
    assert result.status == "no_effect"
    assert "scale and origin are not its cause" in result.reason


def test_columns_near_zero_and_of_unit_scale_are_left_alone() -> None:
    """`Centre x` was the advice for an x that was N(0, 1): what it changed was chance."""
    result = climb(case("y ~ x + (1 + I(x - 2.5) | g)", run=Runs(both=0.0)))
    assert (result.status, result.attempts, result.remedies) == ("no_effect", (), ())
    assert "near zero" in result.reason


def test_a_fit_that_stopped_short_of_a_singular_optimum_is_repaired_first() -> None:
    """The optimum was reached and the rung said `improved`: the first remedy was a prior."""
    present = comparison(design_of(FAR), ranks=(1,))
    result = climb(case(present, status="not_converged", run=Runs(both=0.0)))
    assert result.status == "reached"
    (remedy,) = result.remedies
    assert (remedy.scope, remedy.clears) == ("same_model", False)


def test_what_no_formula_can_say_is_no_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rescale, "rewritten", lambda *_: None)
    result = climb(case(FAR, run=Runs(both=0.0)))
    assert (result.status, result.remedies) == ("cleared", ())


def test_a_sound_fit_is_not_credited() -> None:
    present = comparison(design_of(FAR), gap=0.0)
    result = climb(case(present, status="converged", all_rungs=True, run=Runs(both=0.0)))
    assert (result.status, result.remedies) == ("not_needed", ())


def test_an_error_on_all_columns_is_a_failure() -> None:
    def run(*_: object, **__: object) -> Lme4Failure:
        return failure()

    result = climb(case(FAR, run=run))
    assert result.status == "failed"
    assert "Downdated VtV is not positive definite" in result.reason
    assert all(a.criterion is None and a.note for a in result.attempts)


def test_a_baseline_without_a_fit_is_improved_by_any() -> None:
    present = comparison(design_of(FAR), gap=None)
    assert climb(case(present, run=Runs(both=3.0))).status == "improved"


def test_the_users_budget_and_optimizer_hold() -> None:
    runs = Runs()
    climb(case(FAR, run=runs, maxfun=20, optimizer="bobyqa"))
    assert {asked["maxfun"] for asked in runs.asked} == {20}
    assert {tuple(o.name for o in asked["optimizers"]) for asked in runs.asked} == {("bobyqa",)}


def test_the_remedy_changes_nothing() -> None:
    (remedy,) = climb(case(FAR, run=Runs(both=0.0, center=0.0))).remedies
    assert (remedy.id, remedy.scope, remedy.clears) == ("rescale", "same_model", True)
    assert (remedy.delta_aic, remedy.loss, remedy.max_shift_se) == (0.0, 0.0, 0.0)
