"""The arguments of one call in a formula, evaluated on demand and checked.

A function's arguments are evaluated by whoever evaluates the formula, and that evaluator calls functions: the
circle is cut here, where the evaluator is known by the few members that arguments need.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np

from mmtriage.arrays import Array
from mmtriage.errors import FormulaError
from mmtriage.formula.nodes import Call, Node, String, without_parens
from mmtriage.formula.signatures import match_arguments
from mmtriage.formula.text import to_text
from mmtriage.model.literals import Constant, flag, number
from mmtriage.model.values import Value, as_factor


class Evaluates(Protocol):
    """What evaluates the nodes of one text: `model.evaluate.Evaluator`."""

    text: str

    @property
    def n_rows(self) -> int: ...
    def evaluate(self, node: Node) -> Value: ...
    def numbers(self, node: Node) -> Array: ...
    def constants(self, node: Node) -> tuple[Constant, ...]: ...
    def error(self, message: str, node: Node, hint: str) -> FormulaError: ...


class Arguments:
    """The arguments of one call, evaluated on demand."""

    def __init__(self, evaluator: Evaluates, call: Call) -> None:
        self.evaluator = evaluator
        self.call = call
        self.nodes = match_arguments(call, evaluator.text)

    def value(self, name: str) -> Value:
        """The argument as a variable of the table."""
        node = self.nodes[name]
        value = self.evaluator.evaluate(node)
        if value.data.ndim == 0:
            raise self.error(f"`{to_text(node)}` is a constant, not a column", node, "Name a column.")
        return value

    def column(self, name: str) -> Array:
        """The argument as one numeric column, (n,)."""
        self.value(name)
        return self.evaluator.numbers(self.nodes[name])

    def factor(self, name: str) -> Value:
        """The argument as a factor."""
        value = self.value(name)
        if value.is_matrix:
            node = self.nodes[name]
            raise self.error(f"`{to_text(node)}` has several columns", node, "A factor needs one column.")
        return as_factor(value)

    def flag(self, name: str, default: bool) -> bool:
        return flag(self.nodes[name], self.evaluator.text) if name in self.nodes else default

    def number(self, name: str) -> float:
        """The argument as one number: a literal, or what summarizes a column."""
        return number(self.nodes[name], self.evaluator.text, self.evaluator.constants)

    def whole_number(self, name: str, default: int | None, lowest: int, highest: int) -> int | None:
        if name not in self.nodes:
            return default
        value = self.number(name)
        if not (value.is_integer() and lowest <= value <= highest):
            raise self.error(
                f"`{name}` must be a whole number from {lowest} to {highest}", self.nodes[name], "Change it."
            )
        return int(value)

    def text(self, name: str, default: str) -> str:
        """The argument as one literal text."""
        if name not in self.nodes:
            return default
        node = without_parens(self.nodes[name])
        if not isinstance(node, String):
            raise self.error(f"`{name}` must be a text", node, f'Write for example `{name} = "{default}"`.')
        return node.value

    def constants(self, name: str) -> tuple[Constant, ...] | None:
        return self.evaluator.constants(self.nodes[name]) if name in self.nodes else None

    @property
    def values(self) -> list[Node]:
        """The arguments of `...`."""
        return [node for name, node in self.nodes.items() if name.isdigit()]

    def numbers(self, name: str) -> Array | None:
        values = self.constants(name)
        if values is None:
            return None
        if any(isinstance(value, str) for value in values):
            raise self.error(f"`{name}` must be numbers", self.nodes[name], "Write for example `c(1, 2.5)`.")
        return np.array(values, dtype=np.float64)

    def error(self, message: str, node: Node, hint: str) -> FormulaError:
        return self.evaluator.error(message, node, hint)
