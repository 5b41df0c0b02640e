"""Color is for a terminal, unless somebody objects."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable

import pytest

from mmtriage.command import main as cli
from mmtriage.report.facts import Report
from tests.command.running import FORMULA, Terminal, Triage
from tests.real_reports.records import NOT_CONVERGED


def test_color_needs_a_terminal_and_no_objection(
    data: str, stub: Callable[[Report | Triage], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    stub(NOT_CONVERGED)

    def has_color(*options: str, pipe: bool = False, **environment: str) -> bool:
        screen = io.StringIO() if pipe else Terminal()
        with monkeypatch.context() as patch:
            patch.setattr(sys, "stdout", screen)
            for name in ("NO_COLOR", "FORCE_COLOR", "TERM"):
                patch.delenv(name, raising=False)
            for name, value in environment.items():
                patch.setenv(name, value)
            cli.run(["fit", data, FORMULA, *options])
        return "\x1b" in screen.getvalue()

    assert has_color()
    assert not has_color("--no-color")
    assert not has_color(NO_COLOR="1")
    assert not has_color(TERM="dumb")
    assert has_color(NO_COLOR="")
    assert not has_color(pipe=True)
    assert has_color(pipe=True, FORCE_COLOR="1")
    assert has_color(FORCE_COLOR="1", TERM="dumb")
    assert not has_color(pipe=True, FORCE_COLOR="0")
    assert not has_color(FORCE_COLOR="1", NO_COLOR="1")
    assert not has_color("--no-color", FORCE_COLOR="1")
