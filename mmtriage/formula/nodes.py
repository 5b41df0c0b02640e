"""The syntax tree of a formula: immutable nodes that remember where they stood in the text.

Two nodes are equal when they mean the same; the span and the height are not part of the meaning. Parentheses
are kept as nodes because R keeps them: `I((x + 1)^2)` is the name of a column.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TypeAlias

from mmtriage.errors import Span

CONSTANT_NAMES = frozenset({"pi"})  # what is written as a name and is no column
RESERVED = frozenset({"NA", "NaN", "Inf", "NULL"})  # words of R that no column has without backticks


@dataclass(frozen=True, slots=True)
class Name:
    """A column, or one of R's constants `pi`, `T`, `F`."""

    name: str
    span: Span = field(compare=False, repr=False)
    height: int = field(default=1, compare=False, repr=False)  # of the tree below, kept small by the parser


@dataclass(frozen=True, slots=True)
class Number:
    """A literal number; `2L` is an integer literal, which R writes differently."""

    value: float
    is_integer: bool
    span: Span = field(compare=False, repr=False)
    height: int = field(default=1, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class String:
    """A quoted string, unescaped."""

    value: str
    span: Span = field(compare=False, repr=False)
    height: int = field(default=1, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Logical:
    """`TRUE` or `FALSE`."""

    value: bool
    span: Span = field(compare=False, repr=False)
    height: int = field(default=1, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Reserved:
    """`NA`, `NaN`, `Inf` or `NULL`."""

    word: str
    span: Span = field(compare=False, repr=False)
    height: int = field(default=1, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Unary:
    """`-x`, `+x` or `!x`."""

    operator: str
    operand: Node
    span: Span = field(compare=False, repr=False)
    height: int = field(default=1, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Binary:
    """`left operator right`; `**` is read as `^`."""

    operator: str
    left: Node
    right: Node
    span: Span = field(compare=False, repr=False)
    height: int = field(default=1, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Paren:
    """`(inner)`."""

    inner: Node
    span: Span = field(compare=False, repr=False)
    height: int = field(default=1, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Argument:
    """One argument of a call, with its name if it was given one."""

    name: str | None
    value: Node
    span: Span = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Call:
    """`function(arguments)`, or `package::function(arguments)`."""

    function: str
    arguments: tuple[Argument, ...]
    span: Span = field(compare=False, repr=False)
    function_span: Span = field(compare=False, repr=False)
    height: int = field(default=1, compare=False, repr=False)

    @property
    def name(self) -> str:
        """The function without its package."""
        return self.function.rpartition("::")[2]


@dataclass(frozen=True, slots=True)
class Index:
    """`base[, columns]`: columns of a matrix."""

    base: Node
    columns: Node
    span: Span = field(compare=False, repr=False)
    height: int = field(default=1, compare=False, repr=False)


Node: TypeAlias = Name | Number | String | Logical | Reserved | Unary | Binary | Paren | Call | Index


def children(node: Node) -> tuple[Node, ...]:
    """The nodes directly below."""
    match node:
        case Unary():
            return (node.operand,)
        case Binary():
            return (node.left, node.right)
        case Paren():
            return (node.inner,)
        case Call():
            return tuple(argument.value for argument in node.arguments)
        case Index():
            return (node.base, node.columns)
        case _:
            return ()


def names_in(node: Node) -> Iterator[Name]:
    """Every name below, left to right, without recursion: a sum may be thousands of terms deep."""
    stack = [node]
    while stack:
        current = stack.pop()
        if isinstance(current, Name):
            yield current
        stack.extend(reversed(children(current)))


def columns_named(nodes: Iterable[Node]) -> tuple[str, ...]:
    """The names in several expressions, each once."""
    return tuple(dict.fromkeys(name.name for node in nodes for name in names_in(node)))


def without_parens(node: Node) -> Node:
    """The node inside any outer parentheses."""
    while isinstance(node, Paren):
        node = node.inner
    return node


def additive_items(node: Node) -> list[tuple[str, Node]]:
    """`a + b - c` as [("+", a), ("+", b), ("-", c)], without recursion down the left spine."""
    items: list[tuple[str, Node]] = []
    while isinstance(node, Binary) and node.operator in ("+", "-"):
        items.append((node.operator, node.right))
        node = node.left
    items.append(("+", node))
    return items[::-1]
