"""The criterion at all the parameters of a fit, against a dense Gaussian density."""

from __future__ import annotations

import numpy as np
import pytest

from mmtriage.data.read_table import read_table
from mmtriage.engine.algebra.theta import factors_of_theta
from mmtriage.engine.as_given import Parameters, fit_as_given
from mmtriage.engine.prepared import prepare
from mmtriage.formula import parse_formula
from mmtriage.model.design import Design, build_design
from mmtriage.model.spec import ModelSpec
from tests.triaged import SAMPLES

FORMULA = "Reaction ~ Days + (Days | Subject)"
THETA = np.array([0.9, 0.05, 0.2])
BETA = np.array([240.0, 12.0])
SIGMA = 30.0


def design(*, reml: bool) -> Design:
    table = read_table(SAMPLES / "sleepstudy.csv")
    return build_design(table, parse_formula(FORMULA), ModelSpec(reml=reml))


def dense(made: Design, theta: np.ndarray, beta: np.ndarray, sigma: float) -> float:
    """-2 log of the density of y, and for REML + log|X'V^-1 X| - p log 2 pi, from V (n, n)."""
    V = np.eye(len(made.y))
    factors = factors_of_theta(theta, [term.Z.shape[1] for term in made.random])
    for term, L in zip(made.random, factors, strict=True):
        B = term.Z @ L
        V += (B @ B.T) * (term.codes[:, None] == term.codes[None, :])
    V *= sigma**2
    residual = made.y - made.X @ beta
    n, p = made.X.shape
    logdet = np.linalg.slogdet(V)[1]
    value = n * np.log(2 * np.pi) + logdet + residual @ np.linalg.solve(V, residual)
    if made.spec.reml:
        value += np.linalg.slogdet(made.X.T @ np.linalg.solve(V, made.X))[1] - p * np.log(2 * np.pi)
    return float(value)


@pytest.mark.parametrize("reml", [True, False])
def test_nothing_is_profiled(reml: bool) -> None:
    made = design(reml=reml)
    fit = fit_as_given(prepare(made), Parameters(theta=THETA, beta=BETA, sigma=SIGMA))
    assert fit.criterion == pytest.approx(dense(made, THETA, BETA, SIGMA), rel=1e-12)
    assert fit.sigma == pytest.approx(SIGMA)
    assert list(fit.beta) == list(BETA)


def test_without_a_sigma_theta_decides_it() -> None:
    made = design(reml=True)
    prepared = prepare(made)
    profiled = prepared.model.describe(prepared.model.place(THETA))
    fit = fit_as_given(prepared, Parameters(theta=THETA, beta=profiled.beta, sigma=None))
    assert fit.criterion == pytest.approx(profiled.criterion, abs=1e-9)


def test_standard_errors_are_those_given() -> None:
    at = Parameters(theta=THETA, beta=BETA, sigma=SIGMA, se=np.array([3.0, np.nan]))
    fit = fit_as_given(prepare(design(reml=True)), at)
    assert fit.se[0] == pytest.approx(3.0)
    assert np.isnan(fit.se[1])
