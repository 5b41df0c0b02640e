"""MM201: what lme4 drops, and on what it depends."""

from __future__ import annotations

from mmtriage.diagnose.fixed import collinear, rank_deficient, uncentered_slopes
from tests.diagnose.planted import by_code, planted


def test_columns_of_full_rank_have_no_finding() -> None:
    made = planted("y ~ x + z + (1 | g)")
    assert [*rank_deficient(made), *collinear(made), *uncentered_slopes(made)] == []


def test_an_aliased_column_is_written_in_those_that_remain() -> None:
    found = by_code(rank_deficient(planted("y ~ x + twice + nought + (1 | g)")))["MM201"]
    assert found.message == (
        "the fixed effects are aliased: lme4 drops 2 columns, `twice` and `nought`; `twice` = +1 "
        "(Intercept) +2 x"
    )
    assert (found.severity, found.columns, found.evidence["dropped"]) == ("warning", ("twice", "nought"), 2)


def test_a_column_of_zeros_depends_on_nothing() -> None:
    found = by_code(rank_deficient(planted("y ~ x + nought + (1 | g)")))["MM201"]
    assert found.message == (
        "the fixed effects are aliased: lme4 drops 1 column, `nought`; `nought` is zero throughout"
    )


def test_long_lists_are_cut() -> None:
    found = by_code(rank_deficient(planted("y ~ g + again + (1 | h)")))["MM201"]
    assert found.message == (
        "the fixed effects are aliased: lme4 drops 11 columns, `againa01`, `againa02`, `againa03`, "
        "`againa04`, `againa05`, `againa06` and 5 more; `againa01` = +1 gg05"
    )
