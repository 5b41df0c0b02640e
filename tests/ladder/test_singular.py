"""Rung 4 on canned refits."""

from __future__ import annotations

import numpy as np
import pytest

from mmtriage.engine.comparison import Comparison
from mmtriage.engine.estimates import Fit
from mmtriage.engine.linear.model import LinearModel
from mmtriage.engine.optimum.faces import Place
from mmtriage.engine.optimum.newton import Minimum
from mmtriage.engine.prepared import Prepared
from mmtriage.ladder.remedies import plain_model, wishart_prior
from mmtriage.ladder.rungs.singular import applies, climb
from mmtriage.model.design import Design
from tests.ladder.stubs import case, comparison, design_of, fit_of


@pytest.fixture(autouse=True)
def _canned_fits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Least squares and the posterior mode are the present optimum, the mode 0.3 deviance units higher."""

    def plain_fit(prepared: Prepared, _: object) -> Fit:
        return fit_of(prepared.design, 100.0, tuple(0 for _ in prepared.sizes))

    def describe(model: LinearModel, place: Place) -> Fit:
        ranks = tuple(int(np.linalg.matrix_rank(F)) for F in place.factors)
        return fit_of(model.design, 100.3, ranks)

    def prior_mode(_: LinearModel, place: Place) -> tuple[Place, Minimum]:
        found = Minimum(x=np.zeros(1), value=0.0, gradients=7, status="converged")
        return place, found

    monkeypatch.setattr(plain_model, "plain_fit", plain_fit)
    monkeypatch.setattr(LinearModel, "describe", describe)
    monkeypatch.setattr(wishart_prior, "prior_mode", prior_mode)


def at_the_edge(formula: str, ranks: tuple[int, ...]) -> Comparison:
    return comparison(design_of(formula), gap=0.0, ranks=ranks)


def fits_well(design: Design) -> Comparison:
    return comparison(design, criterion=100.0)


def test_detection_always_runs() -> None:
    for status in ("converged", "not_converged", "singular", "unidentifiable"):
        assert applies(case(status=status)) is None


def test_nothing_singular_needs_nothing() -> None:
    result = climb(case("y ~ x + (1 + x | g)"))
    assert (result.status, result.remedies) == ("not_needed", ())


def test_with_nothing_random_left_it_is_lm() -> None:
    result = climb(case(at_the_edge("y ~ x + (1 | g)", (0,)), status="singular"))
    assert result.status == "cleared_by_change"
    assert result.reason == "(1 | g): zero variance of (Intercept)"
    lm, prior, keep = result.remedies
    assert (keep.id, keep.scope, keep.formula) == ("keep", "advice", "y ~ x + (1 | g)")
    assert (lm.id, lm.formula, lm.clears) == ("lm", "y ~ x", True)
    assert lm.code.lme4 == "m <- lm(y ~ x, data = d)"
    assert lm.code.mmtriage is None  # the command judges mixed models
    assert lm.caveats == ("if groups were sampled by design, say so in the report",)
    assert prior.id == "wishart-prior"
    assert prior.loss == pytest.approx(0.3)
    assert prior.not_comparable is not None
    assert (prior.delta_aic, prior.delta_bic, prior.lrt) == (None, None, None)
    assert "blme::blmer" in str(prior.code.lme4)
    assert "cov.prior = wishart" in str(prior.code.lme4)


def test_a_zero_slope_goes_and_the_fit_stays() -> None:
    present = at_the_edge("y ~ x + (1 | g) + (0 + x | g)", (1, 0))
    result = climb(case(present, status="singular", fit=fits_well))
    remedy = result.remedies[0]
    assert (remedy.id, remedy.formula) == ("drop-zero", "y ~ x + (1 | g)")
    assert remedy.loss == pytest.approx(0.0)
    assert remedy.lrt is not None
    assert remedy.lrt.method == "ML, 1/2 chi2(0) + 1/2 chi2(1)"


def test_several_zeros_go_at_once() -> None:
    present = at_the_edge("y ~ x + (1 | g) + (0 + x | g) + (1 | few)", (1, 0, 0))
    result = climb(case(present, status="singular", fit=fits_well))
    assert result.remedies[0].formula == "y ~ x + (1 | g)"
    assert result.remedies[0].lrt is not None
    assert result.remedies[0].lrt.method == "ML, chi2(2), an upper bound of p"


def test_a_kept_term_stays() -> None:
    present = at_the_edge("y ~ x + (1 | g) + (0 + x | g)", (1, 0))
    result = climb(case(present, status="singular", fit=fits_well, keep=("x | g",)))
    assert [r.id for r in result.remedies] == ["wishart-prior", "keep"]


def test_an_intercept_goes_only_with_all_of_its_bar() -> None:
    """A slope without its intercept is another question; a bar with neither is dropped."""
    present = at_the_edge("y ~ x + (1 + x | few) + (1 | g)", (1, 0))
    formulas = [r.formula for r in climb(case(present, status="singular", fit=fits_well)).remedies]
    assert not any("0 + x" in str(formula) for formula in formulas)


def test_a_grouping_with_few_levels_may_become_fixed() -> None:
    present = at_the_edge("y ~ x + (1 | g) + (1 | few)", (1, 0))
    result = climb(case(present, status="singular", fit=fits_well))
    as_fixed = next(r for r in result.remedies if r.id == "as-fixed")
    assert as_fixed.formula == "y ~ x + factor(few) + (1 | g)"
    assert "3 levels" in as_fixed.title
    assert as_fixed.lrt is None


def test_many_levels_do_not() -> None:
    present = at_the_edge("y ~ x + (1 | g) + (1 | few)", (0, 1))
    assert not [
        r for r in climb(case(present, status="singular", fit=fits_well)).remedies if r.id == "as-fixed"
    ]
