"""Errors told by a marked text, `y ~ «lgo»(x)`: the marks stand around what must be underlined."""

from __future__ import annotations

from mmtriage.errors import MmtriageError


def unmarked(marked: str) -> str:
    """The text without its marks: `«` and `»`, since `<` and `>` are operators."""
    return marked.replace("«", "").replace("»", "")


def mark(error: MmtriageError) -> str:
    """The error's text with marks around its span."""
    assert error.text is not None
    assert error.span is not None
    text, start, end = error.text, error.span.start, error.span.end
    return f"{text[:start]}«{text[start:end]}»{text[end:]}"


def facts(error: MmtriageError) -> tuple[str, str | None]:
    """Message and hint."""
    return error.message, error.hint
