"""The ladder for a model that lme4 refuses: nothing can be fitted, so only leaving something out is tried."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from mmtriage.deadline import TimeBudgetError
from mmtriage.diagnose.finding import Finding
from mmtriage.diagnose.grouping import refusals
from mmtriage.diagnose.judgement import is_short
from mmtriage.diagnose.naming import term_text
from mmtriage.engine.comparison import Comparison
from mmtriage.errors import UnjudgedError
from mmtriage.formula import Formula
from mmtriage.formula.edit import INTERCEPT, bar_terms, drop_bar, drop_bar_term, swap_bar
from mmtriage.ladder.case import changed_model_attempt
from mmtriage.ladder.emitted.commands import Commands
from mmtriage.ladder.records import RUNG_NUMBER, Attempt, Remedy, RungResult
from mmtriage.ladder.remedies.change_link import CAVEATS, safe_link, with_link
from mmtriage.ladder.remedies.plain_model import plain_id
from mmtriage.model.design import Design
from mmtriage.model.ranef import RandomTerm

MAX_CANDIDATES = 8


def refused_ladder(
    design: Design,
    findings: Sequence[Finding],
    commands: Commands,
    build: Callable[..., Design],
    fit: Callable[[Design], Comparison],
) -> tuple[RungResult, ...]:
    """Five results: rung 2 tries the model without what is refused, the others are not applicable."""
    is_refused = findings[0].code not in ("MM407", "MM408")
    reason = (
        f"{'lme4 would refuse to fit this model' if is_refused else 'no fit exists'}: {findings[0].message}"
    )
    results = [
        RungResult(rung=number, id=rung, status="not_applicable", reason=reason)
        for rung, number in RUNG_NUMBER.items()
    ]
    simpler = [c for c in _candidates(design, findings) if c is not None][:MAX_CANDIDATES]
    if simpler:
        results[1] = _simplified(simpler, commands, build, fit)
    elif any(f.code == "MM408" for f in findings):
        results[1] = _relinked(design, results[1], commands, build, fit)
    return tuple(results)


def _relinked(
    design: Design,
    otherwise: RungResult,
    commands: Commands,
    build: Callable[..., Design],
    fit: Callable[[Design], Comparison],
) -> RungResult:
    """The same formula with a link whose means are all in range, where no mean could be evaluated."""
    safe = safe_link(design.spec.family, design.spec.link)
    if safe is None:
        return otherwise
    link, meaning = safe
    title = f"Use the {link} link"
    try:
        comparison = fit(build(design.formula, link=link))
    except TimeBudgetError:
        raise
    except UnjudgedError:
        return otherwise
    remedy = replace(
        _remedy(design.formula.to_text(), comparison, with_link(commands, link)),
        id="change-link",
        title=title,
        changes=meaning,
        caveats=CAVEATS,
    )
    return RungResult(
        rung=2,
        id="simplify",
        status="cleared_by_change" if remedy.clears else "no_effect",
        reason=f"with the {link} link the model can be fitted",
        attempts=(changed_model_attempt(title, comparison),),
        remedies=(remedy,),
    )


def _candidates(design: Design, findings: Sequence[Finding]) -> list[Formula]:
    """Formulas without the refused terms: first without their slopes, then without the terms."""
    blamed = [term for term in design.random if any(term_text(term) in f.terms for f in findings)]
    if not blamed:
        return []
    without_slopes = design.formula
    without = design.formula
    for term in blamed:
        without_slopes = _intercept_only(without_slopes, term)
        without = drop_bar(without, term.bar)
    return list(dict.fromkeys(f for f in (without_slopes, without) if f != design.formula))


def _intercept_only(formula: Formula, term: RandomTerm) -> Formula:
    bar = term.bar
    for label in bar_terms(bar):
        smaller = drop_bar_term(bar, label) if label != INTERCEPT else None
        bar = smaller if smaller is not None else bar
    return swap_bar(formula, term.bar, [bar])


def _simplified(
    formulas: Sequence[Formula],
    commands: Commands,
    build: Callable[[Formula], Design],
    fit: Callable[[Design], Comparison],
) -> RungResult:
    attempts: list[Attempt] = []
    remedies: list[Remedy] = []
    for formula in formulas:
        text = formula.to_text()
        if not formula.random:
            remedies.append(_plain(text, commands))
            continue
        design = build(formula)
        if refusals(design):
            continue
        try:
            comparison = fit(design)
        except TimeBudgetError:
            raise
        except UnjudgedError:  # it has the same fault, or one of its own
            continue
        attempts.append(changed_model_attempt(f"refit {text}", comparison))
        remedies.append(_remedy(text, comparison, commands))
    sound = next((remedy.formula for remedy in remedies if remedy.clears), None)
    reason = "no smaller model that can be fitted is sound" if sound is None else f"`{sound}` can be fitted"
    return RungResult(
        rung=2,
        id="simplify",
        status="no_effect" if sound is None else "cleared_by_change",
        reason=reason,
        attempts=tuple(attempts),
        remedies=tuple(remedies),
    )


def _remedy(text: str, comparison: Comparison, commands: Commands) -> Remedy:
    return Remedy(
        id="drop-refused",
        rung=2,
        title=f"Leave out what cannot be estimated: {text}",
        scope="changes_model",
        clears=comparison.is_sound and not is_short(comparison),
        formula=text,
        criterion=comparison.optimum_fit.criterion,
        delta_aic=None,
        delta_bic=None,
        lrt=None,
        loss=None,
        max_shift_se=None,
        not_comparable="the present model cannot be fitted",
        code=commands.both(text),
        changes="the random-effects structure",
        cost=0 if comparison.lme4 is None else comparison.lme4.evaluations,
    )


def _plain(text: str, commands: Commands) -> Remedy:
    return Remedy(
        id=plain_id(commands.options),
        rung=2,
        title=f"Nothing random can be estimated: plain {commands.r_function('plain')}",
        scope="changes_model",
        clears=False,
        formula=text,
        criterion=None,
        delta_aic=None,
        delta_bic=None,
        lrt=None,
        loss=None,
        max_shift_se=None,
        not_comparable="the present model cannot be fitted",
        code=commands.in_r(text, kind="plain"),
        changes="no random effects are left: rows are treated as independent",
        caveats=("if groups were sampled by design, say so in the report",),
    )
