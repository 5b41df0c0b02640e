"""MM503: what quadrature moves."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mmtriage.diagnose.finding import Finding, not_assessed
from mmtriage.diagnose.laplace_bias import laplace_bias, off_quadrature, why_not_assessed
from mmtriage.engine.estimates import Fit
from mmtriage.model.design import Design
from tests.diagnose.generalized import answers, counts, optimum, proven
from tests.diagnose.planted import fitted
from tests.diagnose.test_separation import golden


def no_refit(design: Design) -> Fit:
    raise AssertionError(f"refitted {design.formula.to_text()}")


def test_few_answers_in_widely_different_groups_are_too_little_for_laplace() -> None:
    made = answers(1, groups=60, rows=4, sd=3.5)
    (found,) = off_quadrature(fitted(proven(made), optimum=optimum))
    assert isinstance(found, Finding)
    assert found.message.startswith(
        "the Laplace approximation is too rough here: quadrature with 25 points, the same model better "
        "approximated, moves "
    )
    assert "the SD of `(1 | g)` by " in found.message
    assert (found.severity, found.terms, found.evidence["points"]) == ("warning", ("(1 | g)",), 25)


def test_rich_groups_are_no_trouble() -> None:
    assert off_quadrature(fitted(proven(counts(1, mean=3.0)), optimum=optimum)) == []


@pytest.mark.parametrize(("shift", "is_found"), [(0.09, False), (0.11, True)])
def test_a_shift_is_material_beyond_a_tenth_of_a_standard_error(shift: float, is_found: bool) -> None:
    made = counts(1)
    fit = optimum(made)
    moved = replace(fit, beta=fit.beta + np.array([0.0, shift]) * fit.se)
    assert (laplace_bias(made, moved, fit) is not None) is is_found


@pytest.mark.parametrize(("factor", "is_found"), [(0.91, False), (0.89, True)])
def test_a_standard_deviation_is_material_beyond_a_tenth(factor: float, is_found: bool) -> None:
    made = replace(counts(1), spec=replace(counts(1).spec, nagq=0))
    fit = optimum(made)
    found = laplace_bias(made, replace(fit, covariances=(factor**2 * fit.covariances[0],)), fit)
    assert (found is not None) is is_found
    if found is not None:
        assert found.message.startswith("the fit with nAGQ = 0 is too rough here: ")


@pytest.mark.parametrize(
    ("case_id", "reason"),
    [
        ("cbpp", None),
        ("cbpp_olre", "quadrature takes a single scalar random term"),
        ("nb", "glmer.nb has no quadrature"),
        ("contraception_slope", "quadrature takes a single scalar random term"),
    ],
)
def test_what_cannot_be_assessed_says_why(case_id: str, reason: str | None) -> None:
    assert why_not_assessed(golden(case_id)) == reason


def test_a_fit_by_quadrature_is_not_compared_with_itself() -> None:
    made = replace(counts(1), spec=replace(counts(1).spec, nagq=9))
    assert why_not_assessed(made) == "the fit is by quadrature itself"
    said = off_quadrature(fitted(proven(made), optimum=no_refit))
    assert said == [not_assessed("MM503", "the fit is by quadrature itself")]


def test_counts_that_laplace_rounds_and_quadrature_does_not_are_not_compared() -> None:
    made = answers(1, groups=60, rows=4, sd=3.5)
    rounded = replace(made, y=0.1 + 0.8 * made.y)
    assert str(why_not_assessed(rounded)).startswith("lme4's Laplace criterion rounds successes and trials")
    (said,) = off_quadrature(fitted(proven(rounded), optimum=no_refit))
    assert said == not_assessed("MM503", str(why_not_assessed(rounded)))
    trials = np.full_like(made.y, 2.5)
    assert why_not_assessed(replace(made, weights=trials)) == why_not_assessed(rounded)
    assert why_not_assessed(replace(made, weights=np.rint(trials))) is None
