"""The parametric bootstrap on fits: what it draws is what the model says, and it can be fitted again."""

from __future__ import annotations

import numpy as np
import pytest

from mmtriage.data.read_table import read_table
from mmtriage.engine.comparison import prove_optimum
from mmtriage.engine.prepared import Prepared, prepare
from mmtriage.ladder.bootstrap import _statistic, simulate
from tests.golden_cases import golden_case
from tests.model.tables import design, factor, numeric, table


def prepared_of(case_id: str, formula: str) -> Prepared:
    case = golden_case(case_id)
    assert case.family is not None
    return prepare(
        design(read_table(case.csv), formula, family=case.family, link=case.link or "logit", reml=False)
    )


def test_linear_responses_keep_their_draws() -> None:
    """Every report of a bootstrap rests on them: effects by term, then noise."""
    generator = np.random.default_rng(5)
    g = factor("g", [f"g{k // 5}" for k in range(40)])
    made = design(table(numeric("y", generator.normal(size=40)), g), "y ~ 1 + (1 | g)")
    prepared = prepare(made)
    _, fit = prove_optimum(prepared, {}, seed=0)
    drawn = simulate(prepared, fit, np.random.default_rng(7))
    again = np.random.default_rng(7)
    u = again.normal(size=(8, 1))
    (basis,) = prepared.model.basis.terms
    b = fit.sigma * u @ (basis.inverse @ fit.factors[0]).T
    expected = made.X @ fit.beta + b[made.random[0].codes, 0] + again.normal(size=40) * fit.sigma
    assert np.array_equal(drawn, expected)


@pytest.mark.parametrize(
    ("case_id", "response"), [("binomial_slope", "y"), ("gamma_log", "multiplied")], ids=["binomial", "Gamma"]
)
def test_a_drawn_response_of_a_generalized_model_is_fitted_by_both_models(
    case_id: str, response: str
) -> None:
    full = prepared_of(case_id, f"{response} ~ x + (x | g)")
    null = prepared_of(case_id, f"{response} ~ x + (1 | g)")
    _, full_fit = prove_optimum(full, {}, seed=0)
    _, null_fit = prove_optimum(null, {}, seed=0)
    for seed in range(3):
        statistic = _statistic(full, full_fit, null, null_fit, np.random.default_rng(seed))
        assert statistic is not None
        assert 0.0 <= statistic < 20.0
