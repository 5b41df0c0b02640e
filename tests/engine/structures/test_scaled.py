"""Covariances of SDs and one correlation: against their definitions, lme4's factors, and differences."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from mmtriage.arrays import Array
from mmtriage.engine.optimum.faces import Face, face_at, open_face
from mmtriage.engine.optimum.protocol import cones
from mmtriage.engine.structures.autoregressive import Autoregressive
from mmtriage.engine.structures.compound_symmetry import CompoundSymmetry
from mmtriage.engine.structures.interfaces import Held
from mmtriage.engine.structures.scaled import Correlation, Scaled
from tests.engine.designs import Case, high_order_slope
from tests.engine.structures.covariances import COVARIANCES, random_parameters, structured_case

TAGS = list(COVARIANCES)
OF_RHO = [tag for tag in TAGS if not tag.startswith("diag")]
CORRELATIONS = [CompoundSymmetry(2), CompoundSymmetry(5), Autoregressive(2), Autoregressive(5)]
STEP = 1e-3


def covariance(tag: str, parameters: Array, k: int) -> Array:
    return COVARIANCES[tag](parameters, k)


def by_steps(f: Callable[[float], Array]) -> Array:
    """f'(0), fourth order."""
    far_below, below, above, far_above = (f(j * STEP) for j in (-2, -1, 1, 2))
    return np.asarray((8.0 * (above - below) - (far_above - far_below)) / (12.0 * STEP))


def is_ar1(correlation: Correlation) -> bool:
    return isinstance(correlation, Autoregressive)


@pytest.mark.parametrize("correlation", CORRELATIONS, ids=repr)
def test_a_root_is_one_of_the_correlation_matrix_up_to_its_bounds(correlation: Correlation) -> None:
    bounds = correlation.bounds
    assert bounds is not None
    k = len(correlation.slope(0.0))
    for rho in np.linspace(*bounds, 9):
        lag = np.abs(np.subtract.outer(np.arange(k), np.arange(k)))
        C = rho ** (lag if is_ar1(correlation) else np.minimum(lag, 1))
        phi = correlation.angle(rho)
        B, _, _ = correlation.root(phi)
        assert pytest.approx(C, abs=1e-12) == B @ B.T
        assert correlation.rho(phi) == pytest.approx(rho, abs=1e-12)
        assert correlation.nearest(C, np.ones(k)) == pytest.approx(rho, abs=1e-12)


@pytest.mark.parametrize("correlation", CORRELATIONS, ids=repr)
def test_the_derivatives_of_a_root_are_its_differences(correlation: Correlation) -> None:
    for phi in (-0.3, 0.0, 0.4, 1.3, np.pi / 2):
        _, dB, ddB = correlation.root(phi)
        assert dB == pytest.approx(by_steps(_turned(correlation, phi, 0)), abs=1e-9)
        assert ddB == pytest.approx(by_steps(_turned(correlation, phi, 1)), abs=1e-9)


def _turned(correlation: Correlation, phi: float, which: int) -> Callable[[float], Array]:
    return lambda h: correlation.root(phi + h)[which]


@pytest.mark.parametrize("tag", TAGS)
def test_the_factor_of_lme4_is_the_cholesky_factor_of_the_covariance(tag: str) -> None:
    rng = np.random.default_rng(5)
    case = structured_case(tag)
    for _ in range(5):
        parameters = random_parameters(case, rng)
        (L,) = case.problem.layout.factors(parameters)
        S = covariance(tag, parameters, len(L))
        assert pytest.approx(S) == L @ L.T
        assert np.array_equal(L, np.tril(L))
        assert case.problem.layout.theta([L]) == pytest.approx(parameters)


def test_at_a_correlation_of_one_compound_symmetry_divides_by_zero_as_lme4_does() -> None:
    structure = Scaled(3, CompoundSymmetry(3), homogeneous=False)
    assert np.any(np.isnan(structure.factor(np.array([1.0, 2.0, 3.0, 1.0]))))
    assert np.all(np.isfinite(Scaled(3, Autoregressive(3), homogeneous=True).factor(np.array([2.0, 1.0]))))


