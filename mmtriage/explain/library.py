"""The pages: where they are, what they are called, and how they are found.

Pages on findings, verdicts and the ladder are the text files in `pages/`; the page on a rung is the
docstring of its module, so that it cannot drift from the code. Thresholds in a text are the constants of the
code, filled in when it is read.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from mmtriage.diagnose.declared import CATALOGUE
from mmtriage.diagnose.verdict import SEVERITY_OF
from mmtriage.errors import OptionError, did_you_mean
from mmtriage.explain.quoted import docstring, filled
from mmtriage.ladder.records import RUNG_NUMBER, RungStatus

TopicKind = Literal[
    "finding",
    "verdict",
    "rung",
    "ladder",
    "judge",
    "reporting",
    "files",
    "check",
    "formats",
    "lme4",
    "structures",
]

DIRECTORY = Path(__file__).parent / "pages"
SECTIONS = (  # of a finding or a verdict, in this order
    "What it means",
    "Why it matters",
    "How it is detected",
    "What to do",
    "When it misleads",
    "References",
)
RUNG_SECTIONS = ("What it tries", "Why it helps", "What it changes", "When it misleads", "References")
# Pages of their own kind -> what else they answer to.
PLAIN: dict[TopicKind, tuple[str, ...]] = {
    "ladder": get_args(RungStatus),
    "judge": ("fit.json",),
    "reporting": ("for the paper",),
    "files": ("tables",),
    "check": ("baseline", "init"),
    "formats": ("plots",),
    "lme4": ("limits",),
    "structures": ("us()", "diag()", "cs()", "ar1()"),
}


@dataclass(frozen=True, slots=True)
class Section:
    """A heading and its text: paragraphs, lists with "- ", code indented by four blanks."""

    head: str
    text: str


@dataclass(frozen=True, slots=True)
class Page:
    """What there is to say on one topic."""

    kind: TopicKind
    topic: str  # "MM304", "singular", "rescale", "ladder"
    title: str  # "MM304 slope-constant-in-group"
    summary: str  # one sentence
    sections: tuple[Section, ...]


@dataclass(frozen=True, slots=True)
class Topic:
    """One line of the list of topics."""

    kind: TopicKind
    name: str  # what `page` takes
    alias: str | None  # the other name it goes by: a finding's
    summary: str


def topics() -> tuple[Topic, ...]:
    """Everything that can be explained: findings, verdicts, rungs, and the pages of `PLAIN`."""
    found = []
    for kind, name in _everything():
        alias = CATALOGUE[name].name if kind == "finding" else None
        found.append(Topic(kind, name, alias, _read(kind, name).summary))
    return tuple(found)


def page(topic: str) -> Page:
    """The page on a topic; `singular`, a verdict and a rung, gives the verdict's.

    Raises:
        OptionError: there is no such topic; the hint names the nearest.
    """
    return pages(topic)[0]


def pages(topic: str) -> tuple[Page, ...]:
    """All pages on a topic: one, or two where a verdict and a rung share their name.

    Raises:
        OptionError: there is no such topic; the hint names the nearest.
    """
    found = _known().get(_key(topic))
    if found is None:
        nearest = did_you_mean(topic.strip(), _spellings())
        everything = "`mmtriage explain` lists all topics."
        raise OptionError(
            f"there is no page on `{topic}`", hint=f"{nearest} {everything}" if nearest else everything
        )
    return tuple(_read(kind, name) for kind, name in found)


def is_topic(topic: str) -> bool:
    """Whether there is a page on it."""
    return _key(topic) in _known()


def _everything() -> list[tuple[TopicKind, str]]:
    found: list[tuple[TopicKind, str]] = [("finding", code) for code in CATALOGUE]
    found += [("verdict", status) for status in reversed(SEVERITY_OF)]
    found += [("rung", rung) for rung in RUNG_NUMBER]
    return [*found, *((kind, kind) for kind in PLAIN)]


def _known() -> dict[str, list[tuple[TopicKind, str]]]:
    """Every name of every page, as `_key` writes it."""
    known: dict[str, list[tuple[TopicKind, str]]] = {}
    for kind, name in _everything():
        for word in _names(kind, name):
            known.setdefault(_key(word), []).append((kind, name))
    return known


def _names(kind: TopicKind, name: str) -> Iterable[str]:
    """What a page answers to: its topic, and what else a report calls it."""
    match kind:
        case "finding":
            return (name, CATALOGUE[name].name)
        case "rung":
            number = RUNG_NUMBER[name]  # type: ignore[index]
            return (name, str(number), f"rung {number}")
        case "verdict":
            return (name,)
        case _:
            return (name, *PLAIN[kind])


def _spellings() -> list[str]:
    return list(dict.fromkeys(word for kind, name in _everything() for word in _names(kind, name)))


def _key(topic: str) -> str:
    """Case, hyphens, underscores and blanks make no difference."""
    return "-".join(topic.casefold().replace("_", " ").replace("-", " ").split())


def _read(kind: TopicKind, name: str) -> Page:
    if kind == "rung":
        return _from_docstring(name)
    file = f"verdict_{name}" if kind == "verdict" else name
    text = (DIRECTORY / f"{file}.md").read_text(encoding="utf-8")
    return _from_text(kind, name, filled(text))


def _from_text(kind: TopicKind, name: str, text: str) -> Page:
    """A page from its file: "# title", a sentence, and "## section" after "## section"."""
    front, *rest = text.split("\n## ")
    title, _, summary = front.removeprefix("# ").partition("\n")
    sections = []
    for part in rest:
        head, _, body = part.partition("\n")
        sections.append(Section(head.strip(), body.strip("\n")))
    return Page(kind, name, title.strip(), " ".join(summary.split()), tuple(sections))


def _from_docstring(rung: str) -> Page:
    """A page from the docstring of a rung's module: "Rung 1: sentence." and "What it tries: ..." in order."""
    first, _, body = docstring(f"ladder.rungs.{rung}").partition("\n")
    number, _, summary = first.partition(": ")
    sections = []
    for head, following in zip(RUNG_SECTIONS, (*RUNG_SECTIONS[1:], None), strict=True):
        rest = body.partition(f"{head}:")[2]
        text = rest.partition(f"\n{following}:")[0] if following else rest
        sections.append(Section(head, _listed(text) if head == "References" else _sentence(text)))
    return Page("rung", rung, f"{number}: {rung}", _sentence(summary), tuple(sections))


def _sentence(text: str) -> str:
    """Text that followed a colon, with a capital where it begins with a common word."""
    text = text.strip()
    is_word = text.split(maxsplit=1)[0].rstrip(".,:").isalpha()
    return text[:1].upper() + text[1:] if is_word else text


def _listed(text: str) -> str:
    """References separated by semicolons, as a list."""
    return "\n".join(f"- {' '.join(reference.split()).removesuffix('.')}." for reference in text.split(";"))
