"""Remedies that only generalized models have: which are proposed when, and what is said of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest

from mmtriage.diagnose.finding import finding
from mmtriage.engine.comparison import Comparison
from mmtriage.ladder.case import Case
from mmtriage.ladder.records import Proposal, Remedy
from mmtriage.ladder.remedies import (
    change_link,
    fixed_prior,
    more_points,
    negative_binomial,
    observation_level,
    poisson,
)
from mmtriage.ladder.unfitted import unfitted_ladder
from mmtriage.model.design import Design
from tests.ladder import stubs
from tests.ladder.glmm_stubs import COUNTS, glmm_case, with_row_numbers


def remedies(proposals: Iterable[Proposal]) -> dict[str, Remedy]:
    return {proposal.remedy.id: proposal.remedy for proposal in proposals}


def for_overdispersion(case: Case) -> list[Proposal]:
    """What is proposed for counts that do not scatter as their family has them scatter."""
    return [p for of in (poisson, negative_binomial, observation_level) for p in of.propose(case)]


def with_theta(theta: float) -> Any:
    """A fit that knows the theta of a negative binomial."""

    def fit(design: Design) -> Comparison:
        made = stubs.comparison(design, criterion=90.0)
        return replace(made, optimum_fit=replace(made.optimum_fit, nb_theta=theta))

    return fit


@pytest.mark.parametrize(
    ("response", "family", "link", "safe", "said"),
    [
        ("w", "Gamma", "inverse", "log", "--link log"),
        ("w", "Gamma", "identity", "log", "--link log"),
        ("w", "inverse.gaussian", "1/mu^2", "log", "--link log"),
        ("k", "poisson", "identity", "log", ""),
        ("yes", "binomial", "log", "logit", ""),
    ],
)
def test_a_link_that_leaves_the_range_of_the_mean_is_changed(
    response: str, family: str, link: str, safe: str, said: str
) -> None:
    case = glmm_case(f"{response} ~ wide + (1 | g)", family=family, link=link, present={"gap": None})
    (proposal,) = change_link.propose(case)
    attempt, remedy = proposal.attempt, proposal.remedy
    assert attempt is not None
    assert (remedy.id, remedy.scope, remedy.title) == ("change-link", "changes_model", f"Use the {safe} link")
    assert attempt.note == f"link {safe} instead of {link}"
    assert remedy.code.mmtriage is not None
    assert remedy.code.mmtriage.endswith(f"--family {family} {said}".strip())
    assert remedy.delta_aic == pytest.approx(0.0)  # one family, one measure
    assert remedy.max_shift_se is None  # coefficients of two links are on two scales


def test_a_link_that_stays_in_range_is_left_alone() -> None:
    assert list(change_link.propose(glmm_case(COUNTS, family="poisson"))) == []
    assert (
        list(change_link.propose(glmm_case("yes ~ wide + (1 | g)", family="binomial", link="probit"))) == []
    )
    failed = glmm_case("yes ~ wide + (1 | g)", family="binomial", link="probit", codes=("MM408",))
    assert list(remedies(change_link.propose(failed))) == ["change-link"]


@pytest.mark.parametrize("status", ["converged", "singular", "unidentifiable"])
def test_a_link_that_is_not_in_trouble_is_left_alone(status: Any) -> None:
    case = glmm_case("w ~ wide + (1 | g)", family="Gamma", status=status)
    assert list(change_link.propose(case)) == []


def test_overdispersed_counts_may_be_negative_binomial_or_have_effects_of_their_own() -> None:
    case = glmm_case(COUNTS, family="poisson", codes=("MM501",), fit=with_theta(2.5), data=with_row_numbers())
    found = remedies(for_overdispersion(case))
    assert list(found) == ["negative-binomial", "observation-level"]
    clumped, own = found.values()
    assert clumped.changes == "a count of mean mu has variance mu + mu^2 / 2.5 instead of mu"
    assert clumped.delta_aic is not None  # both are densities of counts
    assert clumped.code.mmtriage == "mmtriage fit d.csv 'k ~ wide + (1 | g)' --family negative.binomial"
    assert clumped.code.lme4 == "m <- glmer.nb(k ~ wide + (1 | g), data = d)"
    assert own.formula == "k ~ wide + (1 | g) + (1 | obs)"
    assert own.code.mmtriage == "mmtriage fit d.csv 'k ~ wide + (1 | g) + (1 | obs)' --family poisson"


def test_without_a_label_of_rows_r_makes_one() -> None:
    case = glmm_case("k ~ wide + (1 | t)", family="poisson", link="sqrt", codes=("MM501",))
    (own,) = remedies(for_overdispersion(case)).values()
    assert own.formula == "k ~ wide + (1 | t) + (1 | row)"
    assert own.code.mmtriage is None
    assert own.code.lme4 == (
        "d$row <- factor(seq_len(nrow(d)))\n"
        'm <- glmer(k ~ wide + (1 | t) + (1 | row), data = d, family = poisson("sqrt"))'
    )
    assert own.caveats[-1] == "no column of the table has one level per row: make one first"


def test_rows_are_labeled_by_two_factors_that_cross_once() -> None:
    assert observation_level.row_label(glmm_case("k ~ visit + (1 | g)", family="poisson")) == "visit:g"
    assert observation_level.row_label(glmm_case("k ~ f + (1 | g)", family="poisson")) is None


def test_a_negative_binomial_without_surplus_is_poisson() -> None:
    case = glmm_case(COUNTS, family="negative.binomial")
    assert list(for_overdispersion(case)) == []
    even = replace(case, comparison=with_theta(1e9)(case.design))
    (remedy,) = remedies(for_overdispersion(even)).values()
    assert remedy.code.mmtriage == "mmtriage fit d.csv 'k ~ wide + (1 | g)' --family poisson"


@pytest.mark.parametrize(("shift", "points"), [(0.01, 9), (1.0, 25)])
def test_as_few_points_as_more_change_nothing(shift: float, points: int) -> None:
    def fit(design: Design) -> Comparison:
        return stubs.comparison(design, shift=shift if design.spec.nagq == 9 else 0.0)

    case = glmm_case(COUNTS, family="poisson", codes=("MM503",), fit=fit)
    (proposal,) = more_points.propose(case)
    attempt, remedy = proposal.attempt, proposal.remedy
    assert attempt is not None
    assert attempt.note == f"nAGQ = {points}"
    assert remedy.code.mmtriage == f"mmtriage fit d.csv '{COUNTS}' --family poisson --nagq {points}"
    assert (remedy.delta_aic, remedy.loss) == (None, None)
    expected = f"the likelihoods of the two models are approximated differently (nAGQ = 1 and {points})"
    assert remedy.not_comparable == expected


def test_nothing_is_proposed_without_its_finding() -> None:
    case = glmm_case(COUNTS, family="poisson")
    assert [*for_overdispersion(case), *more_points.propose(case), *fixed_prior.propose(case)] == []


def test_separated_effects_need_a_prior() -> None:
    case = glmm_case("yes ~ f + (1 | g)", family="binomial")
    by_groups = finding("MM203", "made up", terms=("(1 | g)",))
    assert list(fixed_prior.propose(replace(case, findings=(by_groups,)))) == []
    by_level = finding("MM203", "made up", terms=("f",))
    (remedy,) = remedies(fixed_prior.propose(replace(case, findings=(by_level,)))).values()
    assert (remedy.scope, remedy.clears, remedy.criterion) == ("advice", False, None)
    assert remedy.code.lme4 == (
        '# needs install.packages("blme")\n'
        "m <- blme::bglmer(yes ~ f + (1 | g), data = d, family = binomial, cov.prior = NULL, "
        "fixef.prior = normal(sd = c(10, 2.5)), control = glmerControl(nAGQ0initStep = FALSE))"
    )


def test_where_nothing_could_be_fitted_another_link_is_tried() -> None:
    case = glmm_case("k ~ wide + (1 | g)", family="poisson", link="identity")
    failed = finding("MM408", "the mean leaves its range wherever PIRLS could start")
    results = unfitted_ladder(case.design, [failed], case.bench)
    simplify = next(r for r in results if r.id == "simplify")
    assert (simplify.status, simplify.reason) == (
        "cleared_by_change",
        "with the log link the model can be fitted",
    )
    (remedy,) = simplify.remedies
    assert (remedy.id, remedy.clears) == ("change-link", True)
    assert remedy.code.mmtriage == "mmtriage fit d.csv 'k ~ wide + (1 | g)' --family poisson"
    assert results[0].reason.startswith("no fit exists: the mean leaves its range")


def test_models_of_different_distributions_are_not_compared() -> None:
    from mmtriage.ladder.against_present import compare

    case = glmm_case("w ~ wide + (1 | g)", family="Gamma")
    other = stubs.comparison(case.bench.build(case.formula, family="inverse.gaussian", link="log"))
    comparison = compare(case, other)
    assert comparison.not_comparable == "the two models have different distributions"
    assert comparison.delta_aic is None


def test_the_restart_of_a_generalized_model_gives_beta_too() -> None:
    expected = 'm <- update(m, start = list(theta = getME(m, "theta"), fixef = fixef(m)))'
    code = glmm_case(COUNTS, family="poisson").commands.restarted(COUNTS, 1)
    assert code.lme4 is not None
    assert code.lme4.splitlines()[-1] == expected
