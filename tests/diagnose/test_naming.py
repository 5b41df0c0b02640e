"""Names of terms, entries and directions, and lists that stay short."""

from __future__ import annotations

import pytest

from mmtriage.diagnose.naming import direction_text, entry_name, listed, term_text
from mmtriage.engine.linear.identifiability import NullDirection, NullPart
from tests.diagnose.planted import planted


def test_a_term_is_written_as_lme4_writes_it() -> None:
    (term,) = planted("y ~ x + (x | g:h)").random
    assert term_text(term) == "(1 + x | g:h)"


def test_an_entry_is_a_variance_or_a_covariance_in_the_order_of_the_columns() -> None:
    (term,) = planted("y ~ x + (1 + x | g)").random
    assert entry_name(term, 1, 1) == "Var(x | g)"
    assert entry_name(term, 1, 0) == entry_name(term, 0, 1) == "Cov((Intercept), x | g)"


def test_a_direction_is_a_sum_of_signed_entries() -> None:
    design = planted("y ~ x + (1 + x | g) + (1 | h)")
    parts = (NullPart(None, 0, 0, -1.0), NullPart(0, 1, 0, 0.25), NullPart(1, 0, 0, 1.0))
    assert direction_text(design, NullDirection(parts, False)) == (
        "-1 residual variance +0.25 Cov((Intercept), x | g) +1 Var((Intercept) | h)"
    )


def test_entries_of_two_terms_of_one_group_are_told_apart() -> None:
    design = planted("y ~ x + (1 + x | g) + (1 | g)")
    parts = (NullPart(0, 0, 0, 1.0), NullPart(0, 1, 1, 0.5), NullPart(1, 0, 0, -1.0))
    assert direction_text(design, NullDirection(parts, False)) == (
        "+1 Var((Intercept) | g) in (1 + x | g) +0.5 Var(x | g) -1 Var((Intercept) | g) in (1 | g)"
    )


@pytest.mark.parametrize(
    ("names", "text"),
    [
        ([], ""),
        (["a"], "`a`"),
        (["a", "b"], "`a` and `b`"),
        (["a", "b", "c"], "`a`, `b` and `c`"),
        (list("abcdef"), "`a`, `b`, `c`, `d`, `e` and `f`"),
        (list("abcdefgh"), "`a`, `b`, `c`, `d`, `e`, `f` and 2 more"),
    ],
    ids=len,
)
def test_lists_are_cut_and_say_so(names: list[str], text: str) -> None:
    assert listed(names) == text
