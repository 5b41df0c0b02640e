"""One step down: what can be taken away from a random-effects structure, and which inference that weakens.

Each function here proposes other formulas and fits nothing. Each grouping keeps its intercept, but for a
design that cannot tell the intercepts from something else, and terms named by `--keep` stay.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from mmtriage.engine.comparison import Comparison
from mmtriage.formula import Bar, Formula
from mmtriage.formula.edit import (
    INTERCEPT,
    bar_terms,
    compound_symmetry,
    drop_bar,
    drop_bar_term,
    drop_correlations,
    make_bar,
    replace_variable,
    swap_bar,
    with_random,
)
from mmtriage.formula.nodes import Call, names_in
from mmtriage.formula.structured import StructureTag
from mmtriage.formula.terms import Term
from mmtriage.formula.text import to_text
from mmtriage.ladder.kept_terms import is_kept
from mmtriage.ladder.lrt import Removal, RemovalKind
from mmtriage.ladder.rescaled_formula import rounded_origin
from mmtriage.model.ranef import RandomTerm

CENTERED = 0.1  # |mean| / SD below which a column is centered as it is


@dataclass(frozen=True, slots=True)
class Step:
    """A proposal: another formula, and what it gives up."""

    title: str
    formula: Formula
    removal: Removal | None  # None: not nested by leaving out covariance parameters
    weakens: str  # which inference it weakens


def without_correlations(formula: Formula, term: RandomTerm) -> Step:
    """Drop correlations; factors are written out, since `||` alone keeps those between their levels.

    Columns are centered, factors about the mean of their levels: only there does the intercept's variance
    keep its meaning. On an age of 60 to 80 "the intercept" is at age 0, and would go with the correlation.
    """
    k = len(term.columns)
    return Step(
        title=f"no correlations in {term.bar.to_text()}",
        formula=swap_bar(formula, term.bar, _uncorrelated(term)),
        removal=Removal("correlations", k * (k - 1) // 2, k),
        weakens=(
            "correlations between the random effects are assumed to be zero, with the intercept in the "
            "middle of the slopes' columns: at another origin it is another model"
        ),
    )


def _uncorrelated(term: RandomTerm) -> list[Bar]:
    """Bars of one column each, centered where the term has an intercept."""
    bars = list(drop_correlations(term.bar, term.factors))
    if not term.bar.intercept:
        return bars
    for old, origin in _origins(term, bars).items():
        new = f"I({old} {'-' if origin > 0 else '+'} {abs(origin):.6g})"
        bars = [replace_variable(bar, old, new) for bar in bars]
    return bars


def _origins(term: RandomTerm, bars: Sequence[Bar]) -> dict[str, float]:
    """Where each variable of the bars has its middle, but for those that lie there already."""
    found = {}
    for label in bar_terms(term.bar):
        columns = term.columns_labelled(label)
        is_plain = label != INTERCEPT and ":" not in label and label not in term.factors
        if is_plain and len(columns) == 1:
            values = term.Z[:, columns[0]]
            mean, sd = float(np.mean(values)), float(np.std(values))
            if sd > 0 and abs(mean) >= CENTERED * sd:
                found[label] = rounded_origin(mean, sd)
    shares = {f: 1.0 / len(levels) for f, levels in term.factors.items()}
    for node in (v for bar in bars for t in bar.terms for v in t.variables):
        if isinstance(node, Call) and node.name == "dummy":
            found[to_text(node)] = shares[to_text(node.arguments[0].value)]
    return found


def dropped_slopes(present: Formula, smaller: Formula) -> dict[str, list[str]]:
    """The slopes of the present bars that a smaller model has no more, by grouping: whatever their origin."""
    left = [(bar.group_name, names_of(term)) for bar in smaller.random for term in bar.terms]
    gone: dict[str, list[str]] = {}
    for bar in present.random:
        crossed = {
            frozenset(n.name for node in other.group for n in names_in(node))
            - frozenset(n.name for node in bar.group for n in names_in(node))
            for other in smaller.random
            if other.group_name.startswith(f"{bar.group_name}:")
        }
        for term in bar.terms:
            if (bar.group_name, names_of(term)) not in left and names_of(term) not in crossed:
                gone.setdefault(bar.group_name, []).append(term.label)
    return gone


def names_of(term: Term) -> frozenset[str]:
    """The table's columns behind a term."""
    return frozenset(name.name for variable in term.variables for name in names_in(variable))


def intercepts_only(formula: Formula, keep: Sequence[str]) -> Step | None:
    """The random-intercept model of every grouping, but for what `--keep` protects."""
    bars = []
    for bar in formula.random:
        kept = [t for t in bar.terms if is_kept(keep, bar, t.label) or is_kept(keep, bar)]
        if bar.intercept or kept:
            bars.append(make_bar(bar, intercept=bar.intercept, terms=kept))
    groups = {bar.group_name for bar in bars}
    for bar in formula.random:
        if bar.group_name not in groups:
            bars.append(make_bar(bar, intercept=True, terms=(), uncorrelated=False))
            groups.add(bar.group_name)
    smaller = with_random(formula, list(dict.fromkeys(bars)))
    if smaller == formula:
        return None
    return Step(
        title="random intercepts alone",
        formula=smaller,
        removal=None,
        weakens="",
    )


