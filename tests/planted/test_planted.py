"""Every planted fault is found and named first; a healthy fit is left in peace."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

import mmtriage
from tests.planted.draw import LAYOUTS, sample
from tests.planted.faults import PLANTS, faults
from tests.planted.healthy import healthy
from tests.planted.record import Case
from tests.planted.score import head, loud, mark, planted_findings, table

pytestmark = pytest.mark.slow

FAULTS, HEALTHY = tuple(faults()), tuple(healthy())


def named(case: Case) -> str:
    return f"{case.fault}: {case.name}"


# Of 250 the one whose cause is named otherwise: centring repairs the fit, and MM106 comes before MM311.
MISSED = "MM311: correlation +1, reaction"


def in_turn(cases: tuple[Case, ...]) -> list[Any]:
    """The cases, every second of them left to long runs."""
    marked = []
    for i, case in enumerate(cases):
        marks = [pytest.mark.long] * (i % 2)
        if named(case) == MISSED:
            marks.append(pytest.mark.xfail(reason="MM106 is named first", strict=True))
        marked.append(pytest.param(case, marks=marks))
    return marked


@pytest.mark.parametrize("case", in_turn(FAULTS), ids=named)
def test_a_planted_fault_is_the_finding_at_the_head(case: Case) -> None:
    report = case.triage()
    assert report.verdict.status in case.statuses
    assert planted_findings(case, report)
    assert head(report) in (None, *case.primary)
    assert {f.code for f in loud(report)} <= {case.fault, *case.heads, *case.also}


@pytest.mark.parametrize("case", in_turn(HEALTHY), ids=named)
def test_a_healthy_fit_has_no_finding_above_info(case: Case) -> None:
    report = case.triage()
    assert report.verdict.status in case.statuses
    assert loud(report) == []


def test_where_rounding_ends_a_search_is_no_second_optimum() -> None:
    """At 1e8 units, lme4's end is so far out that a descent from there stalled, and MM406 was found."""
    s = sample(LAYOUTS[6], (101_06, 2))
    columns = s.columns(s.fixed + s.both() + s.noise())
    columns["depth"] = (s.x - s.x.mean()) * 1e8
    report = mmtriage.triage(pd.DataFrame(columns), "biomass ~ depth + (depth | lake)")
    assert report.verdict.codes == ("MM101", "MM403")
    assert [f.code for f in loud(report)] == ["MM101"]


def test_there_are_eight_variants_of_each_fault_and_sixty_eight_healthy_fits() -> None:
    assert {len(list(plant(0))) for plant in PLANTS} == {8}
    assert len({named(case) for case in (*FAULTS, *HEALTHY)}) == len(FAULTS) + len(HEALTHY)
    assert len(HEALTHY) == 68


def test_the_table_counts_per_fault_and_in_total() -> None:
    cases = (FAULTS[0], HEALTHY[0])
    text = table([mark(case, case.triage()) for case in cases])
    assert [line.split("|")[1].strip() for line in text.splitlines()] == [
        "fault", "---", "MM101", "all faults", "healthy",
    ]  # fmt: skip
    assert text.splitlines()[2].startswith("| MM101 | 1 | 100% | 100% | 0 |")
