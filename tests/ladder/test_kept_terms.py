"""What `--keep` protects."""

from __future__ import annotations

import pytest

from mmtriage.formula import Bar, parse_formula
from mmtriage.formula.edit import INTERCEPT
from mmtriage.ladder.kept_terms import is_kept, unknown_keeps


def bar(text: str) -> Bar:
    (found,) = parse_formula(f"y ~ {text}").random
    return found


@pytest.mark.parametrize(
    ("keep", "text", "label", "kept"),
    [
        ("(1 + x | g)", "(1 + x | g)", None, True),
        ("(x|g)", "(1 + x | g)", None, True),
        ("x | g", "(1 + x | g)", "x", True),
        ("x", "(1 + x | g)", "x", True),
        ("x", "(1 + x | g)", "z", False),
        ("x | h", "(1 + x | g)", "x", False),
        ("x | g", "(0 + x | g)", None, True),
        ("z", "(1 + x | g)", "x", False),
        ("1 | g", "(1 | g)", None, True),
        ("(1 | g)", "(1 | g)", None, True),
        ("1 | h", "(1 | g)", None, False),
        ("1 | a:b", "(1 | a:b)", None, True),
        ("x:z", "(1 + x + z + x:z | g)", "x:z", True),
    ],
)
def test_a_term_is_kept(keep: str, text: str, label: str | None, *, kept: bool) -> None:
    assert is_kept([keep], bar(text), label) is kept


def test_nothing_is_kept_unasked() -> None:
    assert not is_kept([], bar("(1 + x | g)"), "x")


def test_what_matches_nothing_is_reported() -> None:
    bars = parse_formula("y ~ x + (1 + x | g) + (1 | h)").random
    assert unknown_keeps(["x", "x | g", "(1 | h)", "(1 + x | g)"], bars) == []
    assert unknown_keeps(["x | h", "w", "(1 | k)"], bars) == ["x | h", "w", "(1 | k)"]


def test_the_intercept_has_a_label_of_its_own() -> None:
    assert is_kept(["1 | g"], bar("(1 | g)"), INTERCEPT)
