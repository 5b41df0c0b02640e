"""The parts of our BOBYQA against dense linear algebra: slow, obvious, without updates."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from mmtriage.arrays import Array
from mmtriage.optimizers.powell.evaluations import Evaluations
from mmtriage.optimizers.powell.first_points import box_around, empty_interpolation, first_model
from mmtriage.optimizers.powell.fixed_order import combined, dot, row_products, total
from mmtriage.optimizers.powell.geometry import geometry_step
from mmtriage.optimizers.powell.interpolation import (
    Interpolation,
    denominators,
    lagrange_functions,
    move_base,
    update_inverse,
)
from mmtriage.optimizers.powell.iterations import Descent
from mmtriage.optimizers.powell.quadratic import (
    Quadratic,
    diagonal_curvature,
    least_norm_model,
    move_model,
    moved_gradient,
    predicted_change,
)
from mmtriage.optimizers.powell.rescue import rescue
from mmtriage.optimizers.powell.trust_region import trust_region_step

SIZES = [(1, 3), (2, 4), (2, 5), (2, 6), (3, 5), (3, 7), (3, 9), (4, 15), (5, 7), (6, 8)]
EACH_SIZE = pytest.mark.parametrize(("n", "m"), SIZES, ids=[f"n{n}_m{m}" for n, m in SIZES])
RHO = 0.5


def bumpy(x: Array) -> float:
    """Not a quadratic, without a symmetry."""
    i = np.arange(1, len(x) + 1)
    return float(np.sum((x - 0.3 * i) ** 2 * i) + np.sum(np.sin(2.0 * x + i)) + np.prod(1.0 + 0.1 * x))


def started(n: int, m: int, *, walls: bool = False) -> tuple[Descent, Evaluations]:
    """A search that has its first points; with walls, under some of them and near others."""
    start = np.linspace(0.2, 1.0, n)
    lower, upper = np.full(n, -np.inf), np.full(n, np.inf)
    if walls:
        lower[::2], upper[1::2] = start[::2], start[1::2] + 0.4
    evaluate = Evaluations(bumpy, lower, upper, 10_000)
    points = empty_interpolation(box_around(start, lower, upper, RHO), m)
    model = first_model(points, RHO, evaluate)
    return Descent(evaluate, points, model, rhobeg=RHO, rhoend=1e-4), evaluate


def moved_on(n: int, m: int, iterations: int) -> Descent:
    descent, _ = started(n, m, walls=True)
    for _ in range(iterations):
        if not descent.iterate():
            break
    return descent


def dense_kkt(Y: Array) -> Array:
    """W, (m + n + 1, m + n + 1)."""
    m, n = Y.shape
    W = np.zeros((m + n + 1, m + n + 1))
    W[:m, :m] = 0.5 * (Y @ Y.T) ** 2
    W[:m, m], W[m, :m] = 1.0, 1.0
    W[:m, m + 1 :], W[m + 1 :, :m] = Y, Y.T
    return W


def column_of(Y: Array, y: Array) -> Array:
    """The column of W, (m + n + 1,), that belongs to y (n,)."""
    return np.concatenate((0.5 * (Y @ y) ** 2, [1.0], y))


def assert_inverse(points: Interpolation, tolerance: float = 1e-8) -> None:
    """Z and B are H's, in units in which the points have a distance of about one."""
    m, n = points.Y.shape
    scale = np.sqrt(np.mean((points.Y - points.centre) ** 2))
    units = np.concatenate((np.full(m, scale**2), np.full(n, 1.0 / scale)))
    H = np.delete(np.delete(np.linalg.inv(dense_kkt(points.Y)), m, axis=0), m, axis=1)
    ours = np.zeros_like(H)
    ours[:m, :m] = points.Z.T @ points.Z
    ours[:, m:], ours[m:, :] = points.B, points.B.T
    difference = np.abs((ours - H) * np.outer(units, units))
    assert np.max(difference) < tolerance * np.max(np.abs(H * np.outer(units, units)))


def hessian(model: Quadratic, points: Interpolation) -> Array:
    return np.asarray(model.explicit + np.einsum("k,ki,kj->ij", model.implicit, points.Y, points.Y))


