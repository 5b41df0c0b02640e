"""When two models have no AIC to compare."""

from __future__ import annotations

import pytest

import mmtriage
from mmtriage.ladder.against_present import without_likelihood
from tests.engine.glmms import glmm_table
from tests.golden_cases import golden_case
from tests.model.tables import design

NO_LIKELIHOOD = "with nAGQ > 1 the criterion of the Gamma family is no likelihood: its scale is not in it"


@pytest.mark.parametrize(
    ("family", "link", "nagq", "reason"),
    [
        ("Gamma", "log", 5, NO_LIKELIHOOD),
        ("Gamma", "log", 1, None),
        ("Gamma", "log", 0, None),
        ("poisson", "log", 5, None),
        ("gaussian", "identity", 1, None),
    ],
)
def test_quadrature_of_a_family_with_a_scale_gives_no_likelihood(
    family: str, link: str, nagq: int, reason: str | None
) -> None:
    response = "hits" if family == "poisson" else "w"
    data = glmm_table("Gamma", "log")
    made = design(data, f"{response} ~ x + (1 | g)", family=family, link=link, nagq=nagq)
    assert without_likelihood(made) == reason


def test_the_plain_model_beside_it_has_no_difference_of_aic() -> None:
    case = golden_case("gamma_agq5")
    report = mmtriage.triage(case.csv, case.formula, family="Gamma", link="log", nagq=5)
    assert report.reference is not None
    assert report.verdict.status == "singular"
    remedy = next(r for r in report.remedies if r.id == "glm")
    assert (remedy.delta_aic, remedy.delta_bic, remedy.not_comparable) == (None, None, NO_LIKELIHOOD)
