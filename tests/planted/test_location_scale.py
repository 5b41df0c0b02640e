"""The origin and unit of a predictor never change what is found, but for MM101, MM106 and what they cause.

x -> a + k x is the same model where x has a fixed effect and every random slope of x an intercept in its own
correlated block. lme4 may stop short of the optimum of the moved columns; then the chain of `not_converged`
appears, scale or origin is at its head, and rescaling brings the fit to the optimum.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import cache

import pytest

from mmtriage.report.facts import Report
from tests.planted import faults_fixed, faults_optimum, faults_structure
from tests.planted.healthy import healthy
from tests.planted.record import Case

pytestmark = pytest.mark.slow

# k, and a in SDs of x
MOVES = (
    (1e-9, 0.0),
    (1e-9, 1e4),
    (1e-6, -100.0),
    (1e-3, 1e4),
    (1.0, 1e4),
    (1e3, 0.0),
    (1e6, -100.0),
    (1e9, 0.0),
    (1e9, 1e4),
)
FEW_MOVES = (MOVES[2], MOVES[4], MOVES[6])  # where lme4's fit has to be repaired after most moves
REPAIRED = ("slope", "crossed", "uncentred slope", "confounded", "singular")
OF_COLUMNS = frozenset({"MM101", "MM106"})
CHAIN = frozenset({"MM401", "MM402", "MM403", "MM405"})  # what they do to lme4's fit


def chosen(cases: Iterable[Case], beginning: str) -> Case:
    return next(case for case in cases if case.name.startswith(beginning))


SUBJECTS = {
    "intercept": (chosen(healthy(), "intercept, "), "days"),
    "slope": (chosen(healthy(), "slope, "), "rain"),
    "crossed": (chosen(healthy(), "crossed_with_slope, "), "depth"),
    "two levels": (chosen(faults_structure.too_few_levels(), "2 levels of machine"), "days"),
    "uncentred slope": (chosen(faults_fixed.uncentered_slope(), "50% of hours"), "hours"),
    "confounded": (chosen(faults_structure.confounded(), "(1 + depth | lake)"), "depth"),
    "constant slope": (chosen(faults_structure.constant_slope_identifiable(), "(size | school)"), "size"),
    "singular": (chosen(faults_optimum.perfect_correlation(), "correlation -1, score"), "hours"),
}
PAIRS = [
    pytest.param(name, move, id=f"{name}, {move[0]:g} x + {move[1]:g}")
    for name in SUBJECTS
    for move in (FEW_MOVES if name in REPAIRED else MOVES)
]


@cache
def unmoved(name: str) -> Report:
    return SUBJECTS[name][0].triage()


def moved(name: str, factor: float, origin: float) -> Case:
    case, x = SUBJECTS[name]
    values = case.columns[x]
    return replace(case, columns={**case.columns, x: factor * (values + origin * values.std())})


def lasting(report: Report) -> set[tuple[str, str, tuple[str, ...]]]:
    """Findings that origin and unit have no part in."""
    return {(f.code, f.severity, f.caused_by) for f in report.findings if f.code not in OF_COLUMNS | CHAIN}


@pytest.mark.parametrize(("name", "move"), PAIRS)
def test_origin_and_unit_change_nothing_but_what_they_cause(name: str, move: tuple[float, float]) -> None:
    before, after = unmoved(name), moved(name, *move).triage()
    assert lasting(after) == lasting(before)
    if after.verdict.status != "not_converged":
        assert after.verdict.status == before.verdict.status
        assert after.verdict.codes == before.verdict.codes
        return
    assert before.verdict.status in ("converged", "singular")
    assert OF_COLUMNS & set(after.verdict.codes)
    # What is substantive stands first: a slope that does not vary within groups is one in any unit.
    assert after.verdict.codes[0] in {*OF_COLUMNS, "MM304"}
    rescaled = next(rung for rung in after.ladder if rung.id == "rescale")
    assert rescaled.attempts[0].certified
    if before.verdict.status == "converged":
        assert after.verdict.cleared_by == "rescale"