def interpolation_errors(model: Quadratic, points: Interpolation) -> Array:
    """Q(y_k) - f(y_k), (m,)."""
    d = points.Y - points.centre
    H = hessian(model, points)
    return np.asarray(
        points.least + d @ model.gradient + 0.5 * np.einsum("ki,ij,kj->k", d, H, d) - points.values
    )


# --- sums


@pytest.mark.parametrize(("k", "l"), [(3, 1), (7, 1), (4, 2), (12, 10), (22, 10), (130, 3), (40, 17)])
def test_sums_are_added_from_the_first_to_the_last_term(k: int, l: int) -> None:  # noqa: E741
    rng = np.random.default_rng(k + l)
    A = rng.normal(size=(k, l)) * 10.0 ** rng.integers(-8, 8, size=(k, l))
    v, w, onto = rng.normal(size=l), rng.normal(size=k), rng.normal(size=l)
    down, across = onto.copy(), np.zeros(k)
    for i in range(k):
        down = down + w[i] * A[i]
    for j in range(l):
        across = across + A[:, j] * v[j]
    assert np.array_equal(combined(w, A, onto), down)
    assert np.array_equal(row_products(A, v), across)
    one_by_one = 0.0
    for term in (w * w).tolist():
        one_by_one += term
    assert dot(w, w) == total(w * w) == one_by_one


# --- H


@EACH_SIZE
@pytest.mark.parametrize("walls", [False, True])
def test_the_first_points_have_the_inverse_and_the_model_in_closed_form(n: int, m: int, walls: bool) -> None:
    descent, evaluate = started(n, m, walls=walls)
    points, model = descent.points, descent.model
    assert evaluate.count == m
    assert points.least == min(points.values)
    assert_inverse(points, 1e-11)
    assert interpolation_errors(model, points) == pytest.approx(np.zeros(m), abs=1e-11)
    for y, value in zip(points.Y, points.values, strict=True):
        assert bumpy(points.base + y) == pytest.approx(value, abs=1e-12)
    assert np.array_equal(points.Y, np.clip(points.Y, points.lower, points.upper))


@EACH_SIZE
def test_lagrange_functions_and_denominators_are_those_of_the_dense_system(n: int, m: int) -> None:
    points = moved_on(n, m, 3).points
    step = 0.7 * RHO * np.cos(np.arange(n) + 1.0)
    y = points.centre + step
    w, W = column_of(points.Y, y), dense_kkt(points.Y)
    at = lagrange_functions(points, step)
    expected = np.linalg.solve(W, w)
    assert at.values[:m] == pytest.approx(expected[:m], rel=1e-8, abs=1e-8)
    assert at.beta == pytest.approx(0.5 * float(y @ y) ** 2 - w @ expected, rel=1e-6, abs=1e-8)
    assert at.products == pytest.approx(points.Y @ step, abs=1e-12)
    for k, sigma in enumerate(denominators(points, at)):
        replaced = points.Y.copy()
        replaced[k] = y
        growth = np.linalg.det(dense_kkt(replaced)) / np.linalg.det(W)
        assert sigma == pytest.approx(abs(growth), rel=1e-5, abs=1e-7)


@EACH_SIZE
def test_the_updated_inverse_is_the_inverse_of_the_new_system(n: int, m: int) -> None:
    points = moved_on(n, m, 2).points
    step = 0.7 * RHO * np.cos(np.arange(n) + 1.0)
    at = lagrange_functions(points, step)
    sigma = denominators(points, at)
    k = int(np.argmax(sigma))
    target = points.centre + step
    update_inverse(points, k, at, float(sigma[k]))
    points.Y[k] = target
    assert_inverse(points)
    assert np.array_equal(points.B[m:], points.B[m:].T)


