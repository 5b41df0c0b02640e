"""How every plot looks, and how it becomes SVG.

Drawn at the width of half a desk or a whole phone, so that its letters are as large as the page's on both.
The colors are those of Okabe & Ito (2008), told apart by color-blind readers; shape says the same as
color, for paper. Text stays text: it can be searched, copied and read aloud.
"""

from __future__ import annotations

import logging
import re
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from io import BytesIO
from typing import Any, cast
from xml.etree import ElementTree

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties, findfont, get_font
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, MaxNLocator

from mmtriage.render.settings import Plot

SVG = "http://www.w3.org/2000/svg"
XLINK = "http://www.w3.org/1999/xlink"
WIDTH = 4.2  # inches
MARGIN = 0.08  # inches around everything
LABEL_ROOM = 0.16  # inches between such names and the axes, and the edge
LINE = 0.165  # inches from one line of text to the next
TITLE_SIZE, TEXT_SIZE, SMALL_SIZE = 9.5, 8.5, 7.5  # points
MOST_TICKS = 5, 6  # spaces between ticks, of x and y
INDENT = 0.3  # inches, of text beside a mark
LONGEST_NAME = 60  # letters of a file's name that say what is plotted
INK, GREY, PALE = "#1c1e21", "#50565e", "#d0d4d9"
BLUE, VERMILLION, GREEN = "#0072B2", "#D55E00", "#009E73"
ORANGE, PURPLE, SKY, BLACK = "#E69F00", "#CC79A7", "#56B4E9", "#000000"

OF_THE_SESSION = ("backend", "backend_fallback", "interactive", "toolbar")  # say nothing of how a plot looks
STYLE: dict[str, Any] = {
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans", "Verdana", "Arial", "Helvetica"],
    "font.size": 8.5,
    "text.color": INK,
    "text.parse_math": False,  # a column may be called $x$
    "axes.edgecolor": GREY,
    "axes.labelcolor": INK,
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.unicode_minus": False,
    "axes.labelsize": 8.5,
    "xtick.color": GREY,
    "ytick.color": GREY,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "xtick.labelsize": 8.0,
    "ytick.labelsize": 8.0,
    "svg.fonttype": "none",
    "svg.hashsalt": "mmtriage",
    "hatch.linewidth": 0.6,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """A shape in a color, filled or open, that stands for one thing in all plots."""

    shape: str  # matplotlib's letter
    color: str
    filled: bool = True
    size: float = 6.0
    hollow: bool = False  # what is below shows through

    def options(self) -> dict[str, Any]:
        """For `Axes.plot`."""
        return {
            "marker": self.shape,
            "color": self.color,
            "markersize": self.size,
            "markerfacecolor": "none" if self.hollow else self.color if self.filled else "white",
            "markeredgecolor": self.color,
            "markeredgewidth": 1.4,
            "linestyle": "none",
        }


OPTIMUM = Mark(shape="o", color=BLUE, size=5.0)
LME4 = Mark(shape="v", color=VERMILLION, hollow=True, size=9.5)  # around the optimum where they are the same
OTHERS = (
    Mark(shape="s", color=GREEN),
    Mark(shape="D", color=PURPLE, size=5.5),
    Mark(shape="^", color=ORANGE, size=6.5),
    Mark(shape="P", color=BLACK),
    Mark(shape="s", color=SKY, filled=False),
    Mark(shape="X", color=GREEN, filled=False),
)


@dataclass(slots=True)
class Sheet:
    """A figure with a title above its only axes, and a legend below."""

    figure: Figure
    axes: Axes


@contextmanager
def quietly() -> Iterator[None]:
    """Matplotlib says nothing of letters that its own font lacks: it is the reader's font that shows them."""
    logger = logging.getLogger("matplotlib")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)


