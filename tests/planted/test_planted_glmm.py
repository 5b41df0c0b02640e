"""A sample of the faults planted in generalized models; `python -m tests.planted` asks for all of them."""

from __future__ import annotations

from itertools import islice

import pytest

from tests.planted.glmm import distribution, separation, structure
from tests.planted.glmm.faults import PLANTS, faults
from tests.planted.glmm.healthy import healthy
from tests.planted.record import Case
from tests.planted.score import false_findings, mark

pytestmark = pytest.mark.slow

# The quick ones of each plant: where every row is a fit of its own, a case takes half a minute.
SAMPLE = {
    structure.fixed_scale: (4,),
    separation.threshold: (0, 2),
    separation.level: (4,),
    separation.combination: (0,),
    separation.empty_cell: (0,),
    separation.pure_groups: (1,),
    separation.extreme: (3,),
    distribution.observation_level: (0, 3),
    structure.constant_slope: (0,),
    structure.confounded: (1,),
    structure.also_fixed: (3,),
    structure.zero_variance: (0, 2),
    distribution.pirls: (0,),
    distribution.overdispersion: (0,),
    distribution.zero_inflation: (0,),
    distribution.laplace_bias: (0,),
}
HEALTHY = (0, 4, 8, 10, 12, 36, 40, 45, 52)


def chosen() -> list[Case]:
    return [case for plant, indices in SAMPLE.items() for i, case in enumerate(plant(0)) if i in indices]


@pytest.mark.parametrize("case", chosen(), ids=lambda case: f"{case.title}: {case.name}")
def test_a_fault_planted_in_a_generalized_model_is_named_first(case: Case) -> None:
    made = mark(case, case.triage())
    assert (made.verdict, made.cause, made.false) == (True, True, ())


@pytest.mark.parametrize(
    "case", [c for i, c in enumerate(healthy()) if i in HEALTHY], ids=lambda case: case.name
)
def test_a_healthy_generalized_fit_has_no_finding_above_info(case: Case) -> None:
    report = case.triage()
    assert report.verdict.status in case.statuses
    assert false_findings(case, report) == []


def test_modes_of_either_sign_are_no_optima_of_their_own() -> None:
    """The modes used to be those of wherever PIRLS had last been: -1750 deviance units short, it said."""
    case = next(islice(healthy(1), 10, None))
    assert case.options["link"] == "sqrt"
    assert case.triage().verdict.status == "converged"


def test_there_are_eight_variants_of_each_fault_and_sixty_eight_healthy_fits() -> None:
    assert {len(list(plant(0))) for plant in PLANTS} == {8}
    cases = [*faults(), *healthy()]
    assert len({(case.title, case.name) for case in cases}) == len(cases)
    assert len(list(healthy())) == 68


def test_a_seed_draws_other_data_of_the_same_models() -> None:
    for a, b in zip(healthy(0), healthy(1), strict=True):
        assert (a.formula, a.options) == (b.formula, b.options)
        assert not a.frame().equals(b.frame())
