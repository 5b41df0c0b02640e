"""A few of the random models; `python -m tests.random_models` judges as many as one likes."""

from __future__ import annotations

import shutil
from itertools import islice
from pathlib import Path
from unittest.mock import patch

import numpy as np
import pytest
from scipy.special import expit, log_expit

from mmtriage.engine.comparison import prove_optimum
from mmtriage.engine.generalized.model import GeneralizedModel
from mmtriage.engine.optimum.search import find_optimum
from tests.random_models.against_r import beside_r, generalized, r_best
from tests.random_models.annealed import annealed
from tests.random_models.draw import draw
from tests.random_models.judge import judged, prepared_of
from tests.random_models.laplace import DenseLaplace

SEED = 22


@pytest.mark.parametrize("index", [2, 10])  # linear, with slopes
def test_no_better_point_is_found(index: int) -> None:
    record = judged(draw(SEED, index), climbs=False)
    assert record["certified"]
    assert record["failures"] == []
    assert record["best"] >= record["criterion"] - 1e-5


def test_an_optimum_far_out_is_met_and_refuted() -> None:
    """Two rows for a slope: Laplace's approximation has a second, lower optimum at an SD of eleven."""
    record = judged(draw(SEED, 12), climbs=False)
    assert record["failures"] == []
    assert record["criterion"] == pytest.approx(21.639365, abs=1e-5)
    assert record["refuted"] == pytest.approx([20.794259], abs=1e-5)


@pytest.mark.slow
def test_far_out_the_criterion_hangs_on_no_earlier_evaluation() -> None:
    """A probit with predictors beyond 27: from zero a search for the mode ended at a criterion of 508."""
    model = prepared_of(draw(63, 549)).model
    assert isinstance(model, GeneralizedModel)
    optimum = find_optimum(model, model.starts(None, []))
    model.pirls.memory.u[:] = 0.0
    assert model.criterion(*optimum.place) == pytest.approx(optimum.criterion, abs=1e-7)
    assert optimum.criterion == pytest.approx(17.652949, abs=1e-5)


def test_where_random_effects_separate_the_answers_the_search_goes_farther_out() -> None:
    """Twelve answers of a probit: the criterion falls on to an SD of 32, where the likelihood is lower."""
    optimum, _ = prove_optimum(prepared_of(draw(61, 101)), {}, seed=1)
    assert optimum.certificate.certified
    assert optimum.criterion == pytest.approx(9.481902, abs=1e-5)
    assert [point.criterion for point in optimum.refuted] == pytest.approx([7.9356], abs=1e-3)


@pytest.mark.parametrize(
    ("seed", "index", "criterion"),
    [
        (40, 18, 35.996352),  # poisson, sqrt: the predictor changes its sign; other starts end at 40.955690
        (63, 650, 30.379983),  # binomial, cloglog: at SDs of 28 and 24; else 32.476297 at 3 and 4
        (63, 456, 75.176941),  # poisson, sqrt: a descent passes the other optimum's criterion on its way
        (68, 541, 8.730932),  # binomial, probit: 18 answers are separated at another level; else 9.219832
        (30, 48, 238.847335),  # inverse Gaussian, identity: the smallest response is met; else 245.470283
    ],
)
def test_fixed_effects_with_two_optima(seed: int, index: int, criterion: float) -> None:
    prepared = prepared_of(draw(seed, index))
    optimum, _ = prove_optimum(prepared, {}, seed=1)
    assert optimum.certificate.certified
    assert optimum.criterion == pytest.approx(criterion, abs=1e-5)


@pytest.mark.slow
def test_slopes_that_separate_answers_have_several_optima() -> None:
    """Twelve answers in six groups: an intercept against its slope, at an SD of 245, is 0.013 lower."""
    optimum, _ = prove_optimum(prepared_of(draw(67, 187)), {}, seed=1)
    assert optimum.certificate.certified
    assert optimum.criterion == pytest.approx(3.719081, abs=1e-5)


@pytest.mark.slow
def test_descents_come_to_an_end_where_average_information_leads_slowly() -> None:
    """At an SD of 122 each was left after 400 gradients, some 0.01 above the optimum."""
    optimum, _ = prove_optimum(prepared_of(draw(67, 14)), {}, seed=1)
    assert all(descent.arrived for descent in optimum.descents)
    assert optimum.gradients / len(optimum.descents) < 200
    assert optimum.criterion == pytest.approx(3.864156, abs=1e-5)


def test_nothing_is_proven_of_a_search_far_out_that_gave_up_where_others_ended_elsewhere() -> None:
    with patch("mmtriage.engine.optimum.settling.MANY_STEPS", 8):
        optimum, _ = prove_optimum(prepared_of(draw(68, 541)), {}, seed=1)
    assert not optimum.certificate.certified
    assert "searches do not come to an end: they were left at " in optimum.certificate.reason