@contextmanager
def style() -> Iterator[None]:
    """The look of all plots: figures are made and saved in it, for matplotlib's settings are global."""
    settings = {name: value for name, value in mpl.rcParamsDefault.items() if name not in OF_THE_SESSION}
    with mpl.rc_context(cast(Any, {**settings, **STYLE})):  # its keys are literals to the type checker
        yield


def sheet(
    title: str,
    *,
    height: float,
    left: float,
    subtitle: str = "",
    below: float = 0.46,
    legend: list[tuple[Mark | None, str]] | None = None,
) -> Sheet:
    """Axes `height` inches high, `left` inches from the edge, with `below` for ticks and label.

    The legend has a line for each (mark, text), wrapped; without a mark the text stands alone.
    """
    heads = wrapped(title, WIDTH - 2 * MARGIN, TITLE_SIZE, bold=True)
    entries = [
        (mark, wrapped(text, WIDTH - MARGIN - (MARGIN if mark is None else INDENT), TEXT_SIZE))
        for mark, text in legend or []
    ]
    lines = sum(len(text) for _, text in entries)
    top, bottom = 0.1 + 0.19 * len(heads) + (0.2 if subtitle else 0.0), below + LINE * lines + MARGIN
    total = top + height + bottom
    figure = Figure(figsize=(WIDTH, total))
    FigureCanvasSVG(figure)
    axes = figure.add_axes(
        (left / WIDTH, bottom / total, (WIDTH - left - 1.5 * MARGIN) / WIDTH, height / total)
    )
    for number, line in enumerate(heads):
        y = 1.0 - (0.14 + 0.19 * number) / total
        figure.text(MARGIN / WIDTH, y, line, fontsize=TITLE_SIZE, fontweight="bold", va="center")
    if subtitle:
        y = 1.0 - (0.14 + 0.19 * len(heads)) / total
        figure.text(MARGIN / WIDTH, y, subtitle, color=GREY, va="center")
    _legend(figure, entries, total)
    return Sheet(figure, axes)


def _legend(figure: Figure, entries: list[tuple[Mark | None, list[str]]], total: float) -> None:
    y = MARGIN + LINE * (sum(len(text) for _, text in entries) - 0.5)
    for mark, lines in entries:
        if mark is not None:
            figure.add_artist(
                Line2D([0.16 / WIDTH], [y / total], transform=figure.transFigure, **mark.options())
            )
        for line in lines:
            x = MARGIN if mark is None else INDENT
            figure.text(x / WIDTH, y / total, line, fontsize=TEXT_SIZE, va="center")
            y -= LINE


def bare(axes: Axes) -> None:
    """Without ticks and frame, for what is drawn on them brings its own."""
    axes.set_xticks([])
    axes.set_yticks([])
    for spine in axes.spines.values():
        spine.set_visible(False)


def plain_numbers(axes: Axes, *, x: bool = True, y: bool = False, most: tuple[int, int] = MOST_TICKS) -> None:
    """Ticks with numbers as the report writes them, without offsets or powers beside the axis."""
    for wanted, axis, spaces in ((x, axes.xaxis, most[0]), (y, axes.yaxis, most[1])):
        if wanted:
            axis.set_major_locator(MaxNLocator(spaces))
            axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.6g}"))


def short(text: str, most: int) -> str:
    """A name on one line, its middle left out where it is too long."""
    line = " ".join(text.split())
    if len(line) <= most:
        return line
    head = (most - 1) * 2 // 3
    return f"{line[:head]}\u2026{line[len(line) - (most - 1 - head) :]}"


def wrapped(text: str, width: float, size: float, *, bold: bool = False) -> list[str]:
    """Lines of at most `width` inches; a word that is wider is broken."""
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".lstrip()
        if _inches(longer, size, bold=bold) <= width:
            lines[-1] = longer
            continue
        lines.append("")
        for letter in word:
            if _inches(lines[-1] + letter, size, bold=bold) > width:
                lines.append("")
            lines[-1] += letter
    return [line for line in lines if line] or [""]


