"""Responses drawn from a family: their moments are the family's, whatever its weights."""

from __future__ import annotations

import numpy as np
import pytest

from mmtriage.model.families import Family
from mmtriage.model.family_names import default_link
from mmtriage.model.links import LINKS

N = 40_000
SIGMA = 0.3


def family(name: str) -> Family:
    return Family(name, LINKS[default_link(name)], 2.5 if name == "negative.binomial" else None)


@pytest.mark.parametrize("weight", [1.0, 4.0])
@pytest.mark.parametrize(
    "name", ["gaussian", "binomial", "poisson", "Gamma", "inverse.gaussian", "negative.binomial"]
)
def test_mean_and_variance_are_the_familys(name: str, weight: float) -> None:
    made = family(name)
    sigma = SIGMA if made.distribution.estimates_scale else 1.0
    mean = 0.3 if name == "binomial" else 2.0
    y = made.draw(np.full(N, mean), np.random.default_rng(3), sigma, np.full(N, weight))
    per_row = 1.0 if name in ("poisson", "negative.binomial") else weight
    variance = sigma**2 * made.variance(np.array([mean]))[0] / per_row
    assert np.mean(y) == pytest.approx(mean, abs=5 * np.sqrt(variance / N))
    assert np.var(y) == pytest.approx(variance, rel=0.05)


def test_proportions_are_of_the_trials() -> None:
    trials = np.repeat([1.0, 7.0], 50)
    y = family("binomial").draw(
        np.full(100, 0.4), np.random.default_rng(0), weights=trials * 2, trials=trials
    )
    assert np.all(np.rint(y * trials) == pytest.approx(y * trials))
    assert set(y[:50]) == {0.0, 1.0}


def test_positive_responses_stay_positive() -> None:
    for name in ("Gamma", "inverse.gaussian"):
        assert np.all(family(name).draw(np.full(2000, 1.0), np.random.default_rng(0), sigma=40.0) > 0)
