"""Rung 1: centre and scale the columns, refit, transform back.

What it tries: the same model on standardised columns, `Z_s = Z T` per correlated block, by the same
optimiser; also scaling alone and centring alone, which tells the two causes apart.
Why it helps: an optimiser with one trust radius for all parameters cannot see a slope variance of 1e-13,
nor follow the ridge that a far origin makes of intercept and slope. lme4's own autoscale leaves Z alone and
cannot help.
What it changes: nothing. beta, vcov, Sigma and the criterion are transformed back exactly (REML: + 2 sum
log s_j); X needs no transformation here, since a linear mixed model profiles beta out: scaling X alone
never moves theta.
When it misleads: centring a slope without an intercept in its own block (`||`) is another model, so there
the columns are only scaled. Two-valued columns are left as they are. Group-mean centring asks another
question: offered as another model.
References: Enders & Tofighi 2007, Psychological Methods 12(2); lme4 ?convergence.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from mmtriage.deadline import TimeBudgetError
from mmtriage.diagnose.data import Slope, slopes
from mmtriage.diagnose.judge import allowed_gap
from mmtriage.diagnose.random import within_share
from mmtriage.engine.coordinates import Array
from mmtriage.engine.lme4_checks import SINGULAR_MESSAGE
from mmtriage.engine.trial import Trial
from mmtriage.errors import MmtriageError
from mmtriage.formula import Formula
from mmtriage.formula.edit import add_fixed, replace_fixed_variable, replace_variable, with_random
from mmtriage.formula.nodes import Name
from mmtriage.ladder.case import (
    Case,
    changed_model_attempt,
    compare,
    is_alarm,
    reaches_optimum,
    same_model_attempt,
)
from mmtriage.ladder.rung import Attempt, Code, Remedy, RungResult, RungStatus

IMPROVED = 1e-4  # deviance units that count as an improvement
MIXED = (0.02, 0.98)  # within-group share of a slope's variance between which it mixes two questions


@dataclass(frozen=True, slots=True)
class Move:
    """One way to change columns: which parts of standardising it does."""

    label: str
    centre: bool
    scale: bool


MOVES = (
    Move("centre and scale", True, True),
    Move("scale only", False, True),
    Move("centre only", True, False),
)


def applies(case: Case) -> str | None:
    """Why this rung is skipped, or None."""
    del case
    return None


def climb(case: Case) -> RungResult:
    """The same model on other columns; group-mean centring beside it."""
    movable = [s for s in slopes(case.design) if s.sd > 0]
    if not movable:
        reason = (
            "no continuous random-slope column: scaling the columns of X alone never moves theta of a linear "
            "mixed model"
        )
        return RungResult(
            rung=1, id="rescale", status="no_effect" if case.is_suspect else "not_needed", reason=reason
        )
    attempts: list[Attempt] = []
    for move in MOVES:
        if move.centre and not any(s.has_intercept for s in movable):
            continue
        began = time.perf_counter()
        run = case.run(
            case.trial.prepared, transform=_transforms(case, movable, move), maxfun=case.options.maxfun
        )
        attempts.append(same_model_attempt(case, move.label, run, time.perf_counter() - began))
    status, reason = _status(case, attempts, movable)
    remedies = [_remedy(case, attempts, movable)] if status == "cleared" else []
    for attempt, remedy in _group_mean_centring(case):
        attempts.append(attempt)
        remedies.append(remedy)
    return RungResult(
        rung=1, id="rescale", status=status, reason=reason, attempts=tuple(attempts), remedies=tuple(remedies)
    )


def _transforms(case: Case, movable: Sequence[Slope], move: Move) -> list[Array]:
    """T (k, k) of every term: `Z_s = Z T`."""
    transforms = []
    for term in case.design.random:
        T = np.eye(len(term.columns))
        for slope in movable:
            if slope.term is not term:
                continue
            scale = slope.sd if move.scale else 1.0
            T[slope.index, slope.index] = 1.0 / scale
            if move.centre and slope.has_intercept:
                T[term.columns.index("(Intercept)"), slope.index] = -slope.mean / scale
        transforms.append(T)
    return transforms


def _status(case: Case, attempts: Sequence[Attempt], movable: Sequence[Slope]) -> tuple[RungStatus, str]:
    names = ", ".join(f"`{name}`" for name in dict.fromkeys(s.column for s in movable))
    if not case.is_suspect:
        return "not_needed", "the baseline is at the proven optimum as it is"
    if all(a.criterion is None for a in attempts):
        return "failed", f"the fit stops with an error on other columns too: {attempts[0].note}"
    clearing = [a.label for a in attempts if reaches_optimum(case, a)]
    if clearing:
        return (
            "cleared",
            f"with {names} rescaled ({', '.join(clearing)}) the same optimizer reaches the proven optimum",
        )
    if case.verdict.status in ("singular", "unidentifiable"):
        return (
            "no_effect",
            f"rescaling {names} does not change the verdict: scale and origin are not its cause",
        )
    best = min(a.criterion for a in attempts if a.criterion is not None)
    before = np.inf if case.trial.baseline is None else case.trial.baseline.criterion
    if best < before - IMPROVED:
        where = "which is singular" if case.trial.is_singular else "and lme4's checks still object"
        gap = best - case.trial.reference_fit.criterion
        return (
            "improved",
            f"with {names} rescaled the fit ends {gap:.3g} deviance units above the optimum, {where}",
        )
    return "no_effect", f"rescaling {names} does not bring the fit nearer to the optimum"


def proven_causes(case: Case, ladder: Sequence[RungResult]) -> tuple[str, ...]:
    """Which of scale (MM101) and origin (MM106) the attempts of this rung prove guilty."""
    if case.verdict.status not in ("not_converged", "false_alarm"):
        return ()
    attempts = next((r.attempts for r in ladder if r.id == "rescale"), ())
    reached = {a.label for a in attempts if a.certified and not any(map(is_alarm, _own_alarms(a)))}
    by_scale, by_centre = "scale only" in reached, "centre only" in reached
    if by_scale and not by_centre:
        return ("MM101",)
    if by_centre and not by_scale:
        return ("MM106",)
    return ("MM101", "MM106") if "centre and scale" in reached and not by_scale else ()


def _own_alarms(attempt: Attempt) -> tuple[str, ...]:
    """Messages of an attempt that say more than that the optimum is singular."""
    return tuple(m for m in attempt.lme4_messages if m != SINGULAR_MESSAGE)


def _rewritten(case: Case, movable: Sequence[Slope], move: Move) -> Formula | None:
    """The formula in rescaled variables; None if that is not the same model (proven by its ML criterion)."""
    for with_fixed in (True, False):  # X may stay as it is: in `I(x > 3)` a rescaled x is another column
        formula = _in_new_variables(case.formula, movable, move, with_fixed=with_fixed)
        if formula != case.formula and _is_same_model(case, formula):
            return formula
    return None


def _in_new_variables(formula: Formula, movable: Sequence[Slope], move: Move, *, with_fixed: bool) -> Formula:
    for name in dict.fromkeys(s.column for s in movable):
        new = _expression(next(s for s in movable if s.column == name), move)
        if with_fixed:
            formula = replace_fixed_variable(formula, name, new)
        formula = with_random(formula, [replace_variable(bar, name, new) for bar in formula.random])
    return formula


def _is_same_model(case: Case, formula: Formula) -> bool:
    try:
        rewritten = case.fit_ml(case.fit(case.build(formula)).prepared)
    except TimeBudgetError:
        raise
    except MmtriageError:  # `log(x)` of a centred x has no values
        return False
    present = case.fit_ml(case.trial.prepared)
    return abs(rewritten.criterion - present.criterion) <= allowed_gap(present.criterion)


def _remedy(case: Case, attempts: Sequence[Attempt], movable: Sequence[Slope]) -> Remedy:
    cleared = next(a for a in attempts if reaches_optimum(case, a))
    move = next(m for m in MOVES if m.label == cleared.label)
    formula = _rewritten(case, movable, move)
    text = (formula or case.formula).to_text()
    code = Code(mmtriage=None, lme4=None) if formula is None else case.commands.both(text)
    verb = {"centre and scale": "Centre and scale", "scale only": "Scale", "centre only": "Centre"}[
        move.label
    ]
    names = ", ".join(dict.fromkeys(s.column for s in movable))
    return Remedy(
        id="rescale",
        rung=1,
        title=f"{verb} {names}",
        scope="same_model",
        clears=True,
        formula=text,
        criterion=cleared.criterion,
        delta_aic=0.0,
        delta_bic=0.0,
        lrt=None,
        loss=0.0,
        max_shift_se=0.0,
        not_comparable=None,
        code=code,
        changes="nothing: the same model in other units; estimates transformed back are in this report",
        caveats=(
            "the slope's coefficient and SD are now per rescaled unit, the intercept is at the new origin, "
            "and a REML criterion differs by the constant 2 sum log s",
        ),
        cost=cleared.evaluations or 0,
    )


def _expression(slope: Slope, move: Move) -> str:
    """The rescaled column as a formula writes it, with round numbers: any near the mean and SD will do."""
    centre = _rounded(slope.mean, slope.sd) if move.centre and slope.has_intercept else 0.0
    scale = float(f"{slope.sd:.1g}") if move.scale else 1.0
    shifted = slope.column if centre == 0 else f"({slope.column} - {centre:.15g})"
    if centre < 0:
        shifted = f"({slope.column} + {-centre:.15g})"
    return f"I({shifted} / {scale:.15g})" if scale != 1 else f"I{shifted}"


def _rounded(mean: float, sd: float) -> float:
    """A number near the mean, as round as a tenth of the SD allows."""
    step = 10.0 ** np.floor(np.log10(sd))
    return float(np.round(mean / step) * step)


def _group_mean_centring(case: Case) -> list[tuple[Attempt, Remedy]]:
    """Within-group centring of each slope that mixes within- and between-group variation: another model."""
    if case.verdict.status == "converged" and not case.options.all_rungs:
        return []
    found = []
    for slope in slopes(case.design):
        share = within_share(slope.term, slope.index)
        is_plain = any(
            isinstance(v, Name) and v.name == slope.column for t in slope.term.bar.terms for v in t.variables
        )
        if not (
            is_plain and MIXED[0] < share < MIXED[1] and case.design.variables[slope.column].kind == "numeric"
        ):
            continue
        for with_mean in (False, True):
            try:
                found.append(_centred_within(case, slope, with_mean=with_mean))
            except TimeBudgetError:
                raise
            except MmtriageError:  # `log(x)` of a centred x, say: this one cannot be offered
                continue
        break
    return found


def _centred_within(case: Case, slope: Slope, *, with_mean: bool) -> tuple[Attempt, Remedy]:
    name, group = slope.column, slope.term.group
    within, between = f"{name}_within", f"{name}_mean"
    formula = replace_fixed_variable(case.formula, name, within)
    formula = with_random(formula, [replace_variable(bar, name, within) for bar in formula.random])
    if with_mean:
        formula = add_fixed(formula, between)
    codes, values = slope.term.codes, slope.term.Z[:, slope.index]
    means = (np.bincount(codes, values) / np.bincount(codes))[codes]
    columns = {within: values - means, between: means}
    trial: Trial = case.fit(case.build(formula, columns={k: _on_table(case, v) for k, v in columns.items()}))
    label = f"{name} centred within {group}" + (", group mean added" if with_mean else "")
    comparison = compare(case, trial)
    r_group = " : ".join(part.strip() for part in group.split(":"))
    before = [f"d${between} <- ave(d${name}, {_r_group(r_group)})", f"d${within} <- d${name} - d${between}"]
    text = formula.to_text()
    remedy = Remedy(
        id="cwc-mean" if with_mean else "cwc",
        rung=1,
        title=f"Centre {name} within {group}" + (" and add its group mean" if with_mean else ""),
        scope="changes_model",
        clears=trial.is_sound and trial.gap is not None,
        formula=text,
        criterion=trial.reference_fit.criterion,
        delta_aic=comparison.delta_aic,
        delta_bic=comparison.delta_bic,
        lrt=None,
        loss=comparison.loss,
        max_shift_se=comparison.max_shift_se,
        not_comparable=comparison.not_comparable,
        code=replace(case.commands.both(text, before=before), mmtriage=None),
        changes=(
            f"the slope becomes the effect of {name} within {group}; differences between groups are "
            + ("a separate coefficient" if with_mean else "no longer adjusted for")
        ),
        caveats=("another question, not another route to the same answer (Enders & Tofighi 2007)",),
        cost=trial.baseline.evaluations if trial.baseline is not None else 0,
    )
    return changed_model_attempt(label, trial), remedy


def _on_table(case: Case, values: Array) -> Array:
    """Values on the rows in use as a column of the table, missing elsewhere."""
    column = np.full(case.design.missing.rows_read, np.nan)
    column[case.design.rows] = values
    return column


def _r_group(group: str) -> str:
    parts = group.split(" : ")
    return ", ".join(f"d${part}" for part in parts)
