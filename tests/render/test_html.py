"""The report as an HTML page: valid, alone, accessible, and safe with any name."""

from __future__ import annotations

import itertools
import re
from collections import Counter
from dataclasses import replace
from typing import Any

import html5lib
import pytest

from mmtriage.render import htmldoc, labels, remedy_words, sentences, tables
from mmtriage.render.settings import Plot, Settings
from mmtriage.report.printable import printable_text
from tests.real_reports.records import CONVERGED, NOT_CONVERGED, REPORTS, SINGULAR
from tests.render.hostile import HOSTILE, NAMES
from tests.render.real import REAL, real_report

OURS = {  # elements that a report may have
    *(
        *("details", "summary", "ul", "li"),
        "html",
        "head",
        "meta",
        "title",
        "style",
        "body",
        "main",
        "header",
        "section",
        "article",
        "footer",
        "div",
    ),
    *("h1", "h2", "h3", "p", "br", "strong", "code", "pre", "dl", "dt", "dd"),
    *("table", "thead", "tbody", "tr", "th", "td"),
}
ATTRIBUTES = {
    *("lang", "charset", "name", "content", "http-equiv", "class", "style", "role", "aria-label", "tabindex"),
    *("scope", "data-head"),
}
PLOT = Plot(
    title="Criterion along `theta`",
    svg='<?xml version="1.0"?>\n<!DOCTYPE svg>\n<svg viewBox="0 0 2 1"><path d="M0 0L2 1"/></svg>\n',
)


def parse(text: str) -> Any:
    """The page as an element; html5lib in strict mode raises at the first error."""
    return html5lib.HTMLParser(namespaceHTMLElements=False, strict=True).parse(text)


def elements(page: Any) -> list[Any]:
    return [element for element in page.iter() if isinstance(element.tag, str)]


def tags(page: Any) -> Counter[str]:
    return Counter(element.tag for element in elements(page))


def assert_ours(page: Any) -> None:
    """Nothing that could run, load, or lead anywhere."""
    for element in elements(page):
        assert element.tag in OURS, element.tag
        assert set(element.attrib) <= ATTRIBUTES, element.attrib
        assert re.fullmatch(r"(--after: \d+)?", element.get("style", ""))
    assert "url(" not in page.findtext("head/style")
    assert "@import" not in page.findtext("head/style")


@pytest.mark.parametrize("name", REPORTS)
def test_a_page_is_valid_and_loads_nothing(name: str) -> None:
    text = htmldoc.render(REPORTS[name])
    assert text.startswith("<!DOCTYPE html>\n")
    assert text.isascii()
    assert_ours(parse(text))


@pytest.mark.parametrize("name", REPORTS)
def test_a_page_is_accessible(name: str) -> None:
    page = parse(htmldoc.render(REPORTS[name]))
    assert page.get("lang") == "en"
    assert page.findtext("head/title").startswith(labels.STATUS_WORDS[REPORTS[name].verdict.status])
    levels = [int(element.tag[1]) for element in elements(page) if re.fullmatch("h[1-6]", element.tag)]
    assert levels.count(1) == 1
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in itertools.pairwise(levels))
    for head in page.iter("th"):
        assert head.get("scope") in ("col", "row")
        assert head.text or len(head)
    for table in page.iter("table"):
        assert len({len(row) for row in table.iter("tr")}) == 1
    for region in (*page.iter("section"), *page.iter("pre")):
        assert region.get("aria-label")


def test_colors_can_be_read() -> None:
    """WCAG AA: a contrast of 4.5 of headings and small print on their backgrounds."""
    style = (htmldoc.PAGE / "report.css").read_text()
    light, dark = style.split("prefers-color-scheme: dark")
    for part in (light, dark.split("@media print")[0]):
        paper, *inks = re.findall(r"--(?:paper|ink|quiet): (#\w{6})", part)
        pairs = re.findall(r"--accent: (#\w{6}); --tint: (#\w{6})", part)
        assert (len(inks), len(pairs)) == (2, 4)
        for accent, tint in pairs:
            for ink in (accent, *inks):
                assert contrast(ink, tint) >= 4.5
                assert contrast(ink, paper) >= 4.5


@pytest.mark.parametrize("name", REPORTS)
def test_each_landmark_has_a_name_of_its_own(name: str) -> None:
    page = parse(htmldoc.render(REPORTS[name]))
    names = [section.get("aria-label") for section in page.iter("section")]
    assert len(set(names)) == len(names)
    assert not [element for element in elements(page) if element.get("role") == "region"]


