"""The walk: which rungs are climbed, and what stops it. Rungs are made up, nothing is fitted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from mmtriage.deadline import TimeBudgetError
from mmtriage.diagnose.finding import finding
from mmtriage.diagnose.verdict import VerdictStatus
from mmtriage.errors import ModelError
from mmtriage.ladder import walk as walking
from mmtriage.ladder.case import Case
from mmtriage.ladder.if_suspect import climb_if_suspect
from mmtriage.ladder.records import RUNG_NUMBER, RungId, RungResult, RungStatus
from mmtriage.ladder.walk import RUNGS, Rung, walk
from tests.ladder.stubs import case

NAMES: tuple[RungId, ...] = ("rescale", "simplify", "allfit", "singular", "maxfun")
Install = Callable[..., list[str]]


@pytest.fixture
def rungs(monkeypatch: pytest.MonkeyPatch) -> Install:
    """Install rungs with the outcomes given, else `no_effect`; returns those that are climbed."""

    def install(*, skipped: tuple[str, ...] = (), **outcomes: RungStatus | BaseException) -> list[str]:
        climbed: list[str] = []

        def rung(name: RungId) -> Rung:
            def climb(_: Case) -> RungResult:
                climbed.append(name)
                outcome = outcomes.get(name, "no_effect")
                if isinstance(outcome, BaseException):
                    raise outcome
                return RungResult(rung=RUNG_NUMBER[name], id=name, status=outcome, reason="made up")

            return Rung(name, name, lambda _: "not for this" if name in skipped else None, climb)

        monkeypatch.setattr(walking, "RUNGS", tuple(rung(name) for name in NAMES))
        monkeypatch.setattr(walking, "of_causes", lambda _: iter(()))
        return climbed

    return install


def statuses(results: tuple[RungResult, ...]) -> dict[str, str]:
    assert tuple(result.id for result in results) == NAMES
    assert tuple(result.rung for result in results) == (1, 2, 3, 4, 5)
    assert all(result.reason for result in results)
    return {result.id: result.status for result in results}


def test_the_ladder_is_that_of_the_specification() -> None:
    assert tuple(rung.id for rung in RUNGS) == NAMES


def test_a_singular_optimum_that_is_reached_is_treated_and_not_searched_for_again(rungs: Install) -> None:
    climbed = rungs(rescale="reached", simplify="cleared_by_change")
    results, _ = walk(case(status="not_converged"))
    assert climbed == ["rescale", "simplify", "singular"]
    assert statuses(results)["allfit"] == statuses(results)["maxfun"] == "not_needed"


@pytest.mark.parametrize("status", ["not_converged", "false_alarm"])
def test_only_cleared_stops_a_fit_that_is_short_or_alarmed(status: VerdictStatus, rungs: Install) -> None:
    climbed = rungs(rescale="improved", simplify="cleared_by_change", allfit="improved")
    results, incomplete = walk(case(status=status))
    assert climbed == list(NAMES)
    assert incomplete is None
    assert statuses(results)["simplify"] == "cleared_by_change"


@pytest.mark.parametrize(
    ("codes", "climbed"),
    [((), ["maxfun", "singular"]), (("MM101",), ["maxfun", "rescale", "singular"])],
    ids=["no column is a suspect", "a scale is"],
)
def test_wrong_standard_errors_are_mended_first_and_a_scale_is_proven_all_the_same(
    codes: tuple[str, ...], climbed: list[str], rungs: Install
) -> None:
    seen = rungs(maxfun="cleared")
    walk(case(status="wrong_se", codes=codes))
    assert seen == climbed


@pytest.mark.parametrize(
    ("cleared", "climbed"),
    [
        ("rescale", ["rescale", "singular"]),
        ("simplify", ["rescale", "simplify", "singular"]),
        ("allfit", ["rescale", "simplify", "allfit", "singular"]),
        ("maxfun", list(NAMES)),
    ],
)
@pytest.mark.parametrize("status", ["not_converged", "false_alarm"])
def test_cleared_stops_it_but_detection_goes_on(
    status: VerdictStatus, cleared: RungId, climbed: list[str], rungs: Install
) -> None:
    seen = rungs(**{cleared: "cleared"})
    results, _ = walk(case(status=status))
    assert seen == climbed
    for name, found in statuses(results).items():
        assert found == ("cleared" if name == cleared else "no_effect" if name in climbed else "not_needed")
    for result in results:
        if result.status == "not_needed":
            assert result.reason == f"rung {RUNG_NUMBER[cleared]} ({cleared}) has cleared it"


@pytest.mark.parametrize("status", ["singular", "unidentifiable"])
def test_a_changed_model_stops_a_fit_whose_optimum_is_the_trouble(
    status: VerdictStatus, rungs: Install
) -> None:
    climbed = rungs(simplify="cleared_by_change", skipped=("allfit", "maxfun"))
    results, _ = walk(case(status=status))
    assert climbed == ["rescale", "simplify", "singular"]
    assert statuses(results)["allfit"] == statuses(results)["maxfun"] == "not_applicable"


@pytest.mark.parametrize("status", ["singular", "unidentifiable"])
def test_without_a_remedy_it_goes_on_to_the_top(status: VerdictStatus, rungs: Install) -> None:
    climbed = rungs()
    walk(case(status=status))
    assert climbed == list(NAMES)


def test_a_sound_fit_needs_no_ladder(rungs: Install) -> None:
    climbed = rungs()
    results, incomplete = walk(case(status="converged"))
    assert climbed == []
    assert set(statuses(results).values()) == {"not_needed"}
    assert incomplete is None


@pytest.mark.parametrize(
    "status", ["converged", "not_converged", "false_alarm", "singular", "unidentifiable"]
)
def test_all_rungs_climbs_all_that_apply(status: VerdictStatus, rungs: Install) -> None:
    climbed = rungs(rescale="cleared", simplify="cleared_by_change", skipped=("allfit",))
    results, _ = walk(case(status=status, all_rungs=True))
    assert climbed == ["rescale", "simplify", "singular", "maxfun"]
    assert statuses(results)["allfit"] == "not_applicable"


@pytest.mark.parametrize("position", range(5))
def test_a_budget_that_runs_out_leaves_an_honest_partial_result(position: int, rungs: Install) -> None:
    name = NAMES[position]
    climbed = rungs(**{name: TimeBudgetError("the time budget of 1 s ran out")})
    results, incomplete = walk(case(all_rungs=True))
    assert climbed == list(NAMES[: position + 1])
    assert incomplete is not None
    assert incomplete.reason == f"the time budget of 1 s ran out on rung {position + 1} ({name})"
    assert incomplete.stages == (*NAMES[position:], "remedies")
    found = list(statuses(results).values())
    assert found == ["no_effect"] * position + ["failed"] * (5 - position)
    assert all(r.reason == "the time budget of 1 s ran out" for r in results[position:])


@pytest.mark.parametrize("position", range(5))
def test_an_interrupt_leaves_what_the_rungs_before_have_found(position: int, rungs: Install) -> None:
    """Ctrl-C on the last rung threw away a report that was all but done."""
    name = NAMES[position]
    rungs(**{name: KeyboardInterrupt()})
    results, incomplete = walk(case(all_rungs=True))
    assert incomplete is not None
    assert (incomplete.kind, incomplete.stages) == ("interrupted", (*NAMES[position:], "remedies"))
    assert list(statuses(results).values()) == ["no_effect"] * position + ["failed"] * (5 - position)


def test_a_rung_that_cannot_read_its_own_model_fails_alone(rungs: Install) -> None:
    climbed = rungs(simplify=ModelError("no such model"))
    results, incomplete = walk(case())
    assert climbed == list(NAMES)
    assert statuses(results)["simplify"] == "failed"
    assert incomplete is None


def test_a_bug_in_a_rung_surfaces(rungs: Install) -> None:
    rungs(simplify=ZeroDivisionError())
    with pytest.raises(ZeroDivisionError):
        walk(case())


def test_progress_is_told_of_what_is_climbed(rungs: Install) -> None:
    rungs(rescale="cleared")
    said: list[str] = []
    walk(case(progress=said.append))
    assert said == ["rung 1 of 5, rescale", "rung 4 of 5, singular"]


def test_a_sound_model_is_answered_without_the_walk_as_the_walk_would(rungs: Install) -> None:
    climbed = rungs()
    sound = case(status="converged")
    assert climb_if_suspect(sound) == walk(sound)
    assert climbed == []


def test_the_walk_is_asked_of_a_suspect_model_and_of_a_finding(rungs: Install) -> None:
    climbed = rungs(skipped=("allfit",))
    with_finding = replace(case(status="converged"), findings=(finding("MM304", "found", columns=("x",)),))
    for asked in (case(status="not_converged"), with_finding, case(status="converged", all_rungs=True)):
        assert climb_if_suspect(asked) == walk(asked)
    assert climbed
