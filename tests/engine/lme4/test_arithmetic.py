"""lme4's rounding errors, bit for bit, and the path of its optimizer that follows from them.

The bits are in arithmetic.json, written by arithmetic.R (lme4 1.1-31, R 4.2.2, Matrix 1.5-3).
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mmtriage.data.read_table import read_table
from mmtriage.data.reading import Reading
from mmtriage.deadline import TimeBudgetError, deadline_in
from mmtriage.engine.lme4.arithmetic import lme4_criterion
from mmtriage.engine.lme4.cholmod import factor_levels
from mmtriage.engine.lme4.eigen import cholesky, panels
from mmtriage.engine.lme4.outcome import Lme4Failure, Lme4Run
from mmtriage.engine.lme4.run import fit_like_lme4
from mmtriage.engine.prepared import prepare
from mmtriage.formula import parse_formula
from mmtriage.model.design import Design, build_design
from mmtriage.model.spec import ModelSpec
from mmtriage.optimizers import Objective
from tests.golden_cases import data_path, golden_case, golden_cases

MODELS = json.loads(Path(__file__).with_name("arithmetic.json").read_text(encoding="utf-8"))["models"]
SEVERAL_FACTORS = {
    "crossed_maximal",
    "crossed_uncorrelated",
    "crossed_intercepts",
    "penicillin",
    "penicillin_ml",
    "pastes_nested",
    "pastes_sample",
    "machines_interaction",
    "oats",
    "arabidopsis_log",
    "insteval",
}
ONE_FACTOR = [case_id for case_id in golden_cases() if case_id not in SEVERAL_FACTORS]


def design_of(csv: str, formula: str, factors: list[str], weights: str | None = None) -> Design:
    table = read_table(data_path(csv), Reading(factors=dict.fromkeys(factors)))
    return build_design(table, parse_formula(formula), ModelSpec(weights=weights, lme4="1.1"))


def golden_design(case_id: str) -> Design:
    case = golden_case(case_id)
    return design_of(case.csv.name.removesuffix(".gz"), case.formula, list(case.factors))


def sleepstudy(slope: str) -> Design:
    return design_of("sleepstudy.csv", f"Reaction ~ {slope} + ({slope} | Subject)", ["Subject"])


@pytest.mark.parametrize("model", MODELS, ids=[f"{m['formula']}, {m['reml']}" for m in MODELS])
def test_the_criterion_is_lme4s_to_the_last_bit(model: dict[str, Any]) -> None:
    design = design_of(model["csv"], model["formula"], model["factors"], model["weights"])
    criterion = lme4_criterion(design, reml=model["reml"])
    assert criterion is not None
    ours = [criterion(np.array([float.fromhex(x) for x in point["theta"]])) for point in model["points"]]
    assert ours == [float.fromhex(point["criterion"]) for point in model["points"]]


# The columns of poly() come from a QR by LAPACK, whose last digits are the processor's: four kernels
# of OpenBLAS move theta by up to 3e-11 of itself, and a gradient of 6.4e-8 by 1.1e-9.
OF_LAPACK = 1e-9


@pytest.mark.parametrize("case_id", ONE_FACTOR)
def test_the_fit_takes_lme4s_path(case_id: str) -> None:
    case = golden_case(case_id)
    prepared = prepare(golden_design(case_id))
    by_lme4 = fit_like_lme4((prepared if case.reml else prepared.by_ml()).model)
    assert isinstance(by_lme4, Lme4Run)
    default = case.expected["default"]
    rel = OF_LAPACK if case_id == "sleepstudy_poly" else 1e-12
    assert by_lme4.evaluations == case.expected["feval"]
    assert list(by_lme4.lme4_messages) == case.expected["messages"]
    assert by_lme4.theta == pytest.approx(np.array(list(default["theta"].values())), rel=rel, abs=1e-13)
    assert by_lme4.criterion == pytest.approx(default["criterion"], rel=1e-13)
    assert by_lme4.max_abs_gradient == pytest.approx(
        case.expected["max_abs_grad"], rel=rel, abs=10 * rel if rel == OF_LAPACK else 1e-12
    )


def test_lme4_stops_41_deviance_units_short_on_microseconds() -> None:
    """lme4's number and the truth at its end differ there: the gap is measured by our engine."""
    prepared = prepare(golden_design("sleepstudy_micro"))
    by_lme4 = fit_like_lme4(prepared.model)
    assert isinstance(by_lme4, Lme4Run)
    fit = prepared.fit_of(by_lme4)
    truth = golden_case("sleepstudy_micro").expected["truth"]["criterion"]
    assert by_lme4.criterion - truth == pytest.approx(40.9735, abs=1e-3)
    assert fit.criterion - by_lme4.criterion == pytest.approx(0.0, abs=1e-6)
    elsewhere = np.array(
        [1.0, 1.0, 1.0]
    )  # a less fortunate theta; the criterion there, to 60 digits by mpmath
    assert _lme4(prepared.design)(elsewhere) - 2283.8770126321133 == pytest.approx(0.3574, abs=1e-3)


