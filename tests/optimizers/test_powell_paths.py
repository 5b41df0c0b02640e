"""Our BOBYQA against recorded paths of R's minqa, point by point."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from mmtriage.arrays import Array
from mmtriage.data.read_table import read_table
from mmtriage.data.reading import Reading
from mmtriage.engine.algebra.theta import lower_bounds, template_theta
from mmtriage.engine.algebra.weighted_rows import rows_of
from mmtriage.engine.lme4.glmer_criterion import GlmerCriterion
from mmtriage.engine.structures.parameter_layout import layout_of
from mmtriage.formula import parse_formula
from mmtriage.model.design import build_design
from mmtriage.model.families import family_of
from mmtriage.model.spec import ModelSpec
from mmtriage.optimizers import minqa
from mmtriage.optimizers.guard import Guard, Objective
from mmtriage.optimizers.optimizer import Ending
from mmtriage.optimizers.powell import Minimum, minimize
from tests.golden_cases import data_path
from tests.optimizers.minqa_paths import (
    FOLDER,
    FUNCTIONS,
    MinqaPath,
    Recorder,
    agreement,
    function_paths,
    glmer_paths,
    recording,
)

EACH = pytest.mark.parametrize("path", function_paths(), ids=[path.id for path in function_paths()])

# For how long minqa agrees with itself when its function is moved by one unit in the last place; the least
# and the largest number of evaluations that it then needs.
NOISE = {
    "rosenbrock_2": (51, 318, 575),
    "rosenbrock_6": (176, 738, 999),
    "ellipsoid_3": (89, 450, 708),
    "ellipsoid_10": (19, 3940, 5190),
    "boundary_2": (13, 24, 25),
    "boundary_4": (18, 43, 43),
    "boundary_3": (17, 27, 29),
    "logdet_3": (53, 53, 53),
}
# Those whose values are the same bits as R's: powers, logarithms and determinants are not.
SAME_BITS = [path for path in function_paths() if path.id not in {"ellipsoid_10", "logdet_3"}]


def run(path: MinqaPath, function: Objective | None = None) -> tuple[Minimum, Recorder]:
    objective = recording(function or FUNCTIONS[path.name])
    n = len(path.start)
    end = minimize(
        objective,
        path.start,
        path.lower,
        np.full(n, np.inf),
        npt=n + 2,
        maxfun=10_000,
        rhobeg=path.rhobeg,
        rhoend=path.rhoend,
    )
    return end, objective


@EACH
def test_the_path_is_minqas_for_as_long_as_rounding_allows(path: MinqaPath) -> None:
    required, least, most = NOISE[path.id]
    end, taken = run(path)
    assert agreement(taken.points, path.points, 1e-6) >= required
    assert least <= end.evaluations <= most
    assert end.evaluations == len(taken.points)
    assert taken.values[:required] == pytest.approx(path.values[:required], rel=1e-9, abs=1e-9)
    assert end.code == 0
    assert end.x == pytest.approx(path.end, abs=1e-4)
    assert end.value == pytest.approx(path.value, abs=1e-8)


@pytest.mark.parametrize("path", SAME_BITS, ids=[path.id for path in SAME_BITS])
def test_where_the_values_are_the_same_bits_so_is_the_whole_path(path: MinqaPath) -> None:
    end, taken = run(path)
    assert end.evaluations == len(path.points)
    assert np.array(taken.points) == pytest.approx(path.points, rel=1e-13, abs=1e-14)
    assert np.array(taken.values) == pytest.approx(path.values, rel=1e-13, abs=1e-14)
    assert end.x == pytest.approx(path.end, rel=1e-13, abs=1e-14)


@pytest.mark.slow
@pytest.mark.skipif(np.finfo(np.longdouble).nmant != 63, reason="R's sum() there has 64 bits")
def test_with_rs_own_rounding_of_the_sum_all_of_the_longest_path_is_the_same() -> None:
    (path,) = [path for path in function_paths() if path.id == "ellipsoid_10"]

    def as_r_adds(x: Array) -> float:
        d = x - 0.3 * np.arange(1, 11)
        terms = np.array([10.0 ** (4 * i / 9) for i in range(10)]) * (d * d)
        return float(np.add.accumulate(terms.astype(np.longdouble))[-1])

    end, taken = run(path, as_r_adds)
    assert end.evaluations == len(path.points)
    assert agreement(taken.points, path.points, 1e-12) == len(path.points)


# --- glmer's stage 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """A model of lme4's, and for how many points the paths are to agree."""

    formula: str
    family: str
    link: str
    factors: tuple[str, ...]
    required: int


