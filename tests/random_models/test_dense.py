"""The dense criteria of the random models: the slow oracles' values, gradients that differences confirm."""

from __future__ import annotations

import numpy as np
import pytest

from mmtriage.arrays import Array
from tests.glmm_oracle import SCALED, laplace
from tests.oracle import dense_objective
from tests.random_models.dense import Dense, DenseLinear
from tests.random_models.draw import RandomModel, draw
from tests.random_models.laplace import DenseLaplace, glmm_of

SEED = 5
STEP = 1e-5


def of_kind(family: str, link: str) -> RandomModel:
    """The first random model of a family and link, whose means cannot leave their range at once."""
    models = (draw(SEED, index) for index in range(1000))
    lowest = -np.inf if family == "gaussian" else 0.3 if family in SCALED else 0.0
    return next(m for m in models if (m.family, m.link) == (family, link) and np.min(m.y) >= lowest)


KINDS = [
    *(("binomial", link) for link in ("logit", "probit", "cloglog", "cauchit")),
    *(("poisson", link) for link in ("log", "sqrt", "identity")),
    *(("Gamma", link) for link in ("log", "inverse", "identity")),
    *(("inverse.gaussian", link) for link in ("log", "1/mu^2", "inverse", "identity")),
    *(("gaussian", link) for link in ("log", "inverse")),
    ("negative.binomial", "log"),
]


def theta_of(dense: Dense) -> Array:
    """A theta of no symmetry, small enough that means stay in range."""
    theta: Array = np.linspace(0.02, 0.02 * dense.m, dense.m)
    return theta


@pytest.mark.parametrize(("family", "link"), KINDS)
def test_laplace(family: str, link: str) -> None:
    model = of_kind(family, link)
    dense = DenseLaplace(model)
    at = dense.start(theta_of(dense))
    beta = np.linalg.solve(dense.R, at[dense.m : dense.m + dense.p])
    value, slopes = dense.expand(at)
    assert value == pytest.approx(laplace(glmm_of(model), at[: dense.m], beta), abs=1e-7)
    assert slopes == pytest.approx(differences(dense, at), rel=1e-4, abs=1e-4)


@pytest.mark.parametrize("index", range(6))
def test_linear(index: int) -> None:
    linear = [m for i in range(60) if (m := draw(SEED, i)).family == "linear"]
    model = linear[index]
    dense = DenseLinear(model)
    theta = theta_of(dense)
    objective = dense_objective(
        model.y,
        model.X,
        [(term.codes, term.Z) for term in model.terms],
        reml=model.options["reml"],
        weights=model.weights,
        offset=model.offset,
    )
    value, slopes = dense.expand(theta)
    assert value == pytest.approx(objective(theta), abs=1e-7)
    assert slopes == pytest.approx(differences(dense, theta), rel=1e-4, abs=1e-4)


def differences(dense: DenseLinear | DenseLaplace, at: Array) -> Array:
    steps = STEP * np.eye(len(at))
    found = [(dense.expand(at + step)[0] - dense.expand(at - step)[0]) / (2.0 * STEP) for step in steps]
    return np.array(found, dtype=np.float64)