@pytest.mark.parametrize(
    ("slope", "evaluations"),
    [("I(1.6e9 + 86400 * Days)", 1), ("I(Days * 1e7)", 1), ("I(Days + 1e7)", 1), ("I(Days * 1e12)", 1)],
)
def test_a_unix_time_as_slope_stops_lme4(slope: str, evaluations: int) -> None:
    run = fit_like_lme4(prepare(sleepstudy(slope)).model)
    assert isinstance(run, Lme4Failure)
    assert run.error == "Downdated VtV is not positive definite"
    assert run.total_evaluations == evaluations


@pytest.mark.parametrize(
    ("slope", "evaluations", "criterion"),
    [("I(Days + 1e5)", 22, 1786.47533), ("I(Days + 1e6)", 34, 1792.749353)],
)
def test_a_distant_origin_misleads_lme4(slope: str, evaluations: int, criterion: float) -> None:
    by_lme4 = fit_like_lme4(prepare(sleepstudy(slope)).model)
    assert isinstance(by_lme4, Lme4Run)
    assert by_lme4.evaluations == evaluations
    assert by_lme4.criterion == pytest.approx(criterion, abs=1e-6)
    assert by_lme4.lme4_messages == ("boundary (singular) fit: see help('isSingular')",)


def test_after_one_nan_there_are_only_nans() -> None:
    """u and beta of the last evaluation enter the next one multiplied by 0; CHOLMOD failed at (1, 1, 1)."""
    criterion = _lme4(sleepstudy("I(Days + 1e8)"))
    assert criterion(np.zeros(3)) == pytest.approx(1956.3444, abs=1e-3)
    assert np.isnan(criterion(np.ones(3)))
    assert np.isnan(criterion(np.zeros(3)))


def test_a_failed_pivot_stops_the_factor_as_in_cholmod() -> None:
    """From the second level's first effect on there is nothing but zeros: lme4's L after (1, 1, 1) above."""
    gram = np.array([[[4.0, -1.0, 3.0]]])
    with np.errstate(invalid="ignore"):
        assert factor_levels(gram).tolist() == [[[np.sqrt(5.0), 0.0, 0.0]]]


@pytest.mark.parametrize("case_id", sorted(SEVERAL_FACTORS - {"insteval"}))
def test_several_grouping_factors_are_out_of_reach(case_id: str) -> None:
    assert lme4_criterion(golden_design(case_id), reml=True) is None


def test_the_deadline_is_asked_at_every_evaluation() -> None:
    prepared = prepare(sleepstudy("Days"), deadline_in(30.0))
    late = replace(prepared, model=replace(prepared.model, deadline=deadline_in(-1.0)))
    with pytest.raises(TimeBudgetError):
        fit_like_lme4(late.model)


def test_panels_are_of_about_one_height_and_cover_all_rows() -> None:
    assert panels(816) == [(0, 816)]
    assert panels(817) == [(0, 416), (416, 817)]
    assert [stop - start for start, stop in panels(7185)] == [800] * 8 + [785]


def test_from_32_fixed_effects_a_failing_downdate_is_found_as_well() -> None:
    S = np.eye(40)
    assert cholesky(S) == S.tolist()
    S[39, 39] = -1.0
    with pytest.raises(np.linalg.LinAlgError, match="Downdated VtV is not positive definite"):
        cholesky(S)


def _lme4(design: Design) -> Objective:
    criterion = lme4_criterion(design, reml=True)
    assert criterion is not None
    return criterion
