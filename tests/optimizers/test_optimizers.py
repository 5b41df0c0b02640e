"""Every optimizer of the table, on the same problems and on the same kinds of trouble."""

from __future__ import annotations

import numpy as np
import pytest

from mmtriage.arrays import Array
from mmtriage.optimizers import ALLFIT, DEFAULT, OPTIMIZERS, STAND_INS, Optimizer, OptimizerResult
from tests.dense_designs import dense_design

SLEEPSTUDY_START = np.array([1.0, 0.0, 1.0])
LOWER = np.array([0.0, -np.inf, 0.0])
UPPER = np.full(3, np.inf)
ENDED_BY_NAN = ("nloptwrap", "nloptwrap.NLOPT_LN_BOBYQA")  # nloptr hands it on, and BOBYQA's model is none
EVERY = pytest.mark.parametrize("optimizer", OPTIMIZERS.values(), ids=list(OPTIMIZERS))


def curved(x: Array) -> float:
    """A smooth test function whose minimum in x >= 0 (x2 free) has x3 = 0; same in the R code below."""
    wave = np.sin(3 * x[1]) + np.cos(5 * x[0])
    return float((x[0] - 0.5) ** 2 + 3 * (x[1] + 0.2) ** 2 + 2 * x[2] ** 2 + x[0] * x[2] + wave)


def run_on_sleepstudy(optimizer: Optimizer, maxfun: int | None = None) -> OptimizerResult:
    objective = dense_design("sleepstudy_slope").objective()
    return optimizer.run(objective, SLEEPSTUDY_START, LOWER, UPPER, maxfun)


@EVERY
def test_each_optimizer_finds_the_sleepstudy_optimum(optimizer: Optimizer) -> None:
    result = run_on_sleepstudy(optimizer)
    assert result.status == "converged"
    assert result.code == 0
    assert result.failures == 0
    assert result.value == pytest.approx(1743.62827195849, abs=1e-6)
    assert result.theta == pytest.approx([0.966742, 0.015169, 0.230910], abs=2e-4)


@pytest.mark.parametrize(
    ("name", "evaluations"),
    [
        ("nloptwrap", 43),
        ("nloptwrap.NLOPT_LN_BOBYQA", 43),
        ("nloptwrap.NLOPT_LN_NELDERMEAD", 139),
        ("Nelder_Mead", 196),
        ("nmkbw", 111),
    ],
)
def test_where_the_algorithm_is_lme4s_allfit_reports_as_many_evaluations(name: str, evaluations: int) -> None:
    """summary(allFit(lmer(Reaction ~ Days + (Days | Subject), sleepstudy)))$feval"""
    assert run_on_sleepstudy(OPTIMIZERS[name]).evaluations == evaluations


@EVERY
def test_an_exhausted_budget_is_reported_and_the_best_point_kept(optimizer: Optimizer) -> None:
    result = run_on_sleepstudy(optimizer, maxfun=20)
    assert result.status == "maxfun"
    assert result.code != 0
    assert result.evaluations in (20, 21)  # lme4's Nelder_Mead makes and counts one more
    objective = dense_design("sleepstudy_slope").objective()
    assert result.value == pytest.approx(objective(result.theta), abs=1e-9)
    assert result.value <= objective(SLEEPSTUDY_START)


@pytest.mark.parametrize(
    ("name", "code", "message", "warnings"),
    [
        (
            "nloptwrap",
            5,
            "NLOPT_MAXEVAL_REACHED: Optimization stopped because maxeval (above) was reached.",
            (),
        ),
        (
            "bobyqa",
            1,
            "bobyqa -- maximum number of function evaluations exceeded",
            ("maxfun < 10 * length(par)^2 is not recommended.",),
        ),
        (
            "Nelder_Mead",
            4,
            "failure to converge in 20 evaluations",
            ("failure to converge in 20 evaluations",),
        ),
        ("nmkbw", 1, "Maximum number of fevals exceeded", ()),
    ],
)
def test_an_exhausted_budget_is_put_in_lme4s_words(
    name: str, code: int, message: str, warnings: tuple[str, ...]
) -> None:
    result = run_on_sleepstudy(OPTIMIZERS[name], maxfun=20)
    assert (result.code, result.message, result.warnings) == (code, message, warnings)


@EVERY
def test_a_minimum_on_the_wall_is_found_or_approached(optimizer: Optimizer) -> None:
    result = optimizer.run(curved, np.array([1.0, 0.0, 1.0]), LOWER, UPPER)
    assert result.value == pytest.approx(-1.79723728597, abs=1e-4)
    assert np.all(result.theta >= LOWER)


@EVERY
def test_one_parameter_is_enough(optimizer: Optimizer) -> None:
    result = optimizer.run(
        lambda x: float(np.log1p((x[0] - 1.5) ** 2)), np.array([1.0]), np.array([0.0]), np.array([np.inf])
    )
    assert result.theta == pytest.approx([1.5], abs=2e-3)


