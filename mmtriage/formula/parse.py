"""From tokens to a tree: precedence climbing over R's operators (`?Syntax`).

    ~  <  | ||  <  & &&  <  !  <  == != < > <= >=  <  + -  <  * /  <  %op%  <  :  <  unary + -  <  ^

All but `^` associate to the left; comparisons do not associate. The tree's height is capped here, so that
everything downstream may recurse - except down a sum of terms, which may be as long as a table is wide.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from mmtriage.errors import FormulaError, Span
from mmtriage.formula.nodes import Argument, Binary, Call, Logical, Name, Node, Number, Paren, String, Unary
from mmtriage.formula.signatures import match_arguments
from mmtriage.formula.tokens import Token, flatten, tokenize

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
_R_CALLS = ("lmer", "glmer", "lm", "glm", "formula", "as.formula")
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
            hint="Put the response before a `~` and the predictors after it, as in `y ~ x + (1 | g)`.",
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


class _Parser:
    """A cursor over the tokens; `in_call` counts the calls around it, `nesting` everything that recurses."""

    def __init__(self, text: str, in_call: int = 0) -> None:
        self.text = text
        self.tokens = tokenize(text)
        self.position = 0
        self.nesting = 0
        self.in_call = in_call

    @property
    def current(self) -> Token:
        return self.tokens[self.position]

    @property
    def at_end(self) -> bool:
        return self.current.kind == "end"

    def advance(self) -> Token:
        token = self.current
        self.position += 1
        return token

    def is_operator(self, value: str) -> bool:
        return self.current.kind == "operator" and self.current.value == value

    def error(self, message: str, *, hint: str, span: Span | None = None) -> FormulaError:
        return FormulaError(message, text=self.text, span=span or self.current.span, hint=hint)

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
        return self.primary()

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
        if self.is_operator("("):
            return self.call(token)
        if token.value in ("TRUE", "FALSE") and not token.is_quoted:
            return Logical(token.value == "TRUE", token.span)
        return Name(token.value, token.span)

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

    def close(self, opening: Token) -> Token:
        if self.is_operator(")"):
            return self.advance()
        if self.at_end:
            raise self.error("this parenthesis is never closed", span=opening.span, hint="Add a `)`.")
        raise self.unexpected()

    def expect_tilde(self) -> None:
        if not self.is_operator("~"):
            raise self.unexpected()
        self.advance()

    def expect_end(self) -> None:
        if not self.at_end:
            raise self.unexpected()

    def missing_operand(self) -> FormulaError:
        token = self.current
        if token.kind == "end" and self.position > 0:
            before = self.tokens[self.position - 1]
            return self.error(
                f"nothing follows `{before.value}`", span=before.span, hint="Complete it, or remove it."
            )
        if token.kind == "end":
            return self.error("nothing is here", hint="Write a column name.")
        return self.error(
            f"a name or a number is missing before `{token.value}`",
            hint="Complete it, or remove the operator.",
        )

    def unexpected(self) -> FormulaError:
        token = self.current
        hints = {
            ")": ("this parenthesis was never opened", "Remove it, or add a `(` before."),
            "~": ("a formula has one `~`", "Remove this one."),
            "=": ("`=` is not an operator of a formula", "Use `~` for the model, `==` to compare."),
            ",": ("a comma can stand only between the arguments of a function", "Join terms with `+`."),
        }
        wrapper = self.text.partition("(")[0].strip()
        if token.value == "~" and wrapper in _R_CALLS:
            return self.error(
                f"a formula cannot stand inside `{wrapper}()`",
                hint="Give the formula alone, without R code around it.",
            )
        if token.kind == "operator" and token.value in hints:
            message, hint = hints[token.value]
            return self.error(message, hint=hint)
        if token.kind == "operator":
            return self.error(f"`{token.value}` cannot stand here", hint="Remove it.")
        before = self.tokens[self.position - 1]
        return self.error(
            "an operator is missing before this",
            hint=f"Write `{before.value} + {token.value}` if both are terms of the model.",
        )
