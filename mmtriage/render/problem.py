"""An error for a person: what is wrong, where, the characters underlined, what to do."""

from __future__ import annotations

from mmtriage.errors import MmtriageError, Span
from mmtriage.report.printable import printable_text

CONTEXT = 30  # characters of a long text shown on either side of a mistake
ELLIPSIS = "..."
NO_MARGIN = 1_000_000


def render_error(error: MmtriageError, *, width: int) -> str:
    """One message of a few lines, such as

    Error in the formula: `Dayz` is not a column
      Reaction ~ Dayz + (Days | Subject)
                 ^^^^
      Did you mean `Days`?
    """
    head = f"Error in {error.where}: " if error.where else "Error: "
    lines = [head + error.message]
    if error.text is not None and error.span is not None:
        lines += [f"  {line}" for line in underlined(error.text, error.span, width - 2)]
    if error.hint:
        lines.append(f"  {error.hint}")
    return printable_text("\n".join(lines)) + "\n"


def in_full(error: MmtriageError) -> str:
    """The message for a log, which has no margin."""
    return render_error(error, width=NO_MARGIN).rstrip("\n")


def underlined(text: str, span: Span, width: int) -> tuple[str, str]:
    """One line of the text around the span, and the marks below it; a text longer than `width` is cut."""
    line = "".join(" " if character.isspace() else character for character in text)
    start, end = span.start, max(span.end, span.start + 1)
    if len(line) > width:
        first, last = max(0, start - CONTEXT), min(len(line), end + CONTEXT)
        before, after = ELLIPSIS if first > 0 else "", ELLIPSIS if last < len(line) else ""
        line = before + line[first:last] + after
        start, end = start - first + len(before), end - first + len(before)
    return line, " " * start + "^" * (end - start)
