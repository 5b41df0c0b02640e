"""The trust-region Newton method on functions whose minima are known."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from mmtriage.arrays import Array
from mmtriage.engine.optimum.newton import (
    Point,
    central_hessian,
    differenced_hessian,
    minimize,
    natural_units,
    newton_step,
    trust_region_step,
)


def quadratic(H: Array, center: Array) -> Callable[[Array], Point]:
    def objective(x: Array) -> Point:
        away = x - center
        return Point(7.0 + 0.5 * float(away @ H @ away), H @ away, lambda: H)

    return objective


def rosenbrock(x: Array) -> Point:
    a, b = x
    value = 100.0 * (b - a**2) ** 2 + (1.0 - a) ** 2
    gradient = np.array([-400.0 * a * (b - a**2) - 2.0 * (1.0 - a), 200.0 * (b - a**2)])
    return Point(value, gradient, lambda: rosenbrock_hessian(x))


def rosenbrock_hessian(x: Array) -> Array:
    a, b = x
    return np.array([[1200.0 * a**2 - 400.0 * b + 2.0, -400.0 * a], [-400.0 * a, 200.0]])


def two_wells(x: Array) -> Point:
    """x^2 - y^2 + y^4 / 4: a saddle at the origin, minima of -1 at y = +-sqrt(2)."""
    a, b = x
    value = a**2 - b**2 + 0.25 * b**4
    return Point(
        value, np.array([2 * a, -2 * b + b**3]), lambda: np.array([[2.0, 0.0], [0.0, -2.0 + 3.0 * b**2]])
    )


def symmetric(rng: np.random.Generator, eigenvalues: Array) -> Array:
    Q, _ = np.linalg.qr(rng.normal(size=(len(eigenvalues),) * 2))
    matrix: Array = (Q * eigenvalues) @ Q.T
    return matrix


@pytest.mark.parametrize("scale", [1.0, 1e-3, 1e3])
def test_a_quadratic_is_minimized_in_a_few_steps(scale: float) -> None:
    rng = np.random.default_rng(1)
    H = symmetric(rng, scale * np.array([0.5, 1.0, 2.0, 10.0, 50.0]))
    center = rng.normal(size=5)
    found = minimize(quadratic(H, center), np.zeros(5))
    assert found.x == pytest.approx(center, abs=1e-4 / np.sqrt(scale))
    assert found.status == "converged"
    assert found.value == pytest.approx(7.0, abs=1e-9)
    assert found.gradients <= 6


@pytest.mark.parametrize("start", [(1.0, 0.0), (0.0, 0.0), (-0.3, 1e-12)], ids=["valley", "saddle", "nearly"])
def test_a_saddle_is_left_though_the_gradient_does_not_see_it(start: tuple[float, float]) -> None:
    found = minimize(two_wells, np.array(start))
    assert found.status == "converged"
    assert found.value == pytest.approx(-1.0, abs=1e-8)
    assert np.abs(found.x) == pytest.approx([0.0, np.sqrt(2.0)], abs=1e-4)


def test_a_curved_valley_is_followed() -> None:
    found = minimize(rosenbrock, np.array([-1.2, 1.0]))
    assert found.x == pytest.approx([1.0, 1.0], abs=1e-5)
    assert found.status == "converged"
    assert found.gradients < 60


def test_poor_curvature_is_corrected_by_the_changes_of_the_gradient() -> None:
    def objective(x: Array) -> Point:
        exact = rosenbrock(x)
        return Point(exact.value, exact.gradient, lambda: 100.0 * np.eye(2))

    found = minimize(objective, np.array([-1.2, 1.0]))
    assert found.status == "converged"
    assert found.value == pytest.approx(0.0, abs=1e-7)


def test_a_flat_direction_is_left_alone() -> None:
    """(x + y - 1)^2: every point of a line is a minimum; the nearest is as good as any."""

    def objective(x: Array) -> Point:
        miss = float(np.sum(x)) - 1.0
        return Point(miss**2, np.full(2, 2.0 * miss), lambda: np.full((2, 2), 2.0))

    found = minimize(objective, np.array([3.0, -1.0]))
    assert found.status == "converged"
    assert found.value == pytest.approx(0.0, abs=1e-9)
    assert found.x == pytest.approx([2.5, -1.5], abs=1e-4)


def test_a_slope_without_curvature_is_gone_down_until_the_budget_ends() -> None:
    found = minimize(
        lambda x: Point(float(-x[0]), np.array([-1.0]), lambda: np.zeros((1, 1))),
        np.zeros(1),
        max_iterations=9,
    )
    assert found.status == "iterations"
    assert found.value < -100.0


def test_the_domain_may_end_and_the_step_is_cut() -> None:
    """x - 30 log x, x > 0, from where Newton's first step leaves the domain."""

    def objective(x: Array) -> Point:
        if x[0] <= 0:
            raise np.linalg.LinAlgError("outside")
        return Point(
            float(x[0] - 30.0 * np.log(x[0])), 1.0 - 30.0 / x, lambda: np.array([[30.0 / x[0] ** 2]])
        )

    found = minimize(objective, np.array([75.0]))
    assert found.x == pytest.approx([30.0], rel=1e-4)
    assert found.status == "converged"


