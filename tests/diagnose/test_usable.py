"""What can be used of a fit: graded by its numbers, from both sides of each limit, and said in a sentence."""

from __future__ import annotations

from dataclasses import replace
from typing import get_args

import numpy as np
import pytest

from mmtriage.diagnose.finding import Finding, finding
from mmtriage.diagnose.judgement import judge
from mmtriage.diagnose.usable import in_words, with_use
from mmtriage.diagnose.verdict import Answer, Usable, Verdict
from mmtriage.engine.comparison import Comparison
from tests.diagnose.planted import golden_comparison
from tests.diagnose.test_judgement import at_optimum, moved, with_check

KINDS = ("estimates", "standard_errors", "tests", "variances", "correlations")


def judged(comparison: Comparison, findings: tuple[Finding, ...] = ()) -> Verdict:
    return with_use(judge(comparison, findings), comparison, findings)


def answers(comparison: Comparison) -> dict[str, Answer]:
    usable = judged(comparison).usable
    assert isinstance(usable, Usable)
    return {kind: getattr(usable, kind).answer for kind in KINDS}


def with_errors(factor: float) -> Comparison:
    """Sleepstudy at its optimum, all standard errors so many times the right ones."""
    comparison = at_optimum()
    fit = replace(comparison.optimum_fit, vcov=factor**2 * comparison.optimum_fit.vcov)
    return replace(comparison, lme4_fit=fit)


def with_correlation(shift: float) -> Comparison:
    """Sleepstudy with the correlation of intercept and slope so far from the optimum's."""
    comparison = at_optimum()
    (S,) = comparison.optimum_fit.covariances
    moved = S.copy()
    moved[0, 1] = moved[1, 0] = S[0, 1] + shift * np.sqrt(S[0, 0] * S[1, 1])
    return replace(comparison, lme4_fit=replace(comparison.optimum_fit, covariances=(moved,)))


def test_all_of_a_healthy_fit_can_be_used() -> None:
    assert set(answers(at_optimum()).values()) == {"yes"}
    assert judged(at_optimum()).headline == "Everything that R prints for this model can be used."


@pytest.mark.parametrize(
    ("comparison", "kind", "answer"),
    [
        (moved(shift=0.049), "estimates", "yes"),
        (moved(shift=-0.051), "estimates", "with_care"),
        (moved(shift=0.199), "estimates", "with_care"),
        (moved(shift=-0.201), "estimates", "no"),
        (with_errors(1.049), "standard_errors", "yes"),
        (with_errors(1.051), "standard_errors", "with_care"),
        (with_errors(1 / 1.19), "standard_errors", "with_care"),
        (with_errors(1 / 1.21), "standard_errors", "no"),
        (with_errors(float("nan")), "standard_errors", "no"),
        (moved(sd=1.019), "variances", "yes"),
        (moved(sd=0.97), "variances", "with_care"),
        (moved(sd=1.099), "variances", "with_care"),
        (moved(sd=0.89), "variances", "no"),
        (with_correlation(0.019), "correlations", "yes"),
        (with_correlation(-0.03), "correlations", "with_care"),
        (with_correlation(0.11), "correlations", "no"),
    ],
)
def test_each_kind_of_number_is_graded_by_itself(comparison: Comparison, kind: str, answer: Answer) -> None:
    assert answers(comparison)[kind] == answer
    assert {answers(comparison)[other] for other in KINDS if other != "tests"} <= {"yes", answer}


@pytest.mark.parametrize("factor", [1.06, 1 / 1.3])
def test_tests_are_no_better_than_what_they_are_made_of(factor: float) -> None:
    found = answers(with_errors(factor))
    assert found["tests"] == found["standard_errors"]


def test_a_p_that_crosses_five_per_cent_is_said() -> None:
    """A move that is small, but takes t from 1.93 to 1.98."""
    comparison = at_optimum()
    optimum = comparison.optimum_fit
    beta = np.array([optimum.beta[0], 1.93 * optimum.se[1]])
    fit = replace(optimum, beta=beta + np.array([0.0, 0.045 * optimum.se[1]]))
    verdict = judged(replace(comparison, lme4_fit=fit, optimum_fit=replace(optimum, beta=beta)))
    assert verdict.usable is not None
    assert (verdict.usable.estimates.answer, verdict.usable.tests.answer) == ("yes", "with_care")
    assert verdict.headline == (
        "Use the fixed effects that R prints, their tests with care: the p of `Days` crosses 0.05."
    )


