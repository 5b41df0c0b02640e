"""Neither unit nor origin of a predictor decides what is proven: corners of `tests.units.predictors`."""

from __future__ import annotations

import pytest

from tests.units.predictors import MODELS, Model, differences

LINEAR = [model for model in MODELS if "family" not in model.options]
FEW = ("Gamma, inverse", "inverse Gaussian", "poisson, sqrt")
GENERALIZED = [model for model in MODELS if model.name in FEW]


@pytest.mark.parametrize("model", LINEAR, ids=lambda model: model.name)
def test_linear(model: Model) -> None:
    assert list(differences(model, (1e-9, 1e9), (0.0, 1e6))) == []


@pytest.mark.parametrize("model", GENERALIZED, ids=lambda model: model.name)
def test_generalized(model: Model) -> None:
    assert list(differences(model, (1e9,), (1e6,))) == []
    assert list(differences(model, (1e-9,), (1e2,))) == []
