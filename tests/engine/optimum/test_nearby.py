"""Whether a search stands at another optimum."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mmtriage.data.read_table import read_table
from mmtriage.engine.linear.model import LinearModel
from mmtriage.engine.optimum.nearby import curved_optimum_near
from mmtriage.formula import parse_formula
from mmtriage.model.design import build_design
from mmtriage.model.spec import ModelSpec

TABLE = Path(__file__).parent / "two_optima.csv"
LESSER = [1.8706154, -0.3038401, 0.31758681]  # lme4 1.1-31 by bobyqa, and by six of the seven of its allFit


@pytest.fixture(scope="module")
def model() -> LinearModel:
    formula = parse_formula("dQTcF ~ C + TP + trt - 1 + (1 + C | id)")
    return LinearModel.of(build_design(read_table(TABLE), formula, ModelSpec()))


def test_a_second_optimum_is_one(model: LinearModel) -> None:
    """R: gradient 7e-6, eigenvalues of the Hessian 704, 320, 25; the best is 34.4 below."""
    found = curved_optimum_near(model, model.place(np.array(LESSER)), within=0.01)
    assert found == pytest.approx(3780.93133, abs=1e-5)


def test_where_the_criterion_falls_there_is_none(model: LinearModel) -> None:
    """Where lme4's default stops: 4.97 above the best optimum."""
    stopped = np.array([0.88419083, -0.00603151, 0.00799911])
    assert curved_optimum_near(model, model.place(stopped), within=0.01) is None
    assert curved_optimum_near(model, model.place(stopped), within=5.0) == pytest.approx(3746.54016, abs=1e-5)