def test_a_start_outside_the_domain_is_an_error() -> None:
    def objective(x: Array) -> Point:
        raise np.linalg.LinAlgError("outside")

    with pytest.raises(np.linalg.LinAlgError, match="outside"):
        minimize(objective, np.zeros(1))


def test_the_caller_may_stop_it_at_any_accepted_point() -> None:
    seen: list[float] = []

    def stop(x: Array, value: float) -> bool:
        seen.append(value)
        return value < 1.0

    found = minimize(rosenbrock, np.array([-1.2, 1.0]), stop=stop)
    assert found.status == "stopped"
    assert found.value == seen[-1] < 1.0
    assert seen == sorted(seen, reverse=True)


def test_without_parameters_there_is_nothing_to_do() -> None:
    found = minimize(lambda x: Point(3.0, x, lambda: np.zeros((0, 0))), np.zeros(0))
    assert (found.value, found.status, found.gradients) == (3.0, "converged", 1)


@pytest.mark.parametrize("radius", [0.01, 1.0, 100.0])
@pytest.mark.parametrize(
    "eigenvalues",
    [(1.0, 2.0, 30.0), (-3.0, 1.0, 2.0), (-3.0, -3.0, 5.0), (0.0, 1.0, 2.0), (1e-12, 1e-3, 1e6)],
    ids=str,
)
def test_a_step_satisfies_the_conditions_of_more_and_sorensen(
    eigenvalues: tuple[float, ...], radius: float
) -> None:
    """(H + mu I) s = -g with mu >= 0, H + mu I positive semidefinite, and mu = 0 unless |s| = radius."""
    rng = np.random.default_rng(4)
    for _ in range(20):
        H = symmetric(rng, np.array(eigenvalues))
        g = rng.normal(size=3)
        step, predicted, interior = trust_region_step(H, g, radius)
        assert predicted == pytest.approx(-(g @ step + 0.5 * step @ H @ step), rel=1e-6)
        length = np.linalg.norm(step)
        assert length <= radius * (1 + 1e-9)
        mu = -float(step @ (H @ step + g)) / length**2
        size = np.max(np.abs(H)) + abs(mu)
        assert (H + mu * np.eye(3)) @ step == pytest.approx(-g, abs=1e-6 * (1.0 + size * length))
        assert mu >= -min(eigenvalues) - 1e-6 * size
        assert mu >= -1e-6 * size
        assert interior or length == pytest.approx(radius, rel=1e-6)


def test_in_the_hard_case_the_step_goes_along_the_lowest_curvature() -> None:
    step, predicted, interior = trust_region_step(np.diag([-2.0, 1.0]), np.array([0.0, 0.3]), 1.0)
    assert not interior
    assert np.linalg.norm(step) == pytest.approx(1.0)
    assert step[1] == pytest.approx(-0.1)  # (H + 2 I) s = -g in the second coordinate
    assert predicted == pytest.approx(0.99 + 0.03 - 0.005)


def test_hessians_by_differences_of_gradients() -> None:
    x = np.array([0.7, -0.4])
    exact = rosenbrock_hessian(x)

    def gradient_at(z: Array) -> Array:
        return rosenbrock(z).gradient

    forward = differenced_hessian(gradient_at, x, gradient_at(x))
    assert forward == pytest.approx(exact, abs=0.02)
    central = central_hessian(gradient_at, x)
    assert central == pytest.approx(exact, abs=1e-4)
    assert np.array_equal(central, central.T)
    assert np.array_equal(forward, forward.T)


def test_a_newton_step_leaves_flat_directions_out_and_their_slope_counts() -> None:
    H = np.diag([2.0, 1e-14, -4.0])
    step, decrement = newton_step(H, np.array([1.0, 0.0, 1.0]))
    assert step == pytest.approx([0.5, 0.0, -0.25])
    assert decrement == pytest.approx(0.25 + 0.125)
    step, decrement = newton_step(H, np.array([1.0, 7.0, 1.0]))
    assert step == pytest.approx([0.5, 0.0, -0.25])
    assert decrement == pytest.approx(0.25 + 7.0 + 0.125)


def test_units_that_are_not_natural_are_changed_for_those_that_are() -> None:
    assert natural_units(np.diag([5.0, 30.0, 1.0])) is None
    assert natural_units(np.diag([-5.0, 0.0])) is None
    units = natural_units(np.diag([1e8, 1.0, -1.0, 0.0]))
    assert units == pytest.approx([1e-4, 1.0, 1.0, 1.0])  # what falls or is flat says nothing


@pytest.mark.parametrize("steep", [1e12, 1e-12])
def test_a_direction_beside_a_steeper_one_is_not_taken_for_flat(steep: float) -> None:
    """With a tolerance relative to the steepest, (x1 - 3)^2 beside 1e12 x2^2 counted as no direction."""
    H = np.diag([1.0, steep])
    target = np.array([3.0, 5.0])
    found = minimize(
        lambda x: Point(float((x - target) @ H @ (x - target)), 2.0 * H @ (x - target), lambda: 2.0 * H),
        np.zeros(2),
    )
    assert found.status == "converged"
    assert found.value == pytest.approx(0.0, abs=1e-9)