def file_name(kind: str, number: int, what: str) -> str:
    """A name by content that any file system takes; the number keeps the order, and equal names apart."""
    plain = re.sub("[^A-Za-z0-9]+", "-", what).strip("-")[:LONGEST_NAME]
    return f"{kind}-{number:02}-{plain}".rstrip("-")


def labels(texts: Sequence[str], most: float, size: float) -> tuple[list[str], float]:
    """Names beside rows, shortened to `most` inches, and the room in inches that they take."""
    shown = [_fitting(text, most, size) for text in texts]
    return shown, max(_inches(text, size) for text in shown) + LABEL_ROOM


def _fitting(text: str, most: float, size: float) -> str:
    line = " ".join(text.split())
    for letters in range(len(line), 1, -1):
        if _inches(shown := short(line, letters), size) <= most:
            return shown
    return line


def _inches(text: str, size: float, *, bold: bool = False) -> float:
    """How wide a text is; letters that matplotlib's own font lacks are as wide as they are high."""
    font = get_font(findfont(FontProperties(family="DejaVu Sans", weight="bold" if bold else "normal")))
    font.set_size(size, 72)
    known = "".join(letter for letter in text if font.get_char_index(ord(letter)))
    font.set_text(known)
    return float(font.get_width_height()[0] / 64.0 + size * (len(text) - len(known))) / 72.0


def plot(name: str, title: str, description: str, drawn: Sheet, *, heading: str, reading: str) -> Plot:
    """The drawing as a Plot; `name` is that of its file, and begins every id in it."""
    said = f"{description} {reading}"
    svg, ids = svg_text(drawn.figure, name=name, title=title, description=said)
    return Plot(
        name=name,
        ids=ids,
        title=title,
        description=said,
        svg=svg,
        heading=heading,
        reading=reading,
    )


def svg_text(figure: Figure, *, name: str, title: str, description: str) -> tuple[str, str]:
    """SVG that says what it shows, loads nothing and may stand beside others, and how its ids begin.

    They are the same bytes every time.
    """
    buffer = BytesIO()
    figure.savefig(buffer, format="svg", metadata={"Date": None})
    root = ElementTree.fromstring(buffer.getvalue())
    for parent in list(root.iter()):
        for child in list(parent):
            if child.tag in (f"{{{SVG}}}metadata", f"{{{SVG}}}style"):
                parent.remove(child)
    own = f"{name}-{sha256(buffer.getvalue()).hexdigest()[:8]}"  # several reports may be on one page
    _own_ids(root, own)
    head = [("title", title), ("desc", description)]
    for position, (tag, text) in enumerate(head):
        element = ElementTree.Element(f"{{{SVG}}}{tag}", {"id": f"{own}-{tag}"})
        element.text = text
        element.tail = "\n"
        root.insert(position, element)
    root.set("role", "img")
    root.set("aria-labelledby", f"{own}-title {own}-desc")
    root.set("style", "stroke-linejoin: round; stroke-linecap: butt")
    root.attrib.pop("version", None)
    ElementTree.register_namespace("", SVG)
    ElementTree.register_namespace("xlink", XLINK)
    return ElementTree.tostring(root, encoding="unicode") + "\n", own


def _own_ids(root: ElementTree.Element, name: str) -> None:
    """Ids that are referred to begin with the plot's name; the others go."""
    href = f"{{{XLINK}}}href"
    used = {element.get(href, "")[1:] for element in root.iter()}
    for element in root.iter():
        for value in element.attrib.values():
            if "url(#" in value:
                used.add(value.split("url(#", 1)[1].split(")", 1)[0])
    for element in root.iter():
        own = element.attrib.pop("id", None)
        if own in used:
            element.set("id", f"{name}-{own}")
        for key, value in list(element.attrib.items()):
            if key == href:
                element.set(key, f"#{name}-{value[1:]}")
            elif "url(#" in value:
                element.set(key, value.replace("url(#", f"url(#{name}-"))
