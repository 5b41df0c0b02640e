"""Our BOBYQA as a whole: what holds whatever the function, how it ends, and how lme4 gets at it.

Numbers called R's are from minqa 1.2.5, `bobyqa(start, f, lower, upper, control)`.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable

import numpy as np
import pytest

from mmtriage.arrays import Array
from mmtriage.optimizers import minqa
from mmtriage.optimizers.guard import Guard
from mmtriage.optimizers.optimizer import Ending
from mmtriage.optimizers.powell import Minimum, minimize
from mmtriage.optimizers.powell.first_points import box_around
from tests.optimizers.minqa_paths import Recorder, recording, rosenbrock

INF = np.inf


def bowl(x: Array) -> float:
    """Least at 0.3, 0.6, .., with cross terms."""
    d = x - 0.3 * np.arange(1, len(x) + 1)
    return float(np.sum(d * d) + 0.5 * np.sum(d) ** 2)


def kinked(x: Array) -> float:
    return float(np.sum(np.abs(x - 0.3 * np.arange(1, len(x) + 1))))


def wavy(x: Array) -> float:
    return float(np.sum(np.cos(3.0 * x) + 0.1 * x * x))


def run(
    f: Callable[[Array], float],
    start: list[float],
    lower: list[float] | float = -INF,
    upper: list[float] | float = INF,
    *,
    npt: int | None = None,
    rhobeg: float = 0.2,
    rhoend: float = 2e-7,
    maxfun: int = 10_000,
) -> tuple[Minimum, Recorder]:
    n, taken = len(start), recording(f)
    box = np.broadcast_to(np.array(lower, dtype=float), n), np.broadcast_to(np.array(upper, dtype=float), n)
    end = minimize(
        taken,
        np.array(start, dtype=float),
        *box,
        npt=npt or n + 2,
        maxfun=maxfun,
        rhobeg=rhobeg,
        rhoend=rhoend,
    )
    return end, taken


EVERY_FUNCTION = pytest.mark.parametrize("f", [bowl, kinked, wavy], ids=["bowl", "kinked", "wavy"])


# --- whatever the function


@EVERY_FUNCTION
@pytest.mark.parametrize("n", [1, 2, 3, 5, 8])
@pytest.mark.parametrize("extra", [0, 2])
def test_it_stays_in_the_box_and_returns_the_best_point_it_has_seen(
    f: Callable[[Array], float], n: int, extra: int
) -> None:
    lower, upper = np.where(np.arange(n) % 3 == 0, 0.4, -INF), np.where(np.arange(n) % 2 == 0, 1.5, INF)
    most = (n + 1) * (n + 2) // 2
    end, taken = run(f, [1.0] * n, lower.tolist(), upper.tolist(), npt=min(n + 2 + extra, most), maxfun=1500)
    assert all(np.all((x >= lower) & (x <= upper)) for x in taken.points)
    assert end.evaluations == len(taken.points)
    assert end.value == min(taken.values)
    assert end.value == f(end.x)
    assert end.value <= taken.values[0]


@EVERY_FUNCTION
def test_in_units_of_a_power_of_two_the_path_is_the_same_to_the_bit(f: Callable[[Array], float]) -> None:
    start, lower = [1.0, 0.5, 2.0, 1.0], [0.0, -INF, 0.25, -INF]
    end, taken = run(f, start, lower)
    four = [4.0 * v for v in start], [4.0 * v for v in lower]
    stretched, longer = run(lambda x: 8.0 * f(x / 4.0), *four, rhobeg=0.8, rhoend=8e-7)
    assert np.array_equal(4.0 * np.array(taken.points), longer.points)
    assert np.array_equal(4.0 * end.x, stretched.x)


def test_moving_the_origin_or_exchanging_parameters_leaves_the_optimum() -> None:
    start = [1.0, 0.5, 2.0]
    end, _ = run(bowl, start)
    moved, _ = run(lambda x: bowl(x - 3.0), [v + 3.0 for v in start])
    turned, _ = run(lambda x: bowl(x[::-1]), start[::-1])
    assert end.x == pytest.approx([0.3, 0.6, 0.9], abs=1e-6)
    assert moved.x - 3.0 == pytest.approx(end.x, abs=1e-6)
    assert turned.x[::-1] == pytest.approx(end.x, abs=1e-6)


def test_a_constant_added_to_the_function_leaves_the_path_but_for_rounding() -> None:
    _, taken = run(rosenbrock, [-1.2, 1.0])
    _, raised = run(lambda x: rosenbrock(x) + 1.0, [-1.2, 1.0])
    assert np.array(raised.points[:40]) == pytest.approx(np.array(taken.points[:40]), abs=1e-6)


def test_the_same_search_twice_takes_the_same_path() -> None:
    first, taken = run(wavy, [1.0, 0.2, 0.3])
    second, again = run(wavy, [1.0, 0.2, 0.3])
    assert np.array_equal(taken.points, again.points)
    assert (first.code, first.value) == (second.code, second.value)


def test_arguments_are_left_alone_and_points_handed_out_are_not_used_again() -> None:
    start, lower, upper = np.array([0.05, 1.0]), np.zeros(2), np.full(2, INF)

    def meddling(x: Array) -> float:
        value = bowl(x)
        x[:] = -7.0
        return value

    end = minimize(meddling, start, lower, upper, npt=4, rhobeg=0.2, rhoend=2e-7, maxfun=1000)
    assert end.x == pytest.approx([0.3, 0.6], abs=1e-6)
    assert (start.tolist(), lower.tolist(), upper.tolist()) == ([0.05, 1.0], [0.0, 0.0], [INF, INF])


# --- walls


def test_a_minimum_on_walls_is_on_them_exactly() -> None:
    end, _ = run(bowl, [1.0, 1.0, 1.0], [0.5, -INF, -INF], [INF, INF, 0.7])
    assert end.x[0] == 0.5
    assert end.x[2] == 0.7
    assert end.code == 0


def test_a_start_near_a_wall_is_moved_onto_it_or_away_from_it() -> None:
    lower, upper = np.array([0.0, 0.0, 0.0, -9.0, -9.0, -9.0]), np.array([9.0, 9.0, 9.0, 1.0, 1.0, 1.0])
    start = np.array([-0.1, 0.05, 0.5, 1.2, 0.95, 0.3])
    box = box_around(start, lower, upper, 0.2)
    assert box.start.tolist() == [0.0, 0.2, 0.5, 1.0, 0.8, 0.3]
    assert box.lower == pytest.approx([0.0, -0.2, -0.5, -10.0, -9.8, -9.3])
    assert box.upper == pytest.approx([9.0, 8.8, 8.5, 0.0, 0.2, 0.7])
    assert box.lower.tolist()[:2] == [0.0, -0.2]  # exactly
    assert box.upper.tolist()[3:5] == [0.0, 0.2]


@pytest.mark.parametrize(
    ("start", "evaluations", "end"),
    [
        ([0.05, 0.1, 0.5], 46, [0.50000003213882882, 0.19999999386536479, 0.90000000222079068]),
        ([0.3, 0.95, 0.99], 50, [0.5000000034572436, 0.19999998503518021, 0.8999999853537457]),
    ],
)
def test_with_a_start_near_walls_the_end_is_rs(
    start: list[float], evaluations: int, end: list[float]
) -> None:
    """f = sum((x - c(.5, .2, .9))^2) in [0, 1]^3"""
    found, _ = run(lambda x: math.fsum((x - [0.5, 0.2, 0.9]) ** 2), start, 0.0, 1.0)
    assert found.evaluations == evaluations
    assert found.x == pytest.approx(end, abs=1e-12)


# --- sizes


def test_one_parameter_takes_three_points_and_rs_path() -> None:
    """bobyqa(1, function(x) (x - 1.5)^2 + sin(3 * x), 0, Inf)"""

    def f(x: Array) -> float:
        return float((x[0] - 1.5) ** 2 + math.sin(3.0 * x[0]))

    end, _ = run(f, [1.0], 0.0)
    assert (end.evaluations, end.code) == (17, 0)
    assert end.x == pytest.approx([1.557921648474023], abs=1e-9)
    assert end.value == pytest.approx(-0.99589926732484413, abs=1e-14)


@pytest.mark.parametrize("npt", [5, 6, 8, 10])
def test_any_number_of_points_finds_the_optimum(npt: int) -> None:
    end, _ = run(bowl, [1.0, 1.0, 1.0], npt=npt)
    assert end.x == pytest.approx([0.3, 0.6, 0.9], abs=1e-6)


def test_with_all_points_a_quadratic_is_known_after_the_first_of_them() -> None:
    end, taken = run(bowl, [1.0, 1.0, 1.0, 1.0], npt=15, rhobeg=0.9)
    assert min(taken.values[:20]) == pytest.approx(0.0, abs=1e-20)
    assert end.x == pytest.approx([0.3, 0.6, 0.9, 1.2], abs=1e-9)


def test_an_all_zero_start_is_a_start_like_any_other() -> None:
    end, _ = run(bowl, [0.0, 0.0])
    assert end.x == pytest.approx([0.3, 0.6], abs=1e-6)


# --- how it ends: minqa's codes


@pytest.mark.parametrize("maxfun", [1, 3, 4, 5, 17])
def test_an_exhausted_budget_is_code_1_with_the_best_point_so_far(maxfun: int) -> None:
    end, taken = run(rosenbrock, [-1.2, 1.0], maxfun=maxfun)
    assert (end.code, end.evaluations, len(taken.points)) == (1, maxfun, maxfun)
    assert end.value == min(taken.values)
    assert np.array_equal(end.x, taken.points[int(np.argmin(taken.values))])


def test_without_a_budget_nothing_is_evaluated() -> None:
    end, taken = run(bowl, [1.0, 1.0], maxfun=0)
    assert (end.code, end.evaluations, end.value, taken.points) == (1, 0, INF, [])


@pytest.mark.parametrize("npt", [3, 7])
def test_a_number_of_points_that_cannot_be_is_code_2(npt: int) -> None:
    end, taken = run(bowl, [1.0, 1.0], npt=npt)
    assert (end.code, end.evaluations, taken.points) == (2, 0, [])
    assert end.x.tolist() == [1.0, 1.0]


def test_a_function_without_digits_left_is_code_3() -> None:
    """R: 28 evaluations, code 3, at the start."""

    def f(x: Array) -> float:
        return float(1e16 + ((x[0] - 0.3) * (x[0] - 0.3) + (x[1] - 0.3) * (x[1] - 0.3)))

    end, _ = run(f, [1.0, 1.0], -2.0, npt=6)
    assert (end.code, end.evaluations, end.x.tolist()) == (3, 28, [1.0, 1.0])


def test_a_box_narrower_than_two_radii_is_code_4() -> None:
    end, taken = run(bowl, [1.0, 1.0], [0.0, 0.9], [2.0, 1.25])
    assert (end.code, end.evaluations, taken.points) == (4, 0, [])


def test_denominators_that_stay_cancelled_after_rescue_are_code_5() -> None:
    end, taken = run(lambda x: float(np.sum(x)), [1.0] * 8, -2.0, npt=45, rhoend=2e-13)
    assert end.code == 5
    assert end.x.tolist() == [-2.0] * 8
    assert end.evaluations == len(taken.points) < 150


def test_rescue_in_the_course_of_a_search_is_no_obstacle() -> None:
    """A cliff beside the optimum; RESCUE is called three times."""

    def cliff(x: Array) -> float:
        i = np.arange(6)
        return 1e6 if x[0] + x[5] < 0.9 else float(np.sum((x - 0.3 * i) ** 2 * (i + 1)))

    end, _ = run(cliff, [1.0] * 6, -2.0, npt=28, rhoend=2e-13)
    assert end.code == 0
    assert end.value == pytest.approx(0.0, abs=1e-20)


def test_a_constant_function_ends_where_it_began() -> None:
    """R: 17 evaluations."""
    end, _ = run(lambda x: 1.0, [1.0, 1.0], 0.0)
    assert (end.code, end.evaluations, end.x.tolist()) == (0, 17, [1.0, 1.0])


# --- values that are not numbers, or too large


@pytest.mark.parametrize("bad", [np.nan, INF, -INF, 1.7976931348623157e308, 1e300])
@pytest.mark.parametrize(
    ("start", "evaluations", "end"),
    [
        ([1.25, 0.0], 19, [1.2076262592966265, 0.30225054338358681]),
        ([1.0, 1.0], 36, [1.1999999981049527, 0.30000000291932749]),
    ],
)
def test_values_that_are_not_finite_are_the_largest_number_as_in_minqa(
    bad: float, start: list[float], evaluations: int, end: list[float]
) -> None:
    def f(x: Array) -> float:
        return bad if x[0] > 1.3 else float((x[0] - 1.2) ** 2 + 2.0 * (x[1] - 0.3) ** 2)

    rhobeg = 0.2 * max(abs(v) for v in start)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found, _ = run(f, start, rhobeg=rhobeg, rhoend=1e-6 * rhobeg)
    assert (found.code, found.evaluations) == (0, evaluations)
    assert found.x == pytest.approx(end, abs=1e-9)


@pytest.mark.parametrize("scale", [1e-300, 1e-160, 1e150, 1e250, 1e307])
def test_functions_of_any_size_come_to_an_end(scale: float) -> None:
    end, taken = run(lambda x: scale * bowl(x), [1.0, 1.0, 1.0], [0.0, -INF, 0.5])
    assert end.evaluations < 1000
    assert end.value == min(taken.values)


@pytest.mark.parametrize("value", [np.nan, INF])
def test_a_function_that_is_never_a_number_ends_at_the_start(value: float) -> None:
    end, _ = run(lambda x: value, [1.0, 1.0], 0.0)
    assert (end.code, end.evaluations, end.x.tolist()) == (0, 17, [1.0, 1.0])  # as R


def test_what_the_objective_raises_goes_through_and_it_sees_its_callers_settings() -> None:
    def f(x: Array) -> float:
        return float(np.sum(np.log(x)))

    with np.errstate(all="raise"), pytest.raises(FloatingPointError):
        run(f, [1.0, 1.0])


# --- as minqa and lme4 call it


def by_minqa(
    f: Callable[[Array], float], start: list[float], lower: float, maxfun: int = 10_000
) -> tuple[Ending, Recorder]:
    n, taken = len(start), recording(f)
    box = np.full(n, lower), np.full(n, INF)
    return minqa.search(Guard(taken), np.array(start), *box, maxfun), taken


@pytest.mark.parametrize(("start", "rhobeg"), [([1.0, 0.5], 0.2), ([-20.0, 0.5], 0.95)])
def test_the_first_radius_is_a_fifth_of_the_largest_parameter_but_not_more_than_095(
    start: list[float], rhobeg: float
) -> None:
    _, taken = by_minqa(bowl, start, -INF)
    assert taken.points[1][0] - start[0] == pytest.approx(rhobeg)


def test_an_all_zero_start_becomes_a_thousandth_as_in_lme4() -> None:
    ending, taken = by_minqa(bowl, [0.0, 0.0], -INF)
    assert taken.points[0].tolist() == [1e-3, 1e-3]
    assert ending.theta == pytest.approx([0.3, 0.6], abs=1e-6)


def test_radii_may_be_given() -> None:
    taken = recording(bowl)
    search = minqa.with_radii(2e-4, 2e-7)
    search(Guard(taken), np.array([1.0, 1.0]), np.zeros(2), np.full(2, INF), 10_000)
    assert taken.points[1] == pytest.approx([1.0002, 1.0], abs=1e-15)


def test_a_narrow_box_narrows_the_radius_with_minqas_warning() -> None:
    """R: bobyqa(c(.6, 0, .1), function(x) sum((x - c(.5, -.2, 0))^2), c(0, -1, 0), c(.7, 1, .2))"""
    taken = recording(lambda x: math.fsum((x - [0.5, -0.2, 0.0]) ** 2))
    start, lower, upper = np.array([0.6, 0.0, 0.1]), np.array([0.0, -1.0, 0.0]), np.array([0.7, 1.0, 0.2])
    ending = minqa.search(Guard(taken), start, lower, upper, 10_000)
    assert ending.warnings == ("All upper - lower must be >= 2*rhobeg. Changing rhobeg",)
    assert ending.theta == pytest.approx([0.50000000260514688, -0.20000000097358631, 0.0], abs=1e-12)
    assert len(taken.points) == 45


def test_an_exhausted_budget_is_put_in_minqas_words() -> None:
    ending, taken = by_minqa(rosenbrock, [-1.2, 1.0], -INF, maxfun=20)
    assert (ending.code, ending.status, len(taken.points)) == (1, "maxfun", 20)
    assert ending.message == "bobyqa -- maximum number of function evaluations exceeded"
    assert ending.warnings == ("maxfun < 10 * length(par)^2 is not recommended.",)


def test_each_code_has_minqas_words() -> None:
    assert minqa.WORDS == {
        0: ("Normal exit from bobyqa", "converged"),
        1: ("bobyqa -- maximum number of function evaluations exceeded", "maxfun"),
        2: ("bobyqa -- NPT is not in the required interval", "error"),
        3: ("bobyqa -- a trust region step failed to reduce q", "stalled"),
        4: ("bobyqa -- one of the box constraint ranges is too small (< 2*RHOBEG)", "error"),
        5: ("bobyqa detected too much cancellation in denominator", "error"),
    }


def test_neither_start_nor_end_is_evaluated_once_more() -> None:
    ending, taken = by_minqa(bowl, [1.0, 1.0], 0.0)
    rows = [tuple(x) for x in taken.points]
    assert len(set(rows)) == len(rows)
    assert tuple(ending.theta) in rows
