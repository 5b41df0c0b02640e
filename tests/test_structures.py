"""Covariance structures of lme4 2.x against lme4 2.1-0 itself: tests/golden/structures.json."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mmtriage.arrays import Array
from mmtriage.data.read_table import read_table
from mmtriage.data.reading import Reading
from mmtriage.diagnose.judgement import judge, status_of
from mmtriage.diagnose.singularity import singular_terms
from mmtriage.diagnose.usable import with_use
from mmtriage.engine.comparison import Comparison, compare_fits, prove_optimum, run_measured
from mmtriage.engine.estimates import Fit, correlation
from mmtriage.engine.lme4.outcome import Lme4Failure
from mmtriage.engine.prepared import Prepared, prepare
from mmtriage.formula import parse_formula
from mmtriage.model.design import build_design
from mmtriage.model.spec import ModelSpec
from mmtriage.optimizers import OPTIMIZERS
from mmtriage.report.from_fits import lme4_facts
from tests.diagnose.planted import fitted
from tests.engine.structures.covariances import COVARIANCES
from tests.glmm_oracle import DenseGlmm, criterion, hessian
from tests.triaged import triaged

GOLDEN = Path(__file__).parent / "golden"
CASES: dict[str, dict[str, Any]] = {
    case["id"]: case for case in json.loads((GOLDEN / "structures.json").read_text(encoding="utf-8"))
}
LONG = "sleepstudy_ar1_het"  # lme4's own path hangs on rounding: it stops 0.024 short after 2524 evaluations
# At rho = 1 lme4's factor is not a number, and nor is anything that it says of the fit from then on.
NO_NUMBER, LOST = "orthodont_cs", "oats_cs"
# Terms that are fitted as several others: lme4 has one entry of VarCorr for all of them.
WRITTEN_OUT = [
    id for id, case in CASES.items() if "diag(" in case["formula"] and "hom" not in case["formula"]
]
DEAR = {"cbpp_cs": pytest.mark.long, "cbpp_diag": pytest.mark.slow, LONG: pytest.mark.slow}
FITTED = [
    pytest.param(id, marks=[DEAR[id]] if id in DEAR else []) for id in CASES if id not in (NO_NUMBER, LOST)
]
AT_OPTIMUM = [param for param in FITTED if param.values[0] != LONG]
# An SD at zero, to which a simplex creeps, so that the count is chance: R takes 1732 evaluations of one,
# 1827 with its terms written out. Here the fewest and most with noise of a last bit in the offset, on two
# processors; of 16 runs 4 end above lme4's 1e-4.
CREEPING = {"cbpp_cs": (3139, 3452), "cbpp_diag": (1560, 2986)}
NEARLY_ZERO = 2e-4
BY_RX = ("cbpp_cs", "cbpp_diag", "cbpp_ar1")  # lme4's errors are from RX, or from loose differences


@cache
def compared(id: str) -> Comparison:
    """lme4's fit and the optimum."""
    return compare_fits(prepared_case(id), seed=1)


def prepared_case(id: str) -> Prepared:
    case = CASES[id]
    table = read_table(GOLDEN / "csv" / case["csv"], Reading(factors=dict.fromkeys(case["factors"])))
    spec = ModelSpec(reml=case.get("REML", True))
    if "family" in case:
        spec = ModelSpec(family="binomial", link="logit")
    return prepare(build_design(table, parse_formula(case["formula"]), spec))


def named(comparison: Comparison, values: Any) -> dict[str, float]:
    return dict(zip(comparison.prepared.design.fixed_names, map(float, values), strict=True))


def fit_of(comparison: Comparison) -> Fit:
    assert comparison.lme4_fit is not None
    return comparison.lme4_fit


@pytest.mark.parametrize("id", FITTED)
def test_the_fit_is_that_of_lme4(id: str) -> None:
    comparison, expected = compared(id), CASES[id]["expected"]
    run, fit = comparison.lme4, fit_of(comparison)
    assert run is not None
    same = 1e-3 if id in CREEPING else 1e-4
    assert named(comparison, fit.beta) == pytest.approx(expected["fixef"], rel=same)
    assert run.criterion == pytest.approx(expected["criterion"], abs=1e-6 if id not in BY_RX else 1e-4)
    if id in CREEPING:
        fewest, most = CREEPING[id]
        assert fewest <= run.evaluations <= most
        assert expected["singular"]
        assert min(run.theta) < NEARLY_ZERO
        assert run.lme4_messages == tuple(expected["messages"] * run.singular)
    else:
        assert run.evaluations == expected["feval"]
        assert run.singular == expected["singular"]
        assert run.lme4_messages == tuple(expected["messages"])
    if id not in BY_RX:
        assert named(comparison, fit.se) == pytest.approx(expected["se"], rel=1e-4)


