"""A remedy filled from what was measured: of the present model, of another one, or without a comparison.

Every `Remedy` is made by `compared`, so that one place says which figures a remedy has.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from mmtriage import figures
from mmtriage.diagnose.judgement import gives_wrong_errors, is_short
from mmtriage.engine.comparison import Comparison
from mmtriage.engine.lme4.outcome import NO_NUMBERS, Lme4Failure
from mmtriage.ladder.against_present import SAME, AgainstPresent, common_shift, compare
from mmtriage.ladder.attempts import changed_model_attempt, is_alarm
from mmtriage.ladder.case import Case, Refit
from mmtriage.ladder.effect_changes import effects_of, repaired_effects
from mmtriage.ladder.emitted.commands import Commands
from mmtriage.ladder.emitted.r_call import R_SUMMARY
from mmtriage.ladder.rank import is_rejected
from mmtriage.ladder.records import (
    Attempt,
    Code,
    EffectChange,
    LikelihoodRatio,
    Proposal,
    Remedy,
    RemedyId,
    Scope,
)

VISIBLE = 0.01  # deviance units between what R prints and what is measured, from which it is said
REJECTED_BY_DATA = "the data speak against it: by its AIC it has next to no support beside the present model"
CHANCE = "MM409"  # hangs-on-rounding
NOT_TRIED = "what was measured is the model itself: statsmodels was not run"


def same_model_remedy(
    case: Case,
    attempt: Attempt,
    *,
    id: RemedyId,
    rung: int,
    title: str,
    code: Code,
    changes: str,
    caveats: Sequence[str] = (),
    formula: str | None = None,
    cost: int | None = None,
    clears: bool = True,
    order: int | None = None,
) -> Remedy:
    """Make a remedy of an attempt that has reached the optimum of the present model, singular or not.

    `formula` is another way to write the model, and what lme4 would say of it is not what the attempt says.
    """
    if not clears:
        caveats = (*caveats, "the optimum that it reaches is singular: see step 2")
    if case.found(CHANCE):
        caveats = (*caveats, f"where R ends hangs on rounding here ({CHANCE}): its criterion may be another")
    alarms = [message for message in attempt.lme4_messages if is_alarm(message)]
    if alarms and formula is None:
        said = alarms[0].splitlines()[0]
        caveats = (*caveats, f"lme4 still warns, of a fit that is at its optimum: {said}")
    return compared(
        SAME,
        id=id,
        rung=rung,
        title=title,
        scope="same_model",
        effects=repaired_effects(case),
        clears=clears,
        formula=formula or case.formula.to_text(),
        criterion=attempt.criterion,
        code=code,
        changes=changes,
        caveats=caveats,
        cost=(attempt.evaluations or 0) if cost is None else cost,
        messages=attempt.lme4_messages,
        order=order,
    )


def changed_model(
    case: Case,
    comparison: Comparison,
    *,
    id: RemedyId,
    title: str,
    changes: str,
    caveats: Sequence[str],
    rung: int = 2,
    label: str | None = None,
    note: str | None = None,
    lrt: LikelihoodRatio | None = None,
    code: Code | None = None,
    scope: Scope = "changes_model",
    in_users_columns: Comparison | None = None,
) -> Proposal:
    """Make a proposal of another model that was fitted, compared with the present one where that is fair.

    Args:
        label: the attempt's name, where it is not the remedy's title.
        note: what the attempt has shown beside its figures.
        in_users_columns: the same model before its columns were rescaled: only there are coefficients of one
            name, above all the intercept, the same quantity.
    """
    against = compare(case, comparison)
    users = in_users_columns or comparison
    if against.delta_aic is not None:
        rejected = (REJECTED_BY_DATA,) if is_rejected(against.delta_aic) else ()
        caveats = (*rejected, *caveats, *_counted_by_r(case, comparison))
    caveats = (*caveats, *_stops_at_optimum(case, comparison))
    if in_users_columns is not None:
        against = replace(against, max_shift_se=common_shift(case.comparison, in_users_columns))
    proposal = fitted_model(
        comparison,
        against,
        id=id,
        rung=rung,
        title=title,
        changes=changes,
        caveats=caveats,
        label=label,
        note=note,
        lrt=lrt,
        code=code or arriving(case.commands, comparison).both(comparison.prepared.design.formula.to_text()),
        scope=scope,
        effects=effects_of(case, users.prepared, users.optimum_fit),
    )
    refit = Refit(prepared=comparison.prepared, fit=comparison.optimum_fit, place=comparison.optimum.place)
    case.keep(proposal.remedy, refit)
    return proposal


def fitted_model(
    comparison: Comparison,
    against: AgainstPresent,
    *,
    id: RemedyId,
    title: str,
    changes: str,
    code: Code,
    caveats: Sequence[str] = (),
    rung: int = 2,
    label: str | None = None,
    note: str | None = None,
    lrt: LikelihoodRatio | None = None,
    scope: Scope = "changes_model",
    effects: tuple[EffectChange, ...] = (),
) -> Proposal:
    """Make a proposal of another model that was fitted, whatever it is compared with: see `changed_model`."""
    caveats = (*caveats, *ends_in_r(comparison), *_wrong_errors(comparison))
    remedy = compared(
        against,
        id=id,
        rung=rung,
        title=title,
        scope=scope,
        clears=comparison.is_sound and not is_short(comparison) and not gives_wrong_errors(comparison),
        formula=comparison.prepared.design.formula.to_text(),
        criterion=comparison.optimum_fit.criterion,
        lrt=lrt,
        code=code,
        changes=changes,
        caveats=caveats,
        effects=effects,
        cost=0 if comparison.lme4 is None else comparison.lme4.evaluations,
        messages=_said_of(comparison),
    )
    return Proposal(
        remedy=remedy, attempt=changed_model_attempt(title if label is None else label, comparison, note)
    )


def arriving(commands: Commands, comparison: Comparison) -> Commands:
    """Commands whose R code ends where this program does: started there, if lme4's start leads elsewhere."""
    spec = comparison.prepared.design.spec
    if not is_short(comparison) or not _takes_start(comparison):
        return commands
    fit = comparison.optimum_fit
    return commands.starting_at(fit.theta, fit.beta if spec.optimizes_beta else None)


