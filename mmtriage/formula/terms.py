"""The algebra of terms: R's `terms.formula`.

A term is a set of variables, kept as the bits of an integer; bit i is the i-th variable in order of
appearance. The operators are set operations on lists of such integers, and the rules are those of R's
model.c:

    a + b     the terms of both              a : b     every union of one from each
    a * b     a + b + a:b                    a / b     a, and the union of all of a with each of b
    a %in% b  each of a with all of b        a - b     without those of b; `- 1` and `0` remove the intercept
    (a)^n     all unions of up to n of a

Repeats go, terms are sorted by degree and otherwise stay as they appear. The variables inside a term stand in
the order in which they appear in the *formula*: after `z`, the term `x:z` is called `z:x`. Only names and
calls are variables; what is inside a call is arithmetic.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from mmtriage.errors import FormulaError
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
    additive_items,
    children,
)
from mmtriage.formula.parse import MAX_HEIGHT
from mmtriage.formula.text import operand_text, to_text

MAX_TERMS = 5000  # of one model; R itself becomes unusable long before
MAX_POWER = 20
REPEATED_RESPONSE = "the response appeared on the right-hand side and was dropped"

TermBits = dict[int, None]  # an ordered set


@dataclass(frozen=True, slots=True)
class Term:
    """An interaction of one or more variables, e.g. `x:log(z)`."""

    variables: tuple[Node, ...]

    @property
    def label(self) -> str:
        """R's term label."""
        return ":".join(to_text(variable) for variable in self.variables)

    def to_text(self) -> str:
        """The term as it can stand in a formula."""
        return ":".join(operand_text(variable) for variable in self.variables)


@dataclass(frozen=True, slots=True)
class Expansion:
    """A linear predictor in normal form."""

    intercept: bool
    terms: tuple[Term, ...]  # sorted by degree
    offsets: tuple[Node, ...]
    has_dot: bool
    notes: tuple[str, ...] = ()


def expand(
    items: Sequence[tuple[str, Node]],
    text: str,
    *,
    response: Node | None = None,
    dot: Sequence[Name] | None = None,
) -> Expansion:
    """Expand a sum of signed items; `dot` are the columns that `.` stands for, None while unknown."""
    algebra = _Algebra(text, dot)
    if response is not None:
        algebra.bit(response)
    bits = algebra.total(items, positive=True)
    variables = algebra.variables
    offsets = [v for v in variables if is_call(v, "offset")]
    forbidden = sum(algebra.bit(variable) for variable in offsets)
    # R drops a response that reappears among the predictors, and whatever multiplies an offset.
    kept = [b for b in bits if not b & forbidden and not (response is not None and b == 1)]
    kept.sort(key=int.bit_count)
    repeated = response is not None and 1 in bits
    return Expansion(
        intercept=algebra.intercept,
        terms=tuple(Term(tuple(variables[i] for i in _members(b))) for b in kept),
        offsets=tuple(offsets),
        has_dot=algebra.has_dot,
        notes=(*dict.fromkeys(algebra.notes), *(REPEATED_RESPONSE,) * repeated),
    )


def is_call(node: Node, function: str) -> bool:
    """Whether the node calls this function."""
    return isinstance(node, Call) and node.function == function


def check_height(node: Node, text: str) -> None:
    """Refuse an expression too deep to recurse into: the parser lets any sum pass, for the sake of models."""
    stack = [(node, 1)]
    while stack:
        current, depth = stack.pop()
        if depth > MAX_HEIGHT:
            raise FormulaError(
                f"more than {MAX_HEIGHT} operators in one expression",
                text=text,
                span=node.span,
                hint="Make the column in the table first.",
            )
        stack.extend((child, depth + 1) for child in children(current))


