"""MM108: a few rows that decide on the verdict, each far from what the model says of it without them.

A typo can make a fit singular: 2500 for 250 in one row of a hundred and eighty doubles the residual variance
several times over, and the variances between groups drown in it. Such rows are named, and nothing is done
about them: whether they are mistakes the table cannot say.

Four questions, each asked only where the one before says yes, so that a model without suspicion pays for its
residuals and no more:

    the residuals    are a few of them far larger than all the others?
    one evaluation   does the model, at the same theta, expect something else of these rows from the others?
    an optimum       is it so at the optimum without them, and can the verdict be another there?
    a refit          are verdict or first cause of lme4's fit without them other ones?
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from mmtriage import figures
from mmtriage.arrays import Array, Index, slices
from mmtriage.diagnose.declared import DECLARED, SINGULAR
from mmtriage.diagnose.finding import Finding, Said, finding, not_assessed
from mmtriage.diagnose.verdict import Verdict, VerdictStatus
from mmtriage.engine.comparison import Comparison
from mmtriage.engine.linear.model import LinearModel
from mmtriage.engine.optimum.faces import Place
from mmtriage.errors import UnjudgedError
from mmtriage.formula.text import to_text
from mmtriage.model.design import Design
from mmtriage.model.fewer_rows import without_rows

MOST_OUTLIERS = 3  # rows: more are no mistakes but what the data are like
OUTLYING = 6.0  # residual SDs of the fit without the rows
LARGE_RESIDUAL = 4.0  # SDs of the other residuals from which a row is looked at: it draws the fit to itself
# Residual SDs at the theta of the fit with the rows, from which the model is refitted; where it is more, what
# the largest of so many normal residuals is expected to be.
STILL_LARGE = 5.0
ASKED: tuple[VerdictStatus, ...] = ("converged", "false_alarm", "singular", "not_converged")
AT_OPTIMUM: tuple[VerdictStatus, ...] = ("converged", "false_alarm")
# What refits find: the model on fewer rows is not asked for it, so verdicts are compared without it.
OF_REFITS = frozenset(declared.code for declared in DECLARED if declared.requires == "refits")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Judged:
    """A fitted model with its verdict, and the means to judge it on fewer rows."""

    comparison: Comparison
    verdict: Verdict  # its codes are filled in, from findings that need no refits
    findings: Sequence[Finding]
    # Without rows (k,) of the design: the proven optimum alone, and the model judged; None: it needs them.
    optimum_without: Callable[[Index], Comparison | None]
    without: Callable[[Index], Judged | None]


def outlying_rows(judged: Judged) -> list[Said]:
    """MM108 of a linear model: the rows are found by their residuals."""
    comparison = judged.comparison
    is_given = comparison.given is not None and judged.verdict.status != "singular"
    if judged.verdict.status not in ASKED or is_given or not comparison.optimum.certificate.certified:
        return []
    try:
        found = _decisive(judged)
    except UnjudgedError as failure:
        return [not_assessed("MM108", f"the model without suspicious rows has no fit: {failure.message}")]
    except (np.linalg.LinAlgError, ArithmeticError) as failure:
        return [not_assessed("MM108", f"the model without suspicious rows has no value: {failure}")]
    return [] if found is None else [found]


def _decisive(judged: Judged) -> Finding | None:
    """MM108 where the suspects, or those among them that are as far off at the optimum, decide."""
    rows = suspects(judged.comparison)
    while len(rows):
        optimum = judged.optimum_without(rows)
        if optimum is None:
            return None
        is_far = distances_from(optimum, judged.comparison.prepared.design, rows) > OUTLYING
        if np.all(is_far):
            return _refitted(judged, rows) if _can_be_another(judged.verdict, optimum) else None
        rows = rows[is_far]
    return None


def _refitted(judged: Judged, rows: Index) -> Finding | None:
    """MM108 where the model is judged otherwise without the rows."""
    other = judged.without(rows)
    if other is None or not _is_another(judged, other):
        return None
    distance = distances_from(other.comparison, judged.comparison.prepared.design, rows)
    return _outliers(judged, other, rows, distance)


def suspects(comparison: Comparison) -> Index:
    """The rows (k,) of the design, at most `MOST_OUTLIERS`, that are to be refitted without."""
    model, design = comparison.prepared.model, comparison.prepared.design
    if not isinstance(model, LinearModel) or len(design.y) <= 2 * MOST_OUTLIERS:
        return np.empty(0, dtype=np.int64)
    size = np.abs(residuals(model, comparison.optimum.place, design))
    largest = np.argpartition(size, -MOST_OUTLIERS)[-MOST_OUTLIERS:]
    others = np.delete(size, largest)
    rows = np.sort(largest[size[largest] > LARGE_RESIDUAL * np.sqrt(np.mean(others**2))])
    fewer = without_rows(design, rows) if len(rows) else None
    if fewer is None:
        return rows[:0]
    reduced = LinearModel.of(fewer, model.deadline)
    place = reduced.place(comparison.optimum_fit.theta)
    sigma = reduced.sigma(reduced.evaluate(*place))
    left = np.abs(residuals(reduced, place, design)[rows])
    large = max(STILL_LARGE, np.sqrt(2.0 * np.log(len(size))))
    return np.asarray(rows[left > large * sigma])


def distances_from(comparison: Comparison, design: Design, rows: Index) -> Array:
    """How far rows (k,) of a design lie from what a fit without them says, in its residual SDs."""
    model = comparison.prepared.model
    assert isinstance(model, LinearModel)  # others are not asked
    left = residuals(model, comparison.optimum.place, design)[rows]
    distance: Array = np.abs(left) / comparison.optimum_fit.sigma
    return distance


def residuals(model: LinearModel, at: Place, design: Design) -> Array:
    """Conditional residuals (n,) of a design at a fit to some of its rows, in units of sigma's.

    A group that is not among these rows has an effect of zero.
    """
    point = model.evaluate(*at)
    beta, _ = model.fixed_effects(point)
    left = design.y - design.X @ beta
    if design.offset is not None:
        left = left - design.offset
    for own, term, b in zip(design.random, model.design.random, model.random_effects(point), strict=True):
        level = {name: i for i, name in enumerate(term.levels)}
        effects = np.array([b[level[name]] if name in level else np.zeros(b.shape[1]) for name in own.levels])
        for part in slices(len(left)):
            left[part] -= np.sum(own.Z[part] * effects[own.codes[part]], axis=1)
    scaled: Array = left * np.sqrt(design.row_weights)
    return scaled


def _can_be_another(verdict: Verdict, without: Comparison) -> bool:
    """Whether the optimum without the rows leaves room for another verdict, wherever lme4 ends there."""
    return verdict.status not in AT_OPTIMUM or without.is_singular


def _is_another(judged: Judged, other: Judged) -> bool:
    """Whether the verdict is another without the rows, or what it comes from."""
    mine, theirs = judged.verdict, other.verdict
    if mine.status in AT_OPTIMUM:  # where an optimizer ends on other data says nothing of these
        return theirs.status == "singular"
    return mine.status != theirs.status or mine.codes[:1] != theirs.codes[:1]


def _outliers(judged: Judged, other: Judged, rows: Index, distance: Array) -> Finding:
    design, here, there = judged.comparison.prepared.design, judged.comparison, other.comparison
    response = to_text(design.formula.response)
    numbers = [int(number) for number in design.row_numbers[rows]]
    named = [
        f"row {number} (`{response}` {design.y[row]:.5g}, {far:.3g} residual SDs away)"
        for number, row, far in zip(numbers, rows, distance, strict=True)
    ]
    them, decides = ("it", "decides alone") if len(rows) == 1 else ("them", "decide")
    message = (
        f"{' and '.join(named)} {decides} on the verdict: the fit without {them} is "
        f"`{other.verdict.status}`{_of_what(other)}, with a residual SD of "
        f"{figures.spread(there.optimum_fit.sigma)}, not {figures.spread(here.optimum_fit.sigma)}"
    )
    return finding(
        "MM108",
        message,
        columns=(response,),
        terms=_changed_terms(judged, other),
        rows=tuple(numbers),
        values=tuple(float(value) for value in design.y[rows]),
        distances=tuple(float(far) for far in distance),
        status_without=other.verdict.status,
        sigma=here.optimum_fit.sigma,
        sigma_without=there.optimum_fit.sigma,
        criterion_without=there.optimum_fit.criterion,
        fixed_effects_without=tuple(float(b) for b in there.optimum_fit.beta),
        threshold=OUTLYING,
    )


def _of_what(other: Judged) -> str:
    return f" ({other.verdict.codes[0]})" if other.verdict.codes[:1] else ""


def _changed_terms(judged: Judged, other: Judged) -> tuple[str, ...]:
    """The random terms that are singular with the rows only."""
    return tuple(term for term in _singular_terms(judged) if term not in _singular_terms(other))


def _singular_terms(judged: Judged) -> dict[str, None]:
    return dict.fromkeys(term for found in judged.findings if found.code in SINGULAR for term in found.terms)
