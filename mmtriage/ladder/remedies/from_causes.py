"""Remedies that follow from a named cause rather than from a rung's own search, tried and measured as well.

They are listed with rung 2, since all of them write another formula: nesting for MM307, the cross-level
interaction for a slope variance at zero or a perfect correlation (MM310 to MM312), a factor of few levels as
a fixed effect (MM301), leaving out an aliased column (MM201), another origin or coding of predictors that
are almost collinear (MM202); of generalized models another link (MM408), an effect of each observation or a
negative binomial (MM501), quadrature (MM503).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from mmtriage.deadline import TimeBudgetError
from mmtriage.diagnose.fixed import worst_inflation
from mmtriage.diagnose.grouping import within_share
from mmtriage.diagnose.singularity import defects
from mmtriage.diagnose.verdict import allowed_gap
from mmtriage.engine.comparison import Comparison
from mmtriage.engine.estimates import correlation
from mmtriage.errors import MmtriageError
from mmtriage.formula import Formula, parse_formula
from mmtriage.formula.edit import add_fixed, replace_fixed_variable, with_random
from mmtriage.formula.nodes import Name
from mmtriage.formula.text import quote_name
from mmtriage.ladder.case import Case, changed_model_attempt
from mmtriage.ladder.records import Attempt, Remedy, RemedyId, RungResult, Scope
from mmtriage.ladder.remedies.as_fixed import as_fixed_effect, can_be_fixed
from mmtriage.ladder.remedies.change_link import change_link
from mmtriage.ladder.remedies.measured import changed_model_remedy
from mmtriage.ladder.remedies.more_points import more_points
from mmtriage.ladder.remedies.overdispersed import for_overdispersion
from mmtriage.ladder.remedies.separated import for_separation
from mmtriage.model.ranef import RandomTerm

MOST_INTERACTIONS = 4  # cross-level interactions tried


def with_cause_remedies(case: Case, ladder: tuple[RungResult, ...]) -> tuple[RungResult, ...]:
    """The ladder with the remedies of named causes added to rung 2."""
    pairs: list[tuple[Attempt, Remedy]] = []
    for propose in PROPOSALS:
        try:
            pairs.extend(propose(case))
        except TimeBudgetError:
            raise
        except MmtriageError:  # the formula cannot be built on this table: it cannot be offered
            continue
    attempts = tuple(attempt for attempt, _ in pairs)
    remedies = (*(remedy for _, remedy in pairs), *for_separation(case))
    return tuple(
        replace(r, attempts=(*r.attempts, *attempts), remedies=(*r.remedies, *remedies))
        if r.id == "simplify"
        else r
        for r in ladder
    )


def _nesting(case: Case) -> Iterator[tuple[Attempt, Remedy]]:
    for found in case.findings:
        if found.code == "MM307":
            formula = parse_formula(str(found.evidence["formula"]))
            outer, inner = found.columns
            yield _tried(
                case,
                "nest",
                f"Nest {inner} in {outer}",
                formula,
                f"equal labels of {inner} in different levels of {outer} are different groups",
                "right only if that is how the data were collected",
            )


def _cross_level(case: Case) -> Iterator[tuple[Attempt, Remedy]]:
    """An interaction of a singular slope with a group-level predictor, which may explain its variance."""
    tried = 0
    for defect in defects(case.comparison):
        term = case.design.random[defect.term]
        for slope in (v.name for t in term.bar.terms for v in t.variables if isinstance(v, Name)):
            if slope not in term.columns:
                continue
            for moderator in _group_level_effects(case, term, slope):
                if tried == MOST_INTERACTIONS:
                    return
                tried += 1
                yield _interaction(case, term, slope, moderator)


def _group_level_effects(case: Case, term: RandomTerm, slope: str) -> Iterator[str]:
    """Fixed main effects that are constant within a term's groups and do not yet moderate its slope."""
    labels = {frozenset(t.label.split(":")) for t in case.formula.fixed}
    for number, label in enumerate(case.design.fixed_terms, start=1):
        columns = [j for j, assigned in enumerate(case.design.assign) if assigned == number]
        if ":" in label or label == slope or frozenset((label, slope)) in labels or not columns:
            continue
        varies = [within_share(replace(term, Z=case.design.X), j) for j in columns]
        if max(varies) < np.finfo(float).eps:
            yield label


def _interaction(case: Case, term: RandomTerm, slope: str, moderator: str) -> tuple[Attempt, Remedy]:
    formula = add_fixed(case.formula, f"{slope}:{moderator}")
    comparison = case.fit(case.build(formula))
    before, after = (_slope_sd(t, term, slope) for t in (case.comparison, comparison))
    attempt, remedy = _measured(
        case,
        "cross-level",
        f"Let {moderator} moderate the slope of {slope}",
        comparison,
        f"the slope of {slope} may differ with {moderator}; its SD by {term.group} goes from {before:.3g} "
        f"to {after:.3g}",
        "a hypothesis of its own: report it as one",
    )
    return replace(
        attempt, note=f"SD of the slope of {slope}: {before:.4g} without, {after:.4g} with it"
    ), remedy


