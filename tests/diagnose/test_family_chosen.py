"""MM206 and MM207: what a response is, beside the family that was chosen for it."""

from __future__ import annotations

import numpy as np
import pytest

from mmtriage.diagnose.family_chosen import few_events, unsuited_family
from mmtriage.model.design import Design
from tests.diagnose.planted import by_code
from tests.model.tables import design, factor, numeric, table

RNG = np.random.default_rng(5)
N = 240
COUNTS = RNG.poisson(np.exp(0.5 + 0.8 * RNG.normal(size=N)))


def made(y: np.ndarray, formula: str = "y ~ x + (1 | g)", **options: object) -> Design:
    rng = np.random.default_rng(1)
    m = np.full(N, 12.0)
    columns = [numeric("y", y), numeric("x", rng.normal(size=N)), numeric("m", m), numeric("rest", m - y)]
    return design(table(*columns, factor("g", [f"g{i // 12}" for i in range(N)])), formula, **options)


def kinds(y: np.ndarray, **options: str) -> list[object]:
    return [found.evidence["kind"] for found in unsuited_family(made(y, **options))]


def test_responses_that_lmer_is_not_for_are_named() -> None:
    assert kinds(np.arange(N) % 2) == ["binary"]
    assert kinds(1.0 + np.arange(N) % 2) == ["binary"]
    assert kinds(COUNTS.astype(float)) == ["counts"]
    assert kinds(RNG.binomial(5, 0.4, size=N) / 5.0) == ["shares"]
    found = unsuited_family(made(np.arange(N) % 2))[0]
    assert found.message.startswith("`y` takes two values only (0 and 1)")


@pytest.mark.parametrize(
    "y",
    [
        RNG.normal(size=N),
        np.rint(600.0 + 80.0 * RNG.normal(size=N)),
        np.clip(np.rint(3.0 + 1.5 * RNG.normal(size=N)), 0, 6),
        5.0 + COUNTS,
        RNG.random(N),
        -1.0 * COUNTS,
        np.full(N, 3.0),
    ],
    ids=["normal", "milliseconds", "ratings", "no zeros", "shares inside", "below zero", "constant"],
)
def test_other_responses_are_left_in_peace(y: np.ndarray) -> None:
    assert kinds(y) == []


def test_a_family_that_is_made_for_the_response_is_left_in_peace() -> None:
    assert kinds(COUNTS.astype(float), family="poisson", link="log") == []
    assert kinds(np.arange(N) % 2, family="binomial", link="logit") == []


def test_shares_need_their_trials() -> None:
    shares = RNG.binomial(12, 0.4, size=N) / 12.0
    assert kinds(shares, family="binomial", link="logit") == ["shares without trials"]
    assert kinds(shares, family="binomial", link="logit", weights="m") == []


def events(count: int) -> np.ndarray:
    return (np.arange(N) < count).astype(float)


@pytest.mark.parametrize(
    ("y", "formula", "what"),
    [
        (events(4), "y ~ x + (1 | g)", "4 events for 1 coefficient"),
        (events(9), "y ~ x + m:x + (1 | g)", None),  # of which one is aliased
        (events(9), "y ~ x + I(x^2) + (1 | g)", "9 events for 2 coefficients"),
        (1 - events(4), "y ~ x + (1 | g)", "4 non-events for 1 coefficient"),
        (events(4), "y ~ 1 + (1 | g)", "4 events for 1 coefficient"),
        (events(5), "y ~ x + (1 | g)", None),
        (events(3), "cbind(y, rest) ~ x + (1 | g)", "3 successes for 1 coefficient"),
        (12 - events(3), "cbind(y, rest) ~ x + (1 | g)", "3 failures for 1 coefficient"),
    ],
)
def test_the_rarer_outcome_counts(y: np.ndarray, formula: str, what: str | None) -> None:
    found = few_events(made(y, formula, family="binomial", link="logit"))
    assert [f.message.partition(" of")[0] for f in found] == ([] if what is None else [what])


def test_of_counts_their_sum() -> None:
    assert by_code(few_events(made(events(4), family="poisson", link="log")))["MM207"].evidence["events"] == 4
    assert few_events(made(10 * events(1), family="poisson", link="log")) == []
