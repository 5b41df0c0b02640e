"""Components that the design cannot tell apart, whatever the response (MM304, MM308, MM309).

The rank test of `engine/linear/identifiability.py` gives directions in which variances and covariances may
change without any change of the likelihood. Here they get their reasons: a slope column that takes one value
within each group, fixed effects that absorb a grouping factor, components that are confounded.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mmtriage import figures
from mmtriage.diagnose.finding import Finding, finding
from mmtriage.diagnose.fitted import Fitted
from mmtriage.diagnose.grouping import HARDLY_VARIES, within_share
from mmtriage.diagnose.naming import direction_text, listed, term_text
from mmtriage.engine.linear.identifiability import NullDirection
from mmtriage.formula.nodes import names_in
from mmtriage.model.design import Design
from mmtriage.model.ranef import RandomTerm

ROUNDING = 1e-12  # within-group share of a column's variance that is none
FEW_CARRY = 0.2  # share of the groups in which a slope column varies, up to which these are few ...
MOST_CARRIERS = 10  # ... and their number, up to which a variance between them is uncertain


def constant_slopes(fitted: Fitted) -> list[Finding]:
    """MM304, an error where the rank test says that a parameter is without information.

    A slope that varies in a few groups only is estimated from these alone.
    """
    design, null = fitted.design, fitted.comparison.prepared.null
    found = []
    for t, term in enumerate(design.random):
        for index in _constant_columns(term):
            own = [d for d in null if _is_of_one_group(design, d) and _speaks_of(d, t, index)]
            direction = direction_text(design, own[0]) if own else None
            found.append(_constant_slope(term, index, within_share(term, index), direction))
        found += _thin_slopes(term)
    return found


def _thin_slopes(term: RandomTerm) -> list[Finding]:
    """The slopes of a term, other than those that hardly vary anywhere, that a few groups carry alone."""
    levels, constant = len(term.levels), _constant_columns(term)
    slopes = [a for a, name in enumerate(term.columns) if name != "(Intercept)" and a not in constant]
    carriers = {index: carrying_groups(term, index) for index in slopes}
    return [
        _thin_slope(term, index, count)
        for index, count in carriers.items()
        if 0 < count <= min(FEW_CARRY * levels, MOST_CARRIERS)
    ]


def carrying_groups(term: RandomTerm, index: int) -> int:
    """The number of groups in which a column of Z takes more than one value."""
    low, high = term.extremes(term.Z[:, index])
    return int(np.sum(high > low))


def _thin_slope(term: RandomTerm, index: int, carriers: int) -> Finding:
    column, text, levels = term.columns[index], term_text(term), len(term.levels)
    message = (
        f"`{column}` varies in {carriers} of the {levels:,} levels of `{term.group}` and takes one value in "
        f"each of the others: its slope in `{text}` is carried by {figures.count(carriers, 'level')} alone"
    )
    return finding(
        "MM304",
        message,
        severity="warning",
        columns=(column,),
        terms=(text,),
        within_share=within_share(term, index),
        carriers=carriers,
        levels=levels,
        threshold=FEW_CARRY,
    )


def _constant_columns(term: RandomTerm) -> list[int]:
    """Slope columns that vary, but hardly within groups."""
    return [
        index
        for index, column in enumerate(term.columns)
        if column != "(Intercept)"
        and within_share(term, index) <= HARDLY_VARIES
        and np.ptp(term.Z[:, index]) > 0
    ]


def _speaks_of(direction: NullDirection, term: int, index: int) -> bool:
    """Whether a direction changes the variance of a column or a covariance with it."""
    return any(part.term == term and index in (part.a, part.b) for part in direction.parts)


def _constant_slope(term: RandomTerm, index: int, share: float, direction: str | None) -> Finding:
    column, text = term.columns[index], term_text(term)
    groups = f"each of the {len(term.levels):,} levels of `{term.group}`"
    distinct = len(np.unique(term.Z[:, index]))
    is_constant = share <= ROUNDING
    if is_constant:
        message = f"`{column}` takes one value within {groups}"
    else:
        message = (
            f"`{column}` hardly varies within {groups} (share of its variance within groups: {share:.2g})"
        )
    if direction is not None:
        message += f"; with {distinct} distinct values overall, `{text}` has a covariance parameter too many"
        if is_constant:
            message += f": the change {direction} leaves the likelihood as it is"
    else:
        message += ": this is not a slope; it only lets the variance between groups change with it"
    return finding(
        "MM304",
        message,
        severity="error" if direction is not None else "warning",
        columns=(column,),
        terms=(text,),
        within_share=share,
        distinct_values=distinct,
        null_direction=direction,
    )


def confounded(fitted: Fitted) -> list[Finding]:
    """MM308 and MM309, from the null directions that a constant slope does not explain."""
    design, null = fitted.design, fitted.comparison.prepared.null
    found = []
    constant = [(t, index) for t, term in enumerate(design.random) for index in _constant_columns(term)]
    for direction in null:
        is_explained = any(_speaks_of(direction, t, index) for t, index in constant)
        if direction.absorbed:
            found.append(_absorbed(design, direction))
        elif not (_is_of_one_group(design, direction) and is_explained):
            found.append(_confounded(design, direction))
    return _distinct(found)


def _is_of_one_group(design: Design, direction: NullDirection) -> bool:
    """Whether a null direction concerns a single grouping factor and nothing else."""
    groups = {design.random[t].group for t in direction.terms}
    return len(groups) == 1 and not direction.includes_residual and not direction.absorbed


def _absorbed(design: Design, direction: NullDirection) -> Finding:
    """MM309 where the user has written the factor twice, else MM308: something nested in it is fixed."""
    term = design.random[direction.terms[0]]
    text = term_text(term)
    grouping = {name.name for node in term.bar.group for name in names_in(node)}
    fixed = {
        name.name
        for fixed_term in design.formula.fixed
        for node in fixed_term.variables
        for name in names_in(node)
    }
    if grouping <= fixed:
        message = (
            f"`{term.group}` is both a fixed effect and the grouping factor of `{text}`: its "
            f"{len(term.levels):,} levels are estimated freely already, and nothing is left that could tell "
            "the variance"
        )
        return finding("MM309", message, columns=(term.group,), terms=(text,), levels=len(term.levels))
    message = (
        f"the fixed effects absorb everything that `{text}` could explain: "
        f"{direction_text(design, direction)} leaves the likelihood as it is"
    )
    return finding(
        "MM308",
        message,
        columns=(term.group,),
        terms=(text,),
        null_direction=direction_text(design, direction),
    )


def _confounded(design: Design, direction: NullDirection) -> Finding:
    terms = [term_text(design.random[t]) for t in direction.terms]
    groups = tuple(dict.fromkeys(design.random[t].group for t in direction.terms))
    with_residual = " and the residual variance" if direction.includes_residual else ""
    text = direction_text(design, direction)
    subject = f"{listed(terms)}{with_residual}"
    message = (
        f"the design cannot tell apart the components of {subject}: the change {text} leaves the likelihood "
        "as it is"
    )
    return finding("MM308", message, columns=groups, terms=tuple(terms), null_direction=text)


def _distinct(found: Sequence[Finding]) -> list[Finding]:
    """One finding per code and set of terms: several null directions of one cause are one finding."""
    kept: dict[tuple[str, tuple[str, ...]], Finding] = {}
    for f in found:
        kept.setdefault((f.code, f.terms), f)
    return list(kept.values())
