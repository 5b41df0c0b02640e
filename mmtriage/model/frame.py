"""The model frame: every variable of a model on the full table, and which rows of it are used."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from mmtriage.arrays import Index, Mask
from mmtriage.data.decorated import decorated_cell
from mmtriage.data.table import Column, Punctuation, Table
from mmtriage.errors import DataError, FormulaError, OptionError
from mmtriage.formula import Formula, parse_expression
from mmtriage.formula.nodes import Name, Node, String, children, columns_named, names_in
from mmtriage.formula.text import quote_name, to_text
from mmtriage.model.columns import factor_levels
from mmtriage.model.evaluate import Evaluator
from mmtriage.model.missing import MissingReport, missing_report
from mmtriage.model.ranef import grouping_factor
from mmtriage.model.spec import ModelSpec
from mmtriage.model.values import Value, compress, from_column

_LEVELS_SHOWN = 8


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Frame:
    """Variables on the full table; a missing value in any of them costs the row."""

    table: Table
    formula: Formula
    values: Mapping[Node, Value]  # of the formula
    weights: Value | None
    offset: Value | None
    columns: tuple[str, ...]  # of the table, used in any of these
    in_subset: Mask  # (n_rows,)
    used: Mask  # (n_rows,)

    @property
    def rows(self) -> Index:
        """The rows used, (n,)."""
        return np.flatnonzero(self.used)


def model_frame(table: Table, formula: Formula, spec: ModelSpec) -> Frame:
    """Evaluate everything and find the rows used."""
    _refuse_decorated(table, formula)
    evaluator = Evaluator(table, formula.text)
    values = {node: _variable(evaluator, node) for node in formula.nodes()}
    weights = _option(table, "weights", spec.weights)
    offset = _option(table, "offset", spec.offset)
    in_subset = _subset(table, spec.subset)
    used = in_subset.copy()
    for value in (*values.values(), weights, offset):
        if value is not None:
            used &= ~value.is_missing
    if not used.any():
        raise _no_rows(values, in_subset)
    expressions = [*values, *(_parsed(table, text) for text in (spec.weights, spec.offset) if text)]
    names = columns_named(expressions)
    return Frame(
        table=table,
        formula=formula,
        values=values,
        weights=weights,
        offset=offset,
        columns=tuple(name for name in names if name in table.columns),
        in_subset=in_subset,
        used=used,
    )


def _refuse_decorated(table: Table, formula: Formula) -> None:
    """Numbers written for people, which would be levels; names of groups may look as they like."""
    for name in columns_named([formula.response, *formula.effects()]):
        if name not in table.columns or name in table.reading.factors:
            continue
        if (found := decorated_cell(table.columns[name])) is not None:
            cell, row = found
            is_text = isinstance(table.layout, Punctuation)
            marks = "Name the marks with --decimal and --thousands, or take" if is_text else "Take"
            raise DataError(
                f"`{name}` would be numbers but for how they are written: `{cell}`",
                where=f"{table.source}, column `{name}`, {table.row_name(row)}",
                hint=f"{marks} signs like % off in the file; "
                f"if these are names, say so: --factor {quote_name(name)}.",
            )


def report_missing(frame: Frame) -> MissingReport:
    """What the missing values of a frame took away."""
    columns = {name: from_column(frame.table.columns[name]) for name in frame.columns}
    computed = [(node, value) for node, value in frame.values.items() if not isinstance(node, Name)]
    sources = {node: _sources(node, frame.columns) for node, _ in computed}
    factors: dict[str, Value] = {}
    if not np.array_equal(frame.used, frame.in_subset):
        factors = {to_text(node): v for node, v in frame.values.items() if v.kind == "factor"}
        for bar in frame.formula.random:
            factors[bar.group_name] = grouping_factor(bar, frame.values, frame.formula.text)
    return missing_report(
        in_subset=frame.in_subset,
        used=frame.used,
        columns=columns,
        transforms={to_text(node): (value, sources[node]) for node, value in computed},
        factors=factors,
    )


def used_columns(frame: Frame) -> dict[str, Column]:
    """The table's columns that the model uses, in the rows used, without levels that no longer occur."""
    rows = frame.rows
    taken = ((name, from_column(frame.table.columns[name]).take(rows)) for name in frame.columns)
    return {
        name: replace(frame.table.columns[name], values=value.data, levels=value.levels)
        for name, value in taken
    }


