"""The ladder of a model without a fit: lme4 refuses it, or its criterion has no value where fits start.

Only rung 2 has something to try: the model without the terms that are to blame, or, where no mean could be
evaluated, with another link. What can be fitted is a `Tried` like any other of rung 2, except that there is
no present fit to compare it with; a search further down (`search_down.walked_down`) can start from it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from mmtriage.deadline import TimeBudgetError
from mmtriage.diagnose.finding import Finding
from mmtriage.diagnose.grouping import refusals
from mmtriage.diagnose.naming import term_text
from mmtriage.engine.comparison import Comparison
from mmtriage.errors import MmtriageError, UnjudgedError
from mmtriage.formula import Bar, Formula
from mmtriage.formula.edit import (
    INTERCEPT,
    bar_terms,
    compound_symmetry,
    drop_bar,
    drop_bar_term,
    swap_bar,
)
from mmtriage.formula.text import to_text
from mmtriage.ladder.against_present import not_compared
from mmtriage.ladder.case import Bench
from mmtriage.ladder.records import (
    RUNG_NUMBER,
    Proposal,
    RungResult,
    RungStatus,
    changed_model_result,
    with_proposals,
)
from mmtriage.ladder.remedies.change_link import CAVEATS, safe_link, title_of, with_link
from mmtriage.ladder.remedies.measured import arriving, compared, fitted_model
from mmtriage.ladder.remedies.plain_model import CHANGES
from mmtriage.ladder.remedies.read_missing import as_missing
from mmtriage.ladder.search_down import Tried, smaller_models
from mmtriage.ladder.steps import Step
from mmtriage.ladder.structured_steps import structures_of_levels
from mmtriage.model.design import Design
from mmtriage.model.lme4_versions import LME4_1_1
from mmtriage.model.ranef import RandomTerm

NO_MAXIMUM, PIRLS_FAILURE = "MM407", "MM408"
NO_PRESENT_FIT = not_compared("the present model cannot be fitted")


def unfitted_ladder(
    design: Design, findings: Sequence[Finding], bench: Bench, others: Sequence[Finding] = ()
) -> tuple[RungResult, ...]:
    """Make five results: rung 2 tries the model without what `findings` blame, no other rung applies.

    Args:
        others: findings that are no errors, of which one may be the cause.
    """
    is_refused = findings[0].code not in (NO_MAXIMUM, PIRLS_FAILURE)
    what = "lme4 would refuse to fit this model" if is_refused else "no fit exists"
    results = [
        RungResult(rung=number, id=rung, status="not_applicable", reason=f"{what}: {findings[0].message}")
        for rung, number in RUNG_NUMBER.items()
    ]
    smaller = _rung_two(design, findings, bench)
    if proposals := _with_numbers(design, others, bench):
        reason = "the model was fitted to the table without its stray text"
        smaller = smaller or changed_model_result("simplify", proposals[:0], reason)
        clears = smaller.status == "cleared_by_change" or any(p.remedy.clears for p in proposals)
        status: RungStatus = "cleared_by_change" if clears else "no_effect"
        smaller = with_proposals(replace(smaller, status=status), proposals)
    return tuple(smaller if smaller is not None and r.id == smaller.id else r for r in results)


def _with_numbers(design: Design, findings: Sequence[Finding], bench: Bench) -> list[Proposal]:
    """The same model of a table in which stray text is missing, if that has a fit."""
    try:
        return list(as_missing(bench, design.formula, findings))
    except TimeBudgetError:
        raise
    except MmtriageError:
        return []


def _rung_two(design: Design, findings: Sequence[Finding], bench: Bench) -> RungResult | None:
    """Try smaller models or, where no term is to blame and no mean could be evaluated, another link."""
    steps = _steps(design, findings)
    if steps:
        return _simplified(steps, bench)
    return _relinked(design, bench) if any(f.code == PIRLS_FAILURE for f in findings) else None


def _steps(design: Design, findings: Sequence[Finding]) -> list[Step]:
    """Lead away from the terms that are to blame: first without their slopes, then without the terms."""
    blamed = [term for term in design.random if any(term_text(term) in f.terms for f in findings)]
    without_slopes = without = design.formula
    for term in blamed:
        without_slopes = _intercept_only(without_slopes, term)
        without = drop_bar(without, term.bar)
    larger = [*_larger(design.formula, blamed), *_structured(design, blamed)]
    formulas = dict.fromkeys(f for f in (*larger, without_slopes, without) if f != design.formula)
    return [Step(f"refit {formula.to_text()}", formula, None, "") for formula in formulas]


def _larger(formula: Formula, blamed: Sequence[RandomTerm]) -> Iterator[Formula]:
    """Structures between the refused one and its intercepts: one interaction or slope less, and for factors
    compound symmetry, which needs no more effects than there are cells.
    """
    crossed = fewer = formula
    for term in blamed:
        bars = _crossed(term)
        crossed = swap_bar(crossed, term.bar, bars)
        bar = term.bar
        for label in sorted(bar_terms(bar), key=lambda label: -label.count(":")):
            smaller = drop_bar_term(bar, label) if label != INTERCEPT else None
            if smaller is None:
                continue
            bar = smaller
            yield swap_bar(fewer, term.bar, [bar])
    if crossed != formula:
        yield crossed


def _structured(design: Design, blamed: Sequence[RandomTerm]) -> Iterator[Formula]:
    """Structures of the same effects with few parameters, of which lme4 2.x allows as many as rows."""
    if design.spec.version == LME4_1_1:
        return
    for term in blamed:
        if len(term.levels) > 1:
            yield from (step.formula for step in structures_of_levels(design.formula, term))


def _crossed(term: RandomTerm) -> list[Bar]:
    """`(1 + f | g)` as `(1 | g) + (1 | g:f)`, for every factor of a bar."""
    bar, made = term.bar, []
    for factor in term.factors:
        if any(factor in map(to_text, t.variables) for t in bar.terms):
            bar, cells = compound_symmetry(bar, factor)
            made.append(cells)
    return [bar, *made]


def _intercept_only(formula: Formula, term: RandomTerm) -> Formula:
    bar = term.bar
    for label in bar_terms(bar):
        smaller = drop_bar_term(bar, label) if label != INTERCEPT else None
        bar = smaller if smaller is not None else bar
    return swap_bar(formula, term.bar, [bar])


def _simplified(steps: Sequence[Step], bench: Bench) -> RungResult:
    proposals = list(_proposals(steps, bench))
    sound = next((p.remedy.formula for p in proposals if p.remedy.clears), None)
    reason = "no smaller model that can be fitted is sound" if sound is None else f"`{sound}` can be fitted"
    return changed_model_result("simplify", proposals, reason)


def _proposals(steps: Sequence[Step], bench: Bench) -> Iterator[Proposal]:
    """Make remedies of the smaller models, but for those that cannot be fitted either."""
    tried = _searched([step for step in steps if step.formula.random], bench)
    best = min((t.comparison.optimum_fit.aic for t in tried if t.comparison.is_sound), default=0.0)
    for one in tried:
        # There is no present fit to lose from: the best of these takes its place in the ranking.
        yield _proposal(one, bench, loss=one.comparison.optimum_fit.aic - best)
    for step in () if tried else steps:
        if not step.formula.random:
            yield _plain(step.formula.to_text(), bench)


def _searched(steps: Sequence[Step], bench: Bench) -> list[Tried]:
    """Fit what can be fitted; from the largest that is not sound search on downwards, as rung 2 does."""
    found: dict[Formula, Tried] = {}
    for step in steps:
        if step.formula in found:
            continue
        tried = _tried(step, bench)
        if tried is None:
            continue
        is_first = not found
        found[step.formula] = tried
        if is_first and not tried.comparison.is_sound:
            for smaller in smaller_models(bench, tried.comparison):
                found.setdefault(smaller.step.formula, smaller)
    return [tried for tried in found.values() if not tried.comparison.prepared.null]


def _tried(step: Step, bench: Bench) -> Tried | None:
    design = bench.build(step.formula)
    comparison = None if refusals(design) else _fit_or_none(design, bench)
    return None if comparison is None else Tried(step, comparison)


def _proposal(tried: Tried, bench: Bench, loss: float) -> Proposal:
    text = tried.comparison.prepared.design.formula.to_text()
    return fitted_model(
        tried.comparison,
        replace(NO_PRESENT_FIT, loss=loss),
        id="drop-refused",
        title=f"Leave out what cannot be estimated: {text}",
        label=tried.step.title,
        code=arriving(bench.commands, tried.comparison).both(text),
        changes="the random-effects structure",
    )


def _relinked(design: Design, bench: Bench) -> RungResult | None:
    """Try a link whose means are all in range, where no mean could be evaluated."""
    safe = safe_link(design.spec)
    if safe is None:
        return None
    link, meaning = safe
    comparison = _fit_or_none(bench.build(design.formula, link=link), bench)
    if comparison is None:
        return None
    proposal = fitted_model(
        comparison,
        NO_PRESENT_FIT,
        id="change-link",
        title=title_of(link),
        code=arriving(with_link(bench.commands, link), comparison).both(design.formula.to_text()),
        changes=meaning,
        caveats=CAVEATS,
    )
    return changed_model_result("simplify", [proposal], f"with the {link} link the model can be fitted")


def _fit_or_none(design: Design, bench: Bench) -> Comparison | None:
    """Fit another model; None if it has the same fault, or one of its own."""
    try:
        return bench.fit(design)
    except TimeBudgetError:
        raise
    except UnjudgedError:
        return None


def _plain(text: str, bench: Bench) -> Proposal:
    """Recommend the model without random effects, which does not need to be fitted for that."""
    remedy = compared(
        NO_PRESENT_FIT,
        id=bench.options.spec.r_plain,
        rung=2,
        title=f"Nothing random can be estimated: plain {bench.commands.r_function('plain')}",
        formula=text,
        code=bench.commands.in_r(text, kind="plain"),
        changes=CHANGES,
        caveats=("if groups were sampled by design, say so in the report",),
    )
    return Proposal(remedy=remedy, attempt=None)
