"""The report as Markdown: what GitHub's dialect makes of it, and that no name can become markup."""

from __future__ import annotations

import html
import re
from collections import Counter
from dataclasses import replace

import html5lib
import pytest
from markdown_it import MarkdownIt

from mmtriage.render import markdown
from mmtriage.render.settings import Settings
from mmtriage.report.printable import printable_text
from tests.conftest import Snapshot
from tests.real_reports.records import CONVERGED, NOT_CONVERGED, REPORTS, SINGULAR
from tests.render.hostile import HOSTILE, NAMES
from tests.render.real import REAL, real_report

COMMENT_LIMIT = 65_536  # characters, of GitHub
DIALECT = MarkdownIt("commonmark").enable(["table", "strikethrough"])
OURS = {  # elements that a report may have
    *("h2", "h3", "p", "br", "strong", "code", "pre", "sub", "details", "summary", "ul", "li"),
    *("table", "thead", "tbody", "tr", "th", "td"),
}


def tags(text: str) -> Counter[str]:
    """The elements of the page that the Markdown becomes."""
    parser = html5lib.HTMLParser(namespaceHTMLElements=False, strict=True)
    page = parser.parseFragment(DIALECT.render(text))
    return Counter(element.tag for element in page.iter() if isinstance(element.tag, str))


def shown(text: str) -> str:
    """What can be read of it."""
    page = html5lib.parseFragment(DIALECT.render(text), namespaceHTMLElements=False)
    return "".join(page.itertext()).replace("\u200b", "")


@pytest.mark.parametrize("name", REPORTS)
def test_report_reads_well(name: str, snapshot: Snapshot) -> None:
    snapshot(f"{name}.md", markdown.render(REPORTS[name]))


@pytest.mark.parametrize("name", REPORTS)
def test_every_block_is_closed(name: str) -> None:
    found = tags(markdown.render(REPORTS[name]))
    assert set(found) - {"DOCUMENT_FRAGMENT"} <= OURS
    assert found["details"] == found["summary"] > 0


@pytest.mark.parametrize("kind", HOSTILE)
def test_no_name_becomes_markup(kind: str) -> None:
    """The same elements as for a harmless name, but for code that cannot be written between backticks."""
    found, harmless = (tags(markdown.render(report)) for report in (HOSTILE[kind], HOSTILE["letters"]))
    assert set(found) <= set(harmless)
    for element in set(harmless) - {"code"}:
        assert found[element] == harmless[element], element


@pytest.mark.parametrize(
    "kind", [kind for kind in NAMES if kind not in {"newlines", "fence", "command", "blank", "backticks"}]
)
def test_every_name_can_be_read_and_copied(kind: str) -> None:
    text = shown(markdown.render(HOSTILE[kind]))
    assert printable_text(NAMES[kind]) in text


def test_nobody_is_mentioned_and_nothing_linked() -> None:
    page = DIALECT.render(markdown.render(HOSTILE["links"]))
    prose = re.sub(r"<code.*?</code>", "", page, flags=re.DOTALL)  # GitHub leaves code alone
    assert not re.search(r"@\w|#\d|://|www\.", html.unescape(prose))


def test_a_fence_is_longer_than_what_it_holds() -> None:
    assert "````r\n`a`b```c` ~" in markdown.render(HOSTILE["backticks"])


def test_the_cause_and_the_first_remedy_are_in_the_open() -> None:
    text = markdown.render(NOT_CONVERGED)
    opened = re.sub(r"<details>.*?</details>", "", text, flags=re.DOTALL)
    assert "### Why\n\n**MM106" in opened
    assert "**1. Centre and scale Year**" in opened
    assert "```sh\nmmtriage fit sample_data/sleepstudy_year.csv" in opened
    assert "```r\nm <- lmer(Reaction ~ I((Year - 2004)/3) + " in opened
    assert "2. Use the optimizer" not in opened
    assert "2. Use the optimizer" in text


def test_the_name_of_the_model_stands_first() -> None:
    assert markdown.render(SINGULAR, Settings(name="a|b")).startswith("## a&#124;b: Singular\n")


def test_a_long_table_is_cut_and_says_so() -> None:
    wide = HOSTILE["letters"]
    assert wide.reference is not None
    assert wide.baseline is not None
    effects = wide.reference.fixed_effects * 500
    long = replace(
        wide,
        reference=replace(wide.reference, fixed_effects=effects),
        baseline=replace(wide.baseline, fixed_effects=effects),
    )
    text = markdown.render(long)
    assert "... and 960 more rows: the JSON report has all." in text
    assert len(text) < COMMENT_LIMIT


def test_nothing_depends_on_the_clock() -> None:
    assert markdown.render(replace(CONVERGED, timing={"total": 9.0})) == markdown.render(CONVERGED)


@pytest.mark.parametrize("case", REAL)
def test_real_reports_are_well_formed_and_fit_a_comment(case: str) -> None:
    text = markdown.render(real_report(case))
    assert set(tags(text)) - {"DOCUMENT_FRAGMENT"} <= OURS
    assert len(text) < COMMENT_LIMIT