class _Algebra:
    """The variables met so far and the intercept, while a formula is expanded from left to right."""

    def __init__(self, text: str, dot: Sequence[Name] | None) -> None:
        self.text = text
        self.dot = dot
        self.intercept = True
        self.has_dot = False
        self.notes: list[str] = []  # what is written and means something else in R than it seems to
        self._index: dict[Node, int] = {}

    @property
    def variables(self) -> list[Node]:
        return list(self._index)

    def bit(self, variable: Node) -> int:
        if variable not in self._index:
            self._index[variable] = len(self._index)
        return 1 << self._index[variable]

    def total(self, items: Sequence[tuple[str, Node]], positive: bool) -> TermBits:
        """The terms of a sum; `positive` is False inside something subtracted, where 0 and 1 change roles."""
        terms: TermBits = {}
        for sign, node in items:
            if sign == "+":
                terms |= self.encode(node, positive)
                self.check_count(len(terms), node)
            else:
                for term in self.encode(node, not positive):
                    terms.pop(term, None)
        return terms

    def encode(self, node: Node, positive: bool) -> TermBits:
        match node:
            case Number(value=0 | 1):
                self.intercept = (node.value == 1) == positive
                return {}
            case String():
                raise self.error(
                    f"`{to_text(node)}` is not a term",
                    node,
                    f"A column stands without quotes: `{node.value}`; in backticks where it has spaces.",
                )
            case Number() | Logical() | Reserved():
                raise self.error(
                    f"`{to_text(node)}` is not a term", node, "Terms are columns, calls, 0 and 1."
                )
            case Paren():
                return self.total(additive_items(node.inner), positive)
            case Unary(operator="-"):
                self.encode(node.operand, not positive)
                return {}
            case Unary(operator="+"):
                return self.encode(node.operand, positive)
            case Binary(operator="+" | "-"):
                return self.total(additive_items(node), positive)
            case Binary(operator="^"):
                return self.power(node, positive)
            case Binary() if node.operator in _PRODUCTS:
                return self.product(node, positive)
            case Name(name="."):
                return self.every_column(node)
            case _:
                return self.variable(node, positive)

    def variable(self, node: Name | Call | Index | Unary | Binary, positive: bool) -> TermBits:
        if isinstance(node, Binary) and node.operator in ("|", "||"):
            raise self.error(
                "a random-effects term cannot stand here", node, "Join it to the model with `+`."
            )
        if is_call(node, "offset") and not positive:
            raise self.error("an offset cannot be subtracted", node, "Negate it inside: `offset(-x)`.")
        check_height(node, self.text)
        return {self.bit(node): None}

    def every_column(self, node: Name) -> TermBits:
        self.has_dot = self.has_dot or self.dot is None
        return {self.bit(name): None for name in (self.dot if self.dot is not None else [node])}

    def product(self, node: Binary, positive: bool) -> TermBits:
        left = list(self.encode(node.left, positive))
        right = list(self.encode(node.right, positive))
        # R 4.2 silently drops the terms of the other side in `1 * x`, `1 / x` and `x:1`; `x * 1` is x.
        if not left or (not right and node.operator == ":"):
            side = node.right if left else node.left
            raise self.error(
                f"one side of `{node.operator}` has no terms",
                side,
                "Add the intercept apart, as in `0 + a:b`.",
            )
        self.check_count(len(left) * len(right), node)
        return _distinct(_PRODUCTS[node.operator](left, right))

    def power(self, node: Binary, positive: bool) -> TermBits:
        exponent = node.right
        if not (isinstance(exponent, Number) and exponent.value.is_integer() and exponent.value >= 2):
            raise self.error(
                "a power of terms must be a whole number of at least 2",
                exponent,
                f"For a power of the column itself write for example `I({to_text(node.left)}^2)`."
                if isinstance(node.left, Name)
                else "`(a + b)^2` means a, b and their interaction.",
            )
        if exponent.value > MAX_POWER:
            raise self.error(
                f"a power of terms may be at most {MAX_POWER}",
                exponent,
                "`a * b * c` gives all interactions.",
            )
        factors = list(self.encode(node.left, positive))
        if len(factors) == 1:
            self.notes.append(
                f"`{to_text(node)}` is `{to_text(node.left)}`: in a formula `^` crosses terms; "
                f"the power of a column is `I({to_text(node)})`"
            )
        product = factors
        for _ in range(int(exponent.value) - 1):
            self.check_count(len(product) * len(factors) // 20, node)
            previous, product = product, list(_distinct(_interact(product, factors)))
            self.check_count(len(product), node)
            if product == previous:
                break
        return dict.fromkeys(product)

    def check_count(self, count: int, node: Node) -> None:
        if count > MAX_TERMS:
            raise self.error(
                f"this makes more than {MAX_TERMS} terms", node, "Name the interactions you need."
            )

    def error(self, message: str, node: Node, hint: str) -> FormulaError:
        return FormulaError(message, text=self.text, span=node.span, hint=hint)


def _members(bits: int) -> Iterator[int]:
    """The places of the bits that are set, ascending."""
    while bits:
        lowest = bits & -bits
        yield lowest.bit_length() - 1
        bits ^= lowest


def _distinct(terms: Sequence[int]) -> TermBits:
    return dict.fromkeys(term for term in terms if term)


def _union(terms: Sequence[int]) -> int:
    union = 0
    for term in terms:
        union |= term
    return union


def _interact(left: list[int], right: list[int]) -> list[int]:
    return [a | b for a in left for b in right]


def _cross(left: list[int], right: list[int]) -> list[int]:
    return left + right + _interact(left, right)


def _nest(left: list[int], right: list[int]) -> list[int]:
    return left + [_union(left) | b for b in right]


def _within(left: list[int], right: list[int]) -> list[int]:
    return [a | _union(right) for a in left]


_PRODUCTS: dict[str, Callable[[list[int], list[int]], list[int]]] = {
    ":": _interact,
    "*": _cross,
    "/": _nest,
    "%in%": _within,
}