@EACH_SIZE
def test_moving_the_base_moves_the_inverse_and_leaves_the_model(n: int, m: int) -> None:
    descent = moved_on(n, m, 4)
    points, model = descent.points, descent.model
    before, places, corner = hessian(model, points), points.Y + points.base, points.lower + points.base
    move_model(model, points, points.centre.copy(), share=-0.5)
    move_base(points)
    assert not points.centre.any()
    assert points.Y + points.base == pytest.approx(places, abs=1e-14)
    assert points.lower + points.base == pytest.approx(corner, abs=1e-14)
    assert_inverse(points)
    assert hessian(model, points) == pytest.approx(before, rel=1e-8, abs=1e-8)
    assert np.array_equal(model.explicit, model.explicit.T)


# --- the model


@EACH_SIZE
def test_the_model_interpolates_and_the_inverse_holds_all_the_way(n: int, m: int) -> None:
    descent, _ = started(n, m, walls=True)
    while descent.iterate():
        assert_inverse(descent.points, 1e-4)
        scale = np.ptp(descent.points.values)
        assert np.max(np.abs(interpolation_errors(descent.model, descent.points))) <= 1e-6 * scale + 1e-12
        assert descent.points.least == min(descent.points.values)


@EACH_SIZE
def test_what_the_model_says_is_what_its_hessian_says(n: int, m: int) -> None:
    descent = moved_on(n, m, 5)
    points, model = descent.points, descent.model
    H, step = hessian(model, points), np.sin(np.arange(n) + 1.0)
    assert moved_gradient(model, points, step) == pytest.approx(model.gradient + H @ step, rel=1e-9)
    change = float(model.gradient @ step + 0.5 * step @ H @ step)
    assert predicted_change(model, step, points.Y @ step) == pytest.approx(change, rel=1e-9)
    diagonal = [diagonal_curvature(model, points, j) for j in range(n)]
    assert diagonal == pytest.approx(np.diag(H), rel=1e-9, abs=1e-9)


@EACH_SIZE
def test_the_model_of_least_norm_solves_the_dense_system(n: int, m: int) -> None:
    points = moved_on(n, m, 5).points
    found = least_norm_model(points)
    solved = np.linalg.solve(dense_kkt(points.Y), np.concatenate((points.values, np.zeros(n + 1))))
    H = np.einsum("k,ki,kj->ij", solved[:m], points.Y, points.Y)
    assert found.implicit == pytest.approx(solved[:m], rel=1e-6, abs=1e-6 * np.max(np.abs(solved[:m])))
    assert found.gradient == pytest.approx(solved[m + 1 :] + H @ points.centre, rel=1e-6, abs=1e-6)


# --- the trust region step


def random_model(rng: np.random.Generator, n: int) -> tuple[Interpolation, Quadratic, Array]:
    """A model with a random Hessian, returned as well, and a box with some walls in reach."""
    m = n + 2
    H = rng.normal(size=(n, n))
    H = H @ H.T if rng.random() < 0.5 else H + H.T
    centre, Y, mu = rng.normal(size=n), rng.normal(size=(m, n)), 0.1 * rng.normal(size=m)
    Y[0] = centre
    points = Interpolation(
        base=np.zeros(n),
        lower=centre - rng.choice([0.0, 0.1, 0.5, np.inf], size=n),
        upper=centre + rng.choice([0.05, 0.3, 1.0, np.inf], size=n),
        Y=Y,
        values=np.arange(m, dtype=float),
        best=0,
        B=np.zeros((m + n, n)),
        Z=np.zeros((1, m)),
    )
    explicit = H - np.einsum("k,ki,kj->ij", mu, Y, Y)
    model = Quadratic(gradient=rng.normal(size=n), explicit=0.5 * (explicit + explicit.T), implicit=mu)
    return points, model, hessian(model, points)


def best_reduction(
    g: Array, H: Array, low: Array, high: Array, radius: float, rng: np.random.Generator
) -> float:
    """The least value of the quadratic in box and ball that SLSQP finds from several starts."""
    from scipy.optimize import minimize

    ball = {"type": "ineq", "fun": lambda d: radius**2 - d @ d, "jac": lambda d: -2.0 * d}
    least = 0.0
    for _ in range(6):
        d = np.clip(0.3 * radius * rng.normal(size=len(g)), low, high)
        with warnings.catch_warnings():  # SciPy 1.15 says so where it clips a step to the bounds
            warnings.simplefilter("ignore", RuntimeWarning)
            found = minimize(
                lambda d: g @ d + 0.5 * d @ H @ d,
                d * (radius / max(radius, float(np.linalg.norm(d)))),
                jac=lambda d: g + H @ d,
                bounds=list(zip(low, high, strict=True)),
                constraints=ball,
                method="SLSQP",
            )
        if np.linalg.norm(found.x) <= radius * (1.0 + 1e-6):
            least = min(least, float(found.fun))
    return least