@pytest.mark.parametrize("weights", [False, True], ids=["plain", "weights"])
@pytest.mark.parametrize("reml", [True, False], ids=["REML", "ML"])
@pytest.mark.parametrize("tag", TAGS)
def test_the_criterion_is_that_of_the_dense_oracle(tag: str, reml: bool, weights: bool) -> None:
    case = structured_case(tag, reml=reml, weights=weights)
    parameters = random_parameters(case, np.random.default_rng(1))
    k = case.problem.widths[0]
    root = _psd_root(covariance(tag, parameters, k))
    ours = case.problem.criterion(*case.problem.place(parameters))
    assert ours == pytest.approx(case.dense([root]).criterion, abs=1e-8)


def point(tag: str, seed: int) -> tuple[Case, Face, Array]:
    """A random point of the open face."""
    case = structured_case(tag)
    parameters = random_parameters(case, np.random.default_rng(seed))
    face, x = open_face(case.problem.place(parameters).factors, cones(case.problem))
    return case, face, x


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("tag", TAGS)
def test_the_gradient_is_that_of_high_order_differences(tag: str, seed: int) -> None:
    case, face, x = point(tag, seed)
    problem = case.problem
    ours = face.slopes(x, *problem.expand(*face.place(x)).slopes)
    for i, move in enumerate(np.eye(face.size)):
        slope = high_order_slope(
            [problem.criterion(*face.place(x + j * STEP * move)) for j in (-2, -1, 1, 2)], STEP
        )
        assert ours[i] == pytest.approx(slope, rel=1e-6, abs=1e-6)


@pytest.mark.parametrize("tag", TAGS)
def test_the_bend_is_the_second_derivative_of_the_covariance(tag: str) -> None:
    """Of tr(G S(x)) for a G that does not change."""
    _, face, x = point(tag, 4)
    (term,) = face.terms
    k = len(face.factors(x)[0])
    M = np.random.default_rng(2).normal(size=(k, k))
    G = M + M.T

    def slopes(at: Array) -> Array:
        F = term.factor(at)
        return term.slopes(at, 2.0 * G @ F)

    F = term.factor(x)
    bend = term.bend(x, F, 2.0 * G @ F)
    for i, move in enumerate(np.eye(face.size)):
        assert bend[i] == pytest.approx(by_steps(_along(slopes, x, move)), rel=1e-7, abs=1e-7)


def _along(f: Callable[[Array], Array], x: Array, move: Array) -> Callable[[float], Array]:
    return lambda h: f(x + h * move)


@pytest.mark.parametrize("tag", TAGS)
def test_what_is_carried_is_the_change_of_the_covariance(tag: str) -> None:
    _, face, x = point(tag, 6)
    (term,) = face.terms
    F = term.factor(x)
    h = np.random.default_rng(2).normal(size=(3, len(F)))
    out = np.zeros((3, len(F), face.size))
    term.carry(x, F, h, out)
    for i, move in enumerate(np.eye(face.size)):
        dS = by_steps(_along(lambda at: term.factor(at) @ term.factor(at).T, x, move))
        assert out[:, :, i] == pytest.approx(h @ dS, abs=1e-8)


