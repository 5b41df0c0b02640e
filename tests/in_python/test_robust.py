"""`mmtriage.fit_robust`: a certified fit, of the same model unless a smaller one is wanted."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

import mmtriage
from mmtriage.engine.as_given import compare_given
from mmtriage.engine.comparison import Comparison
from mmtriage.engine.prepared import Prepared
from mmtriage.errors import UnjudgedError
from mmtriage.ladder.workbench import Workbench
from mmtriage.model.design import Design
from tests.triaged import ROOT, SAMPLES

YEAR = SAMPLES / "sleepstudy_year.csv"
DYESTUFF2 = SAMPLES / "Dyestuff2.csv"


def with_one_slope() -> pd.DataFrame:
    """Groups whose intercepts differ and whose slopes do not, to the last digit."""
    rng = np.random.default_rng(5)
    x = np.tile(np.linspace(-1, 1, 6), 12)
    e = rng.normal(size=(12, 6))
    e -= e @ np.outer(x[:6], x[:6]) / np.sum(x[:6] ** 2)
    y = np.repeat(rng.normal(size=12) * 2, 6) + 0.5 * x + e.ravel()
    return pd.DataFrame({"y": y, "x": x, "g": np.repeat([f"g{k:02d}" for k in range(12)], 6)})


def test_the_same_model_is_fitted_where_lme4_stops_short() -> None:
    fit = mmtriage.fit_robust(YEAR, "Reaction ~ Year + (Year | Subject)")
    assert fit.formula == "Reaction ~ Year + (1 + Year | Subject)"
    assert not fit.is_singular
    assert any("deviance units below where lme4's fit ends" in said for said in fit.done)


def test_a_certified_fit_needs_no_triage(monkeypatch: pytest.MonkeyPatch) -> None:
    def triage(*_: object) -> None:
        raise AssertionError("it is triaged")

    monkeypatch.setattr("mmtriage.in_python.robust.triage_on", triage)
    assert mmtriage.fit_robust(SAMPLES / "sleepstudy.csv", "Reaction ~ Days + (1 | Subject)").loglik < 0


def test_no_model_is_fitted_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[tuple[str, int]] = []

    def counted(bench: Workbench, design: Design, *how: Any) -> Comparison:
        made.append((design.formula.to_text(), len(design.y)))
        return fit(bench, design, *how)

    fit = Workbench._made
    monkeypatch.setattr(Workbench, "_made", counted)
    smaller = mmtriage.fit_robust(with_one_slope(), "y ~ x + (x | g)", simplify=True)
    assert smaller.formula == "y ~ x + (1 | g)"
    assert {"y ~ x + (1 + x | g)", "y ~ x + (1 | g)"} <= {formula for formula, _ in made}
    assert len(made) == len(set(made))


def test_a_fit_made_elsewhere_is_judged_once(monkeypatch: pytest.MonkeyPatch) -> None:
    judged = []

    def counted(prepared: Prepared, *rest: Any, **more: Any) -> Comparison:
        judged.append(prepared.design.formula.to_text())
        return compare_given(prepared, *rest, **more)

    monkeypatch.setattr("mmtriage.ladder.workbench.compare_given", counted)
    fit = mmtriage.fit_robust(ROOT / "tests" / "given" / "fits" / "sm_sessions.json", simplify=True)
    assert judged == [fit.formula] == ["tstat ~ session + (1 | animal)"]
    assert fit.is_singular  # what is left without its random effects is no mixed model


def test_a_singular_model_stays_unless_a_smaller_one_is_wanted() -> None:
    frame, formula = with_one_slope(), "y ~ x + (x | g)"
    fit = mmtriage.fit_robust(frame, formula)
    assert fit.is_singular
    smaller = mmtriage.fit_robust(frame, formula, simplify=True)
    assert not smaller.is_singular
    assert smaller.formula == "y ~ x + (1 | g)"
    assert len(smaller.done) > len(fit.done)


def test_a_model_that_has_no_smaller_one_stays() -> None:
    fit = mmtriage.fit_robust(DYESTUFF2, "Yield ~ 1 + (1 | Batch)", simplify=True)
    assert fit.is_singular


def test_what_has_no_fit_says_where_to_ask() -> None:
    frame = pd.DataFrame({"y": [1.0, 2, 3, 4], "g": list("abcd"), "x": [1.0, 2, 1, 2]})
    with pytest.raises(UnjudgedError, match="no model was found") as caught:
        mmtriage.fit_robust(frame, "y ~ x + (1 | g)")
    assert "mmtriage.triage()" in str(caught.value)
