"""glmer's default fits, step by step, against lme4's own: criterion, evaluations, words.

Where lme4's own path hangs on rounding noise (`golden_cases.GLMM_NOISE`), so does ours.
"""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pandas as pd
import pytest

import mmtriage
from mmtriage.data.in_memory import table_from_frame
from mmtriage.data.read_table import read_table
from mmtriage.data.reading import Reading
from mmtriage.deadline import TimeBudgetError, deadline_in
from mmtriage.engine.algebra.theta import template_theta
from mmtriage.engine.algebra.weighted_rows import rows_of
from mmtriage.engine.lme4.checks import SINGULAR_MESSAGE
from mmtriage.engine.lme4.glmer import fit_glmer
from mmtriage.engine.lme4.glmer_criterion import GlmerCriterion
from mmtriage.engine.lme4.glmer_nb import glm_nb_finds_theta, theta_ml
from mmtriage.engine.lme4.outcome import Lme4Failure, Lme4Run
from mmtriage.engine.lme4.transform import Transform
from mmtriage.engine.structures.parameter_layout import layout_of
from mmtriage.formula import parse_formula
from mmtriage.model.design import Design, build_design
from mmtriage.model.families import family_of
from mmtriage.model.family_names import default_link
from mmtriage.model.lme4_versions import LME4_1_1
from mmtriage.model.spec import ModelSpec
from mmtriage.optimizers import OPTIMIZERS, Optimizer
from tests.golden_cases import (
    GLMM_MESSAGES_ARE_NOISE,
    GLMM_NOISE,
    GoldenCase,
    data_path,
    glmms_that_fail,
    golden_case,
    golden_glmms,
    parameters,
)

STEADY = [case_id for case_id in golden_glmms() if case_id not in GLMM_NOISE]
STOPS_IN_PIRLS = [case_id for case_id in glmms_that_fail() if case_id != "fails_start"]


def design_of(case: GoldenCase, lme4: str = "1.1") -> Design:
    assert case.family is not None
    table = read_table(case.csv, Reading(factors=dict.fromkeys(case.factors)))
    spec = ModelSpec(
        family=case.family,
        link=case.link or default_link(case.family),
        nagq=case.nagq,
        weights=case.weights,
        offset=case.offset,
        lme4=lme4,
    )
    return build_design(table, parse_formula(case.formula), spec)


def fitted(design: Design, **options: Any) -> Lme4Run:
    run = fit_glmer(design, **options)
    assert isinstance(run, Lme4Run)
    return run


def without_value(messages: tuple[str, ...] | list[str]) -> list[str]:
    """The gradient's digits are noise wherever the path is."""
    return [re.sub(r"grad\| = [0-9.e+-]+", "grad| = ...", message) for message in messages]


@pytest.mark.parametrize("case_id", STEADY)
def test_the_fit_takes_lme4s_path(case_id: str) -> None:
    case = golden_case(case_id)
    expected, default = case.expected, case.expected["default"]
    run = fitted(design_of(case))
    assert run.criterion == pytest.approx(default["criterion"], abs=1e-7)
    assert run.evaluations == expected["feval"]
    assert list(run.lme4_messages) == expected["messages"]
    assert run.theta == pytest.approx(np.array(list(default["theta"].values())), abs=1e-5)
    assert run.beta == pytest.approx(np.array(list(default["fixef"].values())), rel=1e-5, abs=1e-5)
    assert run.singular is default["singular"]
    assert (run.status, run.code, run.restarted) == ("converged", 0, False)
    if case.nagq == 0:
        assert run.gradient is None
    else:
        assert run.max_abs_gradient == pytest.approx(expected["max_abs_grad"], rel=0.01, abs=5e-6)
    if case.family == "negative.binomial":
        assert run.nb_theta == pytest.approx(default["nb_theta"], rel=1e-6)
    else:
        assert run.nb_theta is None


@pytest.mark.parametrize("case_id", parameters(GLMM_NOISE))
def test_where_lme4_hangs_on_noise_so_does_the_fit(case_id: str) -> None:
    case = golden_case(case_id)
    run = fitted(design_of(case))
    assert run.criterion == pytest.approx(case.expected["default"]["criterion"], abs=1e-6)
    least, *_, most = sorted(int(count) for count in re.findall(r"\d+", GLMM_NOISE[case_id]))
    assert 0.9 * least <= run.evaluations <= 1.15 * most
    if case_id not in GLMM_MESSAGES_ARE_NOISE:
        assert without_value(run.lme4_messages) == without_value(case.expected["messages"])


@pytest.mark.parametrize("case_id", STOPS_IN_PIRLS)
def test_where_glmer_stops_so_does_the_fit_in_the_same_words(case_id: str) -> None:
    case = golden_case(case_id)
    run = fit_glmer(design_of(case))
    assert isinstance(run, Lme4Failure)
    assert run.error == case.expected["error"]
    assert run.start.tolist() == [1.0]


