"""What separates 0s from 1s, in the user's terms: levels and cells, thresholds, combinations of columns.

A direction of recession (see `recession`) is seldom unique and seldom readable. A cell of a factor whose
responses are all the same is one if the columns of X tell the cell from all others; so is a column of X with
all 0s on one side of a value and all 1s on the other. Where neither is found, the smallest set of columns
that separates together is, by QuickXplain (Junker 2004).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from mmtriage.arrays import Array, Index, Mask
from mmtriage.data.table import Column
from mmtriage.diagnose.naming import MOST_NAMES, listed
from mmtriage.diagnose.recession import Pulls, recession_direction, row_codes, strict_rows
from mmtriage.formula.nodes import Node, names_in
from mmtriage.formula.text import to_text
from mmtriage.model.design import Design
from mmtriage.model.tall import least_squares

FIRST_LOOK = 1000  # rows in which a continuous column shows
NEGLIGIBLE = 1e-9  # share of a direction's largest coefficient that is rounding


@dataclass(frozen=True, slots=True)
class Reason:
    """One way in which the fixed effects separate the responses."""

    text: str
    columns: tuple[str, ...]  # the user's
    effects: tuple[str, ...]  # columns of X whose coefficients run away
    rows: int  # that it moves


@dataclass(frozen=True, slots=True, eq=False)
class InformativeRows:
    """The rows that say something, with their pulls; see `recession`."""

    design: Design
    used: Index  # (m,) rows of positive weight
    X: Array  # (m, p)
    pulls: Pulls  # (m,)
    noun: str  # what a row's response is called

    def columns_within(self, term: int) -> list[int]:
        """The columns of X that a fixed term (from 1) and its margins make, the intercept among them."""
        fixed = self.design.formula.fixed
        inside = set(fixed[term - 1].variables)
        return [
            j for j, t in enumerate(self.design.assign) if t == 0 or set(fixed[t - 1].variables) <= inside
        ]

    def all_are(self, where: Mask, condition: str, pull: int) -> str:
        """`all 35 responses with `period` = `p4` are 0`, the condition being "with `period` = `p4`"."""
        count = int(np.sum(where))
        value = 1 if pull > 0 else 0
        if count == 1:
            return f"the only {self.noun} {condition} is {value}"
        return f"all {count:,} {self.noun}s {condition} are {value}"


def pure_cells(rows: InformativeRows) -> list[Reason]:
    """Levels of a factor, or cells of several, in which all responses are the same."""
    found: list[Reason] = []
    explained = np.zeros(len(rows.used), dtype=bool)
    for number in range(1, len(rows.design.formula.fixed) + 1):
        cells = _cells(rows, number)
        if cells is None:
            continue
        codes, coefficients = cells
        for cell in range(coefficients.shape[1]):
            where = codes == cell
            pull = _common_pull(rows.pulls[where])
            if pull == 0 or np.all(explained[where]):
                continue
            explained |= where
            label, columns = _cell_label(rows, number, where)
            effects = _effects(rows.design.fixed_names, coefficients[:, cell])
            text = rows.all_are(where, f"with {label}", pull)
            found.append(Reason(text, columns, effects, int(np.sum(where))))
    return found


def _cells(rows: InformativeRows, number: int) -> tuple[Index, Array] | None:
    """Cell of each row (m,), and per cell the coefficients (p, cells) that make its indicator of X.

    None where the columns of a term and its margins do not tell all their cells apart: a continuous one.
    """
    inside = rows.columns_within(number)
    if int(np.max(row_codes(rows.X[:FIRST_LOOK, inside]))) >= len(inside):  # continuous at first sight
        return None
    codes = row_codes(rows.X[:, inside])
    _, first = np.unique(codes, return_index=True)
    square = rows.X[first][:, inside]
    if square.shape[0] != square.shape[1] or np.linalg.matrix_rank(square) < len(square):
        return None
    coefficients = np.zeros((rows.X.shape[1], len(first)))
    coefficients[inside] = np.linalg.inv(square)
    return codes, coefficients


def _common_pull(pulls: Pulls) -> int:
    return int(pulls[0]) if np.all(pulls == pulls[0]) else 0


def _cell_label(
    rows: InformativeRows, number: int, where: Mask, leaving_out: Node | None = None
) -> tuple[str, tuple[str, ...]]:
    """`f` = `b` and `g` = `w`, with the names of the columns; a computed predictor by its column of X."""
    design = rows.design
    parts: list[str] = []
    names: list[str] = []
    for node in design.formula.fixed[number - 1].variables:
        if node == leaving_out:
            continue
        inner = [name.name for name in names_in(node) if name.name in design.variables]
        values = [_constant_value(design.variables[name], rows.used[where]) for name in inner]
        names += inner
        if inner and all(value is not None for value in values):
            parts += [f"`{name}` = {value}" for name, value in zip(inner, values, strict=True)]
        else:
            own = [j for j in rows.columns_within(number) if to_text(node) in design.fixed_names[j]]
            parts += [f"`{design.fixed_names[j]}` = {rows.X[where, j][0]:.6g}" for j in own]
    return " and ".join(dict.fromkeys(parts)), tuple(dict.fromkeys(names))


def _constant_value(column: Column, chosen: Index) -> str | None:
    """The value of a column in the chosen rows where it is one."""
    values = column.values[chosen]
    if np.any(values != values[0]):
        return None
    match column.kind:
        case "factor":
            return f"`{column.levels[int(values[0])]}`"
        case "logical":
            return "TRUE" if values[0] else "FALSE"
        case _:
            return f"{values[0]:.6g}"


def _effects(names: Sequence[str], coefficients: Array) -> tuple[str, ...]:
    """The columns (p,) that a direction moves, but for the intercept."""
    moved = np.abs(coefficients) > NEGLIGIBLE * np.max(np.abs(coefficients))
    return tuple(
        name for name, is_moved in zip(names, moved, strict=True) if is_moved and name != "(Intercept)"
    )


def thresholds(rows: InformativeRows) -> list[Reason]:
    """Columns of X with the 0s on one side of a value and the 1s on the other."""
    is_free = has_constant(rows.X)  # an intercept moves the threshold
    found = []
    for number in range(1, len(rows.design.formula.fixed) + 1):
        if _cells(rows, number) is not None:
            continue
        for j in [j for j, term in enumerate(rows.design.assign) if term == number]:
            text, moved = _threshold(rows, rows.X[:, j], rows.pulls, rows.design.fixed_names[j], is_free)
            if moved:
                found.append(Reason(text, (_source(rows.design, j),), (rows.design.fixed_names[j],), moved))
    return found


def thresholds_within(rows: InformativeRows) -> list[Reason]:
    """Cells of factors within which a column has the 0s on one side of a value and the 1s on the other.

    The columns of X must tell such a cell from all others, and the slope in it from theirs: an interaction.
    """
    return [
        reason
        for number, term in enumerate(rows.design.formula.fixed, start=1)
        for node in term.variables
        if len(term.variables) > 1
        for reason in _within_cells(rows, number, node)
    ]


def _within_cells(rows: InformativeRows, number: int, along: Node) -> Iterator[Reason]:
    """The cells of an interaction's other columns in which one of its columns separates."""
    design, inside = rows.design, rows.columns_within(number)
    own = {
        j
        for j in inside
        if design.assign[j] and along in design.formula.fixed[design.assign[j] - 1].variables
    }
    codes = row_codes(rows.X[:, [j for j in inside if j not in own]])
    if int(np.max(codes, initial=0)) >= len(inside):
        return  # the other columns are continuous too
    main = [j for j in own if design.formula.fixed[design.assign[j] - 1].variables == (along,)]
    for cell in range(int(np.max(codes, initial=0)) + 1):
        where = codes == cell
        source = next((j for j in [*main, *sorted(own)] if np.ptp(rows.X[where, j]) > 0), None)
        if source is None:
            continue
        slope = _coefficients(rows.X, inside, np.where(where, rows.X[:, source], 0.0))
        level = _coefficients(rows.X, inside, where.astype(float))
        if slope is None:
            continue
        x, pulls = rows.X[where, source], rows.pulls[where]
        text, moved = _threshold(rows, x, pulls, to_text(along), is_free=level is not None)
        if moved:
            label, columns = _cell_label(rows, number, where, leaving_out=along)
            effects = _effects(design.fixed_names, slope)
            names = tuple(dict.fromkeys([*columns, _source(design, source)]))
            yield Reason(f"of those with {label}, {text}", names, effects, moved)