@pytest.mark.parametrize("id", AT_OPTIMUM)
def test_the_optimum_is_proven_and_no_higher(id: str) -> None:
    comparison, expected = compared(id), CASES[id]["expected"]
    assert comparison.optimum.certificate.certified
    assert comparison.optimum.criterion <= expected["criterion"] + 1e-6
    assert named(comparison, comparison.optimum_fit.beta) == pytest.approx(expected["fixef"], rel=2e-3)


@pytest.mark.parametrize("id", FITTED)
def test_parameters_have_the_names_of_lme4_in_its_order(id: str) -> None:
    comparison, expected = compared(id), CASES[id]["expected"]["par"]
    assert comparison.prepared.theta_names == tuple(expected)
    tolerance = 1e-3 if id in CREEPING else 1e-5
    assert list(fit_of(comparison).theta) == pytest.approx(
        list(expected.values()), rel=tolerance, abs=tolerance
    )


@pytest.mark.parametrize("id", [p for p in FITTED if p.values[0] not in WRITTEN_OUT])
def test_sds_and_correlations_are_those_of_lme4(id: str) -> None:
    """Terms of one grouping are one entry of VarCorr each; a correlation with an SD of zero is undefined."""
    comparison, expected = compared(id), CASES[id]["expected"]["varcorr"]
    terms = comparison.prepared.design.random
    assert len(terms) == len(expected)
    for term, S, theirs in zip(terms, fit_of(comparison).covariances, expected.values(), strict=True):
        sd, rho = correlation(S)
        assert dict(zip(term.columns, sd, strict=True)) == pytest.approx(theirs["sd"], rel=1e-4, abs=1e-9)
        for row, their_row in zip(rho, theirs["correlation"], strict=True):
            pairs = [(mine, other) for mine, other in zip(row, their_row, strict=True) if mine == mine]
            assert [mine for mine, _ in pairs] == pytest.approx([other for _, other in pairs], abs=1e-4)


def test_two_columns_of_compound_symmetry_are_unstructured() -> None:
    one, other = compared("sleepstudy_us"), compared("sleepstudy_cs")
    assert one.optimum.criterion == pytest.approx(other.optimum.criterion, abs=1e-8)
    assert other.optimum_fit.beta == pytest.approx(one.optimum_fit.beta)
    assert other.optimum_fit.se == pytest.approx(one.optimum_fit.se, rel=1e-6)


def test_the_optimum_beyond_lme4s_division_by_zero_is_found_and_proven() -> None:
    comparison, expected = compared(NO_NUMBER), CASES[NO_NUMBER]["expected"]
    assert comparison.lme4 is not None
    assert comparison.lme4.criterion == pytest.approx(expected["criterion"], abs=1e-6)
    assert comparison.lme4.evaluations == expected["feval"]
    assert comparison.lme4.lme4_messages == tuple(expected["messages"])
    assert comparison.optimum.criterion <= 431.7906  # glmmTMB's is 431.7905
    assert comparison.optimum_fit.theta[-1] == pytest.approx(1.0, abs=1e-12)
    assert comparison.optimum.certificate.certified


def test_a_correlation_that_lme4_cannot_read_back_stops_it_in_its_words() -> None:
    comparison = compared(LOST)
    assert comparison.lme4_error == CASES[LOST]["expected"]["error"]
    assert comparison.optimum.certificate.certified


def test_nothing_can_be_used_of_a_fit_without_numbers() -> None:
    """lme4's estimates there are NaN; its criterion and parameters are those before the division."""
    comparison, expected = compared(NO_NUMBER), CASES[NO_NUMBER]["expected"]
    verdict = with_use(judge(comparison, ()), comparison, ())
    assert verdict.status == "not_converged"
    assert verdict.max_shift_se is None
    assert "are NaN, because" in verdict.headline
    assert verdict.usable is not None
    assert {
        use.answer for use in (verdict.usable.estimates, verdict.usable.tests, verdict.usable.variances)
    } == {"no"}
    facts = lme4_facts(comparison, "Satterthwaite")
    assert facts is not None
    assert facts.theta == pytest.approx(list(expected["par"].values()))
    (effects,) = facts.random_effects
    numbers = [facts.sigma, *effects.sd, *(v for e in facts.fixed_effects for v in (e.estimate, e.se))]
    assert np.all(np.isnan(np.array(numbers, dtype=float)))


def test_a_refit_without_numbers_reaches_no_optimum() -> None:
    """Of nmkbw's end, at rho = 0.999999, our criterion is that of the optimum; R has NaN there."""
    run = run_measured(compared(NO_NUMBER).prepared, optimizers=[OPTIMIZERS["nmkbw"]])
    assert isinstance(run, Lme4Failure)
    assert run.error == "its estimates are NaN"


@pytest.mark.slow
def test_a_long_path_stops_short_of_the_optimum() -> None:
    comparison = compared(LONG)
    assert comparison.optimum.certificate.certified
    assert comparison.gap == pytest.approx(0.0242, abs=1e-4)
    assert status_of(comparison, ()) == "not_converged"


