"""Any name in any format: nothing that a screen or a file would choke on, and nothing lost in JSON."""

from __future__ import annotations

import json

import pytest

from mmtriage.errors import FormulaError, Span
from mmtriage.render import RENDERERS, jsondoc, render, terminal
from mmtriage.render.problem import render_error
from mmtriage.report.printable import printable, printable_text
from tests.real_reports.records import REPORTS
from tests.render.hostile import HOSTILE, NAMES


@pytest.mark.parametrize("kind", HOSTILE)
@pytest.mark.parametrize("format_name", RENDERERS)
def test_every_format_can_be_written_and_shown(format_name: str, kind: str) -> None:
    text = render(HOSTILE[kind], format_name)
    text.encode("utf-8")
    assert all(letter.isprintable() for letter in text if letter != "\n")


@pytest.mark.parametrize("kind", HOSTILE)
@pytest.mark.parametrize("width", [40, 120])
def test_the_terminal_gets_no_command(width: int, kind: str) -> None:
    text = terminal.render(HOSTILE[kind], width=width, detail="full")
    assert all(letter.isprintable() for letter in text if letter != "\n")


@pytest.mark.parametrize("kind", HOSTILE)
def test_json_keeps_every_name_as_it_is(kind: str) -> None:
    document = json.loads(jsondoc.render(HOSTILE[kind]))
    assert document["model"]["fixed_names"] == ["(Intercept)", NAMES[kind]]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Größe µ \U0001f600", "Größe µ \U0001f600"),
        ("a\tb\nc\r\nd\re", "a\tb\nc\nd\\re"),
        ("\x00\x1b[2J\x9f", "\\x00\\x1b[2J\\x9f"),
        ("\ud800\ufffe\u202e\U0010ffff", "\\ud800\\ufffe\\u202e\\U0010ffff"),
    ],
)
def test_what_cannot_be_shown_is_an_escape(text: str, shown: str) -> None:
    assert printable_text(text) == shown


@pytest.mark.parametrize("name", REPORTS)
def test_ordinary_reports_stay_as_they_are(name: str) -> None:
    assert jsondoc.render(printable(REPORTS[name])) == jsondoc.render(REPORTS[name])


def test_an_error_on_the_screen_has_no_command_either() -> None:
    text = render_error(FormulaError("`\x1b[2J` is unknown", text="y ~ \x1b", span=Span(4, 5)), width=80)
    assert text == "Error: `\\x1b[2J` is unknown\n  y ~ \\x1b\n      ^\n"
