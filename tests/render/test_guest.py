"""The report as a guest on somebody else's page: JupyterLab has styles of its own for whatever it shows."""

from __future__ import annotations

import re
from collections import defaultdict

import html5lib
import pytest

from mmtriage.render import htmldoc
from tests.real_reports.records import SINGULAR

# What `.jp-RenderedHTMLCommon` sets on the elements that a report has (@jupyterlab/rendermime 4.6, base.css).
HEADING = {"line-height", "font-weight", "font-style", "margin", "font-size"}
CELL = {"vertical-align", "padding", "line-height", "white-space", "max-width", "border", "text-align"}
HOST = {
    "h1": HEADING,
    "h2": HEADING,
    "h3": HEADING,
    "ul": {"padding-left", "list-style", "margin"},
    "pre": {"color", "font-family", "font-size", "line-height", "margin", "padding", "border", "white-space"},
    "code": {"color", "font-family", "font-size", "line-height", "padding", "background"},
    "table": {"border-collapse", "border", "color", "font-size", "table-layout", "margin"},
    "thead": {"border"},
    "tr": {"padding", "border", "line-height", "text-align", "background"},
    "th": CELL,
    "td": CELL,
    "p": {"margin"},
}
SHORT = {"font": {"font-family", "font-size", "line-height"}}


def set_by_us() -> dict[str, set[str]]:
    """Element -> the properties that we set on it everywhere in a report."""
    style = (htmldoc.PAGE / "report.css").read_text().split("@media")[0]
    found: dict[str, set[str]] = defaultdict(set)
    for selectors, body in re.findall(r"([^{}]+)\{([^}]*)\}", style):
        named = {name.strip() for name in re.findall(r"(?:^|;)\s*([a-z-]+):", body)}
        named |= {one for name in named for one in SHORT.get(name, ())}
        for selector in selectors.split(","):
            found[selector.strip().removeprefix(".mmtriage ")] |= named
    return found


@pytest.mark.parametrize("element", HOST)
def test_whatever_jupyterlab_sets_is_set_by_us(element: str) -> None:
    assert HOST[element] <= set_by_us()[element]


def test_a_fragment_brings_its_style_and_no_document() -> None:
    text = htmldoc.fragment(SINGULAR)
    fragment = html5lib.HTMLParser(namespaceHTMLElements=False, strict=True).parseFragment(text)
    assert [child.tag for child in fragment] == ["style", "div"]
    rules = re.findall(r"^ *([^{}@]+) \{", (htmldoc.PAGE / "report.css").read_text(), flags=re.MULTILINE)
    selectors = [selector.strip() for rule in rules for selector in rule.split(",")]
    assert len(selectors) > 50
    assert all(selector.startswith(htmldoc.ROOT) for selector in selectors)


def test_it_is_stronger_than_its_host_and_no_landmark_of_it() -> None:
    """JupyterLab's rules have up to two classes and two elements: an id is more."""
    text = htmldoc.fragment(SINGULAR)
    fragment = html5lib.HTMLParser(namespaceHTMLElements=False, strict=True).parseFragment(text)
    style = fragment.find("style").text
    assert style.count("#mmtriage") == style.count(".mmtriage") > 100
    assert "#mmtriage" not in htmldoc.render(SINGULAR)
    assert not [section for section in fragment.iter("section") if section.get("aria-label")]
