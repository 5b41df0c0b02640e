"""Responses of generalized models: what glmer takes, what it refuses and in which words."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from mmtriage.arrays import Array
from mmtriage.data.read_table import read_table
from mmtriage.data.reading import Reading
from mmtriage.data.table import Table
from mmtriage.diagnose.run_checks import of_design
from mmtriage.errors import DataError, FormulaError, MmtriageError, ModelError, OptionError
from mmtriage.formula import parse_formula
from mmtriage.model.design import Design, build_design
from mmtriage.model.family_names import default_link
from mmtriage.model.spec import ModelSpec
from tests.golden_cases import GoldenCase, glmms_that_fail, golden_glmms
from tests.model.tables import design, factor, logical, numeric, table

NA = None


def outcomes() -> Table:
    return table(
        numeric("won", [0, 1, 1, 0, 1, NA]),
        numeric("code", [1, 2, 2, 1, 1, 2]),
        numeric("share", [0.2, 0.5, 1, 0, 0.25, 0.5]),
        numeric("percent", [12.5, 50, 100, 0, 3, 2]),
        numeric("successes", [1, 2, 0, 4, 0, 3]),
        numeric("total", [5, 4, 0, 4, 1, 7]),
        numeric("count", [0, 3, 1, 12, 0, 5]),
        numeric("rate", [0.5, 3, 1, 12, 0, 5]),
        numeric("change", [1, -2, 0, 3, 4, 5]),
        numeric("nothing", [0, 0, 0, 0, 0, 0]),
        numeric("infinite", [1, 2, 3, float("inf"), 1, 2]),
        numeric("w", [1, 0, 2, 1, 1, 3]),
        numeric("exposure", [1, 2, 4, 1, 1, 3]),
        logical("yes", [True, False, True, True, False, False]),
        factor("two", ["no", "yes", "yes", "no", "no", "yes"]),
        factor("three", ["c", "a", "b", "a", "c", "b"]),
        factor("stray", ["0", "1", "0", "1", "n/a", "1"]),
        numeric("g", [1, 1, 1, 2, 2, 2]),
    )


def glmm(formula: str, family: str = "binomial", link: str | None = None, **options: Any) -> Design:
    return design(outcomes(), formula, family=family, link=link or default_link(family), **options)


def listed(array: Array | None) -> list[float]:
    assert array is not None
    numbers: list[float] = array.tolist()
    return numbers


def refusal(formula: str, family: str = "binomial", **options: Any) -> MmtriageError:
    with pytest.raises(MmtriageError) as caught:
        glmm(formula, family, **options)
    return caught.value


@pytest.mark.parametrize(
    ("response", "y"),
    [
        ("won", [0, 1, 1, 0, 1]),  # the last row is missing
        ("yes", [1, 0, 1, 1, 0, 0]),
        ("two", [0, 1, 1, 0, 0, 1]),
        ("factor(two, levels = c('yes', 'no'))", [1, 0, 0, 1, 1, 0]),
        ("I(code == 2)", [0, 1, 1, 0, 0, 1]),
        ("(code == 2)", [0, 1, 1, 0, 0, 1]),
        ("cbind(yes)", [1, 0, 1, 1, 0, 0]),
    ],
)
def test_zeros_and_ones_in_every_dress(response: str, y: list[float]) -> None:
    made = glmm(f"{response} ~ 1 + (1 | g)")
    assert made.y.tolist() == y
    assert (made.weights, made.trials, made.messages) == (None, None, ())


def test_successes_and_failures() -> None:
    made = glmm("cbind(successes, total - successes) ~ 1 + (1 | g)")
    assert made.y == pytest.approx([0.2, 0.5, 0, 1, 0, 3 / 7])  # no trials: y is 0
    assert listed(made.trials) == [5, 4, 0, 4, 1, 7]
    assert listed(made.weights) == [5, 4, 0, 4, 1, 7]
    assert made.messages == ()


def test_prior_weights_multiply_the_trials() -> None:
    made = glmm("cbind(successes, total - successes) ~ 1 + (1 | g)", weights="w")
    assert listed(made.trials) == [5, 4, 0, 4, 1, 7]
    assert listed(made.weights) == [5, 0, 0, 4, 1, 21]


def test_of_proportions_the_weights_are_the_trials() -> None:
    made = glmm("share ~ 1 + (1 | g)", weights="I(exposure * 20)")
    assert made.y.tolist() == [0.2, 0.5, 1, 0, 0.25, 0.5]
    assert listed(made.weights) == [20, 40, 80, 20, 20, 60]
    assert (made.trials, made.messages) == (None, ())


def test_a_row_of_weight_zero_is_not_looked_at() -> None:
    made = glmm("I(share + 4 * (w == 0)) ~ 1 + (1 | g)", weights="w", subset="share != 0.2")
    assert made.y[0] == 0
    assert listed(made.weights)[0] == 0


def test_trials_that_count_twice_are_noted() -> None:
    formula = "cbind(successes, total - successes) ~ 1 + (1 | g)"
    assert glmm(formula, weights="total").messages == (
        "the weights are the trials, which `cbind(successes, total - successes)` counts already: n trials "
        "weigh as much as n^2; leave `--weights` out (glmer says nothing of it)",
    )
    assert glmm(formula, weights="exposure").messages == ()


def test_what_r_warns_of_becomes_a_message() -> None:
    assert glmm("share ~ 1 + (1 | g)").messages == (
        "`share`: non-integer #successes in a binomial glm! Of proportions, `--weights` gives the trials: "
        "without them lme4's Laplace likelihood rounds each to 0 or 1. (4 of 6 rows)",
    )
    assert glmm("share ~ 1 + (1 | g)", weights="exposure").messages == (
        "`share`: non-integer #successes in a binomial glm! (3 of 6 rows)",
    )
    assert glmm("cbind(successes, rate) ~ 1 + (1 | g)").messages == (
        "`cbind(successes, rate)`: non-integer counts in a binomial glm! (1 of 6 rows)",
    )
    assert glmm("rate ~ 1 + (1 | g)", "negative.binomial").messages == (
        "`rate` is not a count: non-integer x = 0.500000 (1 of 6 rows)",
    )


def test_three_levels_are_told_because_glmer_does_not() -> None:
    made = glmm("three ~ 1 + (1 | g)")
    assert made.y.tolist() == [1, 0, 1, 0, 1, 1]
    assert made.messages == (
        '`three` has 3 levels: "a" is failure, all the others ("b", "c") are success (glmer says '
        "nothing of it)",
    )


def test_levels_that_no_row_has_are_no_failures() -> None:
    made = glmm("three ~ 1 + (1 | g)", subset="three != 'a'")
    assert made.y.tolist() == [1, 0, 1, 0]  # "b" is the first level that is left
    assert made.messages == ()


@pytest.mark.parametrize("family", ["poisson", "negative.binomial", "Gamma", "inverse.gaussian"])
def test_amounts_are_taken_as_they_are(family: str) -> None:
    made = glmm("I(count + 1) ~ 1 + (1 | g)", family, weights="exposure")
    assert made.y.tolist() == [1, 4, 2, 13, 1, 6]
    assert listed(made.weights) == [1, 2, 4, 1, 1, 3]
    assert (made.trials, made.messages) == (None, ())


def test_offsets_of_option_and_formula_add() -> None:
    made = glmm("count ~ offset(log(exposure)) + (1 | g)", "poisson", offset="total")
    assert made.offset == pytest.approx(np.log([1, 2, 4, 1, 1, 3]) + np.array([5, 4, 0, 4, 1, 7]))


def test_weights_of_zero_are_for_generalized_models() -> None:
    made = glmm("count ~ 1 + (1 | g)", "poisson", weights="w")
    assert listed(made.weights) == [1, 0, 2, 1, 1, 3]
    for family, link in (("gaussian", "identity"), ("gaussian", "log")):  # both take the log of a weight
        error = refusal("exposure ~ 1 + (1 | g)", family, link=link, weights="w")
        assert (error.message, error.where) == (
            "weights must not be zero: 1 of 6 rows",
            "option --weights, row 2",
        )


def test_no_weight_at_all_is_refused() -> None:
    error = refusal("count ~ 1 + (1 | g)", "poisson", weights="nothing")
    assert error.message == "weights must not be zero: 6 of 6 rows"
    assert error.hint == "Without any weight there is nothing to fit."


CBIND_HINT = "Model one column; successes and failures belong to a binomial model: `--family binomial`."
UGLY = {  # response, family, kind, message, where, hint
    "percentages": (
        "percent",
        "binomial",
        DataError,
        "y values must be 0 <= y <= 1: `percent` is 12.5 in 5 rows",
        "column `percent`, row 1",
        "Percentages are proportions after `I(percent / 100)`, with the trials as `--weights`.",
    ),
    "codes": (
        "code",
        "binomial",
        DataError,
        "y values must be 0 <= y <= 1: `code` is 2 in 3 rows",
        "column `code`, row 2",
        "Of two codes, name the one that is success: `I(code == 2)`.",
    ),
    "counts": (
        "count",
        "binomial",
        DataError,
        "y values must be 0 <= y <= 1: `count` is 3 in 3 rows",
        "column `count`, row 2",
        "Of counts, write `cbind(count, total - count)`; or use `--family poisson`.",
    ),
    "one column of cbind": (
        "cbind(count)",
        "binomial",
        DataError,
        "y values must be 0 <= y <= 1: `cbind(count)` is 3 in 3 rows",
        "`cbind(count)`, row 2",
        "Give both columns: `cbind(successes, failures)`.",
    ),
    "success and total the wrong way round": (
        "cbind(total, successes - total)",
        "binomial",
        DataError,
        "`cbind(total, successes - total)` has a negative count in 4 rows: -4 failures",
        "`cbind(total, successes - total)`, row 1",
        "Columns are successes and failures; of a total, write `cbind(success, total - success)`.",
    ),
    "three columns": (
        "cbind(successes, total, count)",
        "binomial",
        ModelError,
        "`cbind(successes, total, count)` has 3 columns: for the 'binomial' family, y must be a vector of 0 "
        "and 1's or a 2 column matrix where col 1 is no. successes and col 2 is no. failures",
        None,
        "Write `cbind(success, failure)`.",
    ),
    "a stray text": (
        "stray",
        "binomial",
        ModelError,
        'response must be numeric: `stray` holds the text "n/a"',
        "column `stray`, row 5",
        'Correct the cell, or read it as missing: `--na-values "n/a"`.',
    ),
    "infinity": (
        "infinite",
        "poisson",
        DataError,
        "`infinite` is infinite in 1 of the rows used (lme4: NA/NaN/Inf in 'y')",
        "row 4",
        "Leave those rows out with `--subset`; instead of log(0), `log(x + 1)` is finite.",
    ),
    "negative counts": (
        "change",
        "poisson",
        DataError,
        "negative values not allowed for the 'Poisson' family: `change` is -2 in 1 row",
        "column `change`, row 2",
        "Correct the table; a difference or a score belongs to the gaussian family.",
    ),
    "negative overdispersed counts": (
        "change",
        "negative.binomial",
        DataError,
        "negative values not allowed for the negative binomial family: `change` is -2 in 1 row",
        "column `change`, row 2",
        "Correct the table; a difference or a score belongs to the gaussian family.",
    ),
    "rates": (
        "I(rate / 2)",
        "poisson",
        DataError,
        "non-integer x = 0.250000: `I(rate/2)` is not a whole number in 4 rows; lme4's log-likelihood is "
        "-Inf whatever the estimates",
        "`I(rate/2)`, row 1",
        "A rate is a count with an offset, `+ offset(log(exposure))`; positive amounts belong to `--family "
        "Gamma --link log`.",
    ),
    "zeros among amounts": (
        "rate",
        "Gamma",
        DataError,
        "non-positive values not allowed for the 'Gamma' family: `rate` is 0 in 1 row",
        "column `rate`, row 5",
        "Leave those rows out with `--subset`; amounts with exact zeros need another family.",
    ),
    "zeros among waiting times": (
        "rate",
        "inverse.gaussian",
        DataError,
        "positive values only are allowed for the 'inverse.gaussian' family: `rate` is 0 in 1 row",
        "column `rate`, row 5",
        "Leave those rows out with `--subset`; amounts with exact zeros need another family.",
    ),
    "a factor of counts": (
        "two",
        "poisson",
        ModelError,
        'response must be numeric: `two` is a factor with levels "no", "yes"',
        None,
        "The poisson family needs numbers; a two-level outcome belongs to a binomial model: "
        "`--family binomial`.",
    ),
    "two columns of counts": (
        "cbind(successes, total)",
        "poisson",
        ModelError,
        "`cbind(successes, total)` has 2 columns: the poisson family takes one number for each row",
        None,
        CBIND_HINT,
    ),
}


@pytest.mark.parametrize(("response", "family", "kind", "message", "where", "hint"), UGLY.values(), ids=UGLY)
def test_what_a_family_does_not_take(
    response: str, family: str, kind: type[MmtriageError], message: str, where: str | None, hint: str
) -> None:
    error = refusal(f"{response} ~ 1 + (1 | g)", family)
    assert type(error) is kind
    assert (error.message, error.where, error.hint) == (message, where, hint)


@pytest.mark.parametrize(
    ("response", "link", "says"),
    [
        ("count", "logit", "Value 3 out of range (0, 1): `count`"),
        ("count", "probit", "PIRLS loop resulted in NaN value: `count`"),
        ("I(count > 0)", "cauchit", "all of `I(count > 0)` is 0 or 1"),
    ],
)
def test_a_gaussian_start_outside_of_probabilities(response: str, link: str, says: str) -> None:
    """R's logit stops at 3, its other links make NaN of it, and so do all of them of 0 and 1."""
    error = refusal(f"{response} ~ 1 + (1 | g)", "gaussian", link=link)
    assert says in error.message
    assert error.hint is not None
    assert "--subset" in error.hint or "--family binomial --link cauchit" in error.hint


