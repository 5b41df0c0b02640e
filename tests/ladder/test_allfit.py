"""Rung 3 on canned runs of the optimizers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pytest

from mmtriage.diagnose.finding import Finding, not_assessed
from mmtriage.engine.estimates import Fit
from mmtriage.engine.lme4.outcome import Lme4Failure, Lme4Run
from mmtriage.engine.prepared import Prepared
from mmtriage.errors import UnjudgedError
from mmtriage.ladder import by_each_optimizer
from mmtriage.ladder.disagreement import disagreement
from mmtriage.ladder.rungs.allfit import applies, climb
from mmtriage.optimizers import ALLFIT, OPTIMIZERS, Optimizer
from mmtriage.processes import Died
from tests import tasks
from tests.ladder import stubs
from tests.ladder.stubs import SLOPE, baseline, case, comparison, design_of, failure

LME4S = (
    "bobyqa",
    "Nelder_Mead",
    "nmkbw",
    "L-BFGS-B",
    "nloptwrap.NLOPT_LN_NELDERMEAD",
    "nloptwrap.NLOPT_LN_BOBYQA",
)


@pytest.fixture(autouse=True)
def _canned_fits(monkeypatch: pytest.MonkeyPatch) -> None:
    """A fit is read off theta: (criterion, shift of beta in SE, scale of the covariance)."""

    def fit_of(prepared: Prepared, run: Lme4Run) -> Fit:
        criterion, shift, scale = run.theta
        fit = stubs.fit_of(prepared.design, criterion, prepared.sizes, shift)
        return replace(fit, covariances=(scale * np.eye(2),))

    monkeypatch.setattr(Prepared, "fit_of", fit_of)
    monkeypatch.setattr(Prepared, "curved_optimum_near", lambda *_, **__: None)


class Runs:
    """Each optimizer ends at the gap canned for it (0 unless told otherwise)."""

    def __init__(self, default: float = 0.0, **gaps: float | None) -> None:
        self.default, self.gaps = default, gaps
        self.asked: list[tuple[str, int]] = []

    def __call__(
        self, _: object, *, optimizers: Sequence[Optimizer], maxfun: int, start: Lme4Run | None = None
    ) -> Lme4Run | Lme4Failure:
        (optimizer,) = optimizers
        self.asked.append((optimizer.name, maxfun))
        gap = self.gaps.get(optimizer.name, self.default)
        if gap is None:
            return failure()
        theta = np.array([100.0 + gap, 0.0, 1.0])
        cost = 10 + len(self.asked)
        return baseline(100.0 + gap, optimizer=optimizer.name, theta=theta, evaluations=cost)


def test_eight_or_more_optimizers_and_ours() -> None:
    runs = Runs()
    result = climb(case(SLOPE, run=runs))
    assert [a.label for a in result.attempts] == [*ALLFIT, "mmtriage"]
    assert len(ALLFIT) >= 8
    assert set(LME4S) <= set(ALLFIT)
    shares = {"pybobyqa": 500, "COBYLA": 2_000}
    assert runs.asked[: len(ALLFIT)] == [(name, shares.get(name, 100_000)) for name in ALLFIT]
    assert len({OPTIMIZERS[name].kind for name in ALLFIT}) >= 4


def test_the_users_budget_holds() -> None:
    runs = Runs()
    climb(case(SLOPE, run=runs, maxfun=20))
    assert {budget for _, budget in runs.asked} == {20}


def test_the_cheapest_that_clears_is_the_remedy() -> None:
    result = climb(case(SLOPE, run=Runs(default=42.8, nmkbw=0.0, COBYLA=0.0)))
    assert result.status == "cleared"
    assert "2 of 9 optimizers, of 2 families, reach the proven optimum" in result.reason
    (remedy,) = result.remedies
    assert (remedy.title, remedy.scope) == ("Use the optimizer nmkbw", "same_model")
    assert remedy.caveats[0] == "1 other optimizer reaches the optimum too"
    assert remedy.code.mmtriage is not None
    assert "--optimizer nmkbw" in remedy.code.mmtriage
    assert 'optimizer = "nmkbw"' in str(remedy.code.lme4)


def test_lme4s_own_come_before_a_stand_in() -> None:
    (remedy,) = climb(case(SLOPE, run=Runs(default=42.8, nmkbw=0.0, SLSQP=0.0))).remedies
    assert remedy.title == "Use the optimizer nmkbw"  # of as many evaluations
    (remedy,) = climb(case(SLOPE, run=Runs(default=42.8, SLSQP=0.0))).remedies
    assert (remedy.title, remedy.caveats[1][:7]) == ("Use the optimizer SLSQP", "SLSQP: ")


def test_all_that_fail_are_no_evidence() -> None:
    result = climb(case(SLOPE, run=Runs(default=42.8)))
    assert (result.status, result.remedies) == ("failed", ())
    assert result.reason.startswith("none of 9 optimizers reaches the proven optimum")


def test_an_error_is_one_that_failed() -> None:
    result = climb(case(SLOPE, run=Runs(bobyqa=None)))
    assert result.status == "cleared"
    assert "bobyqa failed" in result.reason
    attempt = result.attempts[0]
    assert (attempt.criterion, attempt.gap, attempt.note) == (
        None,
        None,
        "Downdated VtV is not positive definite",
    )


def test_a_sound_fit_is_not_credited() -> None:
    present = comparison(design_of(SLOPE), gap=0.0)
    result = climb(case(present, status="converged", run=Runs(), all_rungs=True))
    assert (result.status, result.remedies) == ("not_needed", ())
    assert (
        result.reason
        == "nothing is wrong; all 9 optimizers, of 4 families, reach the proven optimum and agree on it"
    )


def test_reaching_the_optimum_no_closer_than_the_baseline_improves_nothing() -> None:
    """lme4 stopped for want of evaluations within the gap; under the same budget nobody does better."""
    present = comparison(design_of(SLOPE), gap=0.009)
    alarmed = ("Model failed to converge with max|grad| = 0.09 (tol = 0.002, component 1)",)

    def run(_: object, *, optimizers: Sequence[Optimizer], maxfun: int, start: object = None) -> Lme4Run:
        (optimizer,) = optimizers
        gap = 0.009 if optimizer.name == "nloptwrap.NLOPT_LN_BOBYQA" else 3.0
        theta = np.array([100.0 + gap, 0.0, 1.0])
        return baseline(100.0 + gap, optimizer=optimizer.name, theta=theta, lme4_messages=alarmed)

    assert climb(case(present, status="false_alarm", run=run, maxfun=20)).status == "no_effect"


def test_a_trouble_of_the_optimum_is_not_for_this_rung() -> None:
    assert applies(case(status="singular")) is not None
    assert applies(case(status="unidentifiable")) is not None
    assert applies(case(status="not_converged")) is None
    assert applies(case(status="false_alarm")) is None


def test_disagreement_is_a_finding_and_a_warning_where_it_matters() -> None:
    present = case(SLOPE, run=Runs(default=42.8, nmkbw=0.0))
    (found,) = disagreement(present, [climb(present)])
    assert isinstance(found, Finding)
    assert (found.code, found.severity, found.evidence["failed"]) == ("MM405", "warning", 8)
    sound = case(comparison(design_of(SLOPE), gap=0.0), status="converged", run=Runs(bobyqa=1.0))
    (found,) = disagreement(sound, [climb(sound)])
    assert isinstance(found, Finding)
    assert found.severity == "info"


def test_agreement_and_the_users_own_budget_are_no_finding() -> None:
    agreed = case(SLOPE, run=Runs())
    assert disagreement(agreed, [climb(agreed)]) == []
    short = case(SLOPE, run=Runs(default=5.0), maxfun=20)
    assert disagreement(short, [climb(short)]) == []


def test_optimizers_that_were_not_run_are_not_assessed() -> None:
    agreed = case(SLOPE, run=Runs())
    reason = "the other optimizers were not run (--all-rungs runs them)"
    assert disagreement(agreed, []) == [not_assessed("MM405", reason)]


@pytest.mark.slow
def test_an_optimizer_that_takes_its_process_with_it_is_said() -> None:
    """The walk makes of it a rung that has failed, as of any error of ours."""
    with pytest.raises(UnjudgedError, match="none of 9 processes has answered: one ended with exit code 3"):
        climb(case(run=tasks.die_fitting, jobs=2))


def test_a_process_that_dies_costs_its_own_attempt(monkeypatch: pytest.MonkeyPatch) -> None:
    """The other optimizers agree; nothing is said against the one whose process died."""
    present = case(SLOPE, run=Runs())

    def answers(task: Callable[[str], object], names: Sequence[str], *, jobs: int) -> list[object]:
        return [Died(exit_code=-9) if name == "bobyqa" else task(name) for name in names]

    monkeypatch.setattr(by_each_optimizer, "run_all", answers)
    result = climb(present)
    assert result.reason.endswith("bobyqa is not among them: its process was ended by SIGKILL")
    assert "all 8 optimizers" in result.reason
    lost = next(attempt for attempt in result.attempts if attempt.label == "bobyqa")
    assert (lost.criterion, lost.evaluations, lost.note) == (None, None, "its process was ended by SIGKILL")
    assert disagreement(present, [result]) == []


def test_a_proven_higher_optimum_is_not_called_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    """`two_optima`: eight of nine ended at a second optimum; they "failed", and MM406 was not said."""
    asked: list[float] = []

    def near(_: Prepared, run: Lme4Run, *, within: float) -> float | None:
        asked.append(run.criterion)
        return run.criterion if run.criterion > 130.0 else None

    monkeypatch.setattr(Prepared, "curved_optimum_near", near)
    present = case(SLOPE, run=Runs(default=34.4, nmkbw=4.9))
    result = climb(present)
    assert asked == [104.9, 134.4]  # one of those that ended together
    assert "nmkbw failed" in result.reason
    assert "COBYLA end at another local optimum" in result.reason
    first, second = disagreement(present, [result])
    assert isinstance(first, Finding)
    assert isinstance(second, Finding)
    assert (first.code, first.evidence["failed"], first.evidence["elsewhere"]) == ("MM405", 1, 8)
    assert "nmkbw failed" in first.message
    assert (second.code, second.evidence["criteria"]) == ("MM406", (100.0, 134.4))
