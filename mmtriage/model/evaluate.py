"""Evaluating an expression over the columns of a table: arithmetic, comparisons, calls.

No Python is ever run. The semantics are R's: missing values spread, except that FALSE & NA is FALSE and
TRUE | NA is TRUE; logicals count as 0 and 1; a comparison with a factor compares level names.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, assert_never

import numpy as np
import numpy.typing as npt

from mmtriage.arrays import Array
from mmtriage.data.table import Table
from mmtriage.errors import FormulaError, did_you_mean
from mmtriage.formula.nodes import (
    Binary,
    Call,
    Index,
    Logical,
    Name,
    Node,
    Number,
    Paren,
    Reserved,
    String,
    Unary,
    without_parens,
)
from mmtriage.formula.signatures import is_structure
from mmtriage.formula.terms import is_call
from mmtriage.formula.text import to_text
from mmtriage.model.arguments import Arguments
from mmtriage.model.functions import FUNCTIONS
from mmtriage.model.literals import ARITHMETIC, RESERVED_VALUES, Constant, constants, is_constant
from mmtriage.model.summary_functions import quantiles
from mmtriage.model.values import Value, from_column, label

MAX_COLUMNS_LISTED = 12

_ARITHMETIC: dict[str, Callable[[Any, Any], Any]] = {
    **ARITHMETIC,
    "%%": np.mod,
    "%/%": lambda a, b: np.where(np.isfinite(a / b), np.floor_divide(a, b), a / b),
}
_COMPARISONS: dict[str, Callable[[Any, Any], Any]] = {
    "==": np.equal,
    "!=": np.not_equal,
    "<": np.less,
    ">": np.greater,
    "<=": np.less_equal,
    ">=": np.greater_equal,
}
_NAMED_CONSTANTS: dict[str, float | bool] = {"pi": np.pi, "T": True, "F": False}


class Evaluator:
    """Evaluates nodes of one text over one table; what was evaluated once is remembered."""

    def __init__(self, table: Table, text: str) -> None:
        self.table = table
        self.text = text
        self._known: dict[Node, Value] = {}

    def evaluate(self, node: Node) -> Value:
        """The value of a node on the full table."""
        value = self._known.get(node)
        if value is None:
            with np.errstate(all="ignore"):  # log(-1) is NaN, reported where rows are dropped for it
                value = self._evaluate(node)
            self._known[node] = value
        return value

    @property
    def n_rows(self) -> int:
        return self.table.n_rows

    def constants(self, node: Node) -> tuple[Constant, ...]:
        """A list of values: written out, the levels of a factor, or what summarizes a column."""
        return constants(node, self.text, self._summary)

    def numbers(self, node: Node) -> Array:
        """The node as numbers, (n,) or a constant; a factor is refused."""
        value = self.evaluate(node)
        if value.kind == "factor":
            raise self.error(
                f"`{to_text(node)}` is a factor, not a number",
                node,
                "Use `as.numeric()` for its level numbers, or compare it: `f == 'a'`.",
            )
        if value.is_matrix:
            raise self.error(f"`{to_text(node)}` has several columns", node, "Use it as a term of its own.")
        return value.data

    def error(self, message: str, node: Node, hint: str) -> FormulaError:
        return FormulaError(message, text=self.text, span=node.span, hint=hint)

    def _evaluate(self, node: Node) -> Value:
        match node:
            case Name():
                return self._column(node)
            case Number():
                return _numeric(node.value)
            case Logical():
                return _logical(node.value)
            case String():
                raise self.error(
                    f"the text {to_text(node)} is not a number",
                    node,
                    "Texts can only be compared with a factor.",
                )
            case Paren():
                return self.evaluate(node.inner)
            case Unary():
                return self._unary(node)
            case Binary():
                return self._binary(node)
            case Call() if is_structure(node):
                raise self.error("a random-effects term cannot stand here", node, "Compare columns.")
            case Call():
                return FUNCTIONS[node.name](Arguments(self, node))
            case Reserved():
                return self._reserved(node)
            case Index():
                return self._columns_of(node)
            case _:
                assert_never(node)

    def _column(self, node: Name) -> Value:
        column = self.table.columns.get(node.name)
        if column is not None:
            return from_column(column)
        if node.name in _NAMED_CONSTANTS:
            constant = _NAMED_CONSTANTS[node.name]
            return _logical(constant) if isinstance(constant, bool) else _numeric(constant)
        if node.name in self.table.unusable:
            problem = f"`{node.name}` holds {self.table.unusable[node.name]}, which no model can use"
            hint = "Convert them to numbers (such as days since the first one) or to text."
            raise self.error(problem, node, hint)
        known = list(self.table.columns)
        listed = ", ".join(f"`{name}`" for name in known[:MAX_COLUMNS_LISTED])
        more = f" and {len(known) - MAX_COLUMNS_LISTED} more" if len(known) > MAX_COLUMNS_LISTED else ""
        hint = did_you_mean(node.name, known) or f"The columns are {listed}{more}."
        raise self.error(f"`{node.name}` is not a column", node, hint)

    def _reserved(self, node: Reserved) -> Value:
        if node.word not in RESERVED_VALUES:
            raise self.error(f"`{node.word}` has no value", node, "Leave it out.")
        return (_logical if node.word == "NA" else _numeric)(RESERVED_VALUES[node.word])

    def _columns_of(self, node: Index) -> Value:
        """`poly(x, 2)[, 1]`: one column is a vector, several are a matrix with the names they had."""
        value = self.evaluate(node.base)
        is_column = is_call(without_parens(node.base), "scale") and value.data.ndim == 1
        if not value.is_matrix and not is_column:
            raise self.error(f"`{to_text(node.base)}` is no matrix", node, "Use it as it is.")
        data = value.data if value.is_matrix else value.data[:, None]
        places = np.array([self._place(node, value, data.shape[1], k) for k in self.constants(node.columns)])
        if places.size == 1:
            return _numeric(data[:, places[0]])
        suffixes = tuple(value.suffixes[k] for k in places)
        return Value(kind="numeric", data=data[:, places], suffixes=suffixes)

    def _place(self, node: Index, value: Value, count: int, wanted: Constant) -> int:
        if isinstance(wanted, str) and wanted in value.suffixes:
            return value.suffixes.index(wanted)
        if isinstance(wanted, float) and wanted.is_integer() and 1 <= wanted <= count:
            return int(wanted) - 1
        raise self.error(
            f"`{to_text(node.base)}` has no column {label(wanted)}",
            node.columns,
            f"Its columns are numbered from 1 to {count}.",
        )

    def _summary(self, node: Node) -> tuple[Constant, ...]:
        """The values of a node that is not written out but is no column either."""
        call = without_parens(node)
        if isinstance(call, Call) and call.name == "levels":
            return Arguments(self, call).factor("x").levels
        if isinstance(call, Call) and call.name == "quantile":
            return tuple(quantiles(Arguments(self, call)).tolist())
        value = self.evaluate(node)
        if value.data.ndim or value.kind == "factor":
            raise self.error(
                f"`{to_text(node)}` must be a literal value or `c(...)` of them",
                node,
                "Only values written out can stand here, or one value of a column: `mean(x)`.",
            )
        is_logical = value.kind == "logical" and not np.isnan(value.data)
        return (bool(value.data) if is_logical else float(value.data),)

    def _unary(self, node: Unary) -> Value:
        operand = self.numbers(node.operand)
        if node.operator == "!":
            return _logical(np.where(np.isnan(operand), np.nan, operand == 0))
        return _numeric(-operand if node.operator == "-" else +operand)

    def _binary(self, node: Binary) -> Value:
        operator = node.operator
        if operator in _ARITHMETIC:
            left, right = self.numbers(node.left), self.numbers(node.right)
            return _numeric(_ARITHMETIC[operator](left, right))
        if operator in _COMPARISONS:
            return self._compare(node)
        if operator in ("&", "&&"):
            return _logical(_and(self.numbers(node.left), self.numbers(node.right)))
        if operator in ("|", "||"):
            return _logical(_not(_and(_not(self.numbers(node.left)), _not(self.numbers(node.right)))))
        if operator == "%in%":
            members = self.constants(node.right)
            found = self._equal_to_any(node.left, members)
            has_missing = any(member != member for member in members)
            return _logical(np.where(np.isnan(found), float(has_missing), found))
        raise self.error(
            f"`{operator}` cannot be used inside an expression", node, "Use it between terms of the model."
        )

    def _compare(self, node: Binary) -> Value:
        left, right = without_parens(node.left), without_parens(node.right)
        for side, other in ((left, right), (right, left)):
            is_text = isinstance(other, String)
            if is_text or (is_constant(other) and self.evaluate(side).kind == "factor"):
                members = constants(other, self.text)
                if members[0] != members[0]:  # NA: nobody knows whether it is equal
                    return _logical(np.full(self.n_rows, np.nan))
                if self.evaluate(side).is_ordered and node.operator not in ("==", "!="):
                    return self._order(node, self.evaluate(side), members[0], is_left=side is left)
                return self._equality(node, self._equal_to_any(side, members))
        a, b = self.evaluate(left), self.evaluate(right)
        if a.kind == "factor" and b.kind == "factor":
            return self._equality(node, _same_level(a, b))
        return _logical(_compared(_COMPARISONS[node.operator], self.numbers(left), self.numbers(right)))

    def _order(self, node: Binary, factor: Value, member: Constant, *, is_left: bool) -> Value:
        """`size > "small"` of an ordered factor: by the place of the level."""
        place = factor.levels.index(label(member)) if label(member) in factor.levels else np.nan
        codes = np.where(factor.data < 0, np.nan, factor.data.astype(np.float64))
        operands = (codes, np.full_like(codes, place))
        return _logical(_compared(_COMPARISONS[node.operator], *operands[:: 1 if is_left else -1]))

    def _equality(self, node: Binary, equal: Array) -> Value:
        if node.operator not in ("==", "!="):
            raise self.error(
                f"`{node.operator}` has no meaning for a factor",
                node,
                "Its levels have no order; use `==` or `%in%`.",
            )
        return _logical(equal if node.operator == "==" else _not(equal))

    def _equal_to_any(self, node: Node, members: tuple[Constant, ...]) -> Array:
        """Where the value is one of the constants: 1, 0, or NaN where it is missing."""
        value = self.evaluate(node)
        if value.kind == "factor":
            labels = {label(member) for member in members if member == member}  # NaN is no level
            is_member = np.array([level in labels for level in value.levels] + [False], dtype=np.float64)
            return np.where(value.data < 0, np.nan, is_member[value.data])
        numbers = self.numbers(node)
        wanted = [number for number in map(_as_number, members) if number is not None]
        return np.where(np.isnan(numbers), np.nan, np.isin(numbers, wanted))


def _as_number(member: Constant) -> float | None:
    """The constant as a number; R compares a number with a text as text, so "5" equals 5."""
    if not isinstance(member, str):
        return float(member)
    if member in ("TRUE", "FALSE"):
        return float(member == "TRUE")
    try:
        return float(member)
    except ValueError:
        return None


def _same_level(a: Value, b: Value) -> Array:
    place = {level: i for i, level in enumerate(a.levels)}
    translate = np.array([place.get(level, -2) for level in b.levels] + [-1])
    missing = (a.data < 0) | (b.data < 0)
    return np.where(missing, np.nan, a.data == translate[b.data])


def _numeric(data: npt.ArrayLike) -> Value:
    return Value(kind="numeric", data=np.asarray(data, dtype=np.float64))


def _logical(data: npt.ArrayLike) -> Value:
    return Value(kind="logical", data=np.asarray(data, dtype=np.float64))


def _compared(compare: Callable[[Any, Any], Any], a: Array, b: Array) -> Array:
    return np.where(np.isnan(a) | np.isnan(b), np.nan, compare(a, b))


def _not(a: Array) -> Array:
    return np.where(np.isnan(a), np.nan, a == 0)


def _and(a: Array, b: Array) -> Array:
    """Three-valued: FALSE wins over NA."""
    is_false = (a == 0) | (b == 0)
    return np.where(is_false, 0.0, np.where(np.isnan(a) | np.isnan(b), np.nan, 1.0))
