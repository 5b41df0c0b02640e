"""From tokens to a tree: precedence climbing over R's operators (`?Syntax`).

    ~  <  | ||  <  & &&  <  !  <  == != < > <= >=  <  + -  <  * /  <  %op%  <  :  <  unary + -  <  ^

All but `^` associate to the left; comparisons do not associate. The tree's height is capped here, so that
everything downstream may recurse - except down a sum of terms, which may be as long as a table is wide.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from mmtriage.errors import FormulaError
from mmtriage.formula.cursor import Cursor
from mmtriage.formula.nodes import (
    RESERVED,
    Argument,
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
)
from mmtriage.formula.signatures import is_structure, match_arguments
from mmtriage.formula.tokens import Token, flatten

MAX_NESTING = 40  # parentheses, prefixes and powers inside each other
MAX_HEIGHT = 200  # of the tree, sums of terms not counted

_OR, _AND, _NOT, _COMPARE, _ADD, _MULTIPLY, _SPECIAL, _COLON, _SIGN, _POWER = range(1, 11)
_BINDING = {
    "|": _OR,
    "||": _OR,
    "&": _AND,
    "&&": _AND,
    **dict.fromkeys(("==", "!=", "<", ">", "<=", ">="), _COMPARE),
    "+": _ADD,
    "-": _ADD,
    "*": _MULTIPLY,
    "/": _MULTIPLY,
    ":": _COLON,
    "^": _POWER,
}
_SPECIALS = ("%in%", "%%", "%/%")
_PREFIX = {"-": _SIGN, "+": _SIGN, "!": _NOT}


@dataclass(frozen=True, slots=True)
class ModelTree:
    """The two sides of a formula."""

    text: str
    response: Node
    predictors: Node


def parse_sides(source: str) -> ModelTree:
    """Parse `response ~ predictors`."""
    text = flatten(source)
    parser = _Parser(text)
    if parser.current.kind == "end":
        raise parser.error("the formula is empty", hint="Write for example `y ~ x + (1 | g)`.")
    if parser.current.value == "~" and parser.current.kind == "operator":
        raise parser.error(
            "the formula has no response", hint="Put the response before the `~`, as in `y ~ x + (1 | g)`."
        )
    response = parser.expression()
    tilde = parser.current
    if parser.at_end:
        raise FormulaError(
            "the formula has no `~`",
            text=text,
            span=response.span,
            hint="Take the quotes off the formula."
            if isinstance(response, String) and "~" in response.value
            else "Put the response before a `~` and the predictors after it, as in `y ~ x + (1 | g)`.",
        )
    parser.expect_tilde()
    if parser.at_end:
        raise FormulaError(
            "nothing follows the `~`", text=text, span=tilde.span, hint="Write for example `y ~ x + (1 | g)`."
        )
    predictors = parser.expression()
    parser.expect_end()
    return ModelTree(text, response, predictors)


def parse_expression(source: str) -> Node:
    """Parse an expression over columns, as in `--subset "age > 20 & site %in% c('a', 'b')"`."""
    parser = _Parser(flatten(source), in_call=1)
    if parser.at_end:
        raise parser.error("the expression is empty", hint="Write for example `x > 0`.")
    node = parser.expression()
    parser.expect_end()
    return node


class _Parser(Cursor):
    """Precedence climbing."""

    def expression(self, loosest: int = _OR) -> Node:
        """Parse operators that bind at least as tightly as `loosest`."""
        self.nesting += 1
        if self.nesting > MAX_NESTING:
            raise self.error(
                f"nested more than {MAX_NESTING} levels deep", hint="Remove parentheses that change nothing."
            )
        left = self.prefix()
        while (binding := self.binding()) >= loosest:
            operator = self.advance()
            # `^` is right-associative and its exponent may carry a sign: 2^-1.
            right = self.expression(_SIGN if binding == _POWER else binding + 1)
            if binding == _COMPARE and self.binding() == _COMPARE:
                raise self.error(
                    "comparisons cannot be chained", hint="Join them with `&`, as in `0 < x & x < 1`."
                )
            left = self.binary(operator.value, left, right)
        self.nesting -= 1
        return left

    def binding(self) -> int:
        """How tightly the operator at the cursor binds; 0 if there is none."""
        token = self.current
        if token.kind != "operator":
            return 0
        if token.value.startswith("%"):
            if token.value not in _SPECIALS:
                raise self.error(
                    f"`{token.value}` is not known", hint=f"The operators are {', '.join(_SPECIALS)}."
                )
            return _SPECIAL
        return _BINDING.get(token.value, 0)

    def binary(self, operator: str, left: Node, right: Node) -> Binary:
        is_sum_of_terms = operator in ("+", "-") and not self.in_call
        height = max(left.height + (not is_sum_of_terms), right.height + 1)
        span = left.span.to(right.span)
        if height > MAX_HEIGHT:
            raise self.error(
                f"more than {MAX_HEIGHT} operators in one expression",
                span=span,
                hint="Make the column in the table first.",
            )
        return Binary(operator, left, right, span, height)

    def prefix(self) -> Node:
        token = self.current
        if token.kind == "operator" and token.value in _PREFIX:
            self.advance()
            operand = self.expression(_PREFIX[token.value])
            return Unary(token.value, operand, token.span.to(operand.span), operand.height + 1)
        node = self.primary()
        while self.is_operator("["):
            node = self.index(node)
        return node

    def primary(self) -> Node:
        token = self.current
        if token.kind in ("number", "integer"):
            return self.number()
        if token.kind == "string":
            self.advance()
            return String(token.value, token.span)
        if token.kind == "name":
            return self.name_or_call()
        if self.is_operator("("):
            return self.parenthesised()
        raise self.missing_operand()

    def number(self) -> Number:
        token = self.advance()
        value = float(token.value)
        if not math.isfinite(value):
            raise self.error("this number is too large", span=token.span, hint="Write a smaller one.")
        is_integer = token.kind == "integer" and value.is_integer()
        return Number(value, is_integer, token.span)

    def name_or_call(self) -> Node:
        token = self.advance()
        if self.is_operator("::"):
            token = self.qualified(token)
        if self.is_operator("("):
            return self.call(token)
        if token.value in ("TRUE", "FALSE") and not token.is_quoted:
            return Logical(token.value == "TRUE", token.span)
        if token.value in RESERVED and not token.is_quoted:
            return Reserved(token.value, token.span)
        return Name(token.value, token.span)

    def qualified(self, package: Token) -> Token:
        """`package::function`, as one name."""
        self.advance()
        function = self.current
        span = package.span.to(function.span)
        if function.kind == "name":
            self.advance()
        if function.kind != "name" or not self.is_operator("("):
            raise self.error(
                "only a function can follow `::`", span=span, hint="Write for example `splines::ns(x, 3)`."
            )
        return Token("name", f"{package.value}::{function.value}", span)

    def index(self, base: Node) -> Index:
        """`base[, columns]`; rows cannot be taken out of a model's variable."""
        opening = self.advance()
        if not self.is_operator(","):
            raise self.error(
                "only columns can be taken out of something",
                span=opening.span,
                hint="Write for example `scale(x)[, 1]`; for some of the rows there is `--subset`.",
            )
        self.advance()
        self.in_call += 1
        columns = self.expression()
        self.in_call -= 1
        closing = self.close(opening, "]")
        height = max(base.height, columns.height) + 1
        return Index(base, columns, base.span.to(closing.span), height)

    def parenthesised(self) -> Paren:
        opening = self.advance()
        if self.is_operator(")"):
            raise self.error(
                "nothing between the parentheses",
                span=opening.span.to(self.current.span),
                hint="Remove them, or put a term inside.",
            )
        inner = self.expression()
        closing = self.close(opening)
        return Paren(inner, opening.span.to(closing.span), inner.height + 1)

    def call(self, function: Token) -> Call:
        opening = self.advance()
        self.in_call += 1
        arguments: list[Argument] = []
        while not self.is_operator(")"):
            arguments.append(self.argument())
            if not self.is_operator(","):
                break
            comma = self.advance()
            if self.is_operator(")"):
                raise self.error(
                    "an argument is missing after the comma", span=comma.span, hint="Remove the comma."
                )
        closing = self.close(opening)
        self.in_call -= 1
        height = 1 + max((argument.value.height for argument in arguments), default=0)
        span = function.span.to(closing.span)
        call = Call(function.value, tuple(arguments), span, function.span, height)
        if not is_structure(call):
            match_arguments(call, self.text)  # an unknown function or argument is refused here
        return call

    def argument(self) -> Argument:
        token = self.current
        following = self.tokens[self.position + 1] if not self.at_end else token
        if token.kind != "name" or following.kind != "operator" or following.value != "=":
            value = self.expression()
            return Argument(None, value, value.span)
        self.position += 2
        value = self.expression()
        return Argument(token.value, value, token.span.to(value.span))
