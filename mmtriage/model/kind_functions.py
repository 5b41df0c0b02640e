"""Functions that give the same values as another kind, choose between two, or list values as a column."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from mmtriage.arrays import Array
from mmtriage.data.convert import LOGICALS, number
from mmtriage.formula.nodes import Node, String, without_parens
from mmtriage.formula.text import to_text
from mmtriage.model.arguments import Arguments
from mmtriage.model.literals import Constant
from mmtriage.model.values import Value, as_text, label, text_constant

LARGEST_INTEGER = 2.0**31  # of R; what is beyond is NA
TRUTHS = {**LOGICALS, "true": 1.0, "True": 1.0, "false": 0.0, "False": 0.0}  # R's as.logical()


def _as_numeric(arguments: Arguments) -> Value:
    return Value(kind="numeric", data=_numbers(arguments))


def _as_integer(arguments: Arguments) -> Value:
    whole = np.trunc(_numbers(arguments))
    return Value(kind="numeric", data=np.where(np.abs(whole) < LARGEST_INTEGER, whole, np.nan))


def _numbers(arguments: Arguments) -> Array:
    """Numbers as they are, level numbers of a factor, what texts say."""
    value = _vector(arguments)
    if value.kind != "factor":
        return value.data
    if not value.is_text:
        return np.where(value.data < 0, np.nan, value.data + 1.0)
    said = [number(level.strip()) for level in value.levels]
    values: Array = np.array([np.nan if n is None else n for n in said] + [np.nan])[value.data]
    return values


def _as_logical(arguments: Arguments) -> Value:
    value = _vector(arguments)
    if value.kind == "factor":
        said = np.array([TRUTHS.get(level, np.nan) for level in value.levels] + [np.nan])
        return Value(kind="logical", data=said[value.data])
    return Value(kind="logical", data=np.where(np.isnan(value.data), np.nan, value.data != 0))


def _as_vector(arguments: Arguments) -> Value:
    """A one-column matrix as a vector; of a factor the texts."""
    value = _vector(arguments)
    return as_text(value) if value.kind == "factor" else value


def _drop(arguments: Arguments) -> Value:
    value = arguments.value("x")
    return _vector(arguments) if value.is_matrix and value.data.shape[1] == 1 else value


def _vector(arguments: Arguments) -> Value:
    """The argument as a vector, (n,)."""
    value, node = arguments.value("x"), arguments.nodes["x"]
    if not value.is_matrix:
        return value
    columns = value.data.shape[1]
    if columns > 1:
        raise arguments.error(
            f"`{to_text(node)}` has {columns} columns: as a vector it has {columns} times as many rows",
            node,
            f"Take one: `{to_text(node)}[, 1]`.",
        )
    return replace(value, data=value.data[:, 0], suffixes=())


def _ifelse(arguments: Arguments) -> Value:
    """R's `ifelse(test, yes, no)`: texts if one of the values in use is a text."""
    test = arguments.column("test")
    holds = (test != 0.0) & ~np.isnan(test)
    chosen = [(holds, _operand(arguments, "yes")), (test == 0.0, _operand(arguments, "no"))]
    used = [(rows, value) for rows, value in chosen if rows.any()]
    if any(value.kind == "factor" and value.is_text for _, value in used):
        return _texts_where(test.shape[0], used)
    result = np.full(test.shape, np.nan)
    for rows, value in used:
        numbers = value.data if value.kind != "factor" else np.where(value.data < 0, np.nan, value.data + 1.0)
        result[rows] = np.broadcast_to(numbers, test.shape)[rows]
    is_logical = all(value.kind == "logical" for _, value in used)
    return Value(kind="logical" if is_logical else "numeric", data=result)


def _texts_where(n: int, parts: list[tuple[Array, Value]]) -> Value:
    texts = [(rows, as_text(replace(value, data=np.broadcast_to(value.data, (n,))))) for rows, value in parts]
    levels = sorted({level for _, value in texts for level in value.levels})
    place = {level: i for i, level in enumerate(levels)}
    codes = np.full(n, -1, dtype=np.int64)
    for rows, value in texts:
        translate = np.array([place[level] for level in value.levels] + [-1], dtype=np.int64)
        codes[rows] = translate[value.data][rows]
    return as_text(Value(kind="factor", data=codes, levels=tuple(levels)))


def _operand(arguments: Arguments, name: str) -> Value:
    """A column or a constant, which may be a text."""
    node = without_parens(arguments.nodes[name])
    value = text_constant(node.value) if isinstance(node, String) else arguments.evaluator.evaluate(node)
    if value.is_matrix:
        raise arguments.error(
            f"`{to_text(node)}` has several columns", node, "Choose between single columns."
        )
    return value


def _combine(arguments: Arguments) -> Value:
    """R's `c()`: of one column the column as a vector, of constants a column if there is one for each row."""
    nodes = arguments.values
    if len(nodes) > 1 or _is_listed(arguments, nodes[0]):
        return _listed(arguments)
    value = arguments.value("0")
    if value.is_matrix and value.data.shape[1] == 1:
        return replace(value, data=value.data[:, 0], suffixes=())
    return value


def _is_listed(arguments: Arguments, node: Node) -> bool:
    node = without_parens(node)
    return isinstance(node, String) or arguments.evaluator.evaluate(node).data.ndim == 0


def _listed(arguments: Arguments) -> Value:
    """A column of values written out: one for each row of the table."""
    values, n = arguments.evaluator.constants(arguments.call), arguments.evaluator.n_rows
    if len(values) not in (1, n):
        raise arguments.error(
            f"`{to_text(arguments.call)}` is {len(values)} values for {n} rows",
            arguments.call,
            "Constants are listed where a list is wanted, as in `f %in% c('a', 'b')`.",
        )
    return _column_of(values)


def _column_of(values: tuple[Constant, ...]) -> Value:
    if any(isinstance(value, str) for value in values):
        texts = [label(value) for value in values]
        levels = sorted(set(texts))
        return Value(
            kind="factor",
            data=np.array([levels.index(text) for text in texts], dtype=np.int64),
            levels=tuple(levels),
            is_text=True,
        )
    data = np.array(values, dtype=np.float64)
    is_logical = all(isinstance(value, bool) for value in values)
    return Value(kind="logical" if is_logical else "numeric", data=data[0] if data.size == 1 else data)


KIND_FUNCTIONS: dict[str, Callable[[Arguments], Value]] = {
    "as.numeric": _as_numeric,
    "as.double": _as_numeric,
    "as.integer": _as_integer,
    "as.logical": _as_logical,
    "as.vector": _as_vector,
    "drop": _drop,
    "ifelse": _ifelse,
    "c": _combine,
    "rep": _listed,
    "seq": _listed,
    "rev": _listed,
}