@pytest.mark.parametrize(("link", "needs"), [("log", "y > 0"), ("inverse", "no y = 0")])
def test_a_gaussian_start_outside_the_link(link: str, needs: str) -> None:
    error = refusal("count ~ 1 + (1 | g)", "gaussian", link=link)
    assert error.message == "cannot find valid starting values: please specify some: `count` is 0 in 2 rows"
    assert error.hint == (
        f"glmer starts at mu = y, and the {link} link needs {needs}: leave those rows out with `--subset`, "
        "or use the identity link."
    )


@pytest.mark.parametrize(
    ("formula", "options", "message"),
    [
        ("won ~ 1 + (1 | cbind(g, w))", {}, "`cbind(g, w)` is not a grouping factor"),
        (
            "won ~ offset(cbind(g, w)) + (1 | g)",
            {},
            "`offset(cbind(g, w))` has 2 columns: an offset is a single number",
        ),
        ("won ~ 1 + (1 | g)", {"weights": "cbind(g, w)"}, "`cbind(g, w)` has several columns"),
        ("won ~ log(cbind(g, w)) + (1 | g)", {}, "`cbind(g, w)` has several columns"),
    ],
)
def test_several_columns_are_a_response_or_a_term(
    formula: str, options: dict[str, str], message: str
) -> None:
    error = refusal(formula, **options)
    assert isinstance(error, FormulaError | OptionError)
    assert error.message.startswith(message)


