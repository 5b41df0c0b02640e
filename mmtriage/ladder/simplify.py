"""Rung 2: a smaller random-effects structure.

What it tries: first what the design cannot identify (MM304, MM308, MM309); then, one term at a time, no
correlations (factors expanded to columns, so that it is really diagonal), compound symmetry for factors,
then fewer slopes, the one that contributes least to the variance of the response, n^-1 tr(Z S Z'), first.
At the end correlations are tried again.
Why it helps: a covariance that the data cannot fill has its optimum on the boundary.
What it changes: the model. Each grouping keeps its intercept; terms named by --keep stay.
When it misleads: dropping a slope that is really there makes the test of its fixed effect too liberal (Barr
et al. 2013); keeping every slope costs power (Matuschek et al. 2017). A test that does not reject is no
proof of zero.
References: Barr, Levy, Scheepers & Tily 2013, JML 68; Bates, Kliegl, Vasishth & Baayen 2015,
arXiv:1506.04967; Matuschek et al. 2017, JML 94; Stram & Lee 1994, Biometrics 50.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from mmtriage.deadline import TimeBudgetError
from mmtriage.diagnose.grouping import HARDLY_VARIES, within_share
from mmtriage.diagnose.judgement import is_short
from mmtriage.engine.comparison import Comparison
from mmtriage.engine.linear.identifiability import NullDirection
from mmtriage.errors import MmtriageError
from mmtriage.formula import Formula
from mmtriage.formula.edit import (
    INTERCEPT,
    bar_terms,
    compound_symmetry,
    drop_bar,
    drop_bar_term,
    drop_correlations,
    make_bar,
    swap_bar,
    with_random,
)
from mmtriage.formula.text import to_text
from mmtriage.ladder.bootstrap import bootstrap_statistics
from mmtriage.ladder.case import Case, changed_model_attempt, compare, likelihood_ratio
from mmtriage.ladder.kept_terms import is_kept
from mmtriage.ladder.lrt import Removal, RemovalKind, likelihood_ratio_test
from mmtriage.ladder.records import Attempt, LikelihoodRatio, Remedy, RungResult, RungStatus
from mmtriage.ladder.remedies.measured import changed_model_remedy
from mmtriage.ladder.remedies.plain_model import plain_model
from mmtriage.ladder.rewriting import in_new_variables, is_same_model
from mmtriage.ladder.standardized import MOVES, movable_columns
from mmtriage.model.ranef import RandomTerm

MAX_STEPS = 12  # of the walk down; each fits one model


@dataclass(frozen=True, slots=True)
class Step:
    """A proposal: another formula, and what it gives up."""

    title: str
    formula: Formula
    removal: Removal | None  # None: not nested by leaving out covariance parameters
    weakens: str  # which inference it weakens


@dataclass(frozen=True, slots=True, eq=False)
class Tried:
    """A proposal that was fitted."""

    step: Step
    comparison: Comparison
    raw: Comparison | None = (
        None  # the same model on the user's columns, where `comparison` is on rescaled ones
    )


def applies(case: Case) -> str | None:
    """Why this rung is skipped, or None."""
    del case
    return None


def climb(case: Case) -> RungResult:
    """Walk down from the present structure until a model is sound."""
    if not case.comparison.is_singular and not case.comparison.prepared.null:
        reason = "the random-effects structure is not the trouble"
        if case.verdict.status != "unidentifiable":
            reason += ": the proven optimum is identified and not singular"
        return RungResult(rung=2, id="simplify", status="not_needed", reason=reason)
    tried = _structural(case) if case.comparison.prepared.null else _walk_down(case)
    attempts = [changed_model_attempt(t.step.title, t.comparison) for t in tried]
    remedies = [_remedy(case, t) for t in tried]
    if any(direction.absorbed for direction in case.comparison.prepared.null):
        plain = _plain(case)
        attempts += [attempt for attempt, _ in plain]
        remedies += [remedy for _, remedy in plain]
    sound = [r for r in remedies if r.clears]
    status: RungStatus
    if sound:
        reason = f"`{sound[0].formula}` is identified, certified and not singular"
        status = "cleared_by_change"
    elif remedies:
        reason, status = "every smaller structure tried is singular or not identified too", "no_effect"
    else:
        reason, status = "nothing can be taken away: each grouping has only its intercept", "no_effect"
    return RungResult(
        rung=2,
        id="simplify",
        status=status,
        reason=reason,
        attempts=tuple(attempts),
        remedies=tuple(remedies),
    )


def _fitted(case: Case, step: Step) -> Tried:
    """Fit a proposal; on rescaled columns if lme4's own fit of it stops short for no other reason."""
    comparison = case.fit(case.build(step.formula))
    if not (comparison.is_sound and is_short(comparison)):
        return Tried(step, comparison)
    design = comparison.prepared.design
    for formula in in_new_variables(design, movable_columns(design), MOVES[0]):
        rescaled = _built_and_fitted(case, formula)
        if rescaled is None or is_short(rescaled) or not rescaled.is_sound:
            continue
        if is_same_model(case, comparison, rescaled):  # `log(x + 1)` of a rescaled x is another column
            return Tried(replace(step, title=f"{step.title}, on rescaled columns"), rescaled, comparison)
    return Tried(step, comparison)


