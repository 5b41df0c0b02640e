"""The cluster verdict of rung 3 on made-up optimizers."""

from __future__ import annotations

import numpy as np
import pytest

from mmtriage.ladder.clusters import Candidate, adjudicate

SE = np.array([2.0, 0.5])
BETA = np.array([250.0, 10.0])
SIGMA = np.array([[600.0, 9.0], [9.0, 35.0]])


def end(
    name: str,
    kind: str = "simplex",
    *,
    criterion: float = 100.0,
    shift: float = 0.0,
    scale: float = 1.0,
) -> Candidate:
    """An end `shift` SE from the others in beta, with covariances `scale` times theirs."""
    return Candidate(name, kind, criterion, BETA + shift * SE, (scale * SIGMA,))


REFERENCE = end("mmtriage", "Newton")


def test_two_kinds_in_one_place_agree() -> None:
    verdict = adjudicate([end("a"), end("b", "quadratic model")], REFERENCE, SE)
    assert (verdict.agreement, verdict.reached, verdict.failed) == ("agree", ("a", "b"), ())
    assert verdict.kinds == 2
    assert (verdict.beta_spread, verdict.sigma_spread) == (0.0, 0.0)


def test_one_kind_is_one_witness() -> None:
    assert adjudicate([end("a"), end("b")], REFERENCE, SE).agreement == "one_kind"


@pytest.mark.parametrize(("criterion", "reached"), [(100.0099, True), (100.011, False), (np.inf, False)])
def test_a_worse_criterion_means_that_the_optimizer_failed(criterion: float, reached: bool) -> None:
    ends = [end("a"), end("b", "Newton"), end("c", "linear model", criterion=criterion, shift=0.01)]
    verdict = adjudicate(ends, REFERENCE, SE)
    assert ("c" in verdict.reached) is reached
    assert ("c" in verdict.failed) is not reached
    assert verdict.agreement == ("agree" if reached else "disagree")


def test_what_failed_says_nothing_about_the_parameters() -> None:
    ends = [end("a"), end("b", "Newton"), end("c", criterion=143.0, shift=9.0, scale=7.0)]
    verdict = adjudicate(ends, REFERENCE, SE)
    assert verdict.agreement == "disagree"
    assert (verdict.beta_spread, verdict.sigma_spread) == (0.0, 0.0)


def test_a_run_that_stopped_with_an_error_has_no_parameters_to_compare() -> None:
    broken = Candidate("c", "linear model", np.inf, BETA, ())
    assert adjudicate([end("a"), end("b", "Newton"), broken], REFERENCE, SE).failed == ("c",)


@pytest.mark.parametrize(
    ("shift", "scale", "beta_spread", "sigma_spread"), [(0.2, 1.0, 0.2, 0.0), (0.0, 0.5, 0.0, 0.5)]
)
def test_the_same_criterion_with_other_parameters_is_not_identified(
    shift: float, scale: float, beta_spread: float, sigma_spread: float
) -> None:
    verdict = adjudicate([end("a"), end("b", "Newton", shift=shift, scale=scale)], REFERENCE, SE)
    assert verdict.agreement == "not_identified"
    assert verdict.beta_spread == pytest.approx(beta_spread)
    assert verdict.sigma_spread == pytest.approx(sigma_spread)


def test_the_reference_is_a_witness_for_the_parameters() -> None:
    verdict = adjudicate([end("a", scale=0.5), end("b", "Newton", scale=0.5)], REFERENCE, SE)
    assert verdict.agreement == "not_identified"


def test_many_that_agree_on_a_worse_answer_are_no_evidence() -> None:
    ends = [end(name, kind, criterion=142.8) for name, kind in (("a", "simplex"), ("b", "Newton"))]
    verdict = adjudicate(ends, REFERENCE, SE)
    assert (verdict.agreement, verdict.reached, verdict.failed) == ("no_evidence", (), ("a", "b"))
    assert (verdict.beta_spread, verdict.sigma_spread) == (None, None)


def test_an_optimizer_better_than_the_reference_is_the_best_known() -> None:
    ends = [end("a", criterion=99.0), end("b", "Newton", criterion=99.0), end("c")]
    verdict = adjudicate(ends, end("mmtriage", "Newton", shift=5.0), SE)
    assert (verdict.agreement, verdict.failed) == ("disagree", ("c",))
    assert verdict.beta_spread == 0.0  # the reference is not in the best cluster


def test_next_to_nothing_is_zero() -> None:
    """An optimizer that cannot reach the bound ends at a variance of 1e-9 where the others have 0."""
    ends = [end("a", scale=0.0), end("b", "Newton", scale=1e-9)]
    reference = end("mmtriage", "Newton", scale=0.0)
    assert adjudicate(ends, reference, SE, [np.array([0.25, 0.06])]).agreement == "agree"
    assert adjudicate(ends, reference, SE).agreement == "not_identified"


def test_a_variance_that_matters_is_not_lost_in_the_scale() -> None:
    ends = [end("a"), end("b", "Newton", scale=0.5)]
    assert adjudicate(ends, REFERENCE, SE, [np.array([0.25, 0.06])]).agreement == "not_identified"


def test_a_model_without_fixed_effects_is_compared_in_its_covariances() -> None:
    ends = [Candidate(name, kind, 1.0, np.zeros(0), (np.eye(1),)) for name, kind in (("a", "x"), ("b", "y"))]
    verdict = adjudicate(ends, ends[0], np.zeros(0))
    assert (verdict.agreement, verdict.beta_spread) == ("agree", 0.0)


def test_of_a_curved_optimum_nobody_says_that_the_data_do_not_determine_it() -> None:
    """`binomial_slow`: ends within 0.01 deviance units and 0.1 SE of an optimum whose curvature is proven."""
    ends = [end("a"), end("b", "Newton", criterion=100.009, shift=0.09)]
    assert adjudicate(ends, REFERENCE, SE).agreement == "not_identified"
    assert adjudicate(ends, REFERENCE, SE, is_curved=True).agreement == "just_short"


def test_who_stands_at_another_optimum_has_not_failed() -> None:
    ends = [end("a"), end("b", criterion=134.4), end("c", "Newton", criterion=104.9)]
    verdict = adjudicate(ends, REFERENCE, SE, elsewhere=("b",))
    assert (verdict.reached, verdict.elsewhere, verdict.failed) == (("a",), ("b",), ("c",))
    assert verdict.agreement == "disagree"