def compound_symmetries(formula: Formula, term: RandomTerm) -> Iterator[Step]:
    """Give all levels of a factor one variance and one correlation: a step for each factor of a bar."""
    k = len(term.columns)
    for factor in term.factors:
        yield Step(
            title=f"compound symmetry of {factor} in {term.bar.to_text()}",
            formula=swap_bar(formula, term.bar, compound_symmetry(term.bar, factor)),
            removal=Removal("several", k * (k + 1) // 2 - 2, k) if k > 2 else None,
            weakens=f"all levels of {factor} are given one variance and one correlation, not a negative one"
            f"{_named(term, factor)}",
        )


def _named(term: RandomTerm, factor: str) -> str:
    """What lme4 2.x calls the compound symmetry of a bar that has nothing but the levels of a factor."""
    if [factor] != [label for label in bar_terms(term.bar) if label != INTERCEPT]:
        return ""
    levels = make_bar(term.bar, intercept=False, terms=term.bar.terms)
    tagged = replace(levels, structure=StructureTag("cs", homogeneous=True))
    return f" (of lme4 2.x: `{tagged.to_text()}`, which may have one)"


def without_slope(formula: Formula, term: RandomTerm, label: str) -> Step | None:
    """Drop one slope of a bar, or the bar if nothing else is in it and its group has another; else None."""
    smaller = drop_bar_term(term.bar, label)
    if smaller is None:
        others = [bar for bar in formula.random if bar != term.bar and bar.group_name == term.bar.group_name]
        if not others:
            return None
    dropped = len(term.columns_labelled(label))
    k = len(term.columns)
    kind: RemovalKind = "scalar" if k == 1 else "column" if dropped == 1 else "several"
    return Step(
        title=f"drop the slope of {label} by {term.group}",
        formula=swap_bar(formula, term.bar, [] if smaller is None else [smaller]),
        removal=Removal(kind, sum(k - j for j in range(dropped)), k),
        weakens=(
            f"if the effect of {label} does vary between levels of {term.group}, the standard error of its "
            "fixed effect is now too small (Barr et al. 2013)"
        ),
    )


def without_least_slope(comparison: Comparison, term: RandomTerm, keep: Sequence[str]) -> Step | None:
    """Drop the slope of this term that contributes least to the variance of the response."""
    formula = comparison.prepared.design.formula
    free = slopes_to_drop(term, keep)
    tested = _in_interactions(formula)
    slopes = sorted(
        (label for label in free if not _is_below(term, label)),
        key=lambda label: (
            not tested.isdisjoint(_names(term, label)),
            _contribution(comparison, term, label),
        ),
    )
    steps = (without_slope(formula, term, label) for label in slopes)
    return next((step for step in steps if step is not None), None)


def _names(term: RandomTerm, label: str) -> frozenset[str]:
    return next(names_of(t) for t in term.bar.terms if t.label == label)


def _is_below(term: RandomTerm, label: str) -> bool:
    """Whether a slope is part of an interaction that varies too: the interaction goes first."""
    own = _names(term, label)
    return any(own < names_of(other) for other in term.bar.terms)


def _in_interactions(formula: Formula) -> frozenset[str]:
    """The columns whose effects the fixed part lets depend on each other; others are more likely controls."""
    return frozenset(n for t in formula.fixed if len(t.variables) > 1 for n in names_of(t))


def without_intercept(formula: Formula, term: RandomTerm) -> Step | None:
    """Keep the slopes alone, where the fixed effects absorb the intercepts; None if there are no slopes."""
    if INTERCEPT not in bar_terms(term.bar):
        return None
    slopes_alone = drop_bar_term(term.bar, INTERCEPT)
    if slopes_alone is None:
        return None
    return Step(
        title=f"drop the intercept of {term.bar.to_text()}",
        formula=swap_bar(formula, term.bar, [slopes_alone]),
        removal=None,
        weakens="nothing: the fixed effects estimate these intercepts already",
    )


def without_term(formula: Formula, term: RandomTerm) -> Step:
    """Drop a term that the design cannot tell from others, or from the fixed effects."""
    k = len(term.columns)
    return Step(
        title=f"drop {term.bar.to_text()}",
        formula=drop_bar(formula, term.bar),
        removal=Removal("scalar" if k == 1 else "several", k * (k + 1) // 2, k),
        weakens="nothing: the design could not tell this term from the others",
    )


def with_correlations(formula: Formula, present: Formula) -> Iterator[Step]:
    """Join the uncorrelated pieces of each grouping again, as the user wrote them: beside an intercept in
    their own bar, the origin of slopes does not matter.
    """
    written = {(b.group_name, names_of(t)): t for b in present.random for t in b.terms}
    for group in dict.fromkeys(bar.group_name for bar in formula.random):
        pieces = [bar for bar in formula.random if bar.group_name == group]
        if len(pieces) < 2 or sum(bar.intercept for bar in pieces) != 1:
            continue
        joined = make_bar(
            pieces[0],
            intercept=True,
            terms=list(
                dict.fromkeys(
                    written.get((bar.group_name, names_of(term)), term)
                    for bar in pieces
                    for term in bar.terms
                )
            ),
            uncorrelated=False,
        )
        rest = [bar for bar in formula.random if bar.group_name != group]
        yield Step(
            title=f"correlations back: {joined.to_text()}",
            formula=with_random(formula, [joined, *rest]),
            removal=None,
            weakens="nothing compared with the model before it; one or more slopes are gone",
        )


def slopes_to_drop(term: RandomTerm, keep: Sequence[str]) -> list[str]:
    """The slopes of a bar that `--keep` does not protect."""
    return [
        label for label in bar_terms(term.bar) if label != INTERCEPT and not is_kept(keep, term.bar, label)
    ]


def _contribution(comparison: Comparison, term: RandomTerm, label: str) -> float:
    """Share of the response's variance that the columns of a term's slope bring in, n^-1 tr(Z S Z')."""
    t = next(i for i, other in enumerate(comparison.prepared.design.random) if other is term)
    S = comparison.optimum_fit.covariances[t]
    return float(sum(S[j, j] * np.mean(term.Z[:, j] ** 2) for j in term.columns_labelled(label)))
