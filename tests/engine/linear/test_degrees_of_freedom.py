"""Degrees of freedom against lmerTest and pbkrtest, and by dense algebra."""

from __future__ import annotations

import json
from functools import cache
from io import StringIO
from typing import Any

import numpy as np
import pandas as pd
import pytest

from mmtriage.arrays import Array
from mmtriage.data.in_memory import table_from_frame
from mmtriage.data.read_table import read_table
from mmtriage.data.reading import Reading
from mmtriage.engine.algebra.theta import factors_of_theta, lme4_theta
from mmtriage.engine.coefficient_tests import coefficient_tests
from mmtriage.engine.linear.kenward_roger import kenward_roger
from mmtriage.engine.linear.model import LinearModel
from mmtriage.engine.linear.satterthwaite import satterthwaite_df
from mmtriage.formula import parse_formula
from mmtriage.ladder.workbench import Workbench
from mmtriage.options import TriageOptions
from tests.golden_cases import GOLDEN, golden_case

# At a point where the gradient is not zero, lmerTest's own df hangs on how theta is written; where nothing
# determines the SEs, on rounding.
FAR_FROM_AN_OPTIMUM = {"dose_latency_maximal", "sleepstudy_micro", "sleepstudy_year"}
NOT_DETERMINED = {"school_fixed_and_random"}
AS_IN_R = 1e-3  # relative


@cache
def known() -> dict[str, Any]:
    cases: dict[str, Any] = json.loads((GOLDEN / "ddf" / "ddf.json").read_text(encoding="utf-8"))["cases"]
    return {name: case for name, case in cases.items() if name not in FAR_FROM_AN_OPTIMUM | NOT_DETERMINED}


def with_kenward_roger() -> list[str]:
    return [name for name, case in known().items() if "kenward_roger" in case]


def model_of(case_id: str) -> LinearModel:
    case = golden_case(case_id)
    table = read_table(case.csv, Reading(factors=dict.fromkeys(case.factors)))
    bench = Workbench(table, TriageOptions(reml=case.reml))
    return LinearModel.of(bench.build(parse_formula(case.formula)))


def theta_of(case_id: str) -> Array:
    return np.array(known()[case_id]["theta"], dtype=float)


def column(case_id: str, method: str, what: str, model: LinearModel) -> Array:
    return np.array([known()[case_id][method][what][name] for name in model.design.fixed_names], dtype=float)


def test_there_are_enough_models() -> None:
    regular = [name for name, case in known().items() if not case["singular"]]
    assert len(regular) >= 20
    assert len([name for name in with_kenward_roger() if not known()[name]["singular"]]) >= 20


@pytest.mark.parametrize("case_id", list(known()))
def test_satterthwaite_is_lmertests(case_id: str) -> None:
    model = model_of(case_id)
    df = satterthwaite_df(model, theta_of(case_id))
    assert df == pytest.approx(column(case_id, "satterthwaite", "df", model), rel=AS_IN_R)


@pytest.mark.parametrize("case_id", with_kenward_roger())
def test_kenward_roger_is_pbkrtests(case_id: str) -> None:
    model = model_of(case_id)
    factors = model.basis.relative_factor(factors_of_theta(theta_of(case_id), model.widths))
    found = kenward_roger(model, factors)
    assert found is not None
    assert found.df == pytest.approx(column(case_id, "kenward_roger", "df", model), rel=AS_IN_R)
    assert found.se == pytest.approx(column(case_id, "kenward_roger", "se", model), rel=1e-6)


