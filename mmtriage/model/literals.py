"""Values written out in an expression: numbers, texts, TRUE, `-1`, `c(...)`, `1:3`, `seq()`, `rep()`.

Where a list of numbers is wanted, what summarizes a column will do as well: `c(-Inf, median(x), Inf)`. The
caller says how such an entry is evaluated.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np

from mmtriage.arrays import Array
from mmtriage.errors import FormulaError
from mmtriage.formula.nodes import (
    Binary,
    Call,
    Logical,
    Name,
    Node,
    Number,
    Reserved,
    String,
    Unary,
    without_parens,
)
from mmtriage.formula.signatures import match_arguments
from mmtriage.formula.text import to_text

ARITHMETIC: dict[str, Callable[..., Array]] = {
    "+": np.add,
    "-": np.subtract,
    "*": np.multiply,
    "/": np.divide,
    "^": np.power,
}
MAX_SEQUENCE = 100_000
_FUZZ = 1e-10  # R's seq.default: an end that is missed by rounding is met

Constant = float | str | bool
Lookup = Callable[[Node], Sequence[Constant]]  # what a node stands for that is not written out

RESERVED_VALUES = {"NA": math.nan, "NaN": math.nan, "Inf": math.inf}


def constants(node: Node, text: str, lookup: Lookup | None = None) -> tuple[Constant, ...]:
    """The values of a literal, or of a `c()`, `seq()` or `rep()` of them."""
    node = without_parens(node)
    match node:
        case Call() if node.name == "c":
            values = (constants(argument.value, text, lookup) for argument in node.arguments)
            return tuple(value for part in values for value in part)
        case Call() if node.name == "rev":
            return constants(match_arguments(node, text)["x"], text, lookup)[::-1]
        case Call() if node.name == "rep":
            return _repeated(node, text, lookup)
        case Call() if node.name == "seq":
            return _stepped(node, text, lookup)
        case Binary(operator=":"):
            return _sequence(node, text, lookup)
        case _ if is_constant(node):
            return (_literal(node, text),)
        case Binary() if node.operator in ARITHMETIC:
            return _computed(node, text, lookup)
        case _ if lookup is not None:
            return tuple(lookup(node))
        case _:
            return (_literal(node, text),)


def _computed(node: Binary, text: str, lookup: Lookup | None) -> tuple[Constant, ...]:
    """Arithmetic on lists of numbers: `10 * 1:3`."""
    left, right = constants(node.left, text, lookup), constants(node.right, text, lookup)
    if 1 not in (len(left), len(right)) and len(left) != len(right):
        raise _not_literal(node, text, "made of lists of the same length")
    n = max(len(left), len(right))
    if any(isinstance(value, str) for value in (*left, *right)):
        raise _not_literal(node, text, "made of numbers")
    operands = (np.array(side * (n // len(side)), dtype=np.float64) for side in (left, right))
    with np.errstate(all="ignore"):
        values: Array = ARITHMETIC[node.operator](*operands)
    return tuple(values.tolist())


def is_constant(node: Node) -> bool:
    """Whether the node is a literal number, text or logical."""
    node = without_parens(node)
    if isinstance(node, Unary) and node.operator in ("-", "+"):
        node = without_parens(node.operand)
    return isinstance(node, Number | String | Logical | Reserved)


def number(node: Node, text: str, lookup: Lookup | None = None) -> float:
    """One number."""
    values = constants(node, text, lookup)
    if len(values) != 1 or isinstance(values[0], str | bool):
        raise _not_literal(node, text, "a number")
    return values[0]


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
        case Reserved() if node.word in RESERVED_VALUES:
            return RESERVED_VALUES[node.word]
        case Name(name="pi"):
            return math.pi
        case Unary(operator="-" | "+"):
            inner = number(node.operand, text)
            return -inner if node.operator == "-" else inner
        case _:
            raise _not_literal(node, text, "a literal value or `c(...)` of them")


def _sequence(node: Binary, text: str, lookup: Lookup | None) -> tuple[float, ...]:
    first, last = number(node.left, text, lookup), number(node.right, text, lookup)
    return _steps(node, text, first, last, 1.0 if last >= first else -1.0)


def _stepped(call: Call, text: str, lookup: Lookup | None) -> tuple[float, ...]:
    """R's `seq(from, to, by)` and `seq(from, to, length.out)`."""
    given = {name: number(node, text, lookup) for name, node in match_arguments(call, text).items()}
    first, last = given["from"], given.get("to")
    if last is None:
        raise _not_literal(call, text, "a sequence with an end: `seq(0, 10, by = 2)`")
    if "length.out" in given:
        if not 2 <= given["length.out"] <= MAX_SEQUENCE:
            raise _too_long(call, text)
        count = int(given["length.out"])
        step = (last - first) / (count - 1)
        return (*(first + step * i for i in range(count - 1)), last)
    return _steps(call, text, first, last, given.get("by", 1.0 if last >= first else -1.0))


def _steps(node: Node, text: str, first: float, last: float, step: float) -> tuple[float, ...]:
    """first, first + step, ... up to last."""
    if not all(map(math.isfinite, (first, last, step))) or step == 0 or (last - first) / step < 0:
        raise _not_literal(node, text, "a sequence that can be written out")
    count = math.floor((last - first) / step + _FUZZ) + 1
    if count > MAX_SEQUENCE:
        raise _too_long(node, text)
    return tuple(first + step * i for i in range(count))


def _repeated(call: Call, text: str, lookup: Lookup | None) -> tuple[Constant, ...]:
    """R's `rep(x, times, each, length.out)`."""
    nodes = match_arguments(call, text)
    values = constants(nodes["x"], text, lookup)

    def count(name: str) -> int:
        value = number(nodes[name], text, lookup) if name in nodes else 1.0
        if not 0 <= value <= MAX_SEQUENCE:
            raise _too_long(nodes[name], text)
        return int(value)

    each = tuple(value for value in values for _ in range(count("each")))
    times = constants(nodes["times"], text, lookup) if "times" in nodes else (1.0,)
    if "length.out" in nodes:
        length = count("length.out")
    elif len(times) == 1:
        length = count("times") * len(each)
    elif len(times) == len(each) and all(isinstance(k, float) and 0 <= k <= MAX_SEQUENCE for k in times):
        return tuple(value for value, k in zip(each, times, strict=True) for _ in range(int(float(k))))
    else:
        raise _not_literal(nodes["times"], text, "one number, or one for each value")
    if length > MAX_SEQUENCE or not each:
        raise _too_long(call, text)
    return tuple(each[i % len(each)] for i in range(length))


def _too_long(node: Node, text: str) -> FormulaError:
    return FormulaError(
        f"a sequence of more than {MAX_SEQUENCE} numbers, or of none",
        text=text,
        span=node.span,
        hint="Compare with `>=` and `<=`.",
    )


def _not_literal(node: Node, text: str, wanted: str) -> FormulaError:
    return FormulaError(
        f"`{to_text(node)}` must be {wanted}",
        text=text,
        span=node.span,
        hint="Only values written out can stand here.",
    )
