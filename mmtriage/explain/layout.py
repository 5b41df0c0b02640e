"""Pages as plain text of a given width: paragraphs and lists wrapped, code as it is."""

from __future__ import annotations

import itertools
import textwrap
from collections.abc import Iterable, Sequence

from mmtriage.explain.library import Page, Topic, TopicKind
from mmtriage.explain.page_text import CODE, ITEM, Block, blocks

NARROWEST, WIDEST = 40, 100  # longer lines are hard to read
INDENT = "  "
HARD_BLANK = "\xa0"  # textwrap does not break a line here
KINDS: dict[TopicKind, str] = {
    "finding": "Findings",
    "verdict": "Verdicts",
    "rung": "Rungs",
    "ladder": "Ladder",
    "judge": "Fits made elsewhere",
    "reporting": "Papers",
    "files": "Tables",
    "check": "Models of a project",
    "formats": "Formats",
    "lme4": "lme4",
    "structures": "Structures",
}


def as_text(pages: Sequence[Page], width: int) -> str:
    """Pages one below the other."""
    return "\n\n".join(_page(page, _clamped(width)) for page in pages)


def contents(topics: Iterable[Topic], width: int) -> str:
    """The list of all topics, each with its one sentence."""
    width = _clamped(width)
    parts = [_filled("Say `mmtriage explain TOPIC` for one of these; case does not matter.", width, "")]
    for kind, group in itertools.groupby(topics, key=lambda topic: topic.kind):
        listed = list(group)
        columns = [max(len(name) for name in names) for names in zip(*map(_called, listed), strict=True)]
        parts.append("\n".join([KINDS[kind], *(_line(topic, columns, width) for topic in listed)]))
    return "\n\n".join(parts) + "\n"


def _called(topic: Topic) -> tuple[str, ...]:
    return (topic.name, topic.alias) if topic.alias else (topic.name,)


def _line(topic: Topic, columns: Sequence[int], width: int) -> str:
    names = zip(_called(topic), columns, strict=True)
    left = INDENT + "".join(name.ljust(column + 2) for name, column in names)
    return _filled(topic.summary, width, " " * len(left), first=left)


def _page(page: Page, width: int) -> str:
    parts = [f"{page.title}\n{_filled(page.summary, width, '')}"]
    for section in page.sections:
        body = "\n\n".join(_block(block, width) for block in blocks(section.text))
        parts.append(f"{section.head}\n{body}")
    return "\n\n".join(parts) + "\n"


def _block(block: Block, width: int) -> str:
    if block.code is not None:
        return textwrap.indent(block.code, INDENT + CODE)
    lines = [_filled(block.text, width, INDENT)] if block.text else []
    hanging = INDENT + " " * len(ITEM)
    lines += [_filled(item, width, hanging, first=INDENT + ITEM) for item in block.items]
    return "\n".join(lines)


def _filled(text: str, width: int, indent: str, first: str | None = None) -> str:
    """Wrapped text; what stands between backticks stays on one line if it is short enough."""
    lines = textwrap.wrap(
        _kept_together(" ".join(text.split()), width),
        width,
        initial_indent=indent if first is None else first,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )
    return "\n".join(lines).replace(HARD_BLANK, " ")


def _kept_together(text: str, width: int) -> str:
    pieces = text.split("`")
    for position in range(1, len(pieces), 2):
        if len(pieces[position]) <= width // 2:
            pieces[position] = pieces[position].replace(" ", HARD_BLANK)
    return "`".join(pieces)


def _clamped(width: int) -> int:
    return max(NARROWEST, min(width, WIDEST))
