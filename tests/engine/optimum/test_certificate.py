"""The certificate: what it proves at an optimum, and that it refuses everything else, in whole sentences."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from mmtriage.arrays import Array
from mmtriage.engine.optimum.certificate import (
    Certificate,
    face_objective,
    face_scale,
    multipliers,
    natural_scale,
    polish_and_certify,
)
from mmtriage.engine.optimum.faces import face_at
from mmtriage.engine.optimum.newton import minimize
from mmtriage.engine.optimum.protocol import cones
from tests.engine.designs import Case, case_of, golden_design, high_order_slope, random_table
from tests.model.tables import numeric, table

INTERIOR = "second-order optimum in the interior: stationary, no descent direction within or off its face"
BOUNDARY = "second-order optimum on the boundary: stationary, no descent direction within or off its face"


def supports(case: Case) -> list[int]:
    return [basis.rank for basis in case.problem.basis.terms]


def optimum(case: Case, start: Sequence[Array], ranks: Sequence[int]) -> tuple[list[Array], Certificate]:
    """The optimum on the face of `ranks`, saddle of the whole cone or not, and its certificate."""
    face, x = face_at(start, ranks, cones(case.problem))
    scale = face_scale(case.problem, face, x)
    found = minimize(face_objective(case.problem, face, scale), x / scale)
    return certified(case, face.factors(found.x * scale), ranks)


def certified(
    case: Case, factors: Sequence[Array], ranks: Sequence[int], *, saddle_free: bool = False
) -> tuple[list[Array], Certificate]:
    face, x = face_at(factors, ranks, cones(case.problem))
    x, certificate = polish_and_certify(case.problem, face, x, saddle_free=saddle_free)
    return face.factors(x), certificate


def identity_start(case: Case) -> list[Array]:
    return [np.eye(len(F)) for F in case.factors]


def test_an_interior_optimum_is_certified() -> None:
    case = golden_design("sleepstudy_slope")
    _, certificate = optimum(case, identity_start(case), [2])
    assert certificate.certified
    assert certificate.reason == INTERIOR
    assert certificate.newton_decrement < 1e-12
    assert certificate.ranks == (2,)
    assert certificate.multipliers == ()
    assert certificate.flat_directions == ()


def test_a_variance_that_wants_to_be_negative_is_certified_at_zero() -> None:
    """Dyestuff2 by ML: d^2 deviance / d theta^2 at zero is 28.7686 (MixedModels.jl's tests). With S = theta^2
    the multiplier, d deviance / d S, is half of it."""
    case = golden_design("dyestuff2_ml")
    _, certificate = certified(case, [np.zeros((1, 1))], [0])
    assert certificate.certified
    assert certificate.reason == BOUNDARY
    assert [m.value for m in certificate.multipliers] == pytest.approx([28.7686 / 2], abs=1e-4)
    assert (certificate.newton_decrement, certificate.min_eigenvalue_free) == (0.0, None)


def test_a_variance_that_wants_to_grow_is_refused_at_zero() -> None:
    case = golden_design("dyestuff")
    factors, certificate = certified(case, [np.zeros((1, 1))], [0])
    (multiplier,) = certificate.multipliers
    assert not certificate.certified
    assert certificate.reason == f"a variance at zero wants to grow (multiplier {multiplier.value:.3g})"
    slope = (case.problem.criterion([np.array([[1e-3]])]) - case.problem.criterion(factors)) / 1e-6
    assert multiplier.value == pytest.approx(slope, rel=1e-4)
    assert multiplier.value < 0


def test_a_saddle_of_rank_one_is_refused_on_its_face_and_on_the_full_one() -> None:
    """Sleepstudy's best covariance of rank one: off its face a variance wants to grow; embedded in the face
    of rank two, where the gradient vanishes by symmetry, the Hessian has a negative eigenvalue."""
    case = golden_design("sleepstudy_slope")
    factors, certificate = optimum(case, identity_start(case), [1])
    (multiplier,) = certificate.multipliers
    assert not certificate.certified
    assert certificate.reason == f"a variance at zero wants to grow (multiplier {multiplier.value:.3g})"
    _, embedded = certified(case, factors, [2])
    assert not embedded.certified
    assert embedded.min_eigenvalue_free is not None
    assert embedded.reason == (
        f"the Hessian on the free face has a negative eigenvalue ({embedded.min_eigenvalue_free:.3g})"
    )
    assert embedded.min_eigenvalue_free < 0
    assert embedded.negative_direction is not None


@pytest.mark.parametrize("away", [1.5, 3.0, 0.2])
def test_a_point_away_from_the_optimum_is_refused(away: float) -> None:
    case = golden_design("sleepstudy_slope")
    factors, _ = optimum(case, identity_start(case), [2])
    _, certificate = certified(case, [away * F for F in factors], [2])
    assert not certificate.certified
    assert certificate.reason == (
        f"Newton decrement {certificate.newton_decrement:.3g} is above 1e-06 deviance units"
    )


def test_the_decrement_is_the_deviance_still_to_be_gained() -> None:
    """Close by, where the criterion is a parabola."""
    case = golden_design("dyestuff")
    (F,), _ = optimum(case, identity_start(case), [1])
    best = case.problem.criterion([F])
    face, x = face_at([F * 1.001], [1], cones(case.problem))
    scale = face_scale(case.problem, face, x)
    point = face_objective(case.problem, face, scale)(x / scale)
    gain = case.problem.criterion([F * 1.001]) - best
    H = hessian(case, [F], [1])
    assert 0.5 * float(point.gradient @ np.linalg.solve(H, point.gradient)) == pytest.approx(gain, rel=0.01)


def hessian(case: Case, factors: Sequence[Array], ranks: Sequence[int]) -> Array:
    """Fourth-order differences of exact gradients in natural units, (m, m)."""
    face, x = face_at(factors, ranks, cones(case.problem))
    scale = face_scale(case.problem, face, x)
    objective = face_objective(case.problem, face, scale)
    columns = []
    for i in range(face.size):
        move = 1e-3 * np.eye(face.size)[i]
        gradients = [objective(x / scale + j * move).gradient for j in (-2, -1, 1, 2)]
        columns.append([high_order_slope(values, 1e-3) for values in zip(*gradients, strict=True)])
    return np.array(columns)


def test_exact_curvature_takes_the_place_of_an_approximation() -> None:
    """Away from the optimum, where average information is another matrix."""
    case = golden_design("sleepstudy_slope")
    factors, ranks = identity_start(case), supports(case)
    face, x = face_at(factors, ranks, cones(case.problem))
    scale = face_scale(case.problem, face, x)
    exact, roughly = (
        face_objective(case.problem, face, scale, is_exact=is_exact)(x / scale) for is_exact in (True, False)
    )
    assert (exact.value, exact.gradient.tolist()) == (roughly.value, roughly.gradient.tolist())
    H = hessian(case, factors, ranks)
    np.testing.assert_allclose(exact.curvature(), H, rtol=1e-4, atol=1e-4 * np.max(np.abs(H)))
    assert not np.allclose(roughly.curvature(), H, rtol=1e-2)


@pytest.mark.parametrize(
    "case_id", ["sleepstudy_slope", "sleepstudy_uncor_ml", "pastes_nested", "penicillin"]
)
def test_the_extreme_eigenvalues_are_those_of_the_high_order_hessian(case_id: str) -> None:
    case = golden_design(case_id)
    factors, certificate = optimum(case, identity_start(case), supports(case))
    eigenvalues = np.linalg.eigvalsh(hessian(case, factors, supports(case)))
    assert certificate.min_eigenvalue_free == pytest.approx(eigenvalues[0], rel=1e-4)
    assert certificate.max_eigenvalue_free == pytest.approx(eigenvalues[-1], rel=1e-4)


def test_units_and_origins_do_not_move_a_certificate() -> None:
    """Days in microseconds since 1970, more or less: the same eigenvalues, in the same natural units."""
    plain = golden_design("sleepstudy_slope")
    days = plain.design.variables["Days"].values
    moved = {**plain.design.variables, "Days": numeric("Days", 1.6e15 + 8.64e10 * days)}
    far = case_of(table(*moved.values()), "Reaction ~ Days + (Days | Subject)")
    _, here = optimum(plain, identity_start(plain), [2])
    _, there = optimum(far, identity_start(far), [2])
    assert there.certified
    assert there.min_eigenvalue_free == pytest.approx(here.min_eigenvalue_free, rel=0.3)
    assert there.max_eigenvalue_free == pytest.approx(here.max_eigenvalue_free, rel=0.3)


def test_multipliers_are_asked_only_where_rank_is_missing() -> None:
    case = case_of(random_table(), "y ~ x1 + (1 + x1 | g) + (1 | h)")
    factors = [np.diag([0.7, 0.0]), np.zeros((1, 1))]
    found = multipliers(case.problem, *face_at(factors, [1, 0], cones(case.problem)))
    assert [m.term for m in found] == [0, 1]
    assert np.abs(found[0].along.direction) == pytest.approx([0.0, 1.0])
    assert multipliers(case.problem, *face_at(factors, [2, 1], cones(case.problem))) == []


def test_a_natural_step_is_the_size_of_the_factor_or_what_the_data_can_resolve() -> None:
    case = case_of(random_table(), "y ~ x1 + (1 + x1 | g) + (1 | h)")
    scale = natural_scale(case.problem, [np.diag([3.0, 0.1]), np.zeros((1, 1))])
    levels = len(case.design.random[1].levels)
    assert scale == pytest.approx([3.0, np.sqrt(levels / len(case.design.y))])
