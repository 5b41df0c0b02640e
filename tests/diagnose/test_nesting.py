"""MM307: labels reused within a factor, on evidence; what refits would give is made up."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mmtriage.diagnose.finding import Finding, Said
from mmtriage.diagnose.nesting import CROSSED_REST, GAIN, reused_labels
from mmtriage.engine.estimates import Fit
from mmtriage.model.design import Design
from tests.diagnose.generalized import proven
from tests.diagnose.planted import fitted
from tests.model.tables import design, factor, numeric, table

CROSSED = "y ~ 1 + (1 | school) + (1 | pupil)"
NESTED = "(1 | school:pupil)"


def reused(formula: str = CROSSED) -> Design:
    """6 schools, whose pupils are numbered from 1 in each; `name` is unique, `twin` the school again."""
    row = np.arange(72)
    school, pupil = row // 12, row % 12 // 3
    data = table(
        numeric("y", np.sin(row)),
        numeric("x", np.cos(row)),
        factor("school", [f"s{code}" for code in school]),
        factor("pupil", [f"p{code}" for code in pupil]),
        factor("name", [f"n{code:02d}" for code in row // 3]),
        factor("twin", [f"t{code}" for code in school]),
    )
    return design(data, formula)


def asked(gain: float, rest: float = 0.0) -> list[Said]:
    """What is said where the nested model is `gain` better, and the crossed factor beside it `rest` more."""
    comparison = proven(reused())
    present = comparison.optimum_fit

    def optimum(design: Design) -> Fit:
        if NESTED not in design.formula.to_text():  # schools within pupils: asked too
            return present
        has_crossed = "(1 | pupil)" in design.formula.to_text()
        return replace(present, criterion=present.criterion - gain - (rest if has_crossed else 0.0))

    return reused_labels(fitted(comparison, optimum=optimum))


def test_reused_labels_are_found_by_what_nesting_gains() -> None:
    (found,) = asked(12.34)
    assert isinstance(found, Finding)
    assert found.message == (
        "the 4 labels of `pupil` are reused within `school`: with `(1 | school:pupil)` in place of `(1 | "
        "pupil)` the fit gains 12.3 deviance units, and beside that `pupil` explains no more than chance"
    )
    assert (found.code, found.severity) == ("MM307", "warning")
    assert (found.columns, found.terms) == (("school", "pupil"), ("(1 | pupil)",))
    assert found.evidence["combinations"] == 24
    assert NESTED in str(found.evidence["formula"])


@pytest.mark.parametrize(
    ("gain", "rest", "is_found"),
    [
        (GAIN + 0.1, 0.0, True),
        (GAIN - 0.1, 0.0, False),
        (50.0, CROSSED_REST - 0.1, True),
        (50.0, CROSSED_REST + 0.1, False),
    ],
    ids=["gain above", "gain below", "chance", "crossed after all"],
)
def test_the_evidence_has_thresholds(gain: float, rest: float, is_found: bool) -> None:
    assert bool(asked(gain, rest)) is is_found


@pytest.mark.parametrize(
    "formula",
    [
        "y ~ 1 + (1 | school) + (1 | name)",
        "y ~ 1 + (1 | school) + (1 | twin)",
        "y ~ 1 + (1 | school/pupil)",
        "y ~ 1 + (1 | school) + (1 | pupil) + (1 | school:pupil)",
        "y ~ x + (1 + x | school) + (1 | pupil)",
    ],
    ids=["nested by labels", "relabelled", "written nested", "already there", "slopes"],
)
def test_nothing_is_refitted_where_the_question_does_not_arise(formula: str) -> None:
    def no_refit(design: Design) -> Fit:
        raise AssertionError(f"refitted {design.formula.to_text()}")

    assert reused_labels(fitted(proven(reused(formula)), optimum=no_refit)) == []