def _built_and_fitted(case: Case, formula: Formula) -> Comparison | None:
    """The fit of a formula in other variables; None where they have no values: the log of a centered x."""
    try:
        return case.fit(case.build(formula))
    except TimeBudgetError:
        raise
    except MmtriageError:
        return None


def _structural(case: Case) -> list[Tried]:
    """Repairs of what the design cannot identify; from a repaired model that is singular the walk goes on."""
    tried: list[Tried] = []
    seen = {case.formula}
    for step in _structural_steps(case, case.comparison):
        if step.formula not in seen and len(tried) < MAX_STEPS:
            seen.add(step.formula)
            tried.append(_fitted(case, step))
    if tried and not any(t.comparison.is_sound for t in tried):
        start = min(
            tried, key=lambda t: (len(t.comparison.prepared.null), t.comparison.optimum_fit.criterion)
        )
        if start.comparison.prepared.null:
            again = _structural_steps(case, start.comparison)
            tried += [_fitted(case, s) for s in list(again)[:MAX_STEPS] if s.formula not in seen]
            start = min(
                tried, key=lambda t: (len(t.comparison.prepared.null), t.comparison.optimum_fit.criterion)
            )
        if not start.comparison.prepared.null and not start.comparison.is_sound:
            tried += _walk_down(case, start.comparison)
    return tried


def _structural_steps(case: Case, comparison: Comparison) -> Iterator[Step]:
    design = comparison.prepared.design
    for direction in comparison.prepared.null:
        for t in direction.terms:
            term = design.random[t]
            constant = [
                label
                for label in bar_terms(term.bar)
                if label != INTERCEPT
                and _is_constant(term, label)
                and not is_kept(case.options.keep, term.bar, label)
            ]
            within_bar = [] if constant or len(direction.terms) > 1 else _named_slopes(term, direction)
            for label in [*constant, *(s for s in within_bar if not is_kept(case.options.keep, term.bar, s))]:
                yield from _drop_term_step(case, comparison, term, label)
            if direction.absorbed and INTERCEPT in bar_terms(term.bar) and len(bar_terms(term.bar)) > 1:
                yield _drop_intercept_step(design.formula, term)
            others = [other for other in design.random if other is not term and other.group == term.group]
            has_intercept = any(INTERCEPT in bar_terms(other.bar) for other in others)
            is_slope_only = INTERCEPT not in bar_terms(term.bar)
            can_go = is_slope_only or has_intercept or len(direction.terms) > 1 or direction.absorbed
            if (
                can_go
                and len(design.random) > 1
                and not constant
                and not is_kept(case.options.keep, term.bar)
            ):
                yield Step(
                    title=f"drop {term.bar.to_text()}",
                    formula=drop_bar(design.formula, term.bar),
                    removal=_whole_term(term),
                    weakens="nothing: the design could not tell this term from the others",
                )


def _drop_intercept_step(formula: Formula, term: RandomTerm) -> Step:
    """The slopes alone, where the fixed effects absorb the intercepts."""
    slopes_alone = drop_bar_term(term.bar, INTERCEPT)
    assert slopes_alone is not None
    return Step(
        title=f"drop the intercept of {term.bar.to_text()}",
        formula=swap_bar(formula, term.bar, [slopes_alone]),
        removal=None,
        weakens="nothing: the fixed effects estimate these intercepts already",
    )


def _named_slopes(term: RandomTerm, direction: NullDirection) -> list[str]:
    """The slopes whose (co)variances a null direction of one term changes, the last of the bar first."""
    columns = {column for part in direction.parts if part.term is not None for column in (part.a, part.b)}
    labels = bar_terms(term.bar)
    numbers = {term.assign[column] - (0 if term.bar.intercept else 1) for column in columns}
    return [labels[number] for number in sorted(numbers, reverse=True) if labels[number] != INTERCEPT]


def _is_constant(term: RandomTerm, label: str) -> bool:
    columns = _columns_of(term, label)
    return bool(columns) and all(within_share(term, j) <= HARDLY_VARIES for j in columns)


