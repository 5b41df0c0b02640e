"""From text to tokens, each with its span. R's lexical rules, as far as formulas need them."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass
from typing import Literal

from mmtriage.errors import FormulaError, Span
from mmtriage.formula.foreign import BACKTICKS, instead_of_character

MAX_LENGTH = 50_000  # characters; a thousand columns with long names fit

TokenKind = Literal["number", "integer", "string", "name", "operator", "end"]


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of the text; `value` is the text without quotes and escapes."""

    kind: TokenKind
    value: str
    span: Span
    is_quoted: bool = False  # a name in backticks is never a keyword


_TOKEN = re.compile(
    r"""
    (?P<space>\s+)
  | (?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)(?P<integer>L?)
  | (?P<name>(?:[^\W\d_]|\.(?![0-9]))[\w.]*)
  | (?P<quote>["'`])
  | (?P<operator>%[^%\s]*%|\*\*|<=|>=|==|!=|\|\||&&|::|[-+*/^:~()\[\]|&!<>=,])
    """,
    re.VERBOSE,
)
_ESCAPE = re.compile(r"""\\(?:([ntr\\"'` ])|u([0-9a-fA-F]{4}))|((?:\\x[0-9a-fA-F]{2})+)""")
# A comment runs to the end of its line; a `#` between quotes or backticks starts none.
_COMMENT = re.compile(
    r"""(?P<quoted>"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|`(?:\\.|[^`\\])*`)|#[^\n\r]*""", re.DOTALL
)
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")

# What R programmers write out of habit, with what to write instead.
_HABITS = {
    "$": "Columns are written by their name alone: `x`, not `data$x`.",
    "{": "Code blocks are not part of a formula.",
    "@": "Slots are not part of a formula.",
    ";": "Write one formula only.",
    "\\": BACKTICKS,
    "_": "A name that starts with an underscore goes in backticks: `_x`.",
}


def flatten(text: str) -> str:
    """The text on one line, so that spans can be underlined: comments and control characters are blanked."""
    return _CONTROL.sub(" ", _COMMENT.sub(_blanked, text))


def _blanked(match: re.Match[str]) -> str:
    return match["quoted"] or " " * len(match[0])


def tokenize(text: str) -> list[Token]:
    """Split a flattened text into tokens, ending with one of kind "end"."""
    if len(text) > MAX_LENGTH:
        raise FormulaError(
            f"the formula has {len(text)} characters; the limit is {MAX_LENGTH}",
            hint="Name fewer columns, or use `.` for all of them.",
        )
    tokens: list[Token] = []
    position = 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            raise _unreadable(text, position)
        token = _quoted(text, position) if match.lastgroup == "quote" else _plain(match)
        position = match.end() if token is None else token.span.end
        if token is not None:
            tokens.append(token)
    tokens.append(Token("end", "", Span(len(text), len(text) + 1)))
    return tokens


def _plain(match: re.Match[str]) -> Token | None:
    span = Span(match.start(), match.end())
    if (number := match["number"]) is not None:
        return Token("integer" if match["integer"] else "number", number, span)
    if (name := match["name"]) is not None:
        return Token("name", name, span)
    if (operator := match["operator"]) is not None:
        return Token("operator", "^" if operator == "**" else operator, span)
    return None


def _quoted(text: str, start: int) -> Token:
    """Read a string or a backticked name that opens at `start`."""
    quote = text[start]
    characters: list[str] = []
    position = start + 1
    while position < len(text) and text[position] != quote:
        if text[position] == "\\":
            char, position = _unescape(text, position)
        else:
            char, position = text[position], position + 1
        characters.append(char)
    if position >= len(text):
        what = "backtick" if quote == "`" else "quote"
        raise FormulaError(
            f"this {what} is never closed",
            text=text,
            span=Span(start, start + 1),
            hint=f"Add a closing {quote}.",
        )
    span = Span(start, position + 1)
    if quote != "`":
        return Token("string", "".join(characters), span)
    if not characters:
        raise FormulaError(
            "an empty name", text=text, span=span, hint="Put a column name between the backticks."
        )
    return Token("name", "".join(characters), span, is_quoted=True)


def _unescape(text: str, backslash: int) -> tuple[str, int]:
    """The character an escape stands for, and where the text goes on."""
    match = _ESCAPE.match(text, backslash)
    if match is not None and match[3]:  # bytes of UTF-8
        with suppress(UnicodeDecodeError):
            return bytes.fromhex(match[3].replace("\\x", "")).decode("utf-8", "surrogatepass"), match.end()
        match = None
    if match is None:
        raise FormulaError(
            f"unknown escape `{text[backslash : backslash + 2]}`",
            text=text,
            span=Span(backslash, min(backslash + 2, len(text))),
            hint="Write a backslash itself as \\\\.",
        )
    char = chr(int(match[2], 16)) if match[2] else {"n": "\n", "t": "\t", "r": "\r"}.get(match[1], match[1])
    return char, match.end()


def _unreadable(text: str, position: int) -> FormulaError:
    char = text[position]
    return FormulaError(
        f"`{char}` has no meaning in a formula",
        text=text,
        span=Span(position, position + 1),
        hint=_HABITS.get(char) or instead_of_character(char) or BACKTICKS,
    )
