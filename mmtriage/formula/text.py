"""From nodes back to text, as R's `deparse` writes it: these strings are the names of R's columns."""

from __future__ import annotations

import math
import re
import unicodedata
from typing import assert_never

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
)

_SYNTACTIC = re.compile(r"(?:[^\W\d_]|\.(?![0-9]))[\w.]*")
_RESERVED = frozenset(
    {
        *("if", "else", "repeat", "while", "function", "for", "next", "break", "in", "TRUE", "FALSE"),
        *("NULL", "Inf", "NaN", "NA", "NA_integer_", "NA_real_", "NA_character_", "NA_complex_"),
    }
)
_CRAMPED = frozenset({"^", ":", "/", "%%", "%/%"})  # R writes these without spaces around
_CONTROL = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]"
)  # what `flatten` would turn into spaces
_SHORT = {"\n": "\\n", "\t": "\\t", "\r": "\\r"}
_SIGNIFICANT = 15  # digits, R's default when it turns a number into text


def to_text(node: Node) -> str:
    """The node as R writes it."""
    match node:
        case Name():
            return quote_name(node.name)
        case Number():
            return _literal(node.value) + ("L" if node.is_integer else "")
        case String():
            return quote(node.value, '"')
        case Logical():
            return "TRUE" if node.value else "FALSE"
        case Reserved():
            return node.word
        case Paren():
            return f"({to_text(node.inner)})"
        case Unary():
            return node.operator + to_text(node.operand)
        case Binary():
            gap = "" if node.operator in _CRAMPED else " "
            return f"{to_text(node.left)}{gap}{node.operator}{gap}{to_text(node.right)}"
        case Call():
            arguments = (
                to_text(argument.value)
                if argument.name is None
                else f"{quote_name(argument.name)} = {to_text(argument.value)}"
                for argument in node.arguments
            )
            return f"{node.function}({', '.join(arguments)})"
        case Index():
            return f"{to_text(node.base)}[, {to_text(node.columns)}]"
        case _:
            assert_never(node)


def operand_text(node: Node) -> str:
    """The node as a term of a formula: in parentheses where an operator would tear it apart."""
    text = to_text(node)
    return f"({text})" if isinstance(node, Unary | Binary) else text


def quote_name(name: str) -> str:
    """The name, in backticks unless R reads it without."""
    if _SYNTACTIC.fullmatch(name) and name not in _RESERVED and not any(map(_is_no_letter, name)):
        return name
    return quote(name, "`")


def _is_no_letter(char: str) -> bool:
    """Whether Python finds a letter or digit where R finds none: `²`, `½`."""
    return not char.isascii() and unicodedata.category(char) == "No"


def quote(text: str, mark: str) -> str:
    """The text between quotation marks, special characters escaped: R knows no \\u between backticks."""
    escaped = text.replace("\\", "\\\\").replace(mark, "\\" + mark)
    escape = _in_bytes if mark == "`" else _in_unicode
    return mark + _CONTROL.sub(lambda match: _SHORT.get(match[0]) or escape(match[0]), escaped) + mark


def _in_bytes(char: str) -> str:
    return "".join(f"\\x{byte:02x}" for byte in char.encode("utf-8", "surrogatepass"))


def _in_unicode(char: str) -> str:
    return f"\\u{ord(char):04x}"


def format_number(value: float) -> str:
    """A number to 15 significant digits, fixed or scientific, whichever is shorter: R's `as.character`."""
    if not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Inf" if value > 0 else "-Inf"
    mantissa, _, exponent = f"{value:.{_SIGNIFICANT - 1}e}".partition("e")
    mantissa = mantissa.rstrip("0").rstrip(".")
    power = int(exponent)
    scientific = f"{mantissa}e{'-' if power < 0 else '+'}{abs(power):02d}"
    digits = sum(char.isdigit() for char in mantissa)
    fixed = f"{value:.{max(0, digits - 1 - power)}f}"
    return fixed if len(fixed) <= len(scientific) else scientific


def _literal(value: float) -> str:
    """A number that reads back as itself: R's 15 digits, or more where they are not enough."""
    text = format_number(value)
    return text if float(text) == value else repr(value)