MODELS = {
    "gamma_log_slope": Model(
        formula="y ~ x + (1 + x | g)",
        family="Gamma",
        link="log",
        factors=("g",),
        required=14,  # 14 or 15 with four kernels of OpenBLAS, by which the criterion is computed
    ),
    "binary_four_slopes": Model(
        formula="Y ~ X * Condition + (X * Condition | subject)",
        family="binomial",
        link="logit",
        factors=("subject",),
        required=98,  # R against itself on another machine, and under noise of one unit in the last place
    ),
    "within2x2": Model(
        formula="acc ~ A * B + (A * B | subj)",
        family="binomial",
        link="logit",
        factors=("subj", "A", "B"),
        required=115,
    ),
    "cbpp": Model(
        formula="cbind(incidence, size - incidence) ~ period + (1 | herd)",
        family="binomial",
        link="logit",
        factors=("herd", "period"),
        required=18,  # all
    ),
    "Contraception": Model(
        formula="use ~ age + I(age^2) + urban + livch + (urban | district)",
        family="binomial",
        link="logit",
        factors=("district",),
        required=80,
    ),
    "grouseticks": Model(
        formula="TICKS ~ YEAR + cHEIGHT + (1 | BROOD) + (1 | LOCATION)",
        family="poisson",
        link="log",
        factors=("BROOD", "LOCATION", "YEAR"),
        required=38,  # of 39: the least of four kernels of OpenBLAS
    ),
}


def stage_1(name: str) -> tuple[Ending, Recorder, Array]:
    """Stage 1 of glmer as lme4 calls minqa; and the lower bounds."""
    model, local = MODELS[name], FOLDER / f"{name}.csv"
    table = read_table(
        local if local.exists() else data_path(f"{name}.csv"),
        Reading(factors=dict.fromkeys(model.factors)),
    )
    spec = ModelSpec(family=model.family, link=model.link, lme4="1.1")  # as recorded
    design = build_design(table, parse_formula(model.formula), spec)
    sizes = tuple(term.Z.shape[1] for term in design.random)
    criterion = GlmerCriterion(design, rows_of(design), family_of(spec), layout=layout_of(design.random))
    start, lower = template_theta(sizes), lower_bounds(sizes)
    criterion.start(start)
    objective = recording(criterion.stage_1)
    ending = minqa.search(Guard(objective), start, lower, np.full(len(start), np.inf), 10_000)
    return ending, objective, lower


@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=[pytest.mark.slow] * (name == "binary_four_slopes")) for name in MODELS],
)
def test_stage_1_of_glmer_takes_minqas_path(name: str) -> None:
    path, required = glmer_paths()[name], MODELS[name].required
    ending, taken, lower = stage_1(name)
    assert agreement(taken.points, path.points, 1e-6) >= required
    assert taken.values[:required] == pytest.approx(path.values[:required], abs=1e-6)
    assert np.all(ending.theta >= lower)
    assert ending.value == pytest.approx(path.value, abs=1e-6)
    assert (ending.code, ending.message, ending.status) == (0, "Normal exit from bobyqa", "converged")
    if required == len(path.points):
        assert len(taken.points) == required