def test_nothing_is_proven_where_optima_crowd() -> None:
    """Counts, square-root link, more random effects than rows: 0.57 lower was one more of them."""
    optimum, _ = prove_optimum(prepared_of(draw(70, 218)), {}, seed=1)
    assert not optimum.certificate.certified
    assert "the searches met 4 optima within 2 deviance units" in optimum.certificate.reason


@pytest.mark.slow
def test_nothing_is_proven_where_optima_crowd_far_out() -> None:
    """A probit whose answers random effects separate in several ways: 0.20 lower was one more of them."""
    optimum, _ = prove_optimum(prepared_of(draw(73, 401)), {}, seed=1)
    assert not optimum.certificate.certified
    assert "the searches met 5 optima within 2 deviance units" in optimum.certificate.reason


@pytest.mark.slow
def test_what_the_reference_goes_on_to_is_not_refuted() -> None:
    """The optimum that quadrature confirms was left on the way to another, at which the reference arrives."""
    optimum, _ = prove_optimum(prepared_of(draw(40, 40)), {}, seed=1)
    assert optimum.refuted == ()


def test_predictors_that_change_their_sign_along_several_columns_are_started_from() -> None:
    """Poisson, sqrt: from predictors bent along one column each the search ended 0.53 too high."""
    record = judged(draw(64, 446), climbs=False)
    assert record["failures"] == []
    assert record["criterion"] == pytest.approx(134.803596, abs=1e-5)


@pytest.mark.parametrize(
    ("seed", "index", "criterion", "lower"),
    [
        (64, 991, 57.740315, 53.597964),  # groups of five
        (66, 845, 41.887569, 41.802269),  # groups of one answer
    ],
)
def test_answers_are_split_at_another_level_far_out(
    seed: int, index: int, criterion: float, lower: float
) -> None:
    """Cloglog: Laplace has a lower optimum, whose predictors are lower too; quadrature has none there."""
    optimum, _ = prove_optimum(prepared_of(draw(seed, index)), {}, seed=1)
    assert optimum.certificate.certified
    assert optimum.criterion == pytest.approx(criterion, abs=1e-5)
    assert [point.criterion for point in optimum.refuted] == pytest.approx([lower], abs=1e-5)


@pytest.mark.slow
def test_far_out_a_mode_is_found_where_earlier_ones_lead_nowhere() -> None:
    """A probit with an optimum of Laplace at SDs of 50 and 140: on coming back to it PIRLS found no mode."""
    record = judged(draw(64, 255), climbs=False)
    assert record["failures"] == []
    assert record["criterion"] == pytest.approx(12.371845, abs=1e-5)
    assert len(record["refuted"]) == 1


@pytest.mark.parametrize(
    ("seed", "index"),
    [(63, 9), (63, 33)],  # linear by ML; Gamma, which has a curved optimum on the way
)
def test_what_reproduces_any_response_has_no_optimum(seed: int, index: int) -> None:
    record = judged(draw(seed, index), climbs=False)
    assert record["failures"] == []
    assert (record["status"], record["codes"]) == ("unidentifiable", ["MM407"])


def test_sampling_finds_the_integral() -> None:
    """Of random effects so small that Laplace's approximation has no error to speak of."""
    model = next(m for i in range(100) if (m := draw(SEED, i)).family == "poisson" and m.link == "log")
    dense = DenseLaplace(model)
    at = dense.start(np.full(dense.m, 1e-4))
    value, error = dense.sampled(at, np.random.default_rng(1))
    assert abs(value - dense.expand(at)[0]) <= 4.0 * error + 1e-6


def test_sampling_finds_what_is_in_a_corner() -> None:
    """Six steep steps far from zero, each integrated alone on a fine grid: about 1e-10 together."""
    grid = np.linspace(-9.0, 9.0, 200_001)
    density = np.exp(-0.5 * grid**2) / np.sqrt(2.0 * np.pi)
    alone = float(np.trapezoid(density * expit(40.0 * (grid - 2.0)), grid))
    value, error = annealed(
        lambda u: np.sum(log_expit(40.0 * (u - 2.0)), axis=1), 6, np.random.default_rng(1)
    )
    assert error < 0.3
    assert abs(value - 6.0 * np.log(alone)) <= 4.0 * error


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("Rscript") is None, reason="R is not installed")
def test_r_has_no_better_point(tmp_path: Path) -> None:
    models = list(islice(generalized(SEED), 3))
    said = [beside_r(model, best) for model, best in zip(models, r_best(models, tmp_path), strict=True)]
    assert set(said) <= {"equal", "below R", "R stops", "not certified"}, said


def test_effects_that_leave_next_to_no_residual_are_started_from() -> None:
    """A linear model by ML with one row more than effects: 18.6 lower at SDs of 380 and 590 residual ones."""
    optimum, _ = prove_optimum(prepared_of(draw(65, 476)), {}, seed=1)
    assert optimum.certificate.certified
    assert optimum.criterion == pytest.approx(78.731047, abs=1e-5)