def test_what_a_report_says_is_explained_on_its_page() -> None:
    page = parse(htmldoc.render(SINGULAR))
    folded = [element.findtext("summary") for element in page.iter("details")]
    assert folded == ["Verdict: singular", "MM310 zero-variance"]


def contrast(one: str, other: str) -> float:
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def luminance(color: str) -> float:
    parts = [int(color[position : position + 2], 16) / 255 for position in (1, 3, 5)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_everything_in_the_report_is_on_the_page() -> None:
    text = "".join(parse(htmldoc.render(NOT_CONVERGED)).find("body").itertext())
    for finding in NOT_CONVERGED.findings:
        assert sentences.finding_title(finding) in text
    for remedy in NOT_CONVERGED.remedies:
        assert remedy.title.replace("`", "") in text
        for _, code in remedy_words.code(remedy):
            assert code in text
    for result in NOT_CONVERGED.ladder:
        assert result.reason.replace("`", "") in text
    assert "is certified" in text


def test_on_paper_no_heading_is_left_alone() -> None:
    style = (htmldoc.PAGE / "report.css").read_text().split("@media print")[1]
    assert ".mmtriage h2, .mmtriage h3, .mmtriage .step { break-after: avoid; }" in style
    for report in REPORTS.values():
        for line in parse(htmldoc.render(report)).iter("p"):
            is_heading = [child.tag for child in line] == ["strong"] and not (line.text or line[0].tail)
            if is_heading and (line[0].text or "").startswith("Step "):
                assert line.get("class") == "step"


def test_code_is_a_block_of_its_own() -> None:
    page = parse(htmldoc.render(NOT_CONVERGED))
    blocks = ["".join(block.itertext()) for block in page.iter("pre")]
    assert NOT_CONVERGED.remedies[0].code.mmtriage in blocks
    assert NOT_CONVERGED.remedies[0].code.lme4 in blocks
    assert ".code pre { user-select: all; }" in page.findtext("head/style")


def test_decimal_points_meet() -> None:
    assert tables.padding(("1.25", "-30", "0.5", "")) == (0, 3, 1, 3)
    assert tables.padding(("1.25", "3e-5")) == (0, 0)


@pytest.mark.parametrize("kind", HOSTILE)
def test_no_name_becomes_markup(kind: str) -> None:
    settings = Settings(name=NAMES[kind])
    page = parse(htmldoc.render(HOSTILE[kind], settings))
    assert_ours(page)
    found, harmless = tags(page), tags(parse(htmldoc.render(HOSTILE["letters"], settings)))
    for element in set(found) - {"code"}:  # a name may have backticks
        assert found[element] == harmless[element], element
    text = "".join(page.find("body").itertext())
    if "`" not in NAMES[kind]:
        assert f"{printable_text(NAMES[kind])} is far away" in text


def test_plots_are_pictures_of_the_page() -> None:
    page = parse(htmldoc.render(SINGULAR, Settings(plots=(PLOT, PLOT))))
    assert tags(page)["figure"] == 2
    figure = next(page.iter("figure"))
    assert figure.get("aria-label") == "Criterion along `theta`"
    assert [child.tag.partition("}")[2] or child.tag for child in figure] == ["svg"]
    assert labels.PLOTS not in htmldoc.render(SINGULAR)


def test_a_named_model_is_called_by_its_name() -> None:
    page = parse(htmldoc.render(CONVERGED, Settings(name="sleep")))
    assert page.findtext("head/title") == "sleep: Converged - Reaction ~ Days + (1 + Days | Subject)"


@pytest.mark.parametrize(("dated", "said"), [("2021-03-04", "2021-03-04"), (None, htmldoc.NOT_DATED)])
def test_the_foot_says_what_made_it_of_which_table(dated: str | None, said: str) -> None:
    report = replace(CONVERGED, input=replace(CONVERGED.input, dated=dated))
    foot = parse(htmldoc.render(report)).find(".//footer")
    assert {row.findtext("dt"): row.findtext("dd") for row in foot.iter("div")} == {
        "Data": CONVERGED.input.source,
        "SHA-256": CONVERGED.input.sha256,
        "Date of the data": said,
        "Seed": "0",
        "Made by": f"mmtriage {CONVERGED.tool.version}",
        "lme4": "2.x",
    }


def test_nothing_depends_on_the_clock() -> None:
    assert htmldoc.render(replace(CONVERGED, timing={"total": 9.0})) == htmldoc.render(CONVERGED)


@pytest.mark.parametrize("case", REAL)
def test_real_reports_are_valid(case: str) -> None:
    assert_ours(parse(htmldoc.render(real_report(case))))
