"""The fast likelihood against the dense one, over a zoo of designs and along every path of the kernel."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mmtriage.arrays import Array
from mmtriage.deadline import Deadline, TimeBudgetError
from mmtriage.engine.algebra import coupling, crossproducts, fronts
from mmtriage.engine.linear.model import LinearModel
from mmtriage.engine.optimum.faces import open_face
from mmtriage.engine.optimum.protocol import cones
from mmtriage.engine.structures.covariance_factor import in_users_columns
from tests.engine.designs import (
    ZOO,
    Case,
    case_of,
    dense_problem,
    entry_moves,
    high_order_slope,
    random_table,
    zoo_case,
)

# The symbolic choices (SMALL_ROOT, LARGEST_CLUSTER, SMALL_PANEL, PAIR_COST): as shipped; never a small root;
# hardly a cluster; every border scattered; every border the whole root.
PLANS: dict[str, dict[str, float]] = {
    "as shipped": {},
    "stages to the end": {"SMALL_ROOT": 0},
    "small clusters": {"SMALL_ROOT": 0, "LARGEST_CLUSTER": 3},
    "scattered borders": {"SMALL_PANEL": -1, "PAIR_COST": 0.0},
    "scattered borders, no root": {"SMALL_ROOT": 0, "SMALL_PANEL": -1, "PAIR_COST": 0.0},
    "clusters of any size": {"SMALL_ROOT": 0, "LARGEST_CLUSTER": 10_000, "SMALL_PANEL": -1},
}
EXACT = ("beta", "vcov", "sigma")


def use_plan(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    for constant, value in PLANS[name].items():
        home = coupling if hasattr(coupling, constant) else fronts
        monkeypatch.setattr(home, constant, value)


def gradient_by_differences(case: Case, factors: list[Array], step: float = 1e-3) -> list[Array]:
    """d criterion / d F, all entries, to fourth order."""
    slopes = [np.zeros_like(F) for F in factors]
    for t, i, j in entry_moves(factors):
        values = []
        for move in (-2.0, -1.0, 1.0, 2.0):
            moved = [F.copy() for F in factors]
            moved[t][i, j] += move * step
            values.append(case.problem.criterion(moved))
        slopes[t][i, j] = high_order_slope(values, step)
    return slopes


def assert_gradient_is_exact(case: Case, factors: list[Array]) -> None:
    gradient = case.problem.gradient(case.problem.evaluate(factors))
    for exact, differenced in zip(gradient, gradient_by_differences(case, factors), strict=True):
        assert exact == pytest.approx(differenced, rel=1e-6, abs=2e-6)


@pytest.mark.parametrize("reml", [True, False], ids=["REML", "ML"])
@pytest.mark.parametrize("name", ZOO)
def test_criterion_and_estimates_are_those_of_the_dense_likelihood(name: str, reml: bool) -> None:
    case = zoo_case(name, reml=reml)
    at = case.problem.evaluate(case.factors)
    dense = case.dense()
    assert at.criterion == pytest.approx(dense.criterion, abs=1e-7)
    assert case.problem.sigma(at) == pytest.approx(dense.sigma, rel=1e-9)
    beta, vcov = case.problem.fixed_effects(at)
    assert beta == pytest.approx(dense.beta, rel=1e-7, abs=1e-9)
    assert vcov == pytest.approx(dense.vcov, rel=1e-6, abs=1e-12)


@pytest.mark.parametrize("plan", list(PLANS)[1:])
@pytest.mark.parametrize("name", ZOO)
def test_the_order_of_elimination_changes_nothing(
    name: str, plan: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    usual = zoo_case(name)
    expected = usual.problem.evaluate(usual.factors)
    use_plan(monkeypatch, plan)
    case = zoo_case(name)
    at = case.problem.evaluate(case.factors)
    assert at.criterion == pytest.approx(expected.criterion, abs=1e-9)
    for one, two in zip(case.problem.gradient(at), usual.problem.gradient(expected), strict=True):
        assert one == pytest.approx(two, rel=1e-9, abs=1e-9)
    for one, two in zip(case.problem.random_effects(at), usual.problem.random_effects(expected), strict=True):
        assert one == pytest.approx(two, rel=1e-8, abs=1e-10)


def test_the_zoo_exercises_every_kind_of_front(monkeypatch: pytest.MonkeyPatch) -> None:
    kinds: set[str] = set()
    for plan in PLANS:
        with monkeypatch.context() as patch:
            use_plan(patch, plan)
            for name in ZOO:
                found = zoo_case(name).problem.plan
                kinds.add("a root" if found.root_size else "no root")
                for bucket in found.buckets:
                    _, c, b = bucket.shape
                    border = "root border" if bucket.spans_root else "scattered border" if b else "no border"
                    kinds.add(f"{min(c, 3)} columns, {border}")
                    kinds.add("padded columns" if bucket.identity.size else "no padding")
                    kinds.add("padded border" if np.any(bucket.border == found.q) else "no padding")
    assert kinds == {
        *("a root", "no root", "no padding", "padded border", "padded columns"),
        *(f"{c} columns, {b} border" for c in (1, 2, 3) for b in ("root", "scattered", "no")),
    }


@pytest.mark.parametrize("name", ZOO)
def test_conditional_modes_are_sigma_times_z_times_the_whitened_residual(name: str) -> None:
    """b_t = S_t Z_t' V^-1 (y - X beta), (levels, k), in the user's columns."""
    case = zoo_case(name)
    modes = case.problem.random_effects(case.problem.evaluate(case.factors))
    dense = dense_problem(case, case.raw)
    root = np.ones(len(dense.y)) if case.design.weights is None else np.sqrt(case.design.weights)
    whitened = dense.P @ dense.y * root
    for term, L, mode in zip(case.design.random, case.raw, modes, strict=True):
        sums = np.zeros((len(term.levels), term.Z.shape[1]))
        np.add.at(sums, term.codes, term.Z * whitened[:, None])
        # Only what the columns can tell is determined: a mode is compared by the values it gives its rows.
        expected = np.einsum("ij,ij->i", term.Z, (sums @ L @ L.T)[term.codes])
        assert np.einsum("ij,ij->i", term.Z, mode[term.codes]) == pytest.approx(expected, rel=1e-7, abs=1e-9)


@pytest.mark.parametrize("reml", [True, False], ids=["REML", "ML"])
@pytest.mark.parametrize("name", ZOO)
def test_the_gradient_is_exact_at_a_random_interior_point(name: str, reml: bool) -> None:
    case = zoo_case(name, reml=reml, seed=11)
    assert_gradient_is_exact(case, case.factors)


@pytest.mark.parametrize("plan", ["small clusters", "clusters of any size"])
@pytest.mark.parametrize("name", ["crossed", "partly crossed", "three nested"])
def test_the_gradient_is_exact_whatever_the_fronts(
    name: str, plan: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_plan(monkeypatch, plan)
    case = zoo_case(name)
    assert_gradient_is_exact(case, case.factors)


@pytest.mark.parametrize("name", ["slope", "wide blocks", "double bar", "same group twice", "weights"])
def test_the_gradient_is_exact_at_singular_factors(name: str) -> None:
    case = zoo_case(name)
    for rank in (0, 1):
        factors = [F * (np.arange(len(F)) < rank) for F in case.factors]
        assert_gradient_is_exact(case, factors)


@pytest.mark.parametrize("name", ["intercepts", "crossed", "double bar"])
def test_the_gradient_of_a_scalar_term_vanishes_at_zero(name: str) -> None:
    case = zoo_case(name)
    gradient = case.problem.gradient(case.problem.evaluate([np.zeros_like(F) for F in case.factors]))
    assert all(np.all(D == 0.0) for D in gradient)


@pytest.mark.parametrize("reml", [True, False], ids=["REML", "ML"])
@pytest.mark.parametrize("name", ["slope", "three nested", "crossed", "double bar", "weights", "everything"])
def test_average_information_is_its_dense_formula(name: str, reml: bool) -> None:
    """nu (y'P A_x P A_y P y / r2 - ...) plus 2 G within a column of F, G also from its dense formula."""
    case = zoo_case(name, reml=reml)
    face, x = open_face(case.factors, cones(case.problem))
    factors = face.factors(x)
    at = case.problem.evaluate(factors)
    fast = case.problem.curvature(face, x, at, case.problem.slopes(at))
    dense = dense_problem(case, case.raw)
    assert fast == pytest.approx(dense_average_information(case, face, factors, dense), rel=1e-6, abs=1e-6)


def dense_average_information(case: Case, face, factors, dense) -> Array:  # type: ignore[no-untyped-def]
    moved, second = [], np.zeros((face.size, face.size))
    start = 0
    Py = dense.P @ dense.y
    for t, (term, F) in enumerate(zip(face.terms, factors, strict=True)):
        k = len(F)
        levels = dense.Q[t].shape[1] // k
        inside = dense.P if case.problem.reml else dense.V_inverse
        G = dense.level_blocks(inside, t, k) - dense.nu / dense.r2 * dense.level_blocks(
            np.outer(Py, Py), t, k
        )
        entries = list(zip(*term.entries, strict=True))
        for x, (a, b) in enumerate(entries):
            dF = np.zeros_like(F)
            dF[a, b] = 1.0
            dS = dF @ F.T + F @ dF.T
            moved.append(dense.Q[t] @ np.kron(np.eye(levels), dS) @ dense.Q[t].T @ Py)
            for z, (c, d) in enumerate(entries):
                second[start + x, start + z] = 2.0 * G[a, c] * (b == d)
        start += len(entries)
    M = np.column_stack(moved)
    slopes = M.T @ Py
    hessian: Array = (
        dense.nu * (M.T @ dense.P @ M / dense.r2 - np.outer(slopes, slopes) / dense.r2**2) + second
    )
    return hessian


@pytest.mark.parametrize("reml", [True, False], ids=["REML", "ML"])
@pytest.mark.parametrize("name", ["slope", "wide blocks", "crossed", "same group twice", "weights"])
def test_the_covariance_gradient_is_exact_in_directions_off_the_face(name: str, reml: bool) -> None:
    """v'G_t v is the one-sided slope of the criterion along S_t + eps v v', S_t of rank one or zero."""
    case = zoo_case(name, reml=reml)
    rng = np.random.default_rng(5)
    factors = [F * (np.arange(len(F)) < (t + 1) % 2) for t, F in enumerate(case.factors)]
    G = case.problem.covariance_gradient(factors)
    for t, F in enumerate(factors):
        v = rng.normal(size=len(F))
        eps = 1e-4
        values = [case.problem.criterion(with_rank_one(factors, t, v, move * eps)) for move in range(5)]
        slope = (-25 * values[0] + 48 * values[1] - 36 * values[2] + 16 * values[3] - 3 * values[4]) / (
            12 * eps
        )
        assert v @ G[t] @ v == pytest.approx(slope, rel=1e-5, abs=1e-5)


def with_rank_one(factors: list[Array], t: int, v: Array, eps: float) -> list[Array]:
    """Factors with `S_t + eps v v'` in the place of S_t."""
    values, Q = np.linalg.eigh(factors[t] @ factors[t].T + eps * np.outer(v, v))
    changed = list(factors)
    changed[t] = Q * np.sqrt(np.maximum(values, 0.0))
    return changed


def test_covariances_do_not_depend_on_the_basis_of_their_columns() -> None:
    case = zoo_case("wide blocks")
    back = [F @ F.T for F in in_users_columns(case.factors, case.problem.basis.terms)]
    for S, L in zip(back, case.raw, strict=True):
        np.testing.assert_allclose(S, L @ L.T, rtol=1e-9)


def test_cross_products_add_over_blocks_of_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = zoo_case("everything")
    expected = whole.problem.evaluate(whole.factors)
    monkeypatch.setattr(crossproducts, "ROWS_PER_PASS", 17)
    parts = zoo_case("everything")
    at = parts.problem.evaluate(parts.factors)
    assert at.criterion == pytest.approx(expected.criterion, abs=1e-9)
    for one, two in zip(parts.problem.gradient(at), whole.problem.gradient(expected), strict=True):
        assert one == pytest.approx(two, rel=1e-9, abs=1e-9)


def test_terms_of_one_group_become_one_block_and_the_largest_group_goes_first() -> None:
    blocks = zoo_case("same group twice").problem.products.blocks
    assert [(block.group, block.terms, block.width) for block in blocks] == [("a", (0, 1), 3), ("h", (2,), 1)]


def test_nested_factors_never_fill_in() -> None:
    """A front is one level with one border level per outer factor, down to the last factor: no root."""
    plan = case_of(random_table(n=6000), "y ~ 1 + (1 | c/b/a)").problem.plan
    assert [bucket.shape for bucket in plan.buckets] == [(1500, 1, 2), (300, 1, 1), (100, 1, 0)]
    assert plan.store_size == 1500 * 3 + 300 * 2 + 100 + 1


def test_ml_and_reml_of_one_reduction_are_those_of_two() -> None:
    reml = zoo_case("crossed", reml=True)
    ml = zoo_case("crossed", reml=False)
    assert reml.problem.by_ml().criterion(reml.factors) == ml.problem.criterion(ml.factors)


def test_a_point_without_a_finite_criterion_raises() -> None:
    case = zoo_case("slope")
    for value in (np.nan, np.inf, 1e200):
        with pytest.raises(np.linalg.LinAlgError):
            case.problem.criterion([np.full_like(F, value) for F in case.factors])


def test_after_the_deadline_nothing_is_evaluated() -> None:
    case = zoo_case("slope")
    late = replace(LinearModel.of(case.design), deadline=Deadline(0.0, 1.0))
    with pytest.raises(TimeBudgetError):
        late.criterion(case.factors)
