"""Generalized models through `comparison.py`: structure, starts, and the reference on the golden GLMMs."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from mmtriage.engine.comparison import prove_optimum
from mmtriage.engine.estimates import Fit
from mmtriage.engine.generalized.model import GeneralizedModel
from mmtriage.engine.optimum import starts
from mmtriage.engine.optimum.found import Optimum, Start
from mmtriage.engine.prepared import Prepared, plain_fit, prepare
from tests.engine.glmms import NB_THETA, glmm_of, glmm_table, golden_glmm_design, pair_case, shape_case
from tests.glmm_oracle import SCALED, DenseGlmm, brute_force_loglik, joint_pirls, laplace, standard_errors
from tests.golden_cases import golden_glmms
from tests.model.tables import factor, numeric, table

# Where lme4's own best fit is no optimum (`test_glmm_oracle.py`), or infinite, its estimates are no truth.
NOT_BEST = ("grouseticks_height", "verbagg")
ENDLESS = ("toy_separation", "nb_infinite_theta")
MANY_ROWS = ("verbagg", "toy_separation")
FINITE = [name for name in golden_glmms() if name not in ENDLESS]


@cache
def referenced(case_id: str) -> tuple[Prepared, Optimum, Fit]:
    prepared = prepare(golden_glmm_design(case_id))
    reference, fit = prove_optimum(prepared, {}, seed=0)
    return prepared, reference, fit


@pytest.mark.parametrize("case_id", FINITE)
def test_the_reference_is_the_best_known_optimum_and_proven(case_id: str) -> None:
    case = golden_glmms()[case_id]
    _, reference, fit = referenced(case_id)
    assert reference.certificate.certified, reference.certificate.reason
    assert fit.criterion <= case.expected["truth"]["criterion"] + 1e-5
    assert fit.criterion == pytest.approx(case.expected["truth"]["criterion"], abs=2e-4)
    assert reference.criterion == pytest.approx(fit.criterion, rel=1e-13)


@pytest.mark.parametrize("case_id", [name for name in FINITE if name not in NOT_BEST])
def test_estimates_are_those_of_lme4s_best_fit(case_id: str) -> None:
    case = golden_glmms()[case_id]
    best = case.expected["best"]
    _, _, fit = referenced(case_id)
    se = np.array(list(best["se"].values()))
    assert fit.se == pytest.approx(se, rel=0.02)
    assert np.max(np.abs(fit.beta - np.array(list(best["fixef"].values()))) / se) < 0.01
    assert fit.theta == pytest.approx(np.array(list(best["theta"].values())), rel=2e-3, abs=2e-3)
    assert fit.sigma == pytest.approx(best["sigma"], rel=1e-3)
    if case.family in SCALED:  # by quadrature such a criterion is no likelihood, and no constant makes it one
        assert fit.saturated == 0.0
    assert fit.aic == pytest.approx(best["AIC"] + fit.saturated, abs=1e-3)
    assert fit.bic == pytest.approx(best["BIC"] + fit.saturated, abs=1e-3)
    assert fit.df == best["df"]
    assert fit.se_method == ("conditional" if case.nagq == 0 else "hessian")
    assert (fit.sigma == 1.0) is (case.family not in SCALED)
    if "nb_theta" in best:
        assert fit.nb_theta == pytest.approx(best["nb_theta"], rel=2e-3)
    else:
        assert fit.nb_theta is None


def test_with_quadrature_the_likelihood_has_the_constants_that_lme4_leaves_out() -> None:
    _, _, laplace_fit = referenced("cbpp")
    _, _, quadrature_fit = referenced("cbpp_agq9")
    assert quadrature_fit.criterion < laplace_fit.criterion - 80.0
    assert quadrature_fit.log_likelihood == pytest.approx(laplace_fit.log_likelihood, abs=0.1)


def test_standard_errors_are_those_of_the_joint_hessian() -> None:
    prepared, _, fit = referenced("binomial_slope")
    made = prepared.design
    dense = DenseGlmm(
        y=made.y,
        X=made.X,
        blocks=tuple((term.codes, term.Z) for term in made.random),
        family="binomial",
        link="logit",
    )
    assert fit.criterion == pytest.approx(laplace(dense, fit.theta, fit.beta), rel=1e-10)
    assert fit.se == pytest.approx(standard_errors(dense, fit.theta, fit.beta), rel=1e-3)


def test_a_negative_binomial_by_quadrature_has_the_theta_of_the_integral() -> None:
    """In lme4 the criterion lacks what depends on theta: `glmer.nb(nAGQ = 7)` of such data gives 0.12."""
    _, _, laplace_fit = referenced("nb")
    made = golden_glmm_design("nb")
    design = replace(made, spec=replace(made.spec, nagq=7))
    reference, fit = prove_optimum(prepare(design), {}, seed=0)
    assert reference.certificate.certified, reference.certificate.reason
    assert fit.nb_theta == pytest.approx(laplace_fit.nb_theta, rel=0.05)
    assert fit.log_likelihood == pytest.approx(laplace_fit.log_likelihood, abs=1.0)
    dense = DenseGlmm(
        y=design.y,
        X=design.X,
        blocks=tuple((term.codes, term.Z) for term in design.random),
        family="negative.binomial",
        link="log",
        nb_theta=fit.nb_theta,
    )
    exact = brute_force_loglik(dense, fit.theta, fit.beta)
    assert fit.log_likelihood == pytest.approx(exact, abs=1e-3)


# describing


def test_a_fit_says_what_the_oracle_says_at_its_place() -> None:
    for name in ("slope", "weights", "two terms on a factor"):
        case = shape_case(name)
        fit = case.problem.describe(case.place, theta=case.theta)
        assert fit.criterion == pytest.approx(case.oracle(), rel=1e-11)
        assert fit.beta == pytest.approx(case.beta, rel=1e-9)
        for covariance, L in zip(fit.covariances, case.raw, strict=True):
            # As lme4 2.x has it: 1.1 multiplies by sigma^2 where a scale is estimated.
            assert covariance == pytest.approx(L @ L.T, rel=1e-8, abs=1e-12)
        assert fit.mu is not None
        assert fit.mu == pytest.approx(case.problem.evaluate(*case.place).modes.terms.mu)
        if case.problem.free.estimates_nb_theta:
            assert fit.nb_theta == pytest.approx(NB_THETA)
        assert fit.se_method == "conditional"  # no Hessian was given


def test_places_and_fits_are_each_others_inverse() -> None:
    case = shape_case("nested")
    fit = case.problem.describe(case.place)
    place = case.problem.place(fit.theta, fit.beta, fit.nb_theta)
    assert case.problem.criterion(*place) == pytest.approx(fit.criterion, rel=1e-12)
    assert fit.parameters == pytest.approx([*fit.theta, *fit.beta])
    joint = shape_case("nested", 0)
    described = joint.problem.describe(joint.place)
    assert described.parameters == pytest.approx(described.theta)


def test_standard_errors_fall_back_where_the_hessian_is_no_minimums() -> None:
    case = pair_case("binomial", "logit", 1, predictors="x + (1 | g)")
    conditional = case.problem.describe(case.place)
    for hessian in (np.diag([1.0, -1.0, 1.0]), np.full((3, 3), np.nan), np.zeros((3, 3))):
        fit = case.problem.describe(case.place, hessian=hessian)
        assert fit.se_method == "conditional"
        assert fit.se == pytest.approx(conditional.se)
    lme4s = case.problem.describe(
        case.place, hessian=np.diag([1.0, -1.0, 1.0]), lme4_covariance=np.diag([0.25, 0.04])
    )
    assert lme4s.se_method == "hessian"
    assert lme4s.se == pytest.approx([0.5, 0.2])


@pytest.mark.parametrize(
    ("family", "link", "rest"),
    [
        ("binomial", "logit", np.pi**2 / 3.0),
        ("binomial", "probit", 1.0),
        ("binomial", "cloglog", np.pi**2 / 6.0),
        ("binomial", "cauchit", None),
        ("poisson", "log", None),
        ("Gamma", "log", 1.0),
    ],
)
def test_shares_are_of_the_latent_variance_where_the_link_has_one(
    family: str, link: str, rest: float | None
) -> None:
    case = pair_case(family, link, 1)
    fit = case.problem.describe(case.place)
    spread = [
        np.mean(np.einsum("ij,jk,ik->i", term.Z, L @ L.T, term.Z))
        for term, L in zip(case.design.random, case.raw, strict=True)
    ]
    latent = np.nan if rest is None else rest
    assert fit.shares == pytest.approx(np.array(spread) / (latent + sum(spread)), rel=1e-8, nan_ok=True)


def test_the_fit_without_random_effects_is_glm() -> None:
    for family, link in (("binomial", "cloglog"), ("Gamma", "inverse"), ("poisson", "sqrt")):
        case = pair_case(family, link, 1)
        fit = plain_fit(prepare(case.design), case.place)
        mode = joint_pirls(case.dense, np.zeros(len(case.theta)))
        assert fit.beta == pytest.approx(mode.beta, rel=1e-5)
        assert fit.criterion == pytest.approx(laplace(case.dense, np.zeros(len(case.theta)), mode.beta))


# structure and starts


@pytest.mark.parametrize("family", ["poisson", "Gamma", "binomial"])
def test_moments_are_a_start_near_the_optimum(family: str) -> None:
    """40 groups of 25 with a log-scale SD of 0.8: moments of the working model see it."""
    rng = np.random.default_rng(2)
    g = np.repeat(np.arange(40), 25)
    eta = 0.5 + 0.8 * rng.normal(size=40)[g]
    y = {
        "poisson": rng.poisson(np.exp(eta)),
        "Gamma": rng.gamma(4.0, np.exp(eta) / 4.0),
        "binomial": rng.binomial(1, 1.0 / (1.0 + np.exp(-eta))),
    }[family]
    data = table(numeric("y", list(y.astype(float))), factor("g", [f"{code:02d}" for code in g]))
    link = "logit" if family == "binomial" else "log"
    problem = glmm_of(data, "y ~ 1 + (1 | g)", family=family, link=link).problem
    null, moments = problem.structure()
    assert null == ()
    assert moments is not None
    fit = prove_optimum(prepare(problem.design), {}, seed=0)[1]
    assert moments[0][0, 0] == pytest.approx(fit.theta[0], rel=0.35)


def test_what_cannot_be_told_apart_is_known_from_the_structure() -> None:
    data = glmm_table("poisson", "log")
    copied = table(
        *data.columns.values(),
        factor("copy", [f"c{int(code)}" for code in data.columns["g"].values]),
    )
    problem = glmm_of(copied, "y ~ x + (1 | g) + (1 | copy)", family="poisson").problem
    null, _ = problem.structure()
    assert len(null) == 1


@pytest.mark.parametrize("family", ["binomial", "poisson"])
def test_an_effect_for_every_row_is_identified_where_the_scale_is_fixed(family: str) -> None:
    link = "logit" if family == "binomial" else "log"
    response = "cbind(hits, misses)" if family == "binomial" else "y"
    case = glmm_of(glmm_table(family, link), f"{response} ~ x + (1 | row)", family=family, link=link)
    null, _ = case.problem.structure()
    assert null == ()


def test_an_effect_for_every_row_is_not_where_it_is_estimated() -> None:
    case = glmm_of(glmm_table("Gamma", "log"), "y ~ x + (1 | row)", family="Gamma", link="log")
    null, _ = case.problem.structure()
    assert len(null) == 1


def test_starts_are_joint_modes() -> None:
    case = pair_case("negative.binomial", "log", 1)
    _, moments = case.problem.structure()
    found = case.problem.starts(moments, [])
    assert [start.label for start in found] == ["moments", "template"]
    further = case.problem.further_starts()
    assert [start.label for start in further] == [label for label, _ in starts.explored(case.problem)]
    for start in [*found, *further]:
        value = case.problem.criterion(start.factors, start.free)
        assert np.isfinite(value)
        assert len(start.free) == len(case.problem.free)
    ends = [Start("baseline", *case.place)]
    labels = [start.label for start in case.problem.starts(moments, ends)]
    assert labels == ["moments", "baseline"]
    without = [start.label for start in case.problem.starts(None, ends)]
    assert without == ["baseline", "template"]


def test_the_first_theta_of_a_negative_binomial_solves_its_own_equation() -> None:
    case = pair_case("negative.binomial", "log", 1)
    start, *_ = case.problem.starts(None, [])
    joint = case.problem.joint_mode(start.factors)
    theta = float(np.exp(start.free[-1]))
    slope = case.problem.family.with_theta(theta).theta_slope(
        case.problem.y, joint.terms.mu, case.problem.weights
    )
    assert slope == pytest.approx(0.0, abs=0.05)


@pytest.mark.parametrize(
    "case_id", ["cbpp", "poisson_offset", "gamma_log", "nb", "binary_agq15", "gamma_agq0"]
)
def test_the_reference_hangs_on_no_start(case_id: str) -> None:
    prepared, reference, _ = referenced(case_id)
    for descent in reference.descents:
        assert descent.criterion == pytest.approx(reference.criterion, abs=1e-5), descent.label
    assert reference.distinct_optima == 1
    problem = prepared.model
    assert isinstance(problem, GeneralizedModel)
    slopes = problem.slopes(problem.evaluate(*reference.place))
    scaled = [*(np.abs(s).max() for s in slopes.factors), *np.abs(slopes.free * problem.free_scale)]
    assert max(scaled) < 2e-3


def test_a_variance_that_is_zero_is_exactly_zero() -> None:
    _, reference, fit = referenced("binomial_singular")
    assert reference.certificate.ranks == (0,)
    assert fit.theta == pytest.approx([0.0], abs=0.0)
    (multiplier,) = reference.certificate.multipliers
    assert multiplier.value > 0


def test_where_data_separate_the_limit_is_reached_to_rounding() -> None:
    _, _, fit = referenced("toy_separation")
    expected = golden_glmms()["toy_separation"].expected["truth"]["criterion"]
    assert fit.criterion == pytest.approx(expected, abs=1e-5)


def test_overdispersion_taken_up_by_the_groups_leaves_theta_without_end() -> None:
    """lme4 has Inf there; what is certain is that nothing is gained beyond."""
    _, _, fit = referenced("nb_infinite_theta")
    expected = golden_glmms()["nb_infinite_theta"].expected["truth"]["criterion"]
    assert fit.criterion == pytest.approx(expected, abs=1e-3)
    assert fit.nb_theta is not None
    assert fit.nb_theta > 1e3
