"""Literal constants in an expression: numbers, texts, TRUE and FALSE, `-1`, `c(...)`, `1:3`."""

from __future__ import annotations

import math

from mmtriage.errors import FormulaError
from mmtriage.formula.nodes import Binary, Call, Logical, Name, Node, Number, String, Unary, without_parens
from mmtriage.formula.text import to_text

MAX_SEQUENCE = 100_000

Constant = float | str | bool


def constants(node: Node, text: str) -> tuple[Constant, ...]:
    """The values of a literal or of a `c(...)` of literals."""
    node = without_parens(node)
    match node:
        case Call(function="c"):
            return tuple(value for argument in node.arguments for value in constants(argument.value, text))
        case Binary(operator=":"):
            return _sequence(node, text)
        case _:
            return (_literal(node, text),)


def is_constant(node: Node) -> bool:
    """Whether the node is a literal number, text or logical."""
    node = without_parens(node)
    if isinstance(node, Unary) and node.operator in ("-", "+"):
        node = without_parens(node.operand)
    return isinstance(node, Number | String | Logical)


def number(node: Node, text: str) -> float:
    """A literal number."""
    value = _literal(without_parens(node), text)
    if isinstance(value, str | bool):
        raise _not_literal(node, text, "a number")
    return value


def flag(node: Node, text: str) -> bool:
    """A literal TRUE or FALSE, or T or F."""
    node = without_parens(node)
    if isinstance(node, Name) and node.name in ("T", "F"):
        return node.name == "T"
    if isinstance(node, Logical):
        return node.value
    raise _not_literal(node, text, "TRUE or FALSE")


def _literal(node: Node, text: str) -> Constant:
    match node:
        case Number() | String() | Logical():
            return node.value
        case Name(name="pi"):
            return math.pi
        case Unary(operator="-" | "+"):
            inner = number(node.operand, text)
            return -inner if node.operator == "-" else inner
        case _:
            raise _not_literal(node, text, "a literal value or `c(...)` of them")


def _sequence(node: Binary, text: str) -> tuple[float, ...]:
    first, last = number(node.left, text), number(node.right, text)
    count = math.floor(abs(last - first) + 1e-10) + 1
    if count > MAX_SEQUENCE:
        raise FormulaError(
            f"a sequence of more than {MAX_SEQUENCE} numbers",
            text=text,
            span=node.span,
            hint="Compare with `>=` and `<=`.",
        )
    step = 1.0 if last >= first else -1.0
    return tuple(first + step * i for i in range(count))


def _not_literal(node: Node, text: str, wanted: str) -> FormulaError:
    return FormulaError(
        f"`{to_text(node)}` must be {wanted}",
        text=text,
        span=node.span,
        hint="Only values written out can stand here.",
    )
