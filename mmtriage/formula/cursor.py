"""A cursor over the tokens of a formula, and what it says where the text cannot go on."""

from __future__ import annotations

import re

from mmtriage.errors import FormulaError, Span
from mmtriage.formula.foreign import ALONE, OF_PYTHON, instead_of_argument
from mmtriage.formula.signatures import SIGNATURES
from mmtriage.formula.tokens import Token, tokenize

_LAST_NAME = re.compile(r"[\w.:]*$")


class Cursor:
    """The tokens and a position; `in_call` counts the calls around it, `nesting` everything that recurses."""

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

    def close(self, opening: Token, closing: str = ")") -> Token:
        if self.is_operator(closing):
            return self.advance()
        if self.at_end:
            what = "parenthesis" if closing == ")" else "bracket"
            raise self.error(f"this {what} is never closed", span=opening.span, hint=f"Add a `{closing}`.")
        if self.is_operator("~") and not (self.has_tilde or self.wrapper()):
            raise self.error(
                "this is not closed before the `~`", span=opening.span, hint=f"Add a `{closing}`."
            )
        raise self.unexpected()

    @property
    def has_tilde(self) -> bool:
        """Whether a `~` stands before the cursor."""
        return any(map(_is_tilde, self.tokens[: self.position]))

    def wrapper(self) -> str | None:
        """The name of a call around the formula, `lmer(y ~ x)`: no function that a formula may call."""
        head, opening, _ = self.text.partition("(")
        name = _LAST_NAME.search(head.rstrip())
        assert name is not None  # it matches the empty text
        return name[0] if opening and name[0] and name[0].rpartition(":")[2] not in SIGNATURES else None

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

    def argument_near(self) -> Token | None:
        """The name of an argument, `x =`, of which the cursor is at one token, or at a comma before it."""
        if not any(map(_is_tilde, self.tokens)):
            return None  # the `=` stands for the `~`
        near = range(max(self.position - 1, 0), self.position + 2)
        pairs = ((self.tokens[i], self.tokens[i + 1]) for i in near if i + 1 < len(self.tokens))
        return next((name for name, sign in pairs if name.kind == "name" and sign.value == "="), None)

    def unexpected(self) -> FormulaError:
        token = self.current
        hints = {
            ")": ("this parenthesis was never opened", "Remove it, or add a `(` before."),
            "]": ("this bracket was never opened", "Remove it."),
            "~": ("a formula has one `~`", "Remove this one."),
            "=": ("`=` is not an operator of a formula", "Use `~` for the model, `==` to compare."),
            ",": ("a comma can stand only between the arguments of a function", "Join terms with `+`."),
        }
        before = self.tokens[self.position - 1]
        if (argument := self.argument_near()) and (hint := instead_of_argument(argument.value)):
            return self.error(
                f"`{argument.value} =` is no part of the formula", span=argument.span, hint=hint
            )
        wrapper = self.wrapper()
        if token.value == "~" and not self.has_tilde and wrapper:
            return self.error(
                f"a formula cannot stand inside `{wrapper}()`",
                hint=ALONE,
            )
        if token.kind == "operator" and token.value in hints:
            message, hint = hints[token.value]
            return self.error(message, hint=hint)
        if token.kind == "operator":
            return self.error(f"`{token.value}` cannot stand here", hint="Remove it.")
        if self.in_call == 0 and not any(map(_is_tilde, self.tokens)):
            return self.error(
                "the formula has no `~`", hint=f"Put it after the response: `{before.value} ~ {token.value}`."
            )
        if self.in_call:
            for word in (token, before):
                if word.kind == "name" and (sign := OF_PYTHON.get(word.value)):
                    return self.error(
                        f"`{word.value}` is no operator of R", span=word.span, hint=f"Write `{sign}`."
                    )
            return self.error(
                "an operator is missing before this",
                hint=f"Put one, or a comma, between `{before.value}` and `{token.value}`.",
            )
        hint = f"Write `{before.value} + {token.value}` if both are terms of the model"
        if before.kind == token.kind == "name":
            hint += f", `{before.value} {token.value}` in backticks if that is one name"
        return self.error("an operator is missing before this", hint=f"{hint}.")


def _is_tilde(token: Token) -> bool:
    return token.kind == "operator" and token.value == "~"
