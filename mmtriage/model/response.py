"""The response of a linear mixed model, and what every response has to be."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mmtriage.arrays import Array, Index
from mmtriage.data.convert import first_non_number, rows_with, strange_levels
from mmtriage.data.table import Column, Labelled, Table
from mmtriage.errors import DataError, ModelError
from mmtriage.formula import Formula
from mmtriage.formula.nodes import Name, Node
from mmtriage.formula.text import quote_name, to_text
from mmtriage.model.values import Value

_LEVELS_SHOWN = 5


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Response:
    """What is fitted, and what R would warn about."""

    y: Array  # (n,); a proportion for the binomial
    trials: Array | None = None  # (n,) of `cbind(success, failure)`
    messages: tuple[str, ...] = ()


def numeric_response(formula: Formula, value: Value, table: Table) -> Array:
    """The response as numbers, (n,); a logical counts as 0 and 1."""
    response = formula.response
    name = to_text(response)
    if value.is_matrix:
        raise ModelError(
            f"`{name}` has several columns: a linear mixed model can't handle matrix-valued responses",
            hint="Model one column; successes and failures belong to a binomial model: `--family binomial`.",
        )
    if value.kind == "factor":
        raise not_numeric(response, value, table, "A linear mixed model")
    return np.asarray(value.data)


def refuse_infinite(node: Node, value: Value, table: Table, rows: Index, says: str) -> None:
    """Refuse a variable with infinite values in the rows used, with what lme4 says of it."""
    if value.kind != "numeric":
        return
    finite = np.isfinite(value.data)
    bad = ~(finite.all(axis=1) if value.is_matrix else finite)
    if bad.any():
        raise DataError(
            f"`{to_text(node)}` is infinite in {int(bad.sum())} of the rows used (lme4: {says})",
            where=table.row_name(int(rows[np.argmax(bad)])),
            hint="Leave those rows out with `--subset`; instead of log(0), `log(x + 1)` is finite.",
        )


def not_numeric(node: Node, value: Value, table: Table, model: str) -> ModelError:
    """Why a factor is no numeric response: a stray text, or levels by intention."""
    name = to_text(node)
    column = table.columns[node.name] if isinstance(node, Name) else None
    stray = first_non_number(column) if column is not None else None
    if column is not None and stray is not None:
        cell, row = stray
        return ModelError(
            f'response must be numeric: `{name}` holds the text "{cell}"',
            where=f"column `{name}`, {table.row_name(row)}",
            hint=_about_text(name, cell, row, column),
        )
    return ModelError(
        f"response must be numeric: `{name}` is a factor with levels {listed_levels(value.levels)}",
        hint=f"{model} needs numbers{_instead(name, value, table)}",
    )


def _about_text(name: str, cell: str, row: int, column: Column) -> str:
    """What there is to do about text among numbers, by where it stands and how much of it there is."""
    codes = strange_levels(column)
    rows = rows_with(column, codes)
    if cell == name:
        return "The names of the columns stand there again: take that line out of the file."
    if row == 0 and len(rows) == 1:
        return (
            "If that line holds units, or more of the names, take it out of the file; else correct the cell."
        )
    if len(codes) == 1:
        return f'Correct the cell, or read it as missing: `--na-values "{cell}"`.'
    texts = listed_levels(tuple(column.levels[code] for code in codes))
    return f"Correct the {len(rows)} cells with text ({texts}), or name with --na-values what means missing."


def _instead(name: str, value: Value, table: Table) -> str:
    """What there is to do about a factor as a response."""
    if len(value.levels) == 2:
        return "; a two-level outcome belongs to a binomial model: `--family binomial`."
    if isinstance(table.layout, Labelled) and name in table.layout.factors:
        return f": `as.numeric({quote_name(name)})` is the place of each label in their order."
    return ": correct the column, or name another response."


def listed_levels(levels: tuple[str, ...]) -> str:
    """The first few levels, quoted."""
    shown = ", ".join(f'"{level}"' for level in levels[:_LEVELS_SHOWN])
    return f"{shown}, ..." if len(levels) > _LEVELS_SHOWN else shown
