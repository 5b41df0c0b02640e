"""Text in columns: headings, wrapped paragraphs, verbatim lines and tables without a frame.

Nothing but ASCII of our own, so that it reads the same in any locale; color only adds emphasis.
"""

from __future__ import annotations

import io
from collections.abc import Sequence

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from mmtriage.render import tables
from mmtriage.render.tables import Grid

NARROWEST, WIDEST = 40, 120  # longer lines are hard to read
INDENT, GUTTER = 2, 2  # of tables
LEAST_WORDS = 12  # a column of words is never narrower


def console_of(page: io.StringIO, *, width: int, color: bool) -> Console:
    """A console that writes to a page and reads nothing from the environment."""
    return Console(
        file=page,
        width=max(NARROWEST, min(width, WIDEST)),
        force_terminal=color,
        color_system="standard" if color else None,
        no_color=not color,
        highlight=False,
        markup=False,
        emoji=False,
        legacy_windows=False,
        _environ={},  # the command line reads the environment, and passes width and color
    )


def text_of(page: io.StringIO) -> str:
    """What was written, without blanks at the ends of lines and of the page."""
    return "\n".join(line.rstrip() for line in page.getvalue().splitlines()).strip("\n") + "\n"


def heading(console: Console, text: str) -> None:
    """A line of its own, after an empty one."""
    console.print()
    console.print(Text(text, style="bold underline"))


def paragraph(
    console: Console, text: str | Text, *, indent: int = 0, hanging: int = 0, style: str = ""
) -> None:
    """Wrapped text, folded where a word is too long; `hanging` indents all lines but the first."""
    written = Text(text, style=style) if isinstance(text, str) else text
    wrapped = written.wrap(console, console.width - indent - hanging, overflow="fold")
    for position, line in enumerate(wrapped):
        left = indent + (hanging if position > 0 else 0)
        console.print(Text(" " * left) + line, soft_wrap=True)


def with_code(text: str, code: str, style: str = "") -> Text:
    """A sentence with a code at its end, which is for `explain` and for programs: dim."""
    return Text.assemble((text, style), "  ", (code, "dim"))


def verbatim(console: Console, text: str, *, indent: int, style: str = "") -> None:
    """Text that must stay as it is, to be pasted or searched for: its own lines, never wrapped."""
    for line in text.splitlines():
        console.print(Text(" " * indent + line, style=style), soft_wrap=True)


def grid(console: Console, grid: Grid, *, style: str = "dim") -> None:
    """A table without a frame: two blanks between columns, numbers aligned at their decimal points.

    Columns of words share the width that is left and wrap; numbers never do. (A `rich` table would crop.)
    What is wider than the screen all the same is printed in pieces, as R does, each with the first column.
    """
    columns = [
        [cell + " " * missing for cell, missing in zip(cells, tables.padding(cells), strict=True)]
        if position in grid.numeric
        else list(cells)
        for position, cells in enumerate(zip(*grid.rows, strict=True))
    ]
    widths = _widths(grid, columns, console.width - INDENT)
    for piece in _pieces(widths, console.width - INDENT):
        numeric = frozenset(place for place, position in enumerate(piece) if position in grid.numeric)
        width = [widths[position] for position in piece]
        if any(grid.header):
            _row(console, [grid.header[position] for position in piece], width, numeric, style=style)
        for cells in zip(*columns, strict=True):
            _row(console, [cells[position] for position in piece], width, numeric)


def _pieces(widths: list[int], available: int) -> list[list[int]]:
    """The columns of each piece: the first one, and as many others as there is room for, at least one."""
    pieces, taken = [[0]], widths[0]
    for position, width in enumerate(widths[1:], start=1):
        if len(pieces[-1]) > 1 and taken + GUTTER + width > available:
            pieces.append([0])
            taken = widths[0]
        pieces[-1].append(position)
        taken += GUTTER + width
    return pieces


def _widths(grid: Grid, columns: list[list[str]], available: int) -> list[int]:
    """The width of each column. Where room is short, headers of numbers wrap, then words, the last first."""
    gutters = GUTTER * (len(columns) - 1)
    widths = [_natural(name, cells) for name, cells in zip(grid.header, columns, strict=True)]
    if sum(widths) + gutters > available:
        for position in grid.numeric & set(range(len(columns))):
            longest = max(grid.header[position].split(), key=cell_len, default="")
            widths[position] = _natural(longest, columns[position])
    for position in reversed(range(len(columns))):
        excess = sum(widths) + gutters - available
        if excess > 0 and position not in grid.numeric:
            widths[position] = max(min(LEAST_WORDS, widths[position]), widths[position] - excess)
    return widths


def _natural(name: str, cells: list[str]) -> int:
    return max(cell_len(cell) for cell in (name, *cells))


def _row(
    console: Console, cells: Sequence[str], widths: list[int], numeric: frozenset[int], style: str = ""
) -> None:
    wrapped = [
        Text(cell).wrap(console, max(1, width), overflow="fold") if cell else [Text("")]
        for cell, width in zip(cells, widths, strict=True)
    ]
    for height in range(max(len(lines) for lines in wrapped)):
        line = Text(" " * INDENT, style=style)
        for position, (lines, width) in enumerate(zip(wrapped, widths, strict=True)):
            part = lines[height] if height < len(lines) else Text("")
            blank = " " * (width - part.cell_len)
            after = " " * GUTTER if position < len(widths) - 1 else ""
            line.append_text(Text(blank) + part if position in numeric else part + Text(blank)).append(after)
        console.print(line, soft_wrap=True)