def test_the_trust_region_step_goes_down_inside_box_and_radius_nearly_as_far_as_possible() -> None:
    rng = np.random.default_rng(20)
    shares = []
    for _ in range(60):
        n, radius = int(rng.integers(1, 6)), float(rng.choice([0.1, 0.5, 2.0]))
        points, model, H = random_model(rng, n)
        found = trust_region_step(points, model, radius)
        step, g = found.step, model.gradient
        assert np.all((found.point >= points.lower) & (found.point <= points.upper))
        assert found.squared == pytest.approx(float(step @ step))
        assert np.sqrt(found.squared) <= radius * (1.0 + 1e-12)
        assert found.gradient == pytest.approx(g + H @ step, rel=1e-8, abs=1e-8)
        change = float(g @ step + 0.5 * step @ H @ step)
        assert change <= 0.0
        box = points.lower - points.centre, points.upper - points.centre
        least = best_reduction(g, H, *box, radius, rng)
        shares.append(change / least if least < -1e-9 else 1.0)
    assert np.median(shares) > 0.999
    assert np.mean(np.array(shares) > 0.9) > 0.85


def test_without_walls_and_edge_the_step_is_newtons_and_the_curvature_the_least_along_it() -> None:
    H = np.diag([1.0, 3.0, 9.0])
    g = np.array([0.3, -0.2, 0.4])
    points, model, _ = random_model(np.random.default_rng(1), 3)
    points.lower, points.upper = np.full(3, -np.inf), np.full(3, np.inf)
    model.gradient, model.explicit, model.implicit = g, H, np.zeros(5)
    found = trust_region_step(points, model, 10.0)
    assert found.step == pytest.approx(-np.linalg.solve(H, g), abs=1e-12)
    assert 1.0 <= found.curvature <= 9.0


def test_a_step_to_the_edge_has_no_curvature_and_one_that_cannot_move_has_none_either() -> None:
    points, model, _ = random_model(np.random.default_rng(1), 3)
    points.lower, points.upper = points.centre.copy(), np.full(3, np.inf)
    model.gradient, model.explicit, model.implicit = np.array([-1.0, 2.0, 3.0]), np.zeros((3, 3)), np.zeros(5)
    to_edge = trust_region_step(points, model, 0.5)
    assert to_edge.curvature == 0.0
    assert to_edge.step == pytest.approx([0.5, 0.0, 0.0])
    model.gradient = np.array([1.0, 2.0, 3.0])
    held = trust_region_step(points, model, 0.5)
    assert (held.squared, held.curvature) == (0.0, -1.0)


# --- the geometry step


def lagrange_value(Y: Array, t: int, y: Array) -> float:
    return float(np.linalg.solve(dense_kkt(Y), column_of(Y, y))[t])


@EACH_SIZE
def test_the_geometry_step_makes_the_lagrange_function_large(n: int, m: int) -> None:
    points = moved_on(n, m, 4).points
    radius = 0.6 * RHO
    for t in range(m):
        if t == points.best:
            continue
        found = geometry_step(points, t, radius)
        for y in (found.on_line, found.cauchy):
            assert np.all((y >= points.lower) & (y <= points.upper))
        assert np.linalg.norm(found.cauchy - points.centre) <= radius * (1.0 + 1e-9)
        if found.cauchy_squared > 0.0:
            value = lagrange_value(points.Y, t, found.cauchy)
            assert found.cauchy_squared == pytest.approx(value**2, rel=1e-6, abs=1e-9)
        on_line = abs(lagrange_value(points.Y, t, found.on_line))
        assert max(on_line, np.sqrt(found.cauchy_squared)) > 0.0
        assert found.alpha == pytest.approx(np.linalg.inv(dense_kkt(points.Y))[t, t], rel=1e-6, abs=1e-9)


