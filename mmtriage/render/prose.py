"""Sentences with names between backticks, for formats that can set code apart from text."""

from __future__ import annotations

from collections.abc import Iterator


def pieces(text: str) -> Iterator[tuple[bool, str]]:
    """Whether a piece is code, and the piece; a sentence with an odd backtick has no code.

    A name that itself contains backticks may end up in the wrong kind of piece: both kinds are escaped.
    """
    parts = text.split("`")
    if len(parts) % 2 == 0:
        yield False, text
        return
    for position, part in enumerate(parts):
        if part:
            yield position % 2 == 1, part


def one_line(text: str) -> str:
    """The text with every run of white space as one blank."""
    return " ".join(text.split())