# --- cbpp under other arguments; the numbers are lme4's (tests/engine/lme4/test_glmer.R)

CBPP = "cbind(incidence, size - incidence) ~ period + (1 | herd)"
BOTH = {name: (OPTIMIZERS[name], OPTIMIZERS[name]) for name in ("bobyqa", "Nelder_Mead", "nloptwrap")}


def cbpp(
    formula: str = CBPP, family: str = "binomial", *, nagq: int = 1, weights: str | None = None
) -> Design:
    frame = pd.read_csv(data_path("cbpp.csv"))
    size = frame["size"]
    frame = frame.assign(p=frame["incidence"] / size, w=size + 0.3, x=size * 1000, s=size / 10)
    table = table_from_frame(frame, Reading(factors={"herd": None, "period": None}))
    spec = ModelSpec(family=family, link=default_link(family), nagq=nagq, weights=weights, lme4="1.1")
    return build_design(table, parse_formula(formula), spec)


@pytest.mark.parametrize(
    ("optimizers", "maxfun", "criterion", "evaluations", "messages"),
    [
        (BOTH["Nelder_Mead"], None, 184.053132809143, 323, ()),
        (BOTH["nloptwrap"], None, 184.053132777821, 53, ()),
        (
            None,
            15,
            184.085448277334,
            16,
            (
                "convergence code 1 from bobyqa: bobyqa -- maximum number of function evaluations exceeded",
                "failure to converge in 15 evaluations",
                "convergence code 4 from Nelder_Mead: failure to converge in 15 evaluations",
                "Model failed to converge with max|grad| = 0.140766 (tol = 0.002, component 1)",
            ),
        ),
        (
            None,
            60,
            184.055493334488,
            61,
            (
                "failure to converge in 60 evaluations",
                "convergence code 4 from Nelder_Mead: failure to converge in 60 evaluations",
                "Model failed to converge with max|grad| = 0.062045 (tol = 0.002, component 1)",
            ),
        ),
    ],
    ids=["Nelder_Mead", "nloptwrap", "maxfun 15", "maxfun 60"],
)
def test_other_optimizers_and_budgets_as_in_r(
    optimizers: tuple[Optimizer, Optimizer] | None,
    maxfun: int | None,
    criterion: float,
    evaluations: int,
    messages: tuple[str, ...],
) -> None:
    run = fitted(cbpp(), optimizers=optimizers, maxfun=maxfun)
    assert run.criterion == pytest.approx(criterion, abs=1e-9)
    assert run.evaluations == evaluations
    assert run.lme4_messages == messages


def test_bobyqa_in_both_stages_warns_of_its_budget_in_both() -> None:
    run = fitted(cbpp(), optimizers=BOTH["bobyqa"], maxfun=60)
    assert run.criterion == pytest.approx(184.053132775592, abs=1e-8)
    assert run.lme4_messages == (
        "maxfun < 10 * length(par)^2 is not recommended.",
        "convergence code 1 from bobyqa: bobyqa -- maximum number of function evaluations exceeded",
    )


def test_a_start_for_both_stages_as_in_r() -> None:
    run = fitted(cbpp(), start=(np.array([0.5]), np.full(4, -1.0)))
    assert (run.evaluations, run.start.tolist()) == (466, [0.5])
    assert run.criterion == pytest.approx(184.053132781071, abs=1e-9)


def test_25_quadrature_points_as_in_r() -> None:
    run = fitted(cbpp(nagq=25))
    assert run.evaluations == 184
    assert run.criterion == pytest.approx(100.010030540191, abs=1e-9)


def test_fractional_successes_are_warned_of_after_the_scale_of_x() -> None:
    run = fitted(cbpp("p ~ period + x + (1 | herd)", weights="w"))
    assert run.lme4_messages[:2] == (LME4_1_1.scale_message, "non-integer #successes in a binomial glm!")


@pytest.mark.parametrize(
    ("unit", "error"),
    [
        (1e5, "Downdated VtV is not positive definite"),
        (1e6, "(maxstephalfit) PIRLS step-halvings failed to reduce deviance in pwrssUpdate"),
    ],
)
def test_a_column_so_large_that_means_overflow_stops_it_as_in_r(unit: float, error: str) -> None:
    run = fit_glmer(cbpp(f"incidence ~ period + I(size * {unit:.0f} + 1) + (1 | herd)", "poisson"))
    assert isinstance(run, Lme4Failure)
    assert (run.error, run.optimizer) == (error, "Nelder_Mead")


