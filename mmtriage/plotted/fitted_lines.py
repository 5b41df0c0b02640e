"""The data of some groups with the fitted line of each, at the optimum of the present model.

Which grouping: that with most random effects, for its lines differ most. Along what: a predictor that varies
within its levels, one with a random slope before others, numbers before factors; else the rows in their
order. With other predictors that vary within levels, too, there is no one line: then what is fitted is shown
row by row.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from mmtriage.arrays import Array, Index
from mmtriage.data.table import Column
from mmtriage.engine.comparison import Comparison
from mmtriage.formula.nodes import Call, columns_named
from mmtriage.formula.text import to_text
from mmtriage.model.design import Design
from mmtriage.model.linear_predictor import linear_predictor
from mmtriage.model.links import LINKS
from mmtriage.model.ranef import RandomTerm
from mmtriage.plotted.plot_data import FittedLines, LevelLine

MOST_PANELS = 12
MOST_POINTS = 100  # of one level
MOST_CATEGORIES = 6  # of a factor along which lines can be followed
ROWS_OF_LEVEL = 2  # at least, on average, for a level to have a line
IN_ORDER = "row of the level, in order"


def fitted_lines(comparison: Comparison) -> FittedLines | None:
    """Data and lines; None where no grouping has several rows a level, or the fit has no mean somewhere."""
    design = comparison.prepared.design
    term = _grouping(design)
    if term is None:
        return None
    modes = comparison.prepared.model.modes_at(comparison.optimum.place)
    beta, mean = comparison.optimum_fit.beta, LINKS[design.spec.link].inverse
    fitted, typical = (mean(linear_predictor(design, beta, b)) for b in (modes, ()))
    if not (np.all(np.isfinite(fitted)) and np.all(np.isfinite(typical))):
        return None
    column = next(_along(design, term), None)
    x = _in_order(term.codes) if column is None else column.values.astype(float)
    shown = _shown(term, fitted)
    rows = [np.flatnonzero(term.codes == level) for level in shown]
    return FittedLines(
        response=_response(design),
        group=term.group,
        x=IN_ORDER if column is None else column.name,
        categories=() if column is None or column.kind == "numeric" else _categories(column),
        n_levels=len(term.levels),
        lines=tuple(
            _line(term.levels[level], x[own], design.y[own], fitted[own], typical[own])
            for level, own in zip(shown, rows, strict=True)
        ),
        is_line=_is_function(rows, x) or not _others_vary(design, term, column),
        is_certified=comparison.optimum.certificate.certified,
        is_thinned=any(len(own) > MOST_POINTS for own in rows),
    )


def _response(design: Design) -> str:
    """What y is: of successes and failures the share of successes."""
    response = design.formula.response
    if design.trials is not None and isinstance(response, Call):
        return f"share of {to_text(response.arguments[0].value)}"
    return to_text(response)


def _grouping(design: Design) -> RandomTerm | None:
    """A term of the grouping with most random effects a level, among those with several rows a level."""
    several = [t for t in design.random if len(design.y) >= ROWS_OF_LEVEL * len(t.levels)]
    effects = {t.group: sum(len(u.columns) for u in several if u.group == t.group) for t in several}
    return max(several, key=lambda t: effects[t.group], default=None)  # the first of equals


def _along(design: Design, term: RandomTerm) -> Iterator[Column]:
    """Predictors that vary within most levels: with a random slope first, and numbers first among these."""
    slopes = [v for t in design.random if t.group == term.group for e in t.bar.terms for v in e.variables]
    named = dict.fromkeys([*columns_named(slopes), *columns_named(design.formula.effects())])
    of_response = columns_named([design.formula.response])
    columns = [design.variables[n] for n in named if n in design.variables and n not in of_response]
    for is_number in (True, False):
        for column in columns:
            fits = column.kind == "numeric" if is_number else 0 < len(_categories(column)) <= MOST_CATEGORIES
            if fits and 2 * _varies_in(column.values, term) >= len(term.levels):
                yield column


def _categories(column: Column) -> tuple[str, ...]:
    return ("FALSE", "TRUE") if column.kind == "logical" else column.levels


def _varies_in(values: Array | Index, term: RandomTerm) -> int:
    """In how many levels a column has several values."""
    low, high = (np.full(len(term.levels), sign * np.inf) for sign in (1, -1))
    np.minimum.at(low, term.codes, values)
    np.maximum.at(high, term.codes, values)
    return int(np.sum(high > low))


def _in_order(codes: Index) -> Array:
    """The place of each row (n,) among those of its level, from 1."""
    order = np.argsort(codes, kind="stable")
    begins = np.searchsorted(codes[order], codes[order])
    places = np.empty(len(codes))
    places[order] = np.arange(len(codes)) - begins + 1
    return places


def _shown(term: RandomTerm, fitted: Array) -> list[int]:
    """All of few levels; of many some that are evenly spaced in the order of what is fitted."""
    n = len(term.levels)
    if n <= MOST_PANELS:
        return list(range(n))
    means = np.bincount(term.codes, fitted, n) / np.bincount(term.codes, minlength=n)
    order = np.argsort(means, kind="stable")
    return [int(order[rank]) for rank in np.linspace(0, n - 1, MOST_PANELS).round().astype(int)]


def _is_function(rows: Sequence[Index], x: Array) -> bool:
    """Whether each x stands for several rows, so that the means there make a line."""
    return all(ROWS_OF_LEVEL * len(np.unique(x[own])) <= len(own) for own in rows)


def _others_vary(design: Design, term: RandomTerm, column: Column | None) -> bool:
    """Whether anything else that the fit is made of varies within levels."""
    groups = [node for each in design.random for node in each.bar.group]
    own = {*columns_named(term.bar.group), *([] if column is None else [column.name])}
    named = [name for name in columns_named([*design.formula.effects(), *groups]) if name not in own]
    others = [design.variables[name].values for name in named if name in design.variables]
    if design.offset is not None:
        others.append(design.offset)
    return any(_varies_in(values, term) for values in others)


def _line(level: str, x: Array, y: Array, fitted: Array, typical: Array) -> LevelLine:
    shown = _evenly(np.argsort(x, kind="stable"))
    at, codes, counts = np.unique(x, return_inverse=True, return_counts=True)
    places = _evenly(np.arange(len(at)))
    return LevelLine(
        level=level,
        x=tuple(x[shown].tolist()),
        y=tuple(y[shown].tolist()),
        at=tuple(at[places].tolist()),
        fitted=tuple((np.bincount(codes, fitted) / counts)[places].tolist()),
        typical=tuple((np.bincount(codes, typical) / counts)[places].tolist()),
    )


def _evenly(order: Index) -> Index:
    """As many as are shown, from the first to the last."""
    if len(order) <= MOST_POINTS:
        return order
    shown: Index = order[np.linspace(0, len(order) - 1, MOST_POINTS).round().astype(int)]
    return shown