def unused_levels(frame: Frame) -> dict[str, tuple[str, ...]]:
    """Levels that a factor column declares but that no row of the table has."""
    unused: dict[str, tuple[str, ...]] = {}
    for name in frame.columns:
        value = from_column(frame.table.columns[name])
        if value.kind == "factor":
            levels = factor_levels(value)
            occurring = set(compress(value.data, len(levels))[0].tolist())
            lost = tuple(level for i, level in enumerate(levels) if i not in occurring)
            unused |= {name: lost} if lost else {}
    return unused


def _sources(node: Node, columns: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(name.name for name in names_in(node) if name.name in columns)


def _variable(evaluator: Evaluator, node: Node) -> Value:
    value = evaluator.evaluate(node)
    if value.data.ndim == 0:
        raise evaluator.error(f"`{to_text(node)}` is not a column", node, "Name a column of the table.")
    return value


def _option(table: Table, option: str, text: str | None) -> Value | None:
    """Weights or an offset: a numeric column or an expression over columns."""
    if text is None:
        return None

    def numeric() -> Value:
        evaluator = Evaluator(table, text)
        node = _parsed(table, text)
        data = evaluator.numbers(node)
        if data.ndim == 0:
            raise evaluator.error(f"`{to_text(node)}` is not a column", node, "Name a column of the table.")
        return Value(kind="numeric", data=data)

    return _as_option(option, numeric)


def _subset(table: Table, text: str | None) -> Mask:
    """The rows that a condition keeps, (n_rows,); a row where it is missing is not kept."""
    if text is None:
        return np.ones(table.n_rows, dtype=bool)

    def condition() -> Value:
        evaluator = Evaluator(table, text)
        node = _parsed(table, text)
        value = evaluator.evaluate(node)
        if value.kind != "logical" or value.data.ndim != 1:
            raise evaluator.error(
                f"`{to_text(node)}` is not a condition on the rows",
                node,
                "Compare a column: `x > 0`, `f == 'a'`.",
            )
        return value

    keep: Mask = _as_option("subset", condition).data == 1.0
    if not keep.any():
        raise OptionError(
            f"the subset `{text}` keeps no row",
            where="option --subset",
            hint=_unknown_level_hint(table, _parsed(table, text))
            or "Check the condition against the values.",
        )
    return keep


def _as_option(option: str, evaluate: Callable[[], Value]) -> Value:
    try:
        return evaluate()
    except FormulaError as error:
        raise OptionError(
            error.message, where=f"option --{option}", hint=error.hint, text=error.text, span=error.span
        ) from None


def _parsed(table: Table, text: str) -> Node:
    """An option's expression; the exact name of a column needs no backticks."""
    if text in table.columns:
        text = "`" + text.replace("\\", "\\\\").replace("`", "\\`") + "`"
    return parse_expression(text)


def _unknown_level_hint(table: Table, condition: Node) -> str | None:
    """Texts of the condition that are no level of any factor in it."""
    factors = [table.columns[name.name] for name in names_in(condition) if name.name in table.columns]
    levels = [level for factor in factors for level in factor.levels]
    stack = [condition]
    while stack and levels:
        node = stack.pop()
        if isinstance(node, String) and node.value not in levels:
            shown = ", ".join(f'"{level}"' for level in levels[:_LEVELS_SHOWN])
            more = ", ..." if len(levels) > _LEVELS_SHOWN else ""
            return f'There is no level "{node.value}"; the levels are {shown}{more}.'
        stack.extend(children(node))
    return None


def _no_rows(values: Mapping[Node, Value], in_subset: Mask) -> DataError:
    if in_subset.size == 0:
        return DataError("0 (non-NA) cases: the table has no rows", hint="Check the file.")
    emptiest = max(values, key=lambda node: int(np.count_nonzero(values[node].is_missing & in_subset)))
    missing = int(np.count_nonzero(values[emptiest].is_missing & in_subset))
    return DataError(
        "0 (non-NA) cases: every row has a missing value in some variable of the model",
        hint=f"`{to_text(emptiest)}` is missing in {missing} of {int(in_subset.sum())} rows.",
    )
