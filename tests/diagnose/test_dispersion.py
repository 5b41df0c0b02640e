"""MM501 and the degrees of freedom behind it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mmtriage.arrays import Array
from mmtriage.diagnose import freedom
from mmtriage.diagnose.dispersion import Scatter, overdispersed, overdispersion, scatter_of, why_not_assessed
from mmtriage.diagnose.finding import Finding
from mmtriage.diagnose.freedom import used_degrees
from mmtriage.diagnose.run_checks import of_fit
from mmtriage.engine.generalized.row_effect import RowEffect
from mmtriage.model.design import Design
from mmtriage.model.families import family_of
from tests.diagnose.generalized import answers, counts, golden_proven, optimum, proven
from tests.diagnose.planted import by_code, fitted
from tests.diagnose.test_separation import golden


def dense_used(design: Design, covariances: tuple[Array, ...], W: Array) -> float:
    """tr H with every matrix written out."""
    blocks = []
    for term, S in zip(design.random, covariances, strict=True):
        k = len(S)
        Z = np.zeros((len(W), len(term.levels) * k))
        for i, code in enumerate(term.codes):
            Z[i, code * k : code * k + k] = term.Z[i]
        blocks.append(Z @ np.kron(np.eye(len(term.levels)), np.linalg.cholesky(S)))
    M = np.hstack([design.X, *blocks])
    G = M.T @ (W[:, None] * M)
    penalty = np.diag([0.0] * design.X.shape[1] + [1.0] * (M.shape[1] - design.X.shape[1]))
    return float(np.trace(np.linalg.solve(G + penalty, G)))


@pytest.mark.parametrize(("cells", "tolerance"), [(freedom.CELLS, 1e-4), (20_000, 0.05)])
@pytest.mark.parametrize("case_id", ["cbpp", "grouseticks_height", "contraception_slope"])
def test_used_degrees_of_freedom_are_the_trace_of_the_hat_matrix(
    case_id: str, cells: int, tolerance: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(freedom, "CELLS", cells)
    design = golden(case_id)
    fit = optimum(design)
    assert fit.mu is not None
    family = family_of(design.spec)
    weights = np.ones(fit.n) if design.weights is None else design.weights
    W = weights * family.link.slope(family.link.link(fit.mu)) ** 2 / family.variance(fit.mu)
    used = used_degrees(design.X, design.random, fit.covariances, W)
    assert used == pytest.approx(dense_used(design, fit.covariances, W), rel=tolerance)


def test_counts_that_scatter_more_than_their_mean_are_found() -> None:
    found = by_code(overdispersed(fitted(golden_proven("grouseticks_height"))))["MM501"]
    assert found.message == (
        "the data scatter 2.18 times as much as the model allows (Pearson chi-square 691.1 on 316.5 df, p = "
        "2.4e-19; an effect of each row gains 195.3 deviance units, p = 1.1e-44): standard errors are too "
        "small, by a factor of about 1.48"
    )
    assert (found.severity, found.evidence["threshold"]) == ("warning", 1.2)


def test_healthy_counts_have_no_finding() -> None:
    for seed in range(15):
        for mean in (0.2, 3.0):
            assert overdispersed(fitted(proven(counts(seed, mean=mean)))) == []
        assert overdispersed(fitted(proven(answers(seed, groups=20, rows=5, sd=0.8, trials=8)))) == []


def test_surplus_scatter_of_counts_is_found() -> None:
    assert all(overdispersed(fitted(proven(counts(seed, mean=5.0, surplus=0.7)))) for seed in range(5))


@pytest.mark.parametrize(
    ("case_id", "reason"),
    [
        ("cbpp", None),
        ("contraception", "0/1 data have no scatter beyond their mean"),
        ("grouseticks", "an effect of each row takes up any scatter"),
        ("nb", "the negative binomial estimates its own dispersion"),
        ("poisson_weights", "prior weights are not counts of anything"),
    ],
)
def test_what_cannot_be_assessed_says_why(case_id: str, reason: str | None) -> None:
    assert why_not_assessed(golden(case_id)) == reason


def test_families_with_a_scale_of_their_own_are_not_asked() -> None:
    assert "MM501" not in {said.code for said in of_fit(fitted(golden_proven("gamma_log")))}


@pytest.mark.parametrize(("ratio", "is_found"), [(1.15, False), (1.3, True)])
def test_a_certain_but_small_surplus_is_no_finding(ratio: float, is_found: bool) -> None:
    n = 5000
    scatter = scatter_of(np.full(n, ratio), np.full(n, 2.2), n)
    assert scatter is not None
    assert (overdispersion(scatter) is not None) is is_found


def test_a_large_ratio_of_few_rows_is_chance() -> None:
    scatter = scatter_of(np.full(20, 1.5), np.full(20, 3.0), 20.0)
    assert scatter is not None
    assert overdispersion(scatter) is None
    assert scatter_of(np.full(20, 9.0), np.full(20, 3.0), 5.0) is None


@pytest.mark.parametrize(("gain", "is_found"), [(6.5, False), (6.8, True)])
def test_what_an_effect_of_each_row_gains_counts_by_the_law_of_a_variance_at_zero(
    gain: float, is_found: bool
) -> None:
    """Half of chi2(1): 6.635 is the point of p = 0.005."""
    scatter = Scatter(statistic=40.0, df=30.0, p_value=0.1)
    found = overdispersion(scatter, RowEffect(gain=gain, sd=0.5, se_ratio=1.2))
    assert (found is not None) is is_found


def test_rows_that_tell_next_to_nothing_are_given_no_effect() -> None:
    """Ten events in 200 rows, of one group all: Laplace would give each row an effect of any size."""
    made = counts(0, mean=1.0)
    y = np.zeros(200)
    y[:10] = 1.0
    for found in overdispersed(fitted(proven(replace(made, y=y)))):
        assert isinstance(found, Finding)
        assert found.evidence["row_effect_gain"] is None


def test_scatter_of_cbpp_is_found_by_the_effect_of_each_row() -> None:
    """Pearson alone says p = 0.044; R's anova() of both models has 9.4142, halved p = 0.00108."""
    found = by_code(overdispersed(fitted(golden_proven("cbpp"))))["MM501"]
    assert found.evidence["row_effect_gain"] == pytest.approx(9.4142, abs=1e-3)
    assert found.evidence["row_effect_p"] == pytest.approx(0.00108, abs=1e-5)
    assert found.evidence["p_value"] == pytest.approx(0.0438, abs=1e-3)
    assert "beta-binomial (glmmTMB" in found.message
    by_quadrature = by_code(overdispersed(fitted(golden_proven("cbpp_agq9"))))["MM501"]
    assert by_quadrature.evidence["row_effect_gain"] == pytest.approx(9.4142, abs=1e-3)


def test_a_row_of_which_nothing_is_expected_has_no_say() -> None:
    comparison = proven(counts(3, mean=5.0, surplus=0.7))
    mu = np.array(comparison.optimum_fit.mu)
    mu[:3] = 1e-12
    found = overdispersed(fitted(replace(comparison, optimum_fit=replace(comparison.optimum_fit, mu=mu))))
    assert isinstance(found[0], Finding)
    assert found[0].evidence["ratio"] < 20  # type: ignore[operator]
