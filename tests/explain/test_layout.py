"""Pages laid out: every width holds, code stays as it is, a list is a list."""

import pytest

from mmtriage.explain import as_text, contents, pages, topics
from mmtriage.explain.layout import NARROWEST, WIDEST
from mmtriage.explain.library import Page, Section
from tests.conftest import Snapshot

NAMES = [topic.name for topic in topics()]
EXAMPLE = Page(
    "finding",
    "MM000",
    "MM000 example",
    "One sentence that is longer than the forty columns of the narrowest screen.",
    (
        Section("What it means", "A paragraph about `(1 + Days | Subject)` of\nsome length.\n\nAnother."),
        Section(
            "What to do",
            "Either:\n- this, which takes more than a line to\n  say;\n- that.\n\n    y ~ x\n      + z",
        ),
    ),
)


@pytest.mark.parametrize("width", [60, 80, 120])
@pytest.mark.parametrize("name", NAMES)
def test_no_line_passes_the_margin(name: str, width: int) -> None:
    lines = as_text(pages(name), width).splitlines()
    assert max(len(line) for line in lines) <= min(width, WIDEST)
    assert all(line == line.rstrip() and line.isascii() for line in lines)


@pytest.mark.parametrize("width", [60, 80, 120])
def test_the_list_of_topics_keeps_its_margin(width: int) -> None:
    assert max(len(line) for line in contents(topics(), width).splitlines()) <= width


def test_each_topic_takes_one_line_of_a_usual_screen() -> None:
    lines = contents(topics(), 80).splitlines()
    listed = [line.split()[0] for line in lines if line.startswith("  ")]
    assert listed == NAMES


def test_paragraphs_are_wrapped_and_code_is_not() -> None:
    assert as_text([EXAMPLE], 40) == (
        "MM000 example\n"
        "One sentence that is longer than the\n"
        "forty columns of the narrowest screen.\n"
        "\n"
        "What it means\n"
        "  A paragraph about\n"
        "  `(1 + Days | Subject)` of some length.\n"
        "\n"
        "  Another.\n"
        "\n"
        "What to do\n"
        "  Either:\n"
        "  - this, which takes more than a line\n"
        "    to say;\n"
        "  - that.\n"
        "\n"
        "      y ~ x\n"
        "        + z\n"
    )


def test_widths_beyond_reason_are_ignored() -> None:
    assert as_text([EXAMPLE], 1) == as_text([EXAMPLE], NARROWEST)
    assert as_text([EXAMPLE], 1000) == as_text([EXAMPLE], WIDEST)


def test_two_pages_stand_one_below_the_other() -> None:
    text = as_text(pages("singular"), 80)
    assert text.startswith("Verdict: singular\n")
    assert "\n\n\nRung 4: singular\n" in text


@pytest.mark.parametrize("name", ["MM106", "singular", "ladder"])
def test_pages_read_well(name: str, snapshot: Snapshot) -> None:
    snapshot(f"{name}_80.txt", as_text(pages(name), 80))


def test_the_list_reads_well(snapshot: Snapshot) -> None:
    snapshot("topics_80.txt", contents(topics(), 80))
