"""A cursor over the tokens of a formula, and what it says where the text cannot go on."""

from __future__ import annotations

from mmtriage.errors import FormulaError, Span
from mmtriage.formula.tokens import Token, tokenize

_R_CALLS = ("lmer", "glmer", "lm", "glm", "formula", "as.formula")


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
            "]": ("this bracket was never opened", "Remove it."),
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
