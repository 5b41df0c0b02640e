"""MM310 to MM312: how a covariance lost its rank, in the user's columns, whatever their units."""

from __future__ import annotations

import numpy as np
import pytest

from mmtriage.diagnose.finding import Finding
from mmtriage.diagnose.singularity import defects, nearly_singular, null_text, singular_terms
from mmtriage.engine.comparison import Comparison, compare_fits
from mmtriage.engine.estimates import correlation
from mmtriage.engine.prepared import prepare
from mmtriage.model.design import Design
from tests.diagnose.generalized import proven
from tests.diagnose.planted import by_code, fitted, golden_comparison, labels
from tests.model.tables import design, factor, numeric, table

SEED = 2  # one with which the estimates are as degenerate as the truth


def grouped_comparison(
    formula: str, weights: list[list[float]], *, scale: float = 1.0, shift: float = 0.0
) -> Comparison:
    """20 groups of 12 rows; their effects on 1, x and z are r normal variables times `weights` (r, 3)."""
    rng = np.random.default_rng(SEED)
    g = np.arange(240) // 12
    x, z = rng.normal(size=(2, 240))
    effects = rng.normal(size=(20, len(weights))) @ np.array(weights)
    noise = rng.normal(size=240)
    y = 1.0 + x + effects[g, 0] + effects[g, 1] * x + effects[g, 2] * z + noise
    columns = [numeric("y", y), numeric("x", shift + scale * x), numeric("z", z)]
    data = table(*columns, factor("g", labels("g", g)))
    return compare_fits(prepare(design(data, formula)), seed=0)


def only(comparison: Comparison) -> Finding:
    (found,) = singular_terms(fitted(comparison))
    return found


def test_a_regular_covariance_has_no_finding() -> None:
    assert singular_terms(fitted(golden_comparison("sleepstudy_slope"))) == []


def test_a_zero_variance_that_wants_to_be_negative() -> None:
    found = only(golden_comparison("dyestuff2"))
    assert found.message == (
        "in `(1 | Batch)` the estimated variance is zero for `(Intercept)`; the likelihood would rise if "
        "it could be negative: rows of one group are no more alike than rows of different groups"
    )
    assert (found.code, found.severity, found.columns) == ("MM310", "warning", ("(Intercept)",))
    assert found.evidence["negative_variance_wanted"] is True


def test_a_zero_variance_of_a_slope_names_the_slope() -> None:
    comparison = grouped_comparison("y ~ x + (1 | g) + (0 + x | g)", [[1.0, 0.0, 0.0]])
    found = only(comparison)
    assert (found.code, found.columns, found.terms) == ("MM310", ("x",), ("(0 + x | g)",))


def test_a_perfect_correlation_is_said_with_its_sign_and_sds() -> None:
    comparison = grouped_comparison("y ~ x + (1 + x | g)", [[1.0, -0.5, 0.0]])
    found = only(comparison)
    a, b = np.sqrt(np.diag(comparison.optimum_fit.covariances[0]))
    assert found.message == (
        "in `(1 + x | g)` the estimated correlation is perfect: `(Intercept)` and `x` -1 "
        f"(SDs: (Intercept) {a:.4g}, x {b:.4g})"
    )
    assert (found.code, found.columns) == ("MM311", ("(Intercept)", "x"))
    assert found.evidence["correlations"] == (("(Intercept)", "x", -1),)


def test_a_covariance_may_lose_rank_without_a_perfect_correlation() -> None:
    comparison = grouped_comparison("y ~ x + z + (1 + x + z | g)", [[1.0, 0.0, 1.0], [0.0, 1.0, 1.0]])
    found = only(comparison)
    direction = found.evidence["null_direction"]
    assert found.message == (
        f"the covariance of `(1 + x + z | g)` has rank 2, not 3: the combination {direction} of its random "
        "effects does not vary between groups"
    )
    assert (found.code, found.evidence["rank"], found.evidence["size"]) == ("MM312", 2, 3)


@pytest.mark.parametrize(("scale", "shift"), [(1e-6, 0.0), (1e6, 0.0), (1.0, 300.0)])
def test_the_combination_that_does_not_vary_is_that_of_the_users_columns(scale: float, shift: float) -> None:
    """w'Sw = 0 for the named weights, and none of them is lost however small its unit makes it."""
    comparison = grouped_comparison("y ~ x + (1 + x | g)", [[1.0, -0.5, 0.0]], scale=scale, shift=shift)
    (defect,) = defects(comparison)
    (weights,) = defect.null
    S = comparison.optimum_fit.covariances[0]
    size = np.sqrt(np.diag(S))
    assert np.all(weights != 0.0)
    assert weights @ S @ weights == pytest.approx(0.0, abs=1e-9 * float((np.abs(weights) @ size) ** 2))
    assert null_text(comparison.prepared.design.random[0], defect.null).count(" x") == 1


def test_each_singular_term_has_its_own_finding() -> None:
    comparison = grouped_comparison("y ~ x + (1 + x | g) + (0 + z | g)", [[1.0, -0.5, 0.0]])
    assert set(by_code(singular_terms(fitted(comparison)))) == {"MM310", "MM311"}


def along_a_line(rho: float, origin: float = 0.0) -> Design:
    """Groups whose estimates are exactly effects of this correlation: the likelihood's own, balanced."""
    rng, levels, rows = np.random.default_rng(6), 30, 12
    g, z = np.repeat(np.arange(levels), rows), np.tile(np.arange(12.0) - 5.5, levels) / 3.452
    b = rng.normal(size=(levels, 2))
    b = np.linalg.solve(np.linalg.cholesky(np.cov((b - b.mean(axis=0)).T, bias=True)), (b - b.mean(axis=0)).T)
    S = np.array([[1.0, rho], [rho, 1.0]]) + np.eye(2) / rows
    b = (np.linalg.cholesky(S) @ b).T
    e = rng.normal(size=(levels, rows))
    Z = np.column_stack([np.ones(rows), z[:rows]])
    e -= e @ Z @ np.linalg.solve(Z.T @ Z, Z.T)
    e *= np.sqrt(levels * (rows - 2) / np.sum(e**2))
    columns = [numeric("y", b[g, 0] + b[g, 1] * z + e.ravel()), numeric("x", z + origin)]
    return design(table(*columns, factor("g", labels("g", g))), "y ~ x + (x | g)", reml=False)


@pytest.mark.parametrize(("rho", "is_found"), [(0.99, True), (-0.985, True), (0.97, False)])
def test_a_correlation_next_to_its_limit_is_a_note(rho: float, is_found: bool) -> None:
    found = nearly_singular(fitted(proven(along_a_line(rho))))
    assert [f.code for f in found] == (["MM314"] if is_found else [])
    if is_found:
        assert found[0].severity == "info"
        assert f"{rho:.3f} of `(Intercept)` and `x`" in found[0].message


def test_far_from_zero_all_slopes_go_with_the_intercept_and_nothing_is_said() -> None:
    comparison = proven(along_a_line(0.2, origin=50.0))
    _, rho = correlation(comparison.optimum_fit.covariances[0])
    assert rho[0, 1] < -0.99
    assert nearly_singular(fitted(comparison)) == []
