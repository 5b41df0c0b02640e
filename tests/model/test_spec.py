"""What follows from a model's options."""

from __future__ import annotations

import subprocess
import sys

import pytest

from mmtriage.model.densities import DENSITIES
from mmtriage.model.distributions import DISTRIBUTIONS
from mmtriage.model.links import LINKS
from mmtriage.model.spec import Method, ModelSpec, RFunction

LINEAR = ModelSpec()
GENERALIZED = ModelSpec(family="poisson", link="log")


@pytest.mark.parametrize(
    ("spec", "method", "function"),
    [
        (LINEAR, "REML", "lmer"),
        (ModelSpec(reml=False), "ML", "lmer"),
        (GENERALIZED, "Laplace", "glmer"),
        (ModelSpec(link="log"), "Laplace", "glmer"),
        (ModelSpec(family="binomial", link="logit", nagq=9), "AGQ", "glmer"),
        (ModelSpec(family="binomial", link="logit", nagq=0), "PIRLS", "glmer"),
        (ModelSpec(family="negative.binomial", link="log"), "Laplace", "glmer.nb"),
    ],
)
def test_lme4_fits_it_by_a_method_of_a_function(spec: ModelSpec, method: Method, function: RFunction) -> None:
    assert (spec.method, spec.r_function) == (method, function)


def test_the_optimizer_moves_beta_only_where_lme4s_does() -> None:
    assert GENERALIZED.optimizes_beta
    assert not LINEAR.optimizes_beta
    assert not ModelSpec(family="poisson", link="log", nagq=0).optimizes_beta


def test_lme4_prints_p_values_of_z_and_none_of_t() -> None:
    assert (LINEAR.statistic, LINEAR.has_p_values) == ("t", False)
    assert (GENERALIZED.statistic, GENERALIZED.has_p_values) == ("z", True)


def test_every_family_has_its_facts_and_its_functions() -> None:
    assert list(DISTRIBUTIONS) == list(DENSITIES)
    for distribution in DISTRIBUTIONS.values():
        assert {*distribution.links, *distribution.also_computed} <= set(LINKS)
        assert set(distribution.safe_links) <= set(distribution.links)
        assert (DENSITIES[distribution.name].profile is not None) == distribution.estimates_scale


def test_declarations_do_not_import_numpy() -> None:
    code = "import sys, mmtriage.model.family_names, mmtriage.model.spec; assert 'numpy' not in sys.modules"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
