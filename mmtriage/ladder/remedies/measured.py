"""The two kinds of remedy that rungs hand out, filled from what was measured."""

from __future__ import annotations

from collections.abc import Sequence

from mmtriage.diagnose.judgement import is_short
from mmtriage.engine.comparison import Comparison
from mmtriage.ladder.case import Case, Refit, common_shift, compare, is_alarm
from mmtriage.ladder.records import Attempt, Code, LikelihoodRatio, Remedy, RemedyId, Scope


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
) -> Remedy:
    """A way to the optimum of the present model that an attempt has shown; the optimum may be singular.

    `formula` is another way to write the model, and what lme4 would say of it is not what the attempt says.
    """
    alarms = [message for message in attempt.lme4_messages if is_alarm(message)]
    if alarms and formula is None:
        said = alarms[0].splitlines()[0]
        caveats = (*caveats, f"lme4 still warns, of a fit that is at its optimum: {said}")
    return Remedy(
        id=id,
        rung=rung,
        title=title,
        scope="same_model",
        clears=clears,
        formula=formula or case.formula.to_text(),
        criterion=attempt.criterion,
        delta_aic=0.0,
        delta_bic=0.0,
        lrt=None,
        loss=0.0,
        max_shift_se=0.0,
        not_comparable=None,
        code=code,
        changes=changes,
        caveats=tuple(caveats),
        cost=(attempt.evaluations or 0) if cost is None else cost,
    )


def changed_model_remedy(
    case: Case,
    comparison: Comparison,
    *,
    id: RemedyId,
    rung: int,
    title: str,
    changes: str,
    caveats: Sequence[str],
    lrt: LikelihoodRatio | None = None,
    code: Code | None = None,
    scope: Scope = "changes_model",
    in_users_columns: Comparison | None = None,
) -> Remedy:
    """Another model that was fitted, compared with the present one as far as that is fair.

    `in_users_columns` is the same model before its columns were rescaled: only there are coefficients of one
    name, above all the intercept, the same quantity.
    """
    against = compare(case, comparison)
    shift = (
        against.max_shift_se if in_users_columns is None else common_shift(case.comparison, in_users_columns)
    )
    text = comparison.prepared.design.formula.to_text()
    remedy = Remedy(
        id=id,
        rung=rung,
        title=title,
        scope=scope,
        clears=comparison.is_sound and not is_short(comparison),
        formula=text,
        criterion=comparison.optimum_fit.criterion,
        delta_aic=against.delta_aic,
        delta_bic=against.delta_bic,
        lrt=lrt,
        loss=against.loss,
        max_shift_se=shift,
        not_comparable=against.not_comparable,
        code=code or case.commands.both(text),
        changes=changes,
        caveats=tuple(caveats),
        cost=0 if comparison.lme4 is None else comparison.lme4.evaluations,
    )
    case.keep(
        remedy,
        Refit(prepared=comparison.prepared, fit=comparison.optimum_fit, place=comparison.optimum.place),
    )
    return remedy