@EVERY
@pytest.mark.parametrize("trouble", [np.nan, np.inf, -np.inf, FloatingPointError, np.linalg.LinAlgError])
def test_points_that_cannot_be_evaluated_are_stepped_around(
    optimizer: Optimizer, trouble: float | type[Exception]
) -> None:
    def objective(x: Array) -> float:
        if x[0] > 1.3:
            if isinstance(trouble, float):
                return trouble
            raise trouble("not here")
        return float((x[0] - 1.0) ** 2 + 2.0 * (x[1] - 0.3) ** 2)

    start = np.array([1.25, 0.0])
    result = optimizer.run(objective, start, np.array([0.0, -np.inf]), np.full(2, np.inf))
    assert np.isfinite(result.value)
    assert result.value <= objective(start)
    if trouble is np.nan and optimizer.name in ENDED_BY_NAN:
        assert result.evaluations < 20
    else:
        assert result.theta == pytest.approx([1.0, 0.3], abs=0.05)


@EVERY
def test_an_objective_that_never_works_is_an_error_in_words(optimizer: Optimizer) -> None:
    def objective(x: Array) -> float:
        raise np.linalg.LinAlgError("Downdated VtV is not positive definite")

    result = optimizer.run(objective, np.array([1.0, 0.0]), np.array([0.0, -np.inf]), np.full(2, np.inf))
    assert result.status == "error"
    assert result.code != 0
    assert result.value == np.inf
    assert result.message == (
        "the criterion could not be evaluated at any point tried: Downdated VtV is not positive definite"
    )


@EVERY
def test_a_bug_in_the_objective_is_not_swallowed(optimizer: Optimizer) -> None:
    def objective(x: Array) -> float:
        raise ValueError("a bug")

    with pytest.raises(ValueError, match="a bug"):
        optimizer.run(objective, np.array([1.0, 0.0]), np.array([0.0, -np.inf]), np.full(2, np.inf))


def legacy_state() -> np.ndarray:
    """The numbers behind NumPy's global generator, which Py-BOBYQA could touch."""
    state: np.ndarray = np.random.get_state(legacy=False)["state"]["key"].copy()  # noqa: NPY002
    return state


@EVERY
def test_the_global_random_generator_is_left_alone(optimizer: Optimizer) -> None:
    before = legacy_state()
    first = optimizer.run(curved, np.array([1.0, 0.0, 1.0]), LOWER, UPPER)
    second = optimizer.run(curved, np.array([1.0, 0.0, 1.0]), LOWER, UPPER)
    assert np.array_equal(before, legacy_state())
    assert np.array_equal(first.theta, second.theta)


def test_the_table_offers_four_families_and_names_the_stand_ins() -> None:
    assert {optimizer.kind for optimizer in OPTIMIZERS.values()} == {
        "quadratic model",
        "simplex",
        "quasi-Newton",
        "linear model",
    }
    assert len(ALLFIT) == 9
    assert DEFAULT in OPTIMIZERS
    assert DEFAULT not in ALLFIT  # it is there under allFit's name for it
    assert STAND_INS == {"nlminbwrap": "SLSQP"}
    assert "nlminbwrap" not in OPTIMIZERS
    assert "stands in for nlminbwrap" in OPTIMIZERS["SLSQP"].note


def test_a_start_on_the_wall_does_not_stop_the_search_without_walls() -> None:
    result = OPTIMIZERS["nmkbw"].run(curved, np.array([0.0, 0.0, 0.0]), LOWER, UPPER)
    assert result.value == pytest.approx(-1.79723728597, abs=1e-4)


def test_bobyqa_leaves_the_origin_as_lme4_does() -> None:
    result = OPTIMIZERS["bobyqa"].run(curved, np.array([0.0, 0.0, 0.0]), LOWER, UPPER)
    assert result.value == pytest.approx(-1.79723728597, abs=1e-4)


def test_a_narrow_box_is_no_obstacle_to_bobyqa() -> None:
    result = OPTIMIZERS["bobyqa"].run(curved, np.array([0.6, 0.0, 0.1]), LOWER, np.array([0.7, 1.0, 0.2]))
    assert result.value == pytest.approx(-1.79723728597, abs=1e-4)


@pytest.mark.parametrize(
    ("said", "code"),
    [("nlopt failure", -1), ("nlopt invalid argument", -2), ("bug: more than iter SQP iterations", -1)],
)
def test_a_failure_that_nlopt_has_in_words_is_its_return_code(
    monkeypatch: pytest.MonkeyPatch, said: str, code: int
) -> None:
    def fails(_problem: object, _start: Array) -> Array:
        raise RuntimeError(said)

    monkeypatch.setattr("nlopt.opt.optimize", fails)
    result = run_on_sleepstudy(OPTIMIZERS["nloptwrap"])
    assert (result.code, result.status) == (code, "error")