def _slope_sd(comparison: Comparison, term: RandomTerm, slope: str) -> float:
    index = next(i for i, other in enumerate(comparison.prepared.design.random) if other.bar == term.bar)
    sd, _ = correlation(comparison.optimum_fit.covariances[index])
    return float(sd[term.columns.index(slope)])


def _aliased(case: Case) -> Iterator[tuple[Attempt, Remedy]]:
    """The model without the columns that lme4 drops: the same fit, said in the formula."""
    gone = {column.name for column in case.design.dropped}
    kept = tuple(term for term in case.formula.fixed if term.label not in gone)
    if not gone or len(kept) == len(case.formula.fixed):
        return
    formula = with_random(replace(case.formula, fixed=kept), case.formula.random)
    names = ", ".join(t.label for t in case.formula.fixed if t.label in gone)
    first = case.design.dropped[0]
    instead = ", ".join(name for name, _ in first.depends_on if name != "(Intercept)")
    yield _tried(
        case,
        "drop-aliased",
        f"Leave out {names}, which lme4 drops anyway",
        formula,
        "nothing: the same fit, and the formula says so",
        f"which of the aliased columns goes is your choice: {first.name}, or one of {instead}",
        scope="same_model",
    )


def _few_levels(case: Case) -> Iterator[tuple[Attempt, Remedy]]:
    """A grouping factor of few levels as a fixed effect, where other random terms remain."""
    few = {f.columns[0] for f in case.findings if f.code == "MM301"}
    for term in case.design.random:
        if term.group in few and can_be_fixed(case, term):
            yield as_fixed_effect(case, term, rung=2)


def _recoded(case: Case) -> Iterator[tuple[Attempt, Remedy]]:
    """Predictors that are almost collinear, written so that they are not: the same model."""
    found = next((f for f in case.findings if f.code == "MM202"), None)
    if found is None:
        return
    for name, column in case.design.variables.items():
        text = quote_name(name)
        used = [c for c in found.columns if c == text or f"{text}^" in c or text in c.split(":")]
        if column.kind == "numeric" and len(used) > 1:
            center = float(f"{np.mean(column.values):.3g}")
            yield from _same_span(case, text, f"I({text} - {center:.15g})", f"Centre {name} at {center:g}")
        elif column.kind == "factor" and any(c.startswith(text) for c in found.columns):
            counts = np.bincount(column.values, minlength=len(column.levels))
            common = column.levels[int(np.argmax(counts))]
            title = f"Compare the levels of {name} with their mean, not with {column.levels[0]}"
            hint = f"or make a common level the reference: --factor {name}={common},..."
            yield from _same_span(case, text, f"C({text}, contr.sum)", title, hint)


def _same_span(
    case: Case, old: str, new: str, title: str, hint: str = "the other coefficients are now at the new origin"
) -> Iterator[tuple[Attempt, Remedy]]:
    """The formula with a fixed variable written anew, if that is the same model and less collinear."""
    formula = replace_fixed_variable(case.formula, old, new)
    if formula == case.formula:
        return
    comparison = case.fit(case.build(formula))
    ours, theirs = case.fit_ml(case.comparison.prepared), case.fit_ml(comparison.prepared)
    before, after = (worst_inflation(d) for d in (case.design, comparison.prepared.design))
    if abs(ours.criterion - theirs.criterion) > allowed_gap(ours.criterion) or after >= before:
        return
    changes = f"the coefficients, not the fit: the variance inflation falls from {before:.3g} to {after:.3g}"
    yield _measured(case, "recode", title, comparison, changes, hint, scope="same_model")


def _tried(
    case: Case,
    name: RemedyId,
    title: str,
    formula: Formula,
    changes: str,
    caveat: str,
    scope: Scope = "changes_model",
) -> tuple[Attempt, Remedy]:
    """Fit a formula and make a remedy of it."""
    return _measured(case, name, title, case.fit(case.build(formula)), changes, caveat, scope)


def _measured(
    case: Case,
    name: RemedyId,
    title: str,
    comparison: Comparison,
    changes: str,
    caveat: str,
    scope: Scope = "changes_model",
) -> tuple[Attempt, Remedy]:
    """A fitted candidate as attempt and remedy."""
    remedy = changed_model_remedy(
        case, comparison, id=name, rung=2, title=title, changes=changes, caveats=(caveat,), scope=scope
    )
    return changed_model_attempt(title, comparison), remedy


PROPOSALS = (
    *(_nesting, _cross_level, _few_levels, _aliased, _recoded),
    *(change_link, for_overdispersion, more_points),
)
