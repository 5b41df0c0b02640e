"""Rung 2 on canned refits: which smaller structures are proposed, in which order, and when it stops."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from mmtriage.engine.comparison import Comparison
from mmtriage.engine.estimates import Fit
from mmtriage.engine.linear.identifiability import NullDirection, NullPart
from mmtriage.engine.prepared import Prepared
from mmtriage.formula import parse_formula
from mmtriage.ladder.rungs.simplify import climb
from mmtriage.model.design import Design
from tests.ladder.stubs import case, comparison, design_of, fit_of, on_bench


def text(formula: str) -> str:
    return parse_formula(formula).to_text()


class Fits:
    """Every model is singular in its last term but those named as sound; remembers what was fitted."""

    def __init__(self, *sound: str, zero: Callable[[Design], tuple[int, ...]] | None = None) -> None:
        self.sound = {text(formula) for formula in sound}
        self.zero = zero
        self.fitted: list[str] = []

    def __call__(self, design: Design) -> Comparison:
        formula = design.formula.to_text()
        self.fitted.append(formula)
        if formula in self.sound:
            return comparison(design, criterion=102.0)
        widths = [len(term.columns) for term in design.random]
        ranks = (*widths[:-1], widths[-1] - 1) if self.zero is None else self.zero(design)
        return comparison(design, criterion=101.0, ranks=ranks)


def singular(formula: str, ranks: tuple[int, ...]) -> Comparison:
    return comparison(design_of(formula), gap=0.0, ranks=ranks)


def test_correlations_go_first_then_the_slope() -> None:
    fits = Fits("y ~ x + (1 | g)")
    result = climb(case(singular("y ~ x + (1 + x | g)", (1,)), status="singular", fit=fits))
    assert fits.fitted == [text("y ~ x + (1 | g) + (0 + I(x - 2) | g)"), text("y ~ x + (1 | g)")]
    assert result.status == "cleared_by_change"
    assert [r.clears for r in result.remedies] == [False, True]
    assert result.reason == "`y ~ x + (1 | g)` is identified, certified and not singular"
    assert all(r.scope == "changes_model" and r.caveats for r in result.remedies)
    assert "Barr et al. 2013" in result.remedies[1].caveats[0]


def test_rescaled_columns_are_those_of_the_same_model() -> None:
    def fit(design: Design) -> Comparison:
        raw = "/2" not in design.formula.to_text()
        return comparison(design, gap=5.0 if raw else 0.0, shift=0.25 if raw else 8.0)

    def fit_ml(of: Prepared) -> Fit:
        is_other = "log(I(far" in of.design.formula.to_text()
        return fit_of(of.design, 90.0 if is_other else 100.0, tuple(of.model.widths))

    present = case(singular("y ~ far + log(far + 1) + (1 + far | g)", (1,)), status="singular", fit=fit)
    result = climb(on_bench(present, fit_ml=fit_ml))
    assert result.remedies[0].formula == "y ~ far + log(far + 1) + (1 | g) + (0 + I((far - 2002)/2) | g)"
    assert result.remedies[0].max_shift_se == pytest.approx(0.25)  # an intercept at another origin is no move
    assert any(said.startswith("columns are rescaled") for said in result.remedies[0].caveats)


def test_it_stops_at_the_first_sound_model_and_tries_random_intercepts_always() -> None:
    fits = Fits("y ~ x + (1 | g) + (0 + I(x - 2) | g)")
    result = climb(case(singular("y ~ x + (1 + x | g)", (1,)), status="singular", fit=fits))
    assert fits.fitted == [text("y ~ x + (1 | g) + (0 + I(x - 2) | g)"), text("y ~ x + (1 | g)")]
    assert result.status == "cleared_by_change"


def test_each_grouping_keeps_its_intercept() -> None:
    fits = Fits()
    result = climb(case(singular("y ~ x + (1 | g)", (0,)), status="singular", fit=fits))
    assert fits.fitted == []
    assert result.status == "no_effect"
    assert result.reason == "nothing can be taken away: each grouping has only its intercept"


def test_a_kept_slope_stays() -> None:
    fits = Fits("y ~ x + (1 | g)")
    present = singular("y ~ x + (1 + x | g)", (1,))
    result = climb(case(present, status="singular", fit=fits, keep=("x | g",)))
    assert fits.fitted == [text("y ~ x + (1 | g) + (0 + I(x - 2) | g)")]
    assert result.status == "no_effect"


def test_the_slope_that_contributes_least_goes_first() -> None:
    """Both slopes have variance 1 or 0: t, a dummy, moves the response less than x, which runs to 5."""
    fits = Fits("y ~ x + t + (1 | g) + (0 + x | g)")
    present = singular("y ~ x + t + (1 | g) + (0 + x | g) + (0 + t | g)", (1, 1, 0))
    climb(case(present, status="singular", fit=fits))
    assert fits.fitted[0] == text("y ~ x + t + (1 | g) + (0 + x | g)")


def test_a_factor_gets_compound_symmetry_as_well() -> None:
    fits = Fits("y ~ f + (1 | g) + (1 | g:f)")
    result = climb(case(singular("y ~ f + (1 + f | g)", (2,)), status="singular", fit=fits))
    assert text("y ~ f + (1 | g) + (1 | g:f)") in fits.fitted
    assert result.status == "cleared_by_change"
    diagonal = next(formula for formula in fits.fitted if "g:f" not in formula)
    assert "||" not in diagonal  # `(f || g)` in lme4 leaves the correlations of a factor's levels in


def test_correlations_are_brought_back_at_the_end() -> None:
    fits = Fits("y ~ x + t + (1 | g) + (0 + I(x - 2) | g)")
    result = climb(case(singular("y ~ x + t + (1 + x + t | g)", (2,)), status="singular", fit=fits))
    assert text("y ~ x + t + (1 + x | g)") in fits.fitted
    assert "correlations back: (1 + x | g)" in [attempt.label for attempt in result.attempts]


def test_a_sound_structure_is_left_alone() -> None:
    for status in ("not_converged", "converged"):
        present = comparison(design_of("y ~ x + (1 + x | g)"), gap=5.0)
        result = climb(case(present, status=status, all_rungs=True))
        assert (result.status, result.attempts) == ("not_needed", ())


def test_a_constant_slope_is_dropped_before_anything_else() -> None:
    """`few` repeats within g in the same way, so take a slope that is constant in its group."""
    formula = "y ~ x + (1 + x | g)"
    direction = NullDirection(parts=(NullPart(0, 1, 1, 1.0), NullPart(0, 0, 0, -0.25)), absorbed=False)
    present = comparison(design_of(formula), gap=0.0, null=(direction,))
    fits = Fits("y ~ x + (1 | g)")
    result = climb(case(present, status="unidentifiable", fit=fits, codes=("MM304",)))
    assert fits.fitted[0] == text("y ~ x + (1 | g)")
    assert result.status == "cleared_by_change"


def test_of_two_terms_that_cannot_be_told_apart_one_goes() -> None:
    formula = "y ~ x + (1 | g) + (0 + x | g) + (1 | few)"
    design = design_of(formula)
    direction = NullDirection(parts=(NullPart(0, 0, 0, 1.0), NullPart(2, 0, 0, -1.0)), absorbed=False)
    fits = Fits("y ~ x + (1 | g) + (0 + x | g)")
    present = comparison(design, gap=0.0, null=(direction,))
    result = climb(case(present, status="unidentifiable", fit=fits, codes=("MM308",)))
    assert text("y ~ x + (1 | g) + (0 + x | g)") in fits.fitted
    assert result.status == "cleared_by_change"


@pytest.mark.parametrize(
    ("present", "ranks", "sound", "method"),
    [
        ("y ~ x + (1 + x | g)", (1,), "y ~ x + (1 | g) + (0 + I(x - 2) | g)", "ML, chi2(1)"),
        ("y ~ x + (1 + x | g)", (1,), "y ~ x + (1 | g)", "ML, 1/2 chi2(1) + 1/2 chi2(2)"),
        ("y ~ x + (1 | g) + (0 + x | g)", (1, 0), "y ~ x + (1 | g)", "ML, 1/2 chi2(0) + 1/2 chi2(1)"),
        (
            "y ~ x + t + (1 + x + t | g)",
            (2,),
            "y ~ x + t + (1 | g) + (0 + I(x - 2) | g)",
            "ML, chi2(4), an upper bound of p",
        ),
        ("y ~ x + t + (1 + x + t | g)", (2,), "y ~ x + t + (1 + x | g)", "ML, 1/2 chi2(2) + 1/2 chi2(3)"),
    ],
)
def test_the_law_is_that_of_the_whole_way_down(
    present: str, ranks: tuple[int, ...], sound: str, method: str
) -> None:
    wanted = {sound, "y ~ x + t + (1 | g) + (0 + I(x - 2) | g)"} if "t" in present else {sound}
    fits = Fits(*wanted)
    result = climb(case(singular(present, ranks), status="singular", fit=fits))
    remedy = next(r for r in result.remedies if r.formula == text(sound))
    assert remedy.lrt is not None
    assert remedy.lrt.method == method


def test_a_singular_smaller_model_has_no_law() -> None:
    fits = Fits("y ~ x + (1 | g)")
    result = climb(case(singular("y ~ x + (1 + x | g)", (1,)), status="singular", fit=fits))
    first = result.remedies[0]
    assert first.lrt is not None
    assert first.lrt.p_value is None
    assert "no asymptotic law" in first.lrt.method


def test_a_walk_that_has_only_an_intercept_at_zero_left_takes_the_slope_beside_it() -> None:
    """`(1 | g)` at zero ended the walk, and the model without the slope was never tried."""
    fits = Fits("y ~ x + (1 | g)", zero=lambda design: (0, *[1] * (len(design.random) - 1)))
    present = singular("y ~ x + (1 | g) + (0 + x | g)", (0, 1))
    result = climb(case(present, status="singular", fit=fits))
    assert text("y ~ x + (1 | g)") in fits.fitted
    assert result.status == "cleared_by_change"


def test_every_slope_that_is_gone_is_named() -> None:
    fits = Fits("y ~ x + t + (1 | g)")
    result = climb(case(singular("y ~ x + t + (1 + x + t | g)", (2,)), status="singular", fit=fits))
    smallest = next(r for r in result.remedies if r.formula == text("y ~ x + t + (1 | g)"))
    assert smallest.caveats[0].startswith("slopes left out: x, t by g.")