def _walk_down(case: Case, start: Comparison | None = None) -> list[Tried]:
    comparison = start or case.comparison
    tried: list[Tried] = []
    for _ in range(MAX_STEPS):
        step = _next_step(case, comparison)
        if step is None:
            break
        for proposal in step:
            tried.append(_fitted(case, proposal))
        comparison = min(
            (t.comparison for t in tried[-len(step) :]), key=lambda t: (not t.is_sound, t.optimum_fit.aic)
        )
        if comparison.is_sound:
            break
    if tried and comparison.is_sound:
        tried += _bring_back_correlations(case, comparison, {t.step.formula for t in tried})
    return tried


def _next_step(case: Case, comparison: Comparison) -> list[Step] | None:
    """The next proposals down from a singular model, or None when nothing is left to take away."""
    design = comparison.prepared.design
    ranks = comparison.optimum.certificate.ranks
    supports = comparison.prepared.supports
    singular = [t for t, (rank, support) in enumerate(zip(ranks, supports, strict=True)) if rank < support]
    shares = comparison.optimum_fit.shares
    for t in sorted(singular, key=lambda t: shares[t]):
        term = design.random[t]
        if len(term.columns) > 1:
            proposals = [_uncorrelated_step(comparison, term), *_compound_steps(comparison, term)]
            steps = [s for s in proposals if s.formula != design.formula] or _slope_steps(
                case, comparison, term
            )
            if steps:
                return steps
    for t in sorted(singular, key=lambda t: shares[t]):
        term = design.random[t]
        steps = _slope_steps(case, comparison, term)
        if steps:
            return steps
    return None


