"""What a null direction calls for, kind by kind; the designs are real, the directions are made up."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from mmtriage.engine.linear.identifiability import NullDirection, NullPart
from mmtriage.formula import parse_formula
from mmtriage.ladder.unidentified import repairs
from tests.model.tables import design, factor, numeric, table

# c is constant within g, x varies; g has 8 levels, h has 4.
NUMBER = np.arange(48)
TABLE = table(
    numeric("y", np.sin(NUMBER)),
    numeric("x", NUMBER % 6),
    numeric("c", (NUMBER // 6) ** 2),
    factor("g", [f"g{k // 6}" for k in NUMBER]),
    factor("h", [f"h{k % 4}" for k in NUMBER]),
)


def direction(*entries: tuple[int, int, int], absorbed: bool = False) -> NullDirection:
    """Equal changes of the entries (term, row, column)."""
    return NullDirection(parts=tuple(NullPart(t, a, b, 1.0) for t, a, b in entries), absorbed=absorbed)


def proposed(bars: str, named: NullDirection, *keep: str) -> list[str]:
    found = repairs(design(TABLE, f"y ~ x + {bars}"), [named], keep)
    return [step.formula.to_text() for step in found]


def texts(*bars: str) -> list[str]:
    return [parse_formula(f"y ~ x + {bar}").to_text() for bar in bars]


@pytest.mark.parametrize(
    ("bars", "named", "expected"),
    [
        pytest.param(
            *("(1 + c | g) + (1 | h)", direction((0, 1, 1), (0, 0, 0))),
            texts("(1 | g) + (1 | h)"),
            id="a constant slope goes and the term stays",
        ),
        pytest.param(
            *("(1 + c | g) + (1 | h)", direction((0, 0, 0), absorbed=True)),
            texts("(1 | g) + (1 | h)", "(0 + c | g) + (1 | h)"),
            id="or the intercept, where the fixed effects absorb it",
        ),
        pytest.param(
            *("(1 + x | g) + (1 | h)", direction((0, 1, 1), absorbed=True)),
            texts("(1 | g) + (1 | h)", "(0 + x | g) + (1 | h)", "(1 | h)"),
            id="what is absorbed goes in part or altogether",
        ),
        pytest.param(
            *("(1 + x | g) + (1 | h)", direction((0, 1, 1), (0, 0, 0))),
            texts("(1 | g) + (1 | h)"),
            id="within one term a slope goes, and the grouping keeps its intercept",
        ),
        pytest.param(
            *("(1 | g) + (0 + x | g)", direction((1, 0, 0))),
            texts("(1 | g)", "(1 | g)"),
            id="a term whose grouping keeps an intercept elsewhere may go",
        ),
        pytest.param(
            *("(1 + x | g) + (1 | h)", direction((0, 0, 0), (1, 0, 0))),
            texts("(1 | h)", "(1 + x | g)"),
            id="between terms either goes, whole",
        ),
        pytest.param(*("(1 | g)", direction((0, 0, 0), absorbed=True)), [], id="the last random term stays"),
    ],
)
def test_each_kind_has_its_repairs(bars: str, named: Any, expected: list[str]) -> None:
    assert proposed(bars, named) == expected


def test_what_is_kept_stays() -> None:
    between = direction((0, 0, 0), (1, 0, 0))
    assert proposed("(1 + x | g) + (1 | h)", between, "(1 | h)") == texts("(1 | h)")
    constant = direction((0, 1, 1), (0, 0, 0))
    assert proposed("(1 + c | g) + (1 | h)", constant, "c | g") == []
