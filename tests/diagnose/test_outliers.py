"""MM108: rows that decide on the verdict, found by their residuals."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from mmtriage.arrays import Index
from mmtriage.diagnose.finding import NotAssessed
from mmtriage.diagnose.judgement import THRESHOLDS
from mmtriage.diagnose.outliers import Judged, outlying_rows, residuals, suspects
from mmtriage.diagnose.verdict import SEVERITY_OF, Verdict, VerdictStatus
from mmtriage.engine.comparison import Comparison
from mmtriage.engine.linear.model import LinearModel
from mmtriage.errors import UnjudgedError
from mmtriage.model.design import Design
from mmtriage.model.fewer_rows import without_rows
from tests.diagnose.generalized import proven
from tests.diagnose.planted import by_code
from tests.model.tables import design, factor, numeric, table


def slopes(*typos: tuple[int, float], levels: int = 15) -> Design:
    """Random slopes of 15 groups of 8 rows, and what is added to some rows, in residual SDs."""
    rng = np.random.default_rng(11)
    g = np.repeat(np.arange(levels), 8)
    x = np.tile(np.arange(8.0), levels) - 3.5
    b = rng.normal(size=(levels, 2))
    y = 10.0 + 0.5 * x + b[g, 0] + 0.5 * b[g, 1] * x + rng.normal(size=len(g))
    for row, size in typos:
        y[row] += size
    columns = [numeric("y", y), numeric("x", x), factor("g", [f"g{code:02d}" for code in g])]
    return design(table(*columns), "y ~ x + (x | g)")


def verdict(status: VerdictStatus, *codes: str) -> Verdict:
    return Verdict(
        status=status,
        severity=SEVERITY_OF[status],
        codes=codes,
        message="",
        gap=None,
        max_shift_se=None,
        thresholds=THRESHOLDS,
    )


def judged(
    comparison: Comparison,
    status: VerdictStatus = "singular",
    without: Callable[[Index], Judged | None] = lambda rows: None,
) -> Judged:
    def optimum_without(rows: Index) -> Comparison | None:
        fewer = without_rows(comparison.prepared.design, rows)
        return None if fewer is None else proven(fewer)

    return Judged(
        comparison=comparison,
        verdict=verdict(status),
        findings=(),
        optimum_without=optimum_without,
        without=without,
    )


def refitted(made: Design, status: VerdictStatus) -> Callable[[Index], Judged | None]:
    def without(rows: Index) -> Judged | None:
        fewer = without_rows(made, rows)
        return None if fewer is None else judged(proven(fewer), status)

    return without


def test_data_without_a_typo_are_not_refitted() -> None:
    def refit(rows: Index) -> Judged | None:
        raise AssertionError(rows)

    comparison = proven(slopes())
    assert len(suspects(comparison)) == 0
    assert outlying_rows(judged(comparison, "converged", refit)) == []


def test_a_row_without_which_the_verdict_is_another_is_named_with_the_refit() -> None:
    made = slopes((21, 60.0))
    found = by_code(outlying_rows(judged(proven(made), "singular", refitted(made, "converged"))))["MM108"]
    assert found.severity == "warning"
    assert found.evidence["rows"] == (22,)
    assert found.message.startswith("row 22 (")
    assert found.evidence["status_without"] == "converged"
    assert found.evidence["sigma_without"] == pytest.approx(1.0, abs=0.2)
    assert found.message.startswith("row 22 (`y` 70.878, ")
    assert "the fit without it is `converged`, with a residual SD of" in found.message


def test_a_row_without_which_nothing_changes_is_left_in_peace() -> None:
    made = slopes((21, 60.0))
    comparison = proven(made)
    assert suspects(comparison).tolist() == [21]
    assert outlying_rows(judged(comparison, "converged", refitted(made, "converged"))) == []
    assert outlying_rows(judged(comparison, "singular", refitted(made, "singular"))) == []


def test_a_fit_at_its_optimum_is_not_made_again_where_the_optimum_without_the_row_is_not_singular() -> None:
    made = slopes((21, 60.0))

    def refit(rows: Index) -> Judged | None:
        raise AssertionError(rows)

    assert outlying_rows(judged(proven(made), "converged", refit)) == []


def test_three_rows_may_be_typos_and_four_are_what_the_data_are_like() -> None:
    three = [(3, 60.0), (50, -55.0), (90, 65.0)]
    assert suspects(proven(slopes(*three))).tolist() == [3, 50, 90]
    assert len(suspects(proven(slopes(*three, *((row, 60.0) for row in range(4, 120, 9)))))) == 0


def test_what_is_far_off_with_the_rows_only_is_no_outlier() -> None:
    """Five SDs: worth an evaluation, and no finding."""
    made = slopes((21, 5.2))
    assert outlying_rows(judged(proven(made), "singular", refitted(made, "converged"))) == []


def test_a_refit_that_fails_is_said() -> None:
    def failing(rows: Index) -> Judged | None:
        raise UnjudgedError("no value")

    said = outlying_rows(judged(proven(slopes((21, 60.0))), "singular", failing))
    assert isinstance(said[0], NotAssessed)


def test_residuals_of_a_fit_to_all_rows_are_those_of_its_estimates() -> None:
    made = slopes((21, 60.0))
    comparison = proven(made)
    model = comparison.prepared.model
    assert isinstance(model, LinearModel)
    modes = model.conditional_modes(comparison.optimum.place).modes[0]
    term = made.random[0]
    expected = made.y - made.X @ comparison.optimum_fit.beta - np.sum(term.Z * modes[term.codes], axis=1)
    found = residuals(model, comparison.optimum.place, made)
    assert found == pytest.approx(expected, abs=1e-9)
    weighted = replace(made, weights=np.full(len(made.y), 4.0))
    assert residuals(model, comparison.optimum.place, weighted) == pytest.approx(2.0 * expected, abs=1e-8)


def test_a_design_without_rows_loses_groups_that_are_empty() -> None:
    made = slopes()
    fewer = without_rows(made, np.arange(8))
    assert fewer is not None
    assert (len(fewer.y), len(fewer.random[0].levels)) == (112, 14)
    assert fewer.random[0].codes.tolist()[:9] == [0] * 8 + [1]
    assert fewer.rows.tolist() == list(range(8, 120))


def test_rows_that_a_column_of_x_lives_on_cannot_go() -> None:
    made = slopes()
    lone = np.zeros((len(made.y), 1))
    lone[4] = 1.0
    assert without_rows(replace(made, X=np.hstack([made.X, lone])), np.array([4])) is None