def test_a_constant_response_reaches_its_finding() -> None:
    for response in ("nothing", "cbind(nothing, exposure)", "cbind(exposure, exposure)"):
        codes = {f.code: f for f in of_design(glmm(f"{response} ~ 1 + (1 | g)"))}
        assert codes["MM103"].severity == "error"


def built(case: GoldenCase) -> Design:
    data = read_table(case.csv, Reading(factors=dict.fromkeys(case.factors)))
    family = case.family or "gaussian"
    spec = ModelSpec(
        family=family,
        link=case.link or default_link(family),
        nagq=case.nagq,
        weights=case.weights,
        offset=case.offset,
    )
    return build_design(data, parse_formula(case.formula), spec)


@pytest.mark.parametrize("case", golden_glmms().values(), ids=golden_glmms())
def test_golden_designs(case: GoldenCase) -> None:
    made = built(case)
    assert made.fixed_names == tuple(case.expected["best"]["fixef"])
    assert len(made.y) == case.expected["nobs"]
    assert {term.group: len(term.levels) for term in made.random} == dict(case.expected["ngrps"])
    assert (made.trials is not None) == case.formula.startswith("cbind(")
    assert made.messages == ()


def test_golden_successes_and_failures_are_the_table() -> None:
    case = golden_glmms()["cbpp"]
    made, columns = built(case), read_table(case.csv).columns
    assert made.trials is not None
    assert made.trials.tolist() == columns["size"].values.tolist()
    assert made.y * made.trials == pytest.approx(columns["incidence"].values)


def test_the_golden_start_that_fails_does_so_in_rs_words() -> None:
    case = glmms_that_fail()["fails_start"]
    with pytest.raises(DataError) as caught:
        built(case)
    assert caught.value.message.startswith(case.expected["error"])
