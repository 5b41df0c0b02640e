"""Names as they can be shown: whatever a file or a screen could choke on is written as an escape.

A column may be called anything, also "\\x1b[2J" (which clears a terminal), half a surrogate pair (which no
UTF-8 file can hold), a NUL (which XML 1.0 forbids) or a mark that turns the rest of the line around. JSON
keeps such names as they are; every other format shows them as Python would: \\x1b, \\ud800, \\x00, \\u202e.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from typing import Any, TypeVar

T = TypeVar("T")

# Controls but for tab and newline, surrogates, non-characters, and what overrides the direction of writing.
UNPRINTABLE = re.compile(
    "[\\x00-\\x08\\x0b-\\x1f\\x7f-\\x9f\\u2028\\u2029\\u202a-\\u202e\\u2066-\\u2069\\ud800-\\udfff\\ufdd0-\\ufdef"
    + "".join(f"{chr(plane + 0xFFFE)}{chr(plane + 0xFFFF)}" for plane in range(0, 0x110000, 0x10000))
    + "]"
)


def printable(value: T) -> T:
    """A record with every text in it as it can be shown."""
    shown: T = _shown(value)
    return shown


def printable_text(text: str) -> str:
    """One text as it can be shown; carriage returns before newlines are no loss."""
    if text.isascii() and text.isprintable():  # as nearly all are
        return text
    return UNPRINTABLE.sub(_escape, text.replace("\r\n", "\n"))


def _shown(value: Any) -> Any:
    if isinstance(value, str):
        return printable_text(value)
    if isinstance(value, int | float):  # a million coefficients of dropped columns, maybe
        return value
    if isinstance(value, tuple):
        return tuple(_shown(item) for item in value)
    if isinstance(value, Mapping):
        return {_shown(key): _shown(item) for key, item in value.items()}
    if is_dataclass(value) and not isinstance(value, type):
        return replace(value, **{item.name: _shown(getattr(value, item.name)) for item in fields(value)})
    return value


def _escape(found: re.Match[str]) -> str:
    return found.group().encode("unicode_escape").decode("ascii")