def test_other_columns_are_the_same_model() -> None:
    design = cbpp()
    A = np.array([[1.0, 0.2, 0.3, 0.0], [0.0, 2.0, 0.1, 0.0], [0.0, 0.0, 3.0, 0.0], [0.0, 0.0, 1.0, 0.5]])
    run = fitted(design, transform=Transform([np.array([[-2.5]])], A))
    assert run.theta == pytest.approx(fitted(design).theta, abs=1e-3)
    criterion = GlmerCriterion(
        design, rows_of(design), family_of(design.spec), layout=layout_of(design.random)
    )
    criterion.start(template_theta((1,)))
    criterion.stage_1(run.theta)
    criterion.save()
    assert run.beta is not None
    value = criterion.stage_2(np.concatenate([run.theta, run.beta]))
    # PIRLS starts from slightly other modes and stops within its tolerance of them
    assert value == pytest.approx(run.criterion, abs=1e-5)


def test_the_deadline_is_asked_at_every_evaluation() -> None:
    with pytest.raises(TimeBudgetError):
        fit_glmer(cbpp(), deadline=deadline_in(0.0))


# --- glmer.nb


def test_scoring_for_theta_as_in_mass() -> None:
    # theta.ml(y, mu, weights = rep(1, 8), limit = 20, eps = 1e-4)
    y = np.array([0.0, 1, 7, 2, 0, 12, 3, 5])
    mu = np.array([1.5, 2, 4, 3, 1, 6, 3, 4])
    theta, warnings = theta_ml(y, mu, np.ones(8))
    assert theta == pytest.approx(7.83016627568359, rel=1e-12)
    assert warnings == []


def test_counts_with_too_little_spread_reach_the_limit() -> None:
    theta, warnings = theta_ml(np.array([3.0, 4, 3, 4]), np.full(4, 3.5), np.ones(4))
    assert theta > 1e4
    assert warnings == ["iteration limit reached"]


def test_glmer_nb_says_the_warnings_of_three_fits() -> None:
    run = fitted(cbpp("incidence ~ period + s + (1 | herd)", "negative.binomial"), maxfun=80)
    assert run.evaluations == 81
    assert run.criterion == pytest.approx(175.569328623835, abs=1e-8)
    budget = (
        "failure to converge in 80 evaluations",
        "convergence code 4 from Nelder_Mead: failure to converge in 80 evaluations",
    )
    gradient = "Model failed to converge with max|grad| = ... (tol = 0.002, component 1)"
    assert without_value(run.lme4_messages) == 3 * [*budget, gradient]


def test_glmer_nb_suppresses_the_message_of_a_singular_fit_but_the_last() -> None:
    run = fitted(
        cbpp("incidence ~ period + s + (1 | herd)", "negative.binomial"), optimizers=BOTH["Nelder_Mead"]
    )
    assert run.evaluations == 173
    assert run.criterion == pytest.approx(175.569323081965, abs=1e-9)
    assert run.lme4_messages == (SINGULAR_MESSAGE,)


def test_glmer_nb_stops_on_the_way_in_lme4s_words() -> None:
    """A first step of 0.02 for the coefficient of a column of 30,000: eta = 600."""
    run = fit_glmer(cbpp("incidence ~ period + x + (1 | herd)", "negative.binomial"))
    assert isinstance(run, Lme4Failure)
    assert run.error == "pwrssUpdate did not converge in (maxit) iterations"
    assert run.lme4_messages == 2 * (
        LME4_1_1.scale_message,
        "unable to evaluate scaled gradient",
        "Model failed to converge: degenerate  Hessian with 1 negative eigenvalues",
    )


def test_glmer_nb_without_a_second_stage() -> None:
    run = fitted(cbpp("incidence ~ period + s + (1 | herd)", "negative.binomial", nagq=0))
    assert run.criterion == pytest.approx(175.569323081695, abs=1e-9)
    assert run.nb_theta == pytest.approx(2.1146975987, rel=1e-8)
    assert run.beta is not None
    assert run.gradient is None


def test_glmer_nb_goes_on_where_its_poisson_stage_has_no_likelihood() -> None:
    """R on such data: the Poisson criterion is infinite, glmer.nb fits all the same."""
    generator = np.random.default_rng(5)
    groups = np.repeat(np.arange(12), 10)
    mean = np.exp(0.5 + 0.5 * generator.normal(size=12)[groups])
    counts = generator.negative_binomial(2.0, 2.0 / (2.0 + mean)).astype(float)
    counts[3] = 1.5
    frame = pd.DataFrame({"y": counts, "g": [f"g{group:02d}" for group in groups]})
    report = mmtriage.triage(frame, "y ~ 1 + (1 | g)", family="negative.binomial")
    assert report.baseline_error is None
    assert report.verdict.gap == pytest.approx(0.0, abs=1e-2)


@pytest.mark.parametrize(("zeros", "arrives"), [(20, True), (85, False)])
def test_glm_nb_loses_its_way_among_many_zeros(zeros: int, arrives: bool) -> None:
    """In R 4.2.2 `MASS::glm.nb(y ~ 1)` ends at theta 1.628 of the first, and of the second at 382222."""
    y = np.concatenate([np.zeros(zeros), 5.0 + np.arange(115) % 20])
    assert glm_nb_finds_theta(y, np.full(len(y), y.mean()), np.ones(len(y))) is arrives