def _takes_start(comparison: Comparison) -> bool:
    """Whether R can be started at the optimum: where there is one, and not by glmer.nb, which starts anew."""
    certified = comparison.optimum.certificate.certified and not comparison.optimum.refuted
    if not comparison.prepared.model.layout.can_start_lme4(comparison.optimum_fit.theta):
        return False
    return certified and comparison.prepared.design.spec.r_function != "glmer.nb"


def ends_in_r(comparison: Comparison) -> tuple[str, ...]:
    """Where R's own start does not lead where this program ends: what is measured is the optimum."""
    where = "what is measured is the optimum"
    if _takes_start(comparison):
        where = "the code starts at the optimum"
    if comparison.lme4_error is not None:
        return (f"from its own start R stops with an error ({comparison.lme4_error}): {where}",)
    if comparison.is_lost:
        return (f"from its own start R ends with a fit of no use ({NO_NUMBERS}): {where}",)
    if comparison.lme4 is None:
        return (f"where R ends from its own start was not followed: {where}",)
    if is_short(comparison) and comparison.gap is not None:
        gap = figures.gap(comparison.gap, comparison.optimum_fit.criterion)
        ends = figures.criterion(comparison.optimum_fit.criterion + comparison.gap)
        return (f"from its own start R ends at {ends}, {gap} above the optimum: {where}",)
    printed = comparison.lme4.criterion
    if abs(printed - comparison.optimum_fit.criterion) > VISIBLE:
        return (f"R prints {figures.criterion(printed)}: its inner iteration stops early",)
    return ()


def _stops_at_optimum(case: Case, comparison: Comparison) -> tuple[str, ...]:
    """Where glmer stops at the optimum itself: looked at where it stops on the present model."""
    is_followed = comparison.lme4 is not None or comparison.lme4_error is not None
    if case.comparison.lme4_error is None or is_followed or not _takes_start(comparison):
        return ()
    if not comparison.prepared.design.spec.optimizes_beta:
        return ()
    run = case.bench.run_from(comparison.prepared, comparison.optimum_fit)
    if not isinstance(run, Lme4Failure):
        return ()
    return (f"started at its optimum R stops with an error, too ({run.error}): do not expect R to fit it",)


def _said_of(comparison: Comparison) -> tuple[str, ...] | None:
    """What R says of its fit; not known of one that starts elsewhere than lme4 does."""
    if comparison.lme4 is None or is_short(comparison):
        return None
    return tuple(comparison.lme4.lme4_messages)


def _wrong_errors(comparison: Comparison) -> tuple[str, ...]:
    """Where R's summary of it has wrong standard errors."""
    if not gives_wrong_errors(comparison):
        return ()
    return (f"the standard errors that R prints of it are wrong: take those of {R_SUMMARY}",)


def _counted_by_r(case: Case, comparison: Comparison) -> tuple[str, ...]:
    """Where R counts parameters that the data do not determine, and its AIC moves by more."""
    spare = len(case.comparison.prepared.null) - len(comparison.prepared.null)
    if spare <= 0:
        return ()
    many = figures.count(spare, "parameter")
    return (
        f"R counts {many} of the present model that the data do not determine: its AIC moves by "
        f"{figures.signed(-2.0 * spare)} more",
    )


def compared(
    against: AgainstPresent,
    *,
    id: RemedyId,
    rung: int,
    title: str,
    formula: str,
    code: Code,
    changes: str,
    caveats: Sequence[str] = (),
    scope: Scope = "changes_model",
    clears: bool = False,
    criterion: float | None = None,
    lrt: LikelihoodRatio | None = None,
    cost: int = 0,
    effects: tuple[EffectChange, ...] = (),
    messages: tuple[str, ...] | None = None,
    order: int | None = None,
) -> Remedy:
    """Make a remedy; `against` is what is known of it, `not_compared(reason)` where that is nothing."""
    if code.python:
        caveats = (*caveats, NOT_TRIED)
    return Remedy(
        id=id,
        rung=rung,
        title=title,
        scope=scope,
        clears=clears,
        formula=formula,
        criterion=criterion,
        delta_aic=against.delta_aic,
        delta_bic=against.delta_bic,
        lrt=lrt,
        loss=against.loss,
        max_shift_se=against.max_shift_se,
        not_comparable=against.not_comparable,
        code=code,
        changes=changes,
        caveats=tuple(caveats),
        cost=cost,
        effects=effects,
        messages=messages,
        order=order,
    )