def _coefficients(X: Array, inside: Sequence[int], column: Array) -> Array | None:
    """Coefficients (p,) with which some columns of X make a column (m,); None where they do not."""
    found = least_squares(X[:, inside], column)
    if np.max(np.abs(X[:, inside] @ found - column)) > NEGLIGIBLE * (1.0 + np.max(np.abs(column))):
        return None
    coefficients = np.zeros(X.shape[1])
    coefficients[list(inside)] = found
    return coefficients


def _threshold(rows: InformativeRows, x: Array, pulls: Pulls, name: str, is_free: bool) -> tuple[str, int]:
    """What a column x (m,) says on both sides of a value, and of how many rows; 0 where it says nothing."""
    for sign in (1, -1):
        low = float(np.max(sign * x, where=pulls <= 0, initial=-np.inf))
        high = float(np.min(sign * x, where=pulls >= 0, initial=np.inf))
        if not is_free and low <= 0 <= high:
            low = high = 0.0
        elif not is_free or low > high:
            continue
        touches = low == high  # rows that pull both ways, or one that pulls neither, at the very value
        above = sign * x > high if touches else sign * x >= high
        below = sign * x < low if touches else sign * x <= low
        signs = (">", "<") if sign > 0 else ("<", ">")
        equal = "" if touches else "="
        parts = [
            rows.all_are(where, f"with `{name}` {relation}{equal} {sign * value:.6g}", pull)
            for where, relation, value, pull in ((above, signs[0], high, 1), (below, signs[1], low, -1))
            if np.any(where)
        ]
        return " and ".join(parts), int(np.sum(above | below))
    return "", 0


