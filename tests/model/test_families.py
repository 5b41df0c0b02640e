"""Links and families against lme4's compiled ones (r_families.R) and against differences of themselves."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mmtriage.arrays import Array
from mmtriage.errors import OptionError
from mmtriage.model.distributions import DISTRIBUTIONS
from mmtriage.model.families import Family, family_of
from mmtriage.model.family_names import default_link
from mmtriage.model.links import EPSILON, LINKS
from mmtriage.model.spec import ModelSpec

R: dict[str, Any] = json.loads((Path(__file__).parent / "r_families.json").read_text())
CASES = {case["id"]: case for case in R["cases"]}
INSIDE = {  # linear predictors where no bound holds
    name: np.array([0.2, 0.7, 1.9, 3.1])
    if name in ("inverse", "sqrt", "1/mu^2")
    else np.array([-2.1, -0.3, 0.4, 1.1])
    for name in LINKS
}


def family(name: str, link: str | None = None) -> Family:
    return family_of(ModelSpec(family=name, link=link or default_link(name)))


def read(case: dict[str, Any]) -> tuple[Family, Array, Array, Array, Array | None]:
    """Family, y, mu, weights and trials of an R case."""
    made = family(case["family"])
    if case["theta"] is not None:
        made = made.with_theta(case["theta"])
    y, mu, weights = (np.array(case[key], dtype=float) for key in ("y", "mu", "weights"))
    return made, y, mu, weights, None if case["trials"] is None else np.array(case["trials"], dtype=float)


def slopes_of(function: Callable[[Array], Array | float], x: Array, step: float = 3e-4) -> Array:
    """d function / dx_i by eighth-order central differences, each x_i moved by its own relative step."""
    weights = {1: 4 / 5, 2: -1 / 5, 3: 4 / 105, 4: -1 / 280}
    result = np.empty_like(x)
    for i, at in enumerate(x):
        h = step * max(abs(at), 1e-2)
        total = 0.0
        for k, weight in weights.items():
            up, down = x.copy(), x.copy()
            up[i] += k * h
            down[i] -= k * h
            total += weight * float(np.sum(function(up) - function(down)))
        result[i] = total / h
    return result


@pytest.mark.parametrize("name", R["links"])
def test_links_are_lme4s_with_its_bounds(name: str) -> None:
    expected, link = R["links"][name], LINKS[name]
    eta = np.array(expected["eta"])
    for key, ours in (("inverse", link.inverse(eta)), ("slope", link.slope(eta))):
        theirs = np.array([float(value) for value in expected[key]])  # "Inf" and "NaN" are texts
        assert ours == pytest.approx(theirs, rel=2e-13, nan_ok=True)


@pytest.mark.parametrize("name", LINKS)
def test_link_derivatives(name: str) -> None:
    link, eta = LINKS[name], INSIDE[name]
    assert link.slope(eta) == pytest.approx(slopes_of(link.inverse, eta), rel=1e-10)
    assert link.curvature(eta) == pytest.approx(slopes_of(link.slope, eta), rel=1e-9, abs=1e-11)
    assert link.link(link.inverse(eta)) == pytest.approx(eta, rel=1e-13)


@pytest.mark.parametrize("name", ["logit", "cloglog", "log"])
def test_far_out_the_slope_rests_on_its_bound_and_has_no_curvature(name: str) -> None:
    eta = np.array([-40.0, -800.0])
    link = LINKS[name]
    assert link.inverse(eta).tolist() == [EPSILON, EPSILON]
    assert link.slope(eta).tolist() == [EPSILON, EPSILON]
    assert link.curvature(eta).tolist() == [0.0, 0.0]


@pytest.mark.parametrize("name", ["logit", "probit", "cloglog"])
def test_a_probability_never_reaches_one(name: str) -> None:
    assert LINKS[name].inverse(np.array([40.0, 800.0])).tolist() == [1 - EPSILON, 1 - EPSILON]


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_families_are_lme4s(case: dict[str, Any]) -> None:
    made, y, mu, weights, trials = read(case)
    assert made.deviance(y, mu, weights) == pytest.approx(case["deviance"], rel=1e-11, abs=1e-12)
    assert made.variance(mu) == pytest.approx(case["variance"], rel=1e-13)
    assert made.criterion(y, mu, weights, trials) == pytest.approx(case["criterion"], rel=1e-13, abs=1e-12)
    assert made.start(y, weights, trials) == pytest.approx(case["start"], rel=1e-14)


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_slopes_are_the_derivatives(case: dict[str, Any]) -> None:
    made, y, mu, weights, trials = read(case)
    expected = slopes_of(lambda at: made.criterion(y, at, weights, trials), mu)
    slope = made.criterion_slope(y, mu, weights, trials)
    noise = 1e-10 * max(
        1.0, float(np.max(np.abs(expected * mu)))
    )  # rounding of A moves a difference in log mu by this
    assert slope * mu == pytest.approx(expected * mu, rel=1e-8, abs=noise)
    assert made.variance_slope(mu) == pytest.approx(slopes_of(made.variance, mu), rel=1e-10)


@pytest.mark.parametrize("id", [id for id, case in CASES.items() if case["theta"] is not None])
def test_the_slope_in_theta(id: str) -> None:
    made, y, mu, weights, _ = read(CASES[id])
    for log_theta in (-5.0, -0.5, 1.0, 4.0):

        def criterion(at: Array) -> float:
            return made.with_theta(float(np.exp(at[0]))).criterion(y, mu, weights, None)

        slope = made.with_theta(math.exp(log_theta)).theta_slope(y, mu, weights)
        assert slope == pytest.approx(slopes_of(criterion, np.array([log_theta]))[0], rel=1e-8)


def test_the_saturated_part_is_the_criterion_less_the_deviance() -> None:
    for id in ("bernoulli", "cbind", "cbind with prior weights", "poisson weighted", "negative.binomial"):
        made, y, mu, weights, trials = read(CASES[id])
        for at in (mu, mu * 0.7):
            rest = made.criterion(y, at, weights, trials) - float(np.sum(made.deviance(y, at, weights)))
            assert made.saturated(y, weights, trials) == pytest.approx(rest, rel=1e-12, abs=1e-12)


def test_a_free_scale_has_no_saturated_criterion() -> None:
    y = np.array([1.0, 2.0])
    assert math.isnan(family("Gamma").saturated(y, np.ones(2), None))


def test_large_counts_keep_their_digits() -> None:
    expected = R["densities"]
    y, mu, size, p = (np.array(expected[key], dtype=float) for key in ("y", "mu", "size", "p"))
    ones = np.ones(1)
    for i in range(y.size):
        row = slice(i, i + 1)
        poisson = family("poisson").criterion(y[row], mu[row], ones, None)
        assert poisson == pytest.approx(-2 * expected["dpois"][i], rel=1e-9)
        binomial = family("binomial").criterion(y[row] / size[row], p[row], size[row], size[row])
        assert binomial == pytest.approx(-2 * expected["dbinom"][i], rel=1e-7)
        negative = family("negative.binomial").with_theta(1e9).criterion(y[row], mu[row], ones, None)
        assert negative == pytest.approx(-2 * expected["dnbinom"][i], rel=1e-7)


def test_a_huge_theta_is_the_poisson() -> None:
    y, mu, ones = np.array([0.0, 3.0, 40.0]), np.array([0.5, 2.0, 44.0]), np.ones(3)
    poisson, negative = family("poisson"), family("negative.binomial").with_theta(1e14)
    assert negative.criterion(y, mu, ones, None) == pytest.approx(
        poisson.criterion(y, mu, ones, None), rel=1e-13
    )
    curvature = float(np.sum(np.square(y - mu) - y))  # the slope tends to it over theta
    assert negative.theta_slope(y, mu, ones) == pytest.approx(curvature / 1e14, rel=1e-4)


def test_zeros_and_ones_at_the_edge_of_mu_cost_nothing() -> None:
    y, mu, ones = np.array([0.0, 1.0]), np.array([0.0, 1.0]), np.ones(2)
    assert family("binomial").deviance(y, mu, ones).tolist() == [0.0, 0.0]
    assert family("binomial").criterion_slope(y, mu, ones, None).tolist() == [2.0, -2.0]
    assert family("poisson").deviance(np.zeros(1), np.zeros(1), np.ones(1)).tolist() == [0.0]
    small = family("binomial").deviance(np.zeros(1), np.array([1e-20]), np.ones(1))
    assert small.tolist() == [2e-20]


def test_a_mean_out_of_range_is_not_a_number_where_rs_density_is_not() -> None:
    ones = np.ones(1)
    above, below = np.array([1.2]), np.array([-0.2])
    binomial, poisson = family("binomial", "log"), family("poisson", "identity")
    assert math.isnan(binomial.deviance(np.zeros(1), above, ones)[0])
    assert math.isnan(
        binomial.criterion(ones, above, ones, None)
    )  # though the deviance of a success is finite
    assert math.isnan(poisson.deviance(ones, below, ones)[0])
    assert math.isnan(poisson.criterion(np.zeros(1), below, ones, None))
    assert math.isnan(family("Gamma").criterion(ones, below, ones, None))


def test_lme4s_poisson_criterion_of_a_fraction_is_infinite() -> None:
    poisson = family("poisson")
    assert poisson.criterion(np.array([2.5, 1.0]), np.array([2.0, 1.0]), np.ones(2), None) == math.inf
    assert math.isfinite(poisson.criterion(np.array([2 + 1e-9]), np.array([2.0]), np.ones(1), None))


def test_the_variance_of_a_binomial_is_bounded_below() -> None:
    binomial = family("binomial")
    assert binomial.variance(np.array([0.0, 1.0])).tolist() == [EPSILON, EPSILON]
    assert binomial.variance_slope(np.array([0.0, 1.0])).tolist() == [0.0, 0.0]


def test_each_family_takes_rs_links_and_no_other() -> None:
    assert tuple(DISTRIBUTIONS) == (
        "gaussian",
        "binomial",
        "poisson",
        "Gamma",
        "inverse.gaussian",
        "negative.binomial",
    )
    for name, distribution in DISTRIBUTIONS.items():
        for link in LINKS:
            if link in (*distribution.links, *distribution.also_computed):
                assert family(name, link).link is LINKS[link]
            else:
                with pytest.raises(OptionError, match="not available"):
                    family(name, link)


def test_an_unavailable_link_is_refused_in_words() -> None:
    with pytest.raises(OptionError) as caught:
        family("binomial", "sqrt")
    assert caught.value.message == "link `sqrt` not available for the binomial family"
    assert caught.value.where == "option --link"
    assert caught.value.hint == "Available links are: logit, probit, cloglog, cauchit, log, identity."


def test_an_unknown_family_is_refused_in_words() -> None:
    with pytest.raises(OptionError) as caught:
        family_of(ModelSpec(family="gamma", link="log"))
    assert (caught.value.message, caught.value.hint) == (
        "the family `gamma` is not known",
        "Did you mean `Gamma`?",
    )


def test_which_models_are_for_glmer() -> None:
    assert ModelSpec().is_linear
    assert not ModelSpec(link="log").is_linear
    assert not ModelSpec(family="poisson", link="log").is_linear
    with_scale = [name for name, d in DISTRIBUTIONS.items() if d.estimates_scale]
    assert with_scale == ["gaussian", "Gamma", "inverse.gaussian"]