@pytest.mark.parametrize(
    ("id", "tag"),
    [
        pytest.param(id, tag, marks=DEAR.get(id, pytest.mark.slow))
        for id, tag in (("cbpp_cs", "cs({})"), ("cbpp_diag", None), ("cbpp_ar1", "ar1({})"))
    ],
)
def test_standard_errors_of_a_generalized_fit_are_those_of_the_dense_hessian(
    id: str, tag: str | None
) -> None:
    """lme4's are from RX, or up to 27 % off. An SD that is zero at the optimum stays zero."""
    prepared = prepared_case(id)
    _, fit = prove_optimum(prepared, {}, seed=1)
    design, free = prepared.design, fit.theta != 0.0
    dense = DenseGlmm(
        y=design.y,
        X=design.X,
        blocks=tuple((term.codes, term.Z) for term in design.random),
        family="binomial",
        link="logit",
        weights=design.weights,
        trials=design.trials,
    )

    def at(parameters: Array) -> float:
        theta = fit.theta.copy()
        theta[free] = parameters[: np.sum(free)]
        raw = theta if tag is None else lower_triangle(COVARIANCES[tag](theta, 4))
        return criterion(dense, raw, parameters[np.sum(free) :], 1)

    start = np.concatenate([fit.theta[free], fit.beta])
    H = hessian(at, start, np.full(len(start), 2e-3))
    errors = np.sqrt(np.diag(2.0 * np.linalg.inv(H)))[-len(fit.beta) :]
    assert fit.se == pytest.approx(errors, rel=1e-4)
    assert fit.se_method == "hessian"


def lower_triangle(S: Array) -> Array:
    """lme4's theta of S (k, k), which may be singular."""
    values, vectors = np.linalg.eigh(S)
    upper: Array = np.asarray(np.linalg.qr((vectors * np.sqrt(np.maximum(values, 0.0))).T, mode="r"))
    return np.asarray(upper[np.triu_indices(len(S))], dtype=np.float64)


def test_a_homogeneous_factor_is_a_grouping_factor_of_cells() -> None:
    """The same model by another start of lme4's, with a name of its own."""
    one = compared("machines_diag_hom")
    table = read_table(GOLDEN / "csv" / "Machines.csv", Reading(factors={"Worker": None}))
    cells = build_design(table, parse_formula("score ~ Machine + (1 | Worker:Machine)"), ModelSpec())
    other = compare_fits(prepare(cells), seed=1)
    assert one.optimum.criterion == pytest.approx(other.optimum.criterion, abs=1e-9)
    assert one.optimum_fit.theta == pytest.approx(other.optimum_fit.theta, rel=1e-6)


def test_a_report_has_the_structure_and_its_own_parameters() -> None:
    table, formula = (
        str(GOLDEN / "csv" / "Machines.csv"),
        "score ~ Machine + cs(0 + Machine | Worker, hom = TRUE)",
    )
    report = triaged(table, formula, "--factor", "Worker").report
    assert report["model"]["random_terms"][0]["structure"] == {"name": "cs", "homogeneous": True}
    theirs = CASES["machines_cs_hom"]["expected"]
    assert report["baseline"]["random_effects"][0]["parameters"] == pytest.approx(
        {
            "Worker.*": theirs["varcorr"]["Worker"]["sd"]["MachineA"],
            "Worker.rho": theirs["par"]["Worker.rho"],
        }
    )


def test_a_correlation_at_its_bound_is_said_once() -> None:
    (found,) = singular_terms(fitted(compared(NO_NUMBER)))
    assert found.code == "MM311"
    assert found.message.startswith(
        "the correlation of `cs(0 + factor(age) | Subject)` is at its bound, 1: all columns vary as one"
    )


def test_the_pieces_of_a_diagonal_keep_their_order_among_other_terms() -> None:
    """lme4 2.x sorts one term; three pieces of as many levels came out reversed."""
    table = str(GOLDEN / "csv" / "Machines.csv")
    report = triaged(
        table, "score ~ 1 + (1 | Machine) + diag(0 + Machine | Worker)", "--factor", "Worker"
    ).report
    assert report["baseline"]["theta_names"] == [
        *(f"Worker.Machine{level}" for level in "ABC"),
        "Machine.(Intercept)",
    ]


def test_a_diagonal_of_polynomials_has_a_variance_for_each() -> None:
    table = str(GOLDEN / "csv" / "sleepstudy.csv")
    report = triaged(table, "Reaction ~ Days + diag(poly(Days, 2) | Subject)", "--factor", "Subject").report
    assert [term["terms"] for term in report["model"]["random_terms"]] == [
        ["(Intercept)"],
        ["poly(Days, 2)[, 1]"],
        ["poly(Days, 2)[, 2]"],
    ]
