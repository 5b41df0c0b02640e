"""An error in words: the mistake stays in sight."""

from __future__ import annotations

from mmtriage.errors import FormulaError, Span
from mmtriage.render.problem import render_error, underlined


def test_a_long_formula_is_shown_around_the_mistake() -> None:
    text = "y ~ " + " + ".join(f"x{number}" for number in range(100)) + " + (1\n| g)"
    start = text.index("x50")
    line, marks = underlined(text, Span(start, start + 3), 80)
    assert line[marks.index("^") : marks.index("^") + 3] == "x50"
    assert marks.strip() == "^^^"
    assert len(line) <= 80
    assert "\n" not in line


def test_a_mistake_at_the_end_has_its_mark_after_the_text() -> None:
    error = FormulaError("the formula ends too early", text="y ~", span=Span(3, 3))
    assert render_error(error, width=80) == "Error: the formula ends too early\n  y ~\n     ^\n"
