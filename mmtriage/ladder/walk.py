"""The walk up the ladder: five rungs, in this order, and when to stop.

For `not_converged` and `false_alarm` only `cleared` stops it, so other optimizers and more evaluations are
tried before anybody is told to change the model. `reached`, the same model at an optimum that is singular,
makes those superfluous too, but smaller models are still tried: that optimum asks for them. For `singular`
and `unidentifiable` rung 1 offers other questions only (the proof is free of scale and origin, so that other
columns have the same optimum), other optimizers and more evaluations are not applicable, and
`cleared_by_change` stops it. For `wrong_se` rung 5 is climbed first, since right standard errors can be had
without another fit, and only `cleared` stops the walk; but where columns are on very different scales, as
lme4 says itself, or a random slope is far from its origin, rung 1 is climbed all the same: it alone can tell
whether that is the cause. What rung 4 detects is always looked for. `all_rungs` climbs all.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from mmtriage.deadline import TimeBudgetError
from mmtriage.errors import MmtriageError
from mmtriage.ladder.case import Case
from mmtriage.ladder.guilty_columns import ORIGIN, SCALE
from mmtriage.ladder.records import (
    RUNG_NUMBER,
    RungId,
    RungResult,
    RungStatus,
    Stop,
    StopKind,
    not_needed,
    with_proposals,
)
from mmtriage.ladder.remedies.of_causes import of_causes
from mmtriage.ladder.rungs import allfit, maxfun, rescale, simplify, singular


@dataclass(frozen=True, slots=True)
class Rung:
    """One step of the ladder."""

    id: RungId
    question: str  # what it asks, for progress messages
    applies: Callable[[Case], str | None]  # a reason to skip, or None
    climb: Callable[[Case], RungResult]


RUNGS = (
    Rung("rescale", "rescaling columns", rescale.applies, rescale.climb),
    Rung("simplify", "trying smaller random-effects structures", simplify.applies, simplify.climb),
    Rung("allfit", "running all optimizers", allfit.applies, allfit.climb),
    Rung("singular", "looking for singular components", singular.applies, singular.climb),
    Rung("maxfun", "raising the budget, restarting", maxfun.applies, maxfun.climb),
)
REPAIRS: tuple[RungId, ...] = ("allfit", "maxfun")  # rungs of the same model, behind the first


def walk(case: Case) -> tuple[tuple[RungResult, ...], Stop | None]:
    """Climb all rungs and add the remedies of causes; return that, and what ended the climb too soon."""
    results, incomplete = climbed(case)
    if incomplete is not None:
        return results, incomplete
    try:
        return with_cause_remedies(case, results), None
    except (TimeBudgetError, KeyboardInterrupt) as stop:
        return results, _stop(stop, "before the remedies of named causes were tried", ("remedies",))


def climbed(case: Case) -> tuple[tuple[RungResult, ...], Stop | None]:
    """Climb the five rungs alone; return their results, and what ended the climb too soon.

    A rung that the user interrupts, or that runs out of time, is lost; those before it are not.
    """
    results: list[RungResult] = []
    order = _order(case)
    for position, rung in enumerate(order):
        skipped = _skipped(case, rung, results)
        if skipped is not None:
            results.append(skipped)
            continue
        if case.options.progress is not None:
            case.options.progress(f"rung {RUNG_NUMBER[rung.id]} of {len(RUNGS)}, {rung.question}")
        try:
            results.append(rung.climb(case))
        except (TimeBudgetError, KeyboardInterrupt) as error:
            left = tuple(other.id for other in order[position:])
            stop = _stop(error, f"on rung {RUNG_NUMBER[rung.id]} ({rung.id})", (*left, "remedies"))
            results += [_result(name, "failed", _what_stopped(error)) for name in left]
            return _numbered(results), stop
        except MmtriageError as failure:  # of a model it tried; other rungs may still have an answer
            results.append(_result(rung.id, "failed", failure.message))
    return _numbered(results), None


def _stop(error: BaseException, where: str, stages: tuple[str, ...]) -> Stop:
    kind: StopKind = "time-budget" if isinstance(error, TimeBudgetError) else "interrupted"
    return Stop(kind=kind, reason=f"{_what_stopped(error)} {where}", stages=stages)


def _what_stopped(error: BaseException) -> str:
    return error.message if isinstance(error, TimeBudgetError) else "it was interrupted"


def _order(case: Case) -> tuple[Rung, ...]:
    """The rungs as they are climbed."""
    if not case.has_wrong_errors:
        return RUNGS
    return tuple(sorted(RUNGS, key=lambda rung: rung.id != "maxfun"))


def _numbered(results: Sequence[RungResult]) -> tuple[RungResult, ...]:
    """The results as they are listed: by the rungs' numbers."""
    return tuple(sorted(results, key=lambda result: result.rung))


def with_cause_remedies(case: Case, results: tuple[RungResult, ...]) -> tuple[RungResult, ...]:
    """Add the remedies of named causes to rung 2."""
    proposals = tuple(of_causes(case))
    return tuple(with_proposals(r, proposals) if r.id == "simplify" else r for r in results)


def _skipped(case: Case, rung: Rung, results: list[RungResult]) -> RungResult | None:
    """The result of a rung that is not climbed, or None if it is."""
    reason = rung.applies(case)
    if reason is not None:
        return _result(rung.id, "not_applicable", reason)
    if case.options.all_rungs:
        return None
    if not case.is_suspect:
        return not_needed(rung.id)
    if rung.id == "singular" or _is_to_prove(case, rung):
        return None
    stopped = next((r for r in results if _stops(case, r)), None)
    if stopped is not None:
        return _result(rung.id, "not_needed", f"rung {stopped.rung} ({stopped.id}) has cleared it")
    reached = next((r for r in results if r.status == "reached"), None)
    if reached is not None and rung.id in REPAIRS:
        return _result(rung.id, "not_needed", f"rung {reached.rung} ({reached.id}) reaches the optimum")
    return None


def _is_to_prove(case: Case, rung: Rung) -> bool:
    """Whether a rung may name the cause of standard errors that another has mended: it alone can prove it."""
    if not case.has_wrong_errors or rung.id != "rescale":
        return False
    return bool(case.found(SCALE)) or any(found.terms for found in case.found(ORIGIN))


def _stops(case: Case, result: RungResult) -> bool:
    if result.status == "cleared":
        return True
    return case.verdict.status in ("singular", "unidentifiable") and result.status == "cleared_by_change"


def _result(rung: RungId, status: RungStatus, reason: str) -> RungResult:
    return RungResult(rung=RUNG_NUMBER[rung], id=rung, status=status, reason=reason)