def _source(design: Design, j: int) -> str:
    """The user's column behind a column of X if it is one, else the column of X."""
    nodes = design.formula.fixed[design.assign[j] - 1].variables
    names = {name.name for node in nodes for name in names_in(node) if name.name in design.variables}
    return names.pop() if len(names) == 1 else design.fixed_names[j]


def combination(rows: InformativeRows) -> list[Reason]:
    """The smallest set of columns that separates together; no smaller one does."""
    names = rows.design.fixed_names
    constant = [j for j, term in enumerate(rows.design.assign) if term == 0]
    others = [j for j, term in enumerate(rows.design.assign) if term != 0]
    kept = [*constant, *sorted(_smallest(rows, constant, others, grown=True))]
    direction = recession_direction(rows.X[:, kept], rows.pulls)
    if direction is None:  # the intercept alone cannot separate, nor does all of X up to rounding
        direction, kept = recession_direction(rows.X, rows.pulls), list(range(rows.X.shape[1]))
    assert direction is not None
    full = np.zeros(rows.X.shape[1])
    full[kept] = direction
    effects = _effects(names, full)
    sources = tuple(dict.fromkeys(_source(rows.design, names.index(name)) for name in effects))
    moved = strict_rows(rows.X, full)
    text = _combination_text(rows, full, effects, moved)
    return [Reason(text, sources, effects, int(np.sum(moved)))]


def _smallest(rows: InformativeRows, given: list[int], candidates: list[int], *, grown: bool) -> list[int]:
    """Which candidates separate together with the given columns, none of them idle (QuickXplain)."""
    if grown and given and recession_direction(rows.X[:, sorted(given)], rows.pulls) is not None:
        return []
    if len(candidates) == 1:
        return candidates
    half = len(candidates) // 2
    first, second = candidates[:half], candidates[half:]
    of_second = _smallest(rows, given + first, second, grown=True)
    of_first = _smallest(rows, given + of_second, first, grown=bool(of_second))
    return of_first + of_second


def _combination_text(rows: InformativeRows, direction: Array, effects: tuple[str, ...], moved: Mask) -> str:
    names = rows.design.fixed_names
    coefficients = dict(zip(names, direction.tolist(), strict=True))
    above = moved & (rows.X @ direction > 0)
    below = moved & ~above
    if len(effects) > MOST_NAMES:
        sides = [(above, "above a value of it", 1), (below, "below it", -1)]
        lead = f"a combination of {listed(effects)} separates: "
    else:
        unit = abs(coefficients[effects[0]])
        value = -coefficients.get("(Intercept)", 0.0) / unit + 0.0
        line = " ".join(f"{coefficients[name] / unit:+.4g} {name}" for name in effects)
        sides = [(above, f"with {line} > {value:.4g}", 1), (below, f"with {line} < {value:.4g}", -1)]
        lead = ""
    return lead + " and ".join(rows.all_are(where, what, pull) for where, what, pull in sides if where.any())


def has_constant(columns: Array) -> bool:
    """Whether a constant is a combination of the columns (n, k)."""
    ones = np.ones(len(columns))
    return bool(np.max(np.abs(columns @ least_squares(columns, ones) - ones)) < NEGLIGIBLE)
