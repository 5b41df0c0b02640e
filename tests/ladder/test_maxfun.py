"""Rung 5 on canned refits."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from mmtriage.engine.lme4.outcome import Lme4Failure, Lme4Run
from mmtriage.ladder.rungs.maxfun import PERTURBATION, applies, climb
from tests.ladder.stubs import SLOPE, baseline, case, comparison, design_of, failure


class Runs:
    """Three runs that end at the gaps canned for them."""

    def __init__(self, *gaps: float | None) -> None:
        self.gaps = list(gaps)
        self.asked: list[dict[str, Any]] = []

    def __call__(self, _: object, **asked: Any) -> Lme4Run | Lme4Failure:
        self.asked.append(asked)
        gap = self.gaps.pop(0)
        theta = np.array([1.0, 0.5, float(len(self.asked))])
        return failure() if gap is None else baseline(100.0 + gap, theta=theta, max_abs_gradient=0.0003)


def exhausted() -> Any:
    return comparison(design_of(SLOPE), gap=0.14, status="maxfun", max_abs_gradient=11.2)


def test_budget_restart_and_perturbed_restart() -> None:
    runs = Runs(5.0, 4.0, 4.0)
    result = climb(case(SLOPE, run=runs, maxfun=20, optimizer="bobyqa"))
    assert [a.label for a in result.attempts] == [
        "budget of 200,000",
        "restart from its end",
        "restart 1 % away",
    ]
    assert {asked["maxfun"] for asked in runs.asked} == {200_000}  # the user's maxfun is for rungs 1 to 4
    assert {tuple(o.name for o in asked["optimizers"]) for asked in runs.asked} == {("bobyqa",)}
    first, second, third = (asked["start"] for asked in runs.asked)
    assert first is None
    assert second.theta.tolist() == [1.0, 0.5, 1.0]
    moved = third.theta / np.array([1.0, 0.5, 2.0])
    assert np.all((moved >= 1 / PERTURBATION) & (moved <= PERTURBATION))
    assert np.all(moved != 1.0)
    assert set(runs.asked[0]) == {"optimizers", "start", "maxfun"}  # tolerances are never touched


def test_the_perturbation_follows_the_seed() -> None:
    starts = []
    for seed in (0, 0, 1):
        runs = Runs(5.0, 4.0, 4.0)
        climb(case(SLOPE, run=runs, seed=seed))
        starts.append(runs.asked[2]["start"].theta.tolist())
    assert starts[0] == starts[1] != starts[2]


@pytest.mark.parametrize(
    ("gaps", "status", "remedy"),
    [
        ((0.0, 0.0, 0.0), "cleared", "maxfun"),
        ((5.0, 0.0, 0.0), "cleared", "restart"),
        ((5.0, 5.0, 0.0), "cleared", "restart"),
        ((5.0, 3.0, 3.0), "improved", None),
        ((5.0, 5.0, 5.0), "no_effect", None),
        ((None,), "failed", None),
    ],
)
def test_what_it_finds(gaps: tuple[float | None, ...], status: str, remedy: str | None) -> None:
    result = climb(case(SLOPE, run=Runs(*gaps)))
    assert result.status == status
    assert [r.id for r in result.remedies] == ([] if remedy is None else [remedy])
    if status not in ("failed",):
        assert "the budget was not the cause" in result.reason


def test_an_exhausted_budget_is_named_as_the_cause() -> None:
    result = climb(case(exhausted(), run=Runs(0.0, 0.0, 0.0), maxfun=20))
    assert result.status == "cleared"
    assert result.reason == (
        "more evaluations reach the proven optimum; the budget was the cause: "
        "largest gradient 11 before, 0.0003 after"
    )


def test_a_budget_that_ends_at_a_singular_optimum_is_said_and_offered() -> None:
    short = comparison(design_of(SLOPE), gap=15.9, ranks=(1,), status="maxfun")
    result = climb(case(short, run=Runs(0.0, 0.0, 0.0), maxfun=5))
    assert (result.status, result.reason) == (
        "reached",
        "the criterion falls by 15.9, to the proven optimum, which is singular; the budget was the cause",
    )
    (remedy,) = result.remedies
    assert (remedy.id, remedy.clears, remedy.caveats) == (
        "maxfun",
        False,
        ("the optimum that it reaches is singular: see step 2",),
    )


def test_a_sound_fit_is_not_credited() -> None:
    present = comparison(design_of(SLOPE), gap=0.0)
    result = climb(case(present, status="converged", run=Runs(0.0, 0.0, 0.0), all_rungs=True))
    assert (result.status, result.remedies) == ("not_needed", ())


def test_a_trouble_of_the_optimum_is_not_for_this_rung() -> None:
    assert applies(case(status="singular")) is not None
    assert applies(case(status="unidentifiable")) is not None
    assert applies(case(status="not_converged")) is None


def test_the_code_raises_the_budget_and_restarts() -> None:
    (remedy,) = climb(case(SLOPE, run=Runs(0.0, 0.0, 0.0))).remedies
    assert remedy.code.mmtriage == "mmtriage fit d.csv 'y ~ x + (1 + x | g)' --maxfun 200000"
    assert "optCtrl = list(maxeval = 200000)" in str(remedy.code.lme4)
    (remedy,) = climb(case(SLOPE, run=Runs(5.0, 0.0, 0.0))).remedies
    assert remedy.code.mmtriage is None
    assert str(remedy.code.lme4).splitlines()[1:] == ['m <- update(m, start = getME(m, "theta"))']


@pytest.mark.parametrize(
    ("options", "control"),
    [
        ({}, 'lmerControl(optimizer = "nloptwrap", optCtrl = list(maxeval = 200000))'),
        ({"optimizer": "bobyqa"}, 'lmerControl(optimizer = "bobyqa", optCtrl = list(maxfun = 200000))'),
        (
            {"family": "binomial"},
            'glmerControl(optimizer = c("bobyqa", "Nelder_Mead"), optCtrl = list(maxfun = 500000))',
        ),
        (
            {"family": "binomial", "optimizer": "nloptwrap"},
            'glmerControl(optimizer = "nloptwrap", optCtrl = list(maxeval = 500000))',
        ),
    ],
    ids=["lmer", "lmer-bobyqa", "glmer", "glmer-nloptwrap"],
)
def test_the_budget_is_written_for_the_optimizer_of_each_stage(options: dict[str, Any], control: str) -> None:
    result = climb(case(SLOPE, run=Runs(0.0, 0.0, 0.0), **options))
    (remedy,) = result.remedies
    assert remedy.code.lme4 is not None
    assert remedy.code.lme4.endswith(f"control = {control})")
