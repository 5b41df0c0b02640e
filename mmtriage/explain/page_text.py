"""The text of a section, taken apart: paragraphs, lists below them, and code."""

from __future__ import annotations

import re
import textwrap
from dataclasses import dataclass

CODE = "    "  # what marks a line of code in a page
ITEM = "- "


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A paragraph with the list below it, or code as it is."""

    text: str = ""
    items: tuple[str, ...] = ()
    code: str | None = None


def blocks(text: str) -> tuple[Block, ...]:
    """What blank lines separate."""
    return tuple(map(_block, text.split("\n\n")))


def _block(text: str) -> Block:
    if text.startswith(CODE):
        return Block(code=textwrap.dedent(text))
    head, *items = re.split(rf"^{ITEM}", text, flags=re.MULTILINE)
    return Block(text=head.strip(), items=tuple(items))
