"""MM502: zeros against zeros simulated from the fit."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mmtriage.diagnose.finding import NotAssessed
from mmtriage.diagnose.run_checks import of_fit
from mmtriage.diagnose.zeros import simulated_zeros, why_not_assessed, zero_inflated, zero_inflation
from mmtriage.model.design import Design
from tests.diagnose.generalized import counts, golden_proven, optimum, proven
from tests.diagnose.planted import by_code, fitted
from tests.diagnose.test_separation import golden


def inflated(seed: int) -> Design:
    made = counts(seed, mean=5.0)
    y = np.array(made.y)
    y[np.random.default_rng(seed).random(len(y)) < 0.3] = 0.0
    return replace(made, y=y)


def test_zeros_beyond_those_of_the_model_are_found() -> None:
    found = by_code(zero_inflated(fitted(proven(inflated(1)), seed=0)))["MM502"]
    expected, observed = found.evidence["expected"], found.evidence["observed"]
    assert isinstance(expected, float)
    assert isinstance(observed, int)
    assert found.message.startswith(
        f"{observed} counts are zero where the fitted model makes {expected:.4g} (95 % "
    )
    assert found.message.endswith(" in 400 simulations)")
    assert (found.severity, found.evidence["p_value"]) == ("warning", 1 / 401)


def test_healthy_counts_have_no_finding() -> None:
    for seed in range(15):
        assert zero_inflated(fitted(proven(counts(seed, mean=1.0)), seed=seed)) == []


def test_the_same_seed_gives_the_same_answer() -> None:
    made = counts(1)
    fit = optimum(made)
    first, second, other = (simulated_zeros(made, fit, seed=seed, simulations=20) for seed in (1, 1, 2))
    assert first.tolist() == second.tolist() != other.tolist()


@pytest.mark.parametrize("case_id", ["grouseticks", "nb", "poisson_sqrt"])
def test_simulated_zeros_are_as_many_as_were_observed(case_id: str) -> None:
    comparison = golden_proven(case_id)
    zeros = simulated_zeros(comparison.prepared.design, comparison.optimum_fit, seed=3)
    low, high = np.quantile(zeros, (0.001, 0.999))
    assert low <= np.sum(comparison.prepared.design.y == 0) <= high
    assert zero_inflated(fitted(comparison, seed=3)) == []


def test_all_simulations_must_have_fewer_zeros_and_many_fewer() -> None:
    simulated = np.full(400, 100)
    assert zero_inflation(109, simulated) is None
    assert zero_inflation(111, simulated) is not None
    simulated[:2] = 111
    assert zero_inflation(111, simulated) is None


def test_prior_weights_cannot_be_simulated_from() -> None:
    assert why_not_assessed(golden("poisson_weights")) == "nothing can be simulated from prior weights"
    said = of_fit(fitted(golden_proven("poisson_weights")))
    assert [type(answer) for answer in said if answer.code == "MM502"] == [NotAssessed]
    assert "MM502" not in {answer.code for answer in of_fit(fitted(golden_proven("contraception")))}