@pytest.mark.parametrize("tag", TAGS)
def test_a_covariance_of_the_structure_keeps_its_value_on_every_stratum(tag: str) -> None:
    case = structured_case(tag)
    structure = case.problem.layout.structures[0]
    assert isinstance(structure, Scaled)
    (cone,) = cones(case.problem)
    parameters = random_parameters(case, np.random.default_rng(8))
    strata = [Held()]
    if not structure.homogeneous:
        strata.append(Held(zeros=(1,)))
    if structure.has_rho:
        strata += [Held(rho=bound) for bound in structure.correlation.bounds or ()]
    for stratum in strata:
        held = parameters.copy()
        held[list(stratum.zeros)] = 0.0
        if stratum.rho is not None:
            held[-1] = stratum.rho
        k = structure.width
        S = covariance(tag, held, k)
        eigenvalues, Q = np.linalg.eigh(S)
        F = case.problem.basis.terms[0].R @ (Q * np.sqrt(np.maximum(eigenvalues, 0.0)))
        face, x = cone.face(F, stratum)
        E = case.problem.basis.terms[0].inverse @ face.factor(x)
        assert pytest.approx(S, abs=1e-9) == E @ E.T
        assert face.rank == np.linalg.matrix_rank(S, tol=1e-8)
        assert (face.stratum, face.is_open) == (stratum, stratum == Held())


@pytest.mark.parametrize("tag", OF_RHO)
@pytest.mark.parametrize("side", [0, 1])
def test_the_slope_off_a_bound_of_rho_is_that_of_the_criterion(tag: str, side: int) -> None:
    case = structured_case(tag)
    k = case.problem.widths[0]
    structure = case.problem.layout.structures[0]
    assert isinstance(structure, Scaled)
    bounds = structure.correlation.bounds
    assert bounds is not None
    parameters = random_parameters(case, np.random.default_rng(3))
    parameters[-1] = bounds[side]
    inwards = 1.0 if side == 0 else -1.0
    slope = _slope_at(case, tag, parameters, np.append(np.zeros(len(parameters) - 1), inwards))
    F = _factor(case, covariance(tag, parameters, k))
    face, x = face_at([F], [Held(rho=bounds[side])], cones(case.problem))
    (way,) = _ways(case, face, x)
    assert way.value == pytest.approx(slope, rel=1e-4)
    assert face.terms[0].opened(way) == Held()


@pytest.mark.parametrize("tag", ["cs({})", "ar1({}, hom = FALSE)"])
def test_the_slope_off_an_sd_of_zero_is_that_of_the_criterion(tag: str) -> None:
    """Of the first order in the SD itself: its column correlates with others that vary."""
    case = structured_case(tag)
    k = case.problem.widths[0]
    parameters = random_parameters(case, np.random.default_rng(3))
    parameters[1] = 0.0
    size = float(np.sqrt(np.mean(case.design.random[0].Z[:, 1] ** 2)))
    slope = _slope_at(case, tag, parameters, np.eye(k + 1)[1] / size)
    face, x = face_at(
        [_factor(case, covariance(tag, parameters, k))], [Held(zeros=(1,))], cones(case.problem)
    )
    (way,) = _ways(case, face, x)
    assert way.value == pytest.approx(slope, rel=1e-4)
    assert face.terms[0].opened(way) == Held()


def _factor(case: Case, S: Array) -> Array:
    eigenvalues, Q = np.linalg.eigh(S)
    return np.asarray(case.problem.basis.terms[0].R @ (Q * np.sqrt(np.maximum(eigenvalues, 0.0))))


def _ways(case: Case, face: Face, x: Array):  # type: ignore[no-untyped-def]
    (G,) = case.problem.covariance_gradient(*face.place(x))
    (term,) = face.terms
    return term.inward(x, term.factor(x), G)


def _slope_at(case: Case, tag: str, parameters: Array, direction: Array) -> float:
    """The one-sided slope of the dense criterion, from inside, by Richardson's extrapolation."""
    k = case.problem.widths[0]

    def at(t: float) -> float:
        root = _psd_root(covariance(tag, parameters + t * direction, k))
        return case.dense([root]).criterion

    h = 1e-4
    first = [(at(step) - at(0.0)) / step for step in (h, h / 2, h / 4)]
    second = [2.0 * first[1] - first[0], 2.0 * first[2] - first[1]]
    return (4.0 * second[1] - second[0]) / 3.0


def _psd_root(S: Array) -> Array:
    eigenvalues, Q = np.linalg.eigh(S)
    return np.asarray(Q * np.sqrt(np.maximum(eigenvalues, 0.0)))