@pytest.mark.parametrize(
    ("ratio", "answer", "words"),
    [
        (1.48, "with_care", "their tests with care: the data scatter 1.48 times as much"),
        (28.4, "no", "but not their standard errors and tests: the data scatter 28.4 times as much"),
    ],
)
def test_scatter_beyond_the_family_is_said_of_tests(ratio: float, answer: Answer, words: str) -> None:
    verdict = judged(at_optimum(), (finding("MM501", "the data scatter", ratio=ratio),))
    assert verdict.usable is not None
    assert (verdict.usable.tests.answer, verdict.usable.tests.see) == (answer, "MM501")
    assert words in verdict.headline


def test_an_implausible_coefficient_and_a_rough_approximation_are_said_of_tests() -> None:
    extreme = judged(at_optimum(), (finding("MM205", "implausible", columns=("a", "b")),))
    assert "the coefficients of `a` and `b` are implausible, and Wald tests say little" in extreme.headline
    rough = judged(at_optimum(), (finding("MM503", "too rough", max_shift_se=0.3),))
    assert "quadrature moves an effect by 0.3 SE (MM503)" in rough.headline
    refuted = judged(at_optimum(), (finding("MM503", "refutes an optimum", confirmed=1.0),))
    assert refuted.headline == "Everything that R prints for this model can be used."


def test_a_false_alarm_says_that_nothing_has_to_be_done() -> None:
    assert judged(with_check(at_optimum(), codes=(-1,))).headline == (
        "Everything that R prints can be used; its warning is about how derivatives are computed. Nothing "
        "has to be done."
    )
    assert "its warning is a false alarm" in judged(with_check(at_optimum(), code=5)).headline


def test_a_variance_of_zero_is_an_estimate() -> None:
    verdict = judged(golden_comparison("dyestuff2"))
    assert verdict.usable is not None
    assert (verdict.usable.variances.answer, verdict.usable.tests.answer) == ("yes", "with_care")
    assert verdict.headline.endswith("The SD between levels of Batch is estimated as 0.")


def test_a_perfect_correlation_is_none() -> None:
    verdict = judged(golden_comparison("hsb_raw"))
    assert verdict.usable is not None
    assert (verdict.usable.correlations.answer, verdict.usable.correlations.see) == ("no", "MM311")
    assert (
        "Do not use the correlation of the intercept and `ses` by school (at its boundary)"
        in verdict.headline
    )


def test_of_what_the_data_do_not_determine_nothing_can_be_used() -> None:
    (term,) = at_optimum().prepared.design.random
    found = finding("MM308", "components cannot be told apart", terms=(term.bar.to_text(),))
    verdict = judged(at_optimum(), (found,))
    assert verdict.usable is not None
    assert verdict.usable.estimates.answer == "yes"
    assert (verdict.usable.variances.answer, verdict.usable.correlations.answer) == ("no", "no")
    assert "No SD or correlation of the term `(1 + Days | Subject)` means anything" in verdict.headline


def test_of_a_fit_that_there_is_not_nothing_can_be_used() -> None:
    comparison = replace(at_optimum(), lme4=None, lme4_fit=None, lme4_error="Downdated VtV")
    assert set(answers(comparison).values()) == {"no"}
    assert judged(comparison).headline == (
        "Nothing that R prints for this model can be used: lme4's fit stops with an error (Downdated VtV)."
    )


def test_without_a_proof_nothing_is_claimed() -> None:
    comparison = moved(gap=-5.0)
    assert set(answers(comparison).values()) == {"no"}
    assert "so nobody knows how far the fit is from it" in judged(comparison).headline


def test_what_is_wrong_is_named_with_the_right_number() -> None:
    """The worst standard error beside its statistic; the intercept's is named last."""
    said = judged(with_errors(0.1)).headline
    assert said == (
        "Use the estimates that R prints. Do not use its standard errors, t and p: the SE of `Days` is 10 "
        "times too small (t = 67.7; right: t = 6.77)."
    )


@pytest.mark.parametrize(
    ("ratio", "said"),
    [
        (0.83, "17 % too small"),
        (1.06, "6 % too large"),
        (0.02, "50 times too small"),
        (np.nan, "not a number"),
    ],
)
def test_a_ratio_in_words(ratio: float, said: str) -> None:
    assert in_words(ratio) == said


def test_answers_are_those_of_the_schema() -> None:
    assert get_args(Answer) == ("yes", "with_care", "no")
