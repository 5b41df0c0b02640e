"""MM203: separation, named in the user's terms; each message read whole."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.special import expit
from scipy.stats import norm

from mmtriage.data.read_table import read_table
from mmtriage.data.reading import Reading
from mmtriage.diagnose.finding import Finding
from mmtriage.diagnose.separation import row_pulls, separated
from mmtriage.model.design import Design
from mmtriage.model.family_names import default_link
from mmtriage.model.spec import ModelSpec
from tests.golden_cases import glmms_that_fail, golden_case, golden_glmms
from tests.model.tables import design, factor, logical, numeric, table

N = 200
RNG = np.random.default_rng(1)
X, Z = RNG.normal(size=N), RNG.normal(size=N)
G, F, H = RNG.integers(0, 10, N), RNG.integers(0, 3, N), RNG.integers(0, 2, N)
COIN = RNG.integers(0, 2, N)
COUNTS = RNG.poisson(2, N)


def made(y: Sequence[float] | np.ndarray, formula: str, link: str = "logit", **options: str) -> Design:
    """A design on the columns above."""
    columns = [
        numeric("y", np.asarray(y, dtype=float)),
        numeric("x", X),
        numeric("z", Z),
        numeric("b", H),
        numeric("w", np.full(N, 4.0)),
        logical("t", [bool(h) for h in H]),
        factor("g", [f"g{code}" for code in G]),
        factor("f", ["abc"[code] for code in F]),
        factor("h", ["vw"[code] for code in H]),
        factor("row", [f"r{i:03d}" for i in range(N)]),
    ]
    return design(table(*columns), formula, **{"family": "binomial", "link": link, **options})


def golden(case_id: str) -> Design:
    case = golden_case(case_id)
    data = read_table(case.csv, Reading(factors=dict.fromkeys(case.factors)))
    assert case.family is not None
    link = case.link or default_link(case.family)
    options = {"weights": case.weights, "offset": case.offset}
    return design(data, case.formula, family=case.family, link=link, **options)


def only(found: list[Finding]) -> Finding:
    assert len(found) == 1, [f.message for f in found]
    return found[0]


END = "the likelihood keeps rising as the effect of `{}` grows without end; there is no finite estimate"


def test_a_level_in_which_nobody_succeeds_is_named() -> None:
    found = only(separated(golden("toy_separation")))
    assert found.message == "all 155 responses with `period` = `p4` are 0: " + END.format("period")
    assert (found.severity, found.columns, found.terms) == ("error", ("period",), ("periodp4",))
    assert (found.evidence["separated_rows"], found.evidence["rows"]) == (155, 842)


def test_the_reference_level_is_named_like_any_other() -> None:
    found = only(separated(made(np.where(F == 0, 1, COIN), "y ~ f + x + (1 | g)")))
    assert found.message.startswith("all 63 responses with `f` = `a` are 1: ")
    assert found.terms == ("fb", "fc")


def test_a_threshold_is_named_with_both_sides() -> None:
    found = only(separated(made(X > 0.3, "y ~ x + z + (1 | g)")))
    assert found.message == (
        "all 65 responses with `x` >= 0.320848 are 1 and all 135 responses with `x` <= 0.294132 are 0: "
        + END.format("x")
    )


def test_a_threshold_at_which_both_responses_occur() -> None:
    x = np.round(X)
    y = np.where(x == 0, COIN, x < 0)
    data = table(numeric("y", y), numeric("x", x), factor("g", [f"g{code}" for code in G]))
    found = only(separated(design(data, "y ~ x + (1 | g)", family="binomial", link="logit")))
    low, high = int(np.sum(x < 0)), int(np.sum(x > 0))
    assert found.message.startswith(
        f"all {low} responses with `x` < 0 are 1 and all {high} responses with `x` > 0 are 0: "
    )


def test_without_an_intercept_the_threshold_is_zero() -> None:
    assert separated(made(X > 0.3, "y ~ 0 + x + z + (1 | g)")) == []
    found = only(separated(made(X > 0, "y ~ 0 + x + z + (1 | g)")))
    assert found.message.startswith(f"all {np.sum(X > 0)} responses with `x` > 0 are 1 and all ")


def test_columns_that_separate_only_together_and_no_others() -> None:
    found = only(separated(made(X - 0.5 * Z > 0.3, "y ~ x + z + f + (1 | g)")))
    assert found.message == (
        "all 80 responses with +1 x -0.5073 z > 0.3414 are 1 and all 118 responses with +1 x -0.5073 z < "
        "0.3414 are 0: the likelihood keeps rising as the effects of `x` and `z` grow without end; there is "
        "no finite estimate"
    )
    assert found.columns == found.terms == ("x", "z")


@pytest.mark.parametrize(
    ("formula", "label", "columns"),
    [
        ("y ~ b + x + (1 | g)", "`b` = 1", ("b",)),
        ("y ~ b * x + (1 | g)", "`b` = 1", ("b",)),
        ("y ~ factor(b) + (1 | g)", "`b` = 1", ("b",)),
        ("y ~ 0 + h + (1 | g)", "`h` = `w`", ("h",)),
        ("y ~ t + f + (1 | g)", "`t` = TRUE", ("t",)),
        ("y ~ I(b + x - x > 0.5) + (1 | g)", "`I(b + x - x > 0.5)TRUE` = 1", ("b", "x")),
    ],
)
def test_a_cell_is_named_by_the_columns_that_make_it(
    formula: str, label: str, columns: tuple[str, ...]
) -> None:
    found = only(separated(made(np.where(H == 1, 1, COIN), formula)))
    assert found.message.startswith(f"all 108 responses with {label} are 1: ")
    assert found.columns == columns


def test_a_cell_of_two_factors_separates_where_their_interaction_is_free() -> None:
    y = np.where((F == 2) & (H == 1), 1, COIN)
    assert separated(made(y, "y ~ f + h + (1 | g)")) == []
    for formula in ("y ~ f * h + x + (1 | g)", "y ~ f:h + x + (1 | g)"):
        found = only(separated(made(y, formula)))
        assert found.message.startswith("all 34 responses with `f` = `c` and `h` = `w` are 1: ")
        assert found.columns == ("f", "h")
    found = only(separated(made(y, "y ~ f * h + (1 | g)")))
    assert "keeps rising as the effect of `fc:hw` grows without end" in found.message


def test_a_pure_level_is_not_told_again_by_its_cells() -> None:
    found = only(separated(made(np.where(H == 1, 1, COIN), "y ~ f * h + (1 | g)")))
    assert found.evidence["reasons"] == ("all 108 responses with `h` = `w` are 1",)


@pytest.mark.parametrize("link", ["probit", "cloglog", "cauchit"])
def test_the_links_do_not_matter(link: str) -> None:
    assert only(separated(made(X > 0.3, "y ~ x + (1 | g)", link)))


def test_with_a_log_link_only_the_failures_run_away() -> None:
    assert separated(made(np.where(F == 1, 1, COIN), "y ~ f + (1 | g)", "log")) == []
    assert only(separated(made(np.where(F == 1, 0, COIN), "y ~ f + (1 | g)", "log")))


@pytest.mark.parametrize("family", ["poisson", "negative.binomial"])
def test_a_cell_of_zero_counts(family: str) -> None:
    y = np.where(F == 1, 0, COUNTS)
    found = only(separated(made(y, "y ~ f + x + (1 | g)", "log", family=family)))
    assert found.message == "all 70 counts with `f` = `b` are 0: " + END.format("f")


def test_counts_that_are_zero_beyond_a_value() -> None:
    x = np.maximum(X, 0.0)
    y = np.where(x > 0, 0, COUNTS + 1)
    data = table(numeric("y", y), numeric("x", x), factor("g", [f"g{code}" for code in G]))
    found = only(separated(design(data, "y ~ x + (1 | g)", family="poisson", link="log")))
    assert found.message == f"all {np.sum(x > 0)} counts with `x` > 0 are 0: " + END.format("x")


def test_proportions_separate_by_their_pure_rows() -> None:
    y = np.where(F == 1, 0.0, 0.5)
    made_of = replace(made(y, "y ~ f + (1 | g)"), weights=np.full(N, 4.0))
    found = only(separated(made_of))
    assert found.message.startswith("all 70 proportions with `f` = `b` are 0: ")


def test_rows_of_no_weight_say_nothing() -> None:
    y = np.where(F == 1, 1, COIN)
    y[np.flatnonzero(F == 1)[0]] = 0
    assert separated(made(y, "y ~ f + (1 | g)")) == []
    weights = np.ones(N)
    weights[np.flatnonzero(F == 1)[0]] = 0.0
    found = only(separated(replace(made(y, "y ~ f + (1 | g)"), weights=weights)))
    assert found.message.startswith("all 69 responses with `f` = `b` are 1: ")


@pytest.mark.parametrize(
    ("family", "link"),
    [("poisson", "sqrt"), ("poisson", "identity"), ("Gamma", "log"), ("gaussian", "log")],
)
def test_families_whose_rows_have_a_maximum_each_are_not_asked(family: str, link: str) -> None:
    assert row_pulls(ModelSpec(family=family, link=link), COUNTS.astype(float)) is None
    y = COUNTS + 1 if link == "log" else np.where(F == 1, 0, COUNTS)
    assert separated(made(y, "y ~ f + (1 | g)", link, family=family)) == []


def test_a_constant_response_is_not_called_separation() -> None:
    assert separated(made(np.ones(N), "y ~ x + (1 | g)")) == []


def test_groups_that_are_all_pure_make_their_variance_infinite() -> None:
    found = only(separated(made(G % 2, "y ~ x + (1 | g)")))
    assert found.message == (
        "each of the 10 levels of `g` has only 0s (5) or only 1s (5): the likelihood keeps rising as the "
        "variance of `(1 | g)` grows without end; where a fit by the Laplace approximation stops means "
        "nothing"
    )
    assert (found.severity, found.columns, found.terms) == ("error", ("g",), ("(1 | g)",))


def test_a_pure_group_alone_is_harmless() -> None:
    assert separated(made(np.where(G < 9, G % 2, COIN), "y ~ x + (1 | g)")) == []
    assert separated(made(np.where(G == 3, 1, COIN), "y ~ x + (1 | g)")) == []


def test_groups_of_one_row_and_slopes_alone_are_no_separation() -> None:
    assert separated(made(COIN, "y ~ x + (1 | row)")) == []
    assert separated(made(G % 2, "y ~ x + (0 + x | g)")) == []


def test_the_likelihood_of_pure_groups_tends_to_that_of_a_coin_per_group() -> None:
    """What the message says, by integration: 3 groups of zeros, 5 of ones, 4 rows each."""

    def criterion(sd: float) -> float:
        mean = norm.ppf(5 / 8) * sd

        def of_ones(u: float) -> float:
            return float(expit(mean + sd * u) ** 4 * norm.pdf(u))

        def of_zeros(u: float) -> float:
            return float(expit(-mean - sd * u) ** 4 * norm.pdf(u))

        edge = -mean / sd
        parts = [quad(f, a, b)[0] for f in (of_ones, of_zeros) for a, b in ((-9, edge), (edge, 9))]
        return -2 * float(5 * np.log(parts[0] + parts[1]) + 3 * np.log(parts[2] + parts[3]))

    limit = -2 * (5 * np.log(5 / 8) + 3 * np.log(3 / 8))
    values = [criterion(sd) for sd in (2.0, 10.0, 50.0, 250.0)]
    assert values == sorted(values, reverse=True)
    assert limit < values[-1] < limit + 0.2


def test_of_the_golden_models_only_the_separated_ones_are_found() -> None:
    every = {**golden_glmms(), **glmms_that_fail()}.keys() - {"fails_start"}  # has no design
    assert {name for name in every if separated(golden(name))} == {
        "toy_separation",
        "fails_separation",
    }


def test_healthy_clustered_data_has_no_finding() -> None:
    rng = np.random.default_rng(5)
    for _ in range(60):
        effects = rng.normal(size=10)[G]
        eta = 0.8 * X - 0.5 * (F == 1) + effects
        y = rng.random(N) < 1 / (1 + np.exp(-eta))
        assert separated(made(y, "y ~ x + z + f * h + (1 | g)")) == []
        counts = rng.poisson(np.exp(eta - 1.0))
        found = separated(made(counts, "y ~ x + z + f * h + (1 | g)", "log", family="poisson"))
        assert found == []