def _uncorrelated_step(comparison: Comparison, term: RandomTerm) -> Step:
    design = comparison.prepared.design
    k = len(term.columns)
    bars = drop_correlations(term.bar, term.factors)
    return Step(
        title=f"no correlations in {term.bar.to_text()}",
        formula=swap_bar(design.formula, term.bar, bars),
        removal=Removal("correlations", k * (k - 1) // 2, k),
        weakens=(
            "correlations between the random effects are assumed to be zero; this depends on where the "
            "predictors have their zero"
        ),
    )


def _compound_steps(comparison: Comparison, term: RandomTerm) -> list[Step]:
    steps = []
    for factor in term.factors:
        k = len(term.columns)
        steps.append(
            Step(
                title=f"compound symmetry of {factor} in {term.bar.to_text()}",
                formula=swap_bar(
                    comparison.prepared.design.formula, term.bar, compound_symmetry(term.bar, factor)
                ),
                removal=Removal("several", k * (k + 1) // 2 - 2, k) if k > 2 else None,
                weakens=f"all levels of {factor} are given one variance and one correlation",
            )
        )
    return steps


def _slope_steps(case: Case, comparison: Comparison, term: RandomTerm) -> list[Step]:
    """Dropping the slope of this term that contributes least."""
    labels = [
        label
        for label in bar_terms(term.bar)
        if label != INTERCEPT and not is_kept(case.options.keep, term.bar, label)
    ]
    labels.sort(key=lambda label: _contribution(comparison, term, label))
    for label in labels:
        steps = list(_drop_term_step(case, comparison, term, label))
        if steps:
            return steps
    return []


def _drop_term_step(case: Case, comparison: Comparison, term: RandomTerm, label: str) -> Iterator[Step]:
    """Drop one slope from its bar; the bar itself when nothing else is in it and its group has another."""
    formula = comparison.prepared.design.formula
    smaller = drop_bar_term(term.bar, label)
    if smaller is None:
        others = [bar for bar in formula.random if bar != term.bar and bar.group_name == term.bar.group_name]
        if not others:
            return
    dropped = len(_columns_of(term, label))
    k = len(term.columns)
    kind: RemovalKind = "scalar" if k == 1 else "column" if dropped == 1 else "several"
    df = sum(k - j for j in range(dropped))
    yield Step(
        title=f"drop the slope of {label} by {term.group}",
        formula=swap_bar(formula, term.bar, [] if smaller is None else [smaller]),
        removal=Removal(kind, df, k),
        weakens=(
            f"if the effect of {label} does vary between levels of {term.group}, the standard error of its "
            "fixed effect is now too small (Barr et al. 2013)"
        ),
    )


def _columns_of(term: RandomTerm, label: str) -> list[int]:
    """The columns of Z that one term of a bar makes."""
    number = bar_terms(term.bar).index(label) + (0 if term.bar.intercept else 1)
    return [j for j, assigned in enumerate(term.assign) if assigned == number]


def _contribution(comparison: Comparison, term: RandomTerm, label: str) -> float:
    """Share of the response's variance that the columns of a term's slope bring in, n^-1 tr(Z S Z')."""
    t = next(i for i, other in enumerate(comparison.prepared.design.random) if other is term)
    S = comparison.optimum_fit.covariances[t]
    return float(sum(S[j, j] * np.mean(term.Z[:, j] ** 2) for j in _columns_of(term, label)))


def _bring_back_correlations(case: Case, comparison: Comparison, seen: set[Formula]) -> list[Tried]:
    """Join the uncorrelated pieces of each grouping again; kept when the joined model is sound."""
    formula = comparison.prepared.design.formula
    tried = []
    for group in dict.fromkeys(bar.group_name for bar in formula.random):
        pieces = [bar for bar in formula.random if bar.group_name == group]
        if len(pieces) < 2 or sum(bar.intercept for bar in pieces) != 1:
            continue
        joined = make_bar(
            pieces[0],
            intercept=True,
            terms=[term for bar in pieces for term in bar.terms],
            uncorrelated=False,
        )
        rest = [bar for bar in formula.random if bar.group_name != group]
        proposal = with_random(formula, [joined, *rest])
        if proposal in seen or proposal == case.formula:
            continue
        weakens = "nothing compared with the model before it; one or more slopes are gone"
        step = Step(f"correlations back: {joined.to_text()}", proposal, None, weakens)
        tried.append(_fitted(case, step))
    return tried


def _whole_term(term: RandomTerm) -> Removal:
    k = len(term.columns)
    return Removal("scalar" if k == 1 else "several", k * (k + 1) // 2, k)


def _remedy(case: Case, tried: Tried, title: str | None = None) -> Remedy:
    return changed_model_remedy(
        case,
        tried.comparison,
        id="simplify",
        rung=2,
        title=title or _title(tried.step.formula),
        changes="the random-effects structure",
        caveats=(tried.step.weakens, *_rescaled_note(tried)),
        lrt=_test(case, tried),
        in_users_columns=tried.raw,
    )


def _rescaled_note(tried: Tried) -> tuple[str, ...]:
    if tried.comparison.prepared.design.formula == tried.step.formula:
        return ()
    return (
        "columns are rescaled, because lme4 stops short on the raw ones; their coefficients are per new unit",
    )


def _test(case: Case, tried: Tried) -> LikelihoodRatio | None:
    """The test of the whole way down from the present model, not of the last step."""
    df = case.comparison.optimum_fit.df - tried.comparison.optimum_fit.df
    removal = _one_column(case, tried.step.formula) or tried.step.removal
    if removal is None or df <= 0 or compare(case, tried.comparison).not_comparable is not None:
        return None
    if df != removal.df:
        removal = replace(removal, kind="several", df=df)
    simulate = partial(bootstrap_statistics, case, tried.comparison) if case.options.bootstrap else None
    statistic, _, _ = likelihood_ratio(case, tried.comparison)
    return likelihood_ratio_test(
        statistic, removal, null_is_singular=tried.comparison.is_singular, bootstrap=simulate
    )


def _one_column(case: Case, smaller: Formula) -> Removal | None:
    """What was removed, if all steps down amount to one column of the present model: its law is exact."""
    for term in case.design.random:
        k = len(term.columns)
        for label in bar_terms(term.bar):
            bar = drop_bar_term(term.bar, label)
            if k == 1 or bar is None or len(_columns_of(term, label)) > 1:
                continue
            if swap_bar(case.formula, term.bar, [bar]) == smaller:
                return Removal("column", k, k)
    return None


def _title(formula: Formula) -> str:
    return "Simplify the random effects to " + " + ".join(bar.to_text() for bar in formula.random)


def _plain(case: Case) -> list[tuple[Attempt, Remedy]]:
    """What the fixed effects absorb, left to them; a factor fixed and random, kept as one of the two."""
    found: list[tuple[Attempt, Remedy]] = []
    absorbed = {d.terms[0] for d in case.comparison.prepared.null if d.absorbed}
    for term in (case.design.random[t] for t in sorted(absorbed)):
        if len(case.design.random) == 1:
            found.append(plain_model(case, rung=2, title=f"Leave {term.group} to the fixed effects only"))
        labels = [t for t in case.formula.fixed if t.label == to_text(term.bar.group[0])]
        for fixed in labels:
            formula = replace(case.formula, fixed=tuple(t for t in case.formula.fixed if t is not fixed))
            weakens = f"the levels of {term.group} become a sample: their differences are shrunken"
            step = Step(
                f"keep {term.group} as a random effect only",
                with_random(formula, formula.random),
                None,
                weakens,
            )
            tried = _fitted(case, step)
            title = f"Keep {term.group} as a random effect only"
            found.append((changed_model_attempt(step.title, tried.comparison), _remedy(case, tried, title)))
    return found
