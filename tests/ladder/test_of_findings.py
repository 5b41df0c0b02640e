"""Remedies of MM107, MM108 and MM313, and what remedies leave of MM501 and MM502."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mmtriage.diagnose.finding import finding
from mmtriage.engine.comparison import Comparison
from mmtriage.formula import parse_formula
from mmtriage.ladder.case import Case
from mmtriage.ladder.rank import FIRST
from mmtriage.ladder.remedies import add_fixed, check_rows, read_missing
from mmtriage.ladder.remedies.still_found import still_found
from mmtriage.model.design import Design
from tests.diagnose.generalized import answers, counts, golden_proven, proven
from tests.ladder import stubs
from tests.model.tables import factor


def with_finding(case: Case, code: str, **said: object) -> Case:
    return replace(case, findings=(finding(code, "made up", **said),))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("formula", "label", "expected"),
    [
        ("y ~ 1 + (1 + x | g)", "x", "y ~ x + (1 + x | g)"),
        ("y ~ t + (1 + x | g)", "x", "y ~ t + x + (1 + x | g)"),
    ],
)
def test_the_fixed_effect_of_a_slope_is_added(formula: str, label: str, expected: str) -> None:
    case = with_finding(stubs.case(formula, fit=stubs.comparison), "MM313", columns=(label,))
    (proposal,) = add_fixed.propose(case)
    assert (proposal.remedy.formula, proposal.remedy.order) == (expected, FIRST)
    assert proposal.remedy.caveats == ()


def test_a_slope_that_takes_one_value_in_each_group_gives_way_to_its_fixed_effect() -> None:
    case = with_finding(
        stubs.case("y ~ 1 + (1 + few | few)", fit=stubs.comparison), "MM313", columns=("few",)
    )
    (proposal,) = add_fixed.propose(case)
    assert proposal.remedy.formula == "y ~ few + (1 | few)"
    assert proposal.remedy.caveats[0] == "the slope of few goes: it takes one value in each group"


def singular_unless_without() -> tuple[Case, list[list[int]]]:
    """A singular case that can be fitted without rows, and the rows that it is asked to leave out."""
    asked: list[list[int]] = []

    def fit_without(design: Design, rows: np.ndarray) -> Comparison:
        asked.append(rows.tolist())
        return stubs.comparison(design, criterion=40.0)

    return stubs.on_bench(stubs.case(status="singular"), fit_without=fit_without), asked


def test_rows_that_decide_are_to_be_looked_at_and_the_fit_without_them_is_measured() -> None:
    case, asked = singular_unless_without()
    (proposal,) = check_rows.propose(with_finding(case, "MM108", rows=(5, 9)))
    assert asked == [[4, 8]]
    remedy = proposal.remedy
    assert (remedy.title, remedy.scope, remedy.order) == (
        "Look at rows 5 and 9 of the table",
        "advice",
        FIRST,
    )
    assert remedy.code.lme4 is not None
    assert remedy.code.lme4.startswith("d <- d[-c(5, 9), ]\n")
    assert [effect.name for effect in remedy.effects] == ["(Intercept)", "x"]
    assert list(check_rows.propose(stubs.case())) == []


def test_rows_are_named_as_a_spreadsheet_numbers_them_and_r_is_told_its_own_numbers() -> None:
    case, asked = singular_unless_without()
    case = replace(case, comparison=stubs.comparison(replace(case.design, first_row=2)))
    (proposal,) = check_rows.propose(with_finding(case, "MM108", rows=(5, 9)))
    assert asked == [[3, 7]]
    assert proposal.remedy.title == "Look at rows 5 and 9 of the table"
    assert proposal.remedy.code.lme4 is not None
    assert proposal.remedy.code.lme4.startswith(
        "d <- d[-c(4, 8), ]  # the file has a line above its first row\n"
    )


def test_stray_text_is_read_as_missing() -> None:
    cells = ["#N/A" if i in (3, 30) else str(i % 4) for i in range(48)]
    table = replace(stubs.TABLE, columns={**stubs.TABLE.columns, "dose": factor("dose", cells)})
    built = {}

    def build(formula: object, columns: dict[str, np.ndarray]) -> Design:
        built.update(columns)
        return stubs.design_of("y ~ x + (1 | g)")

    case = stubs.on_bench(stubs.case(fit=stubs.comparison), table=table, build=build)
    findings = [finding("MM107", "made up", columns=("dose",))]
    (proposal,) = read_missing.as_missing(case.bench, parse_formula("y ~ dose + (1 | g)"), findings)
    assert np.flatnonzero(np.isnan(built["dose"])).tolist() == [3, 30]
    assert built["dose"][[0, 1, 2, 4]].tolist() == [0.0, 1.0, 2.0, 0.0]
    assert proposal.remedy.title == 'Read "#N/A" in dose as missing'
    assert proposal.remedy.code.mmtriage == "mmtriage fit d.csv 'y ~ dose + (1 | g)' --na-values '#N/A'"


def of_scatter(present: Comparison, **evidence: float) -> Case:
    case = replace(stubs.case(), comparison=present)
    code = "MM501" if "ratio" in evidence else "MM502"
    return with_finding(case, code, **evidence)


def test_what_an_effect_of_each_row_leaves_of_the_scatter_is_said() -> None:
    case = of_scatter(golden_proven("cbpp"), ratio=1.4767)
    assert still_found(case, golden_proven("cbpp_olre")).said == (
        "MM501 is gone: Pearson chi-square / df is 0.795, and was 1.48",
    )
    assert still_found(case, golden_proven("cbpp")).said[0].startswith("MM501 stays: ")


def test_what_is_left_of_the_zeros_is_said() -> None:
    healthy = proven(counts(0, mean=0.2))
    (said,) = still_found(of_scatter(healthy, observed=80.0), healthy).said
    assert said.startswith("MM502 is gone: ")
    design = counts(0, mean=5.0)
    y = np.where(np.arange(len(design.y)) % 3 == 0, 0.0, design.y)
    inflated = proven(replace(design, y=y))
    (said,) = still_found(of_scatter(inflated, observed=80.0), inflated).said
    assert said.startswith("MM502 stays: ")
    assert said.endswith("(glmmTMB, ziformula = ~1)")


def test_where_nothing_was_found_nothing_is_left() -> None:
    assert still_found(stubs.case(), proven(answers(0, groups=8, rows=4, sd=0.5, trials=6))).said == ()
