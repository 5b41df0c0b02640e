"""Coordinates on the faces of the cone: every covariance of a rank has them, without rotations left over."""

from __future__ import annotations

import numpy as np
import pytest

from mmtriage.engine.optimum.faces import face_at
from tests.engine.structures.factors import RANKS, random_factor, rank_cones


@pytest.mark.parametrize(("k", "rank", "support"), RANKS)
def test_a_covariance_of_the_rank_keeps_its_value(k: int, rank: int, support: int) -> None:
    F = random_factor(np.random.default_rng(k), k, rank, support)
    face, x = face_at([F], [rank], rank_cones([support]))
    (G,) = face.factors(x)
    np.testing.assert_allclose(G @ G.T, F @ F.T, atol=1e-12)
    assert face.ranks == (rank,)
    assert len(x) == face.size == support * rank - rank * (rank - 1) // 2
    assert face.slopes(x, [G]) == pytest.approx(x)


@pytest.mark.parametrize(("k", "rank", "support"), [r for r in RANKS if r[1] > 0])
def test_no_move_on_the_face_leaves_the_covariance_as_it_is(k: int, rank: int, support: int) -> None:
    """The map from the parameters to S has full column rank: no rotation of F is free."""
    rng = np.random.default_rng(k)
    face, x = face_at([random_factor(rng, k, rank, support)], [rank], rank_cones([support]))
    (F,) = face.factors(x)
    moves = []
    for i in range(face.size):
        (dF,) = face.factors(np.eye(face.size)[i])
        moves.append((dF @ F.T + F @ dF.T).ravel())
    smallest = np.linalg.svd(np.array(moves), compute_uv=False)[-1]
    assert smallest > 1e-3


def test_at_full_rank_the_factor_is_the_lower_triangle_of_lme4() -> None:
    L = np.array([[2.0, 0.0], [-0.7, 0.3]])
    face, x = face_at([L], [2], rank_cones([2]))
    (F,) = face.factors(x)
    assert np.abs(F) == pytest.approx(np.abs(L))
    assert F[0, 1] == 0.0


def test_a_lower_rank_takes_the_nearest_covariance() -> None:
    F = np.diag([3.0, 2.0, 1.0])
    face, x = face_at([F], [2], rank_cones([3]))
    (G,) = face.factors(x)
    np.testing.assert_allclose(G @ G.T, np.diag([9.0, 4.0, 0.0]), atol=1e-12)


def test_terms_stand_one_after_another() -> None:
    rng = np.random.default_rng(0)
    factors = [random_factor(rng, 3, 2, 3), random_factor(rng, 1, 0, 1), random_factor(rng, 2, 2, 2)]
    face, x = face_at(factors, [2, 0, 2], rank_cones([3, 1, 2]))
    assert [term.size for term in face.terms] == [5, 0, 3]
    for F, G in zip(factors, face.factors(x), strict=True):
        np.testing.assert_allclose(G @ G.T, F @ F.T, atol=1e-12)


def test_without_terms_there_are_no_parameters() -> None:
    face, x = face_at([], [], rank_cones([]))
    assert (face.size, len(x), face.factors(x), len(face.slopes(x, []))) == (0, 0, [], 0)