def dense_kenward_roger(model: LinearModel, raw: list[Array]) -> tuple[Array, Array]:
    """(df, SE) from matrices of n x n, in the user's columns, as the paper has them."""
    design = model.design
    n, X = len(design.y), design.X
    weights = np.ones(n) if design.weights is None else design.weights
    G = []
    V = np.diag(1.0 / weights)
    for term, L in zip(design.random, raw, strict=True):
        same = term.codes[:, None] == term.codes[None, :]
        k = term.Z.shape[1]
        for a in range(k):
            for b in range(a + 1):
                S = np.zeros((k, k))
                S[a, b] = S[b, a] = 1.0
                G.append(same * (term.Z @ S @ term.Z.T))
        V = V + same * (term.Z @ L @ L.T @ term.Z.T)
    G.append(np.diag(1.0 / weights))
    W_ = np.linalg.inv(V)
    Phi = np.linalg.inv(X.T @ W_ @ X)
    P = [-X.T @ W_ @ g @ W_ @ X for g in G]
    Q = [[X.T @ W_ @ g @ W_ @ h @ W_ @ X for h in G] for g in G]
    information = np.array(
        [
            [
                np.trace(W_ @ G[i] @ W_ @ G[j])
                - 2 * np.trace(Phi @ Q[i][j])
                + np.trace(Phi @ P[i] @ Phi @ P[j])
                for j in range(len(G))
            ]
            for i in range(len(G))
        ]
    )
    W = 2 * np.linalg.inv(information)
    U = sum(W[i, j] * (Q[i][j] - P[i] @ Phi @ P[j]) for i in range(len(G)) for j in range(len(G)))
    adjusted = Phi + 2 * Phi @ U @ Phi
    c = np.array([np.diag(Phi @ p @ Phi) / np.diag(Phi) for p in P])
    sigma = model.sigma(model.evaluate(model.basis.relative_factor(raw)))
    return 2 / np.einsum("il,ij,jl->l", c, W, c), sigma * np.sqrt(np.diag(adjusted))


def random_model(*, reml: bool = True) -> LinearModel:
    rng = np.random.default_rng(5)
    n = 90
    rows = "y,x,w,g,h\n" + "".join(
        f"{rng.normal():.6f},{rng.normal() + 3:.6f},{rng.uniform(0.5, 2):.6f},g{i % 9},h{rng.integers(6)}\n"
        for i in range(n)
    )
    table = table_from_frame(pd.read_csv(StringIO(rows)))
    bench = Workbench(table, TriageOptions(weights="w", reml=reml))
    return LinearModel.of(bench.build(parse_formula("y ~ x + (x | g) + (1 | h)")))


def test_kenward_roger_with_weights_by_dense_algebra() -> None:
    model = random_model()
    raw = [np.array([[0.8, 0.0], [0.3, 0.4]]), np.array([[0.5]])]
    df, se = dense_kenward_roger(model, raw)
    found = kenward_roger(model, model.basis.relative_factor(raw))
    assert found is not None
    assert found.df == pytest.approx(df, rel=1e-8)
    assert found.se == pytest.approx(se, rel=1e-8)


def test_an_effect_that_varies_between_groups_without_variance_is_tested_by_the_groups() -> None:
    """Dyestuff2's mean of six batches was tested on 29 df, as if its 30 rows were independent."""
    model = model_of("dyestuff2")
    fit = model.describe(model.place(np.zeros(1)))
    (in_r,) = coefficient_tests(model, fit, "Satterthwaite", heed_design=False)
    (ours,) = coefficient_tests(model, fit, "Satterthwaite", heed_design=True)
    assert [in_r.df, ours.df] == pytest.approx([29.0, 5.0])
    assert in_r.between is None
    assert ours.between == "Batch"
    assert ours.method == "Kenward-Roger"


def test_by_ml_no_test_is_made_up_there() -> None:
    model = model_of("dyestuff2_ml")
    fit = model.describe(model.place(np.zeros(1)))
    (ours,) = coefficient_tests(model, fit, "Satterthwaite", heed_design=True)
    assert (ours.method, ours.between) == (None, "Batch")
    assert np.isnan(ours.df)
    assert np.isnan(ours.p_value)


def test_an_effect_whose_variance_is_not_determined_gets_no_df() -> None:
    """school is fixed and random: the SE of its coefficients is a choice, and so would be the df."""
    model = model_of("school_fixed_and_random")
    df = satterthwaite_df(model, np.array([0.7]), leave_out=False)
    at_school = [name.startswith("school") for name in model.design.fixed_names]
    assert np.all(np.isnan(df[at_school]))


def test_df_do_not_depend_on_units() -> None:
    """The Hessian in (theta, sigma) has units; lmerTest drops what is below 1e-8 of it."""
    model = model_of("sleepstudy_slope")
    year = model_of("sleepstudy_year")
    theta = theta_of("sleepstudy_slope")
    L = factors_of_theta(theta, model.widths)[0]
    shift = np.array([[1.0, -2000.0], [0.0, 1.0]])  # a level's line from year 2000 on, in both origins
    moved = satterthwaite_df(year, lme4_theta([shift @ L]))
    assert moved[1] == pytest.approx(satterthwaite_df(model, theta)[1], rel=1e-5)
