"""Rung 1: centre and scale the columns, refit, transform back.

What it tries: the same model on standardised columns, `Z_s = Z T` per correlated block and, where the
optimizer moves beta, `X_s = X A`, by the same optimizer; also scaling alone and centring alone, which tells
the two causes apart. Where the optimum itself is the trouble, which is judged free of scale and origin, no
attempt is made but with `--all-rungs`.
Why it helps: an optimizer with one trust radius for all parameters cannot see a slope variance of 1e-13,
nor follow the ridge that a far origin makes of intercept and slope. lme4's own autoscale leaves Z alone and
cannot help.
What it changes: nothing. beta, vcov, Sigma and the criterion are transformed back exactly (REML: + 2 sum
log s_j). X needs no transformation where beta is profiled out, in a linear mixed model or with nAGQ = 0:
scaling X alone never moves theta there.
When it misleads: centring a slope without an intercept in its own block (`||`) is another model, and so is
centring a column of an X that does not span the constant; these are only scaled. A structured covariance (cs
of more than two columns, ar1) is another model about another origin, and with one variance in other units
too: its columns are moved only as far as they may be. Two-valued columns are left as they are. Group-mean
centring asks another question: offered as another model.
References: Enders & Tofighi 2007, Psychological Methods 12(2); lme4 ?convergence.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence

from mmtriage import figures
from mmtriage.diagnose.naming import listed
from mmtriage.engine.comparison import Comparison
from mmtriage.ladder.attempts import (
    IMPROVED,
    is_alarm,
    reaches_optimum,
    reaches_singular_optimum,
    same_model_attempt,
)
from mmtriage.ladder.case import Case
from mmtriage.ladder.records import Attempt, Remedy, RungResult, RungStatus, with_proposals
from mmtriage.ladder.remedies import centered_within
from mmtriage.ladder.remedies.measured import arriving, ends_in_r, same_model_remedy
from mmtriage.ladder.rescaled_formula import in_matrix, moved_names, rewritten
from mmtriage.ladder.standardized_columns import (
    MOVES,
    Movable,
    bound_to_origin,
    movable_columns,
    transforms,
)

UNSAID = "a formula cannot say it: the code standardises the columns of the model matrix"


def applies(case: Case) -> str | None:
    """Why this rung is skipped, or None."""
    del case
    return None


def climb(case: Case) -> RungResult:
    """Fit the same model on other columns, then other models: those of group-mean centering."""
    movable = movable_columns(case.design)
    if not movable or not movable.off:
        status: RungStatus = "no_effect" if case.is_suspect else "not_needed"
        reason = _nothing_to_move(case, movable)
        reason += _bound(case)
        result = RungResult(rung=1, id="rescale", status=status, reason=reason)
        return with_proposals(result, tuple(centered_within.propose(case))) if movable else result
    attempts = _attempts(case, movable) if _can_help(case) else []
    status, reason = _status(case, attempts, movable)
    reason += _bound(case)
    arrived = _best_arrival(case, attempts)
    remedies = () if arrived is None or status == "no_effect" else _remedies(case, arrived, movable)
    result = RungResult(
        rung=1, id="rescale", status=status, reason=reason, attempts=tuple(attempts), remedies=remedies
    )
    return with_proposals(result, tuple(centered_within.propose(case)))


def _can_help(case: Case) -> bool:
    """Whether an attempt could change anything: not where the proof says that the optimum is the trouble.

    It is proven free of scale and origin, so that the same optimum is found on any columns.
    """
    return case.options.all_rungs or case.verdict.status not in ("singular", "unidentifiable")


def _attempts(case: Case, movable: Movable) -> list[Attempt]:
    """Follow lme4 on the columns of each move.

    The second and third tell origin and scale apart. Where the first, which is both, leads nowhere there is
    nothing to tell apart, and fits of a generalized model are dear.
    """
    attempts: list[Attempt] = []
    for move in MOVES:
        if move.center and not movable.can_be_centered:
            continue
        if attempts and not case.design.spec.is_linear and _leads_nowhere(case, attempts[0]):
            break
        began = time.perf_counter()
        transform = transforms(case.design, movable, move)
        run = case.bench.run(
            case.comparison.prepared,
            optimizers=case.bench.optimizers,
            transform=transform,
            maxfun=case.options.maxfun,
        )
        seconds = time.perf_counter() - began
        attempts.append(same_model_attempt(case, move.label, run, seconds, transform=transform))
    return attempts


def _leads_nowhere(case: Case, attempt: Attempt) -> bool:
    """Whether a fit ended, and not at the optimum; one that stopped with an error says nothing of others."""
    has_arrived = reaches_optimum(case, attempt) or reaches_singular_optimum(case, attempt)
    return attempt.criterion is not None and not has_arrived


def _bound(case: Case) -> str:
    """What a structured covariance does not let be moved: the clause with which the reason ends."""
    terms = bound_to_origin(case.design)
    if not terms:
        return ""
    return f"; {listed(terms)} would be another model about another origin, or in another unit: left as it is"


def _nothing_to_move(case: Case, movable: Movable) -> str:
    if movable:
        verb = "is" if len(movable.names) == 1 else "are"
        near = f"{listed(movable.names)} {verb} of unit scale and near zero"
        return f"{near}: what rescaling changed would be chance"
    if case.design.spec.optimizes_beta:
        return "no continuous column in X or Z: there is nothing to rescale"
    fitted = "a linear mixed model" if case.design.spec.is_linear else "a model fitted with nAGQ = 0"
    return f"no continuous random-slope column: scaling the columns of X alone never moves theta of {fitted}"


def _status(case: Case, attempts: Sequence[Attempt], movable: Movable) -> tuple[RungStatus, str]:
    names = ", ".join(f"`{name}`" for name in movable.names)
    if not case.is_suspect:
        return "not_needed", "the baseline is at the proven optimum as it is"
    if attempts and all(a.criterion is None for a in attempts):
        return "failed", f"the fit stops with an error on other columns too: {attempts[0].note}"
    clearing = [a.label for a in attempts if reaches_optimum(case, a)]
    if clearing:
        return (
            "cleared",
            f"with {names} rescaled ({', '.join(clearing)}) the same optimizer reaches the proven optimum",
        )
    reached = [a.label for a in attempts if reaches_singular_optimum(case, a)]
    if reached:
        return (
            "reached",
            f"with {names} rescaled ({', '.join(reached)}) the same optimizer reaches the proven optimum, "
            "which is singular",
        )
    if case.verdict.status in ("singular", "unidentifiable"):
        return (
            "no_effect",
            f"rescaling {names} does not change the verdict: scale and origin are not its cause",
        )
    best = min(a.criterion for a in attempts if a.criterion is not None)
    before = case.before
    if best < before - IMPROVED:
        where = "and lme4's checks still object"
        if case.has_wrong_errors:
            where = "and standard errors are still wrong"
        elif case.comparison.is_singular:
            where = "which is singular"
        optimum = case.comparison.optimum_fit.criterion
        gap = figures.gap(best - optimum, optimum)
        return (
            "improved",
            f"with {names} rescaled the fit ends {gap} deviance units above the optimum, {where}",
        )
    return "no_effect", f"rescaling {names} does not bring the fit nearer to the optimum"


def _best_arrival(case: Case, attempts: Sequence[Attempt]) -> Attempt | None:
    """The attempt to recommend: at the optimum, which may be singular, and with the least said by lme4."""
    if not case.is_suspect or case.comparison.prepared.null:
        return None
    arrived = [a for a in attempts if a.certified and (reaches_optimum(case, a) or not case.has_wrong_errors)]
    return min(arrived, key=lambda a: any(map(is_alarm, a.lme4_messages)), default=None)


def _remedies(case: Case, arrived: Attempt, movable: Movable) -> tuple[Remedy, ...]:
    """The columns to rescale, with code that does it; none where nobody can paste it."""
    move = next(m for m in MOVES if m.label == arrived.label)
    written = rewritten(case, movable, move)
    if written is None and movable.slopes:
        return ()
    if written is None:
        text, code = case.formula.to_text(), in_matrix(case, move)
        notes: tuple[str, ...] = (UNSAID,)
    else:
        text = written.prepared.design.formula.to_text()
        code, notes = arriving(case.commands, written).both(text), ends_in_r(written)
    remedy = same_model_remedy(
        case,
        arrived,
        id="rescale",
        clears=reaches_optimum(case, arrived),
        rung=1,
        title=f"{move.verb} {', '.join(moved_names(movable, move))}",
        formula=text,
        code=code,
        changes="nothing: the same model in other units; estimates transformed back are in this report",
        caveats=(*_new_units(case, movable, written), *notes),
    )
    return (remedy,)


def _new_units(case: Case, movable: Movable, written: Comparison | None) -> Iterator[str]:
    """What has another unit now, and what R prints as criterion: by REML it hangs on the columns of X."""
    which = "coefficients and SDs are" if movable.fixed else "the slope's coefficient and SD are"
    yield f"{which} now per rescaled unit, and the intercept is at the new origin"
    if written is not None and case.design.spec.reml:
        printed = figures.criterion(written.optimum_fit.criterion)
        yield f"in these units R prints REML {printed}, for the same fit"