@EACH_SIZE
def test_no_place_on_a_line_has_a_larger_forecast(n: int, m: int) -> None:
    points = moved_on(n, m, 4).points
    radius, centre = 0.6 * RHO, points.centre
    t = (points.best + 1) % m

    def forecast(y: Array, k: int) -> float:
        along = points.Y[k] - centre
        s = float((y - centre) @ along / (along @ along))
        tau = lagrange_value(points.Y, t, y)
        bulge = s * (1.0 - s) * float(along @ along)
        return tau**2 * (tau**2 + 0.5 * found.alpha * bulge**2)

    found = geometry_step(points, t, radius)
    others = [k for k in range(m) if k != points.best]
    ours = max(forecast(found.on_line, k) for k in others if is_on_line(found.on_line, centre, points.Y[k]))
    theirs = []
    for k in others:
        reach = radius / float(np.linalg.norm(points.Y[k] - centre))
        for s in np.linspace(-reach, reach, 41):
            y = centre + s * (points.Y[k] - centre)
            if np.all((y >= points.lower) & (y <= points.upper)):
                theirs.append(forecast(y, k))
    assert max(theirs) <= 1.5 * ours + 1e-9  # Powell compares the places on one line by |tau| alone


def is_on_line(y: Array, centre: Array, other: Array) -> bool:
    a, b = y - centre, other - centre
    return bool(np.linalg.norm(a * (b @ b) - b * (a @ b)) <= 1e-9 * np.linalg.norm(a) * float(b @ b) + 1e-15)


# --- RESCUE


@EACH_SIZE
def test_rescue_makes_the_inverse_anew_without_an_evaluation_where_the_points_are_good(
    n: int, m: int
) -> None:
    descent = moved_on(n, m, 3)
    points, model, count = descent.points, descent.model, descent.evaluate.count
    before, places = hessian(model, points), points.Y + points.base
    points.B[:], points.Z[:] = np.nan, np.nan
    assert rescue(points, model, descent.delta, descent.evaluate) is False
    assert descent.evaluate.count == count
    assert points.Y + points.base == pytest.approx(places, abs=1e-14)
    assert_inverse(points, 1e-7)
    assert hessian(model, points) == pytest.approx(before, rel=1e-8, abs=1e-8)


@pytest.mark.parametrize(("n", "m"), [(2, 4), (2, 6), (3, 7), (4, 6), (5, 14)])
def test_rescue_replaces_points_that_have_fallen_together(n: int, m: int) -> None:
    descent = moved_on(n, m, 3)
    points, model, count = descent.points, descent.model, descent.evaluate.count
    best = points.best
    twin = next(k for k in range(m) if k != best)
    other = next(k for k in range(m) if k not in (best, twin))
    points.Y[other] = points.Y[twin] + 1e-9
    points.values[other] = bumpy(points.base + points.Y[other])
    assert rescue(points, model, descent.delta, descent.evaluate) is True
    assert count < descent.evaluate.count < count + m
    assert_inverse(points, 1e-6)
    for y, value in zip(points.Y, points.values, strict=True):
        assert bumpy(points.base + y) == pytest.approx(value, abs=1e-9)
    if points.best != best:  # as the search does
        model.gradient = moved_gradient(model, points, points.centre)
    renewed = np.abs(interpolation_errors(model, points)) < 1e-6
    assert renewed.sum() >= descent.evaluate.count - count


def test_a_search_whose_inverse_is_ruined_goes_on_by_rescue() -> None:
    descent, evaluate = started(4, 6)
    for _ in range(8):
        descent.iterate()
    descent.points.Z *= 1e3  # beta, and with it every sigma, is negative now
    while descent.iterate():
        pass
    assert descent.last_rescue > 6
    assert_inverse(descent.points, 1e-4)
    undisturbed, _ = started(4, 6)
    while undisturbed.iterate():
        pass
    assert descent.points.least == pytest.approx(undisturbed.points.least, abs=1e-6)
    assert evaluate.count < 500
