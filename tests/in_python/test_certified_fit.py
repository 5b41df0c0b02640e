"""`mmtriage.fit`: the certified optimum, labelled."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf  # type: ignore[import-untyped]

import mmtriage
from mmtriage.errors import DataError, FormulaError, ModelError, OptionError, UnjudgedError
from tests.triaged import ROOT, SAMPLES

PATH = SAMPLES / "sleepstudy.csv"
FORMULA = "Reaction ~ Days + (Days | Subject)"


@pytest.fixture(scope="module")
def sleep() -> pd.DataFrame:
    frame = pd.read_csv(PATH).set_index(pd.Index([f"r{k}" for k in range(180)]))
    frame.loc["r3", "Reaction"] = np.nan
    return frame


@pytest.fixture(scope="module")
def fit(sleep: pd.DataFrame) -> mmtriage.Fit:
    return mmtriage.fit(sleep, FORMULA)


def test_its_numbers_are_those_of_the_report(sleep: pd.DataFrame, fit: mmtriage.Fit) -> None:
    reference = mmtriage.triage(sleep, FORMULA).reference
    assert reference is not None
    assert dict(fit.fixef) == {effect.name: effect.estimate for effect in reference.fixed_effects}
    se = np.sqrt(np.diag(fit.vcov))
    assert list(se) == [effect.se for effect in reference.fixed_effects]
    assert (fit.loglik, fit.sigma) == (reference.log_likelihood, reference.sigma)
    assert list(fit.vcov.index) == list(fit.vcov.columns) == ["(Intercept)", "Days"]


def test_rows_and_levels_have_their_labels(sleep: pd.DataFrame, fit: mmtriage.Fit) -> None:
    assert list(fit.fitted.index) == [label for label in sleep.index if label != "r3"]
    assert list(fit.ranef) == ["Subject"]
    modes = fit.ranef["Subject"]
    assert (modes.index.name, list(modes.columns)) == ("Subject", ["(Intercept)", "Days"])
    subject = str(sleep["Subject"].loc["r20"])
    eta = fit.fixef + modes.loc[subject]
    assert fit.fitted["r20"] == pytest.approx(eta["(Intercept)"] + eta["Days"] * sleep["Days"].loc["r20"])
    assert fit.residuals["r20"] == pytest.approx(sleep["Reaction"].loc["r20"] - fit.fitted["r20"])


def test_what_was_done_is_said(fit: mmtriage.Fit) -> None:
    assert fit.done[:2] == (
        "1 row left out, by subset or for missing values.",
        "The optimum is where lme4's fit ends.",
    )
    assert fit.done[-1].startswith("The optimum is certified: ")
    assert "Days" in str(fit)


def test_a_path_numbers_the_rows_from_0() -> None:
    fit = mmtriage.fit(PATH, "Reaction ~ Days + (1 | Subject)", ml=True)
    assert list(fit.fitted.index[:3]) == [0, 1, 2]
    assert fit.loglik == pytest.approx(-897.0393, abs=1e-4)  # lme4's, by ML


def test_a_generalized_model_has_means_and_no_scale() -> None:
    formula = "cbind(incidence, size - incidence) ~ period + (1 | herd)"
    fit = mmtriage.fit(SAMPLES / "cbpp.csv", formula, family="binomial", factor="period")
    assert fit.sigma is None
    assert fit.fitted.between(0, 1).all()
    np.testing.assert_allclose(fit.fixef, [-1.3985, -0.9923, -1.1287, -1.5803], atol=2e-3)  # glmer
    table = pd.read_csv(SAMPLES / "cbpp.csv")
    np.testing.assert_allclose(fit.residuals + fit.fitted, table["incidence"] / table["size"])


def test_terms_of_one_grouping_stand_beside_each_other() -> None:
    fit = mmtriage.fit(PATH, "Reaction ~ Days + (Days || Subject)")
    assert list(fit.ranef["Subject"].columns) == ["(Intercept)", "Days"]


def test_a_fit_of_statsmodels_is_taken_to_its_optimum() -> None:
    frame = pd.read_csv(PATH)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        result = smf.mixedlm("Reaction ~ Days", frame, groups="Subject", re_formula="~ Days").fit()
    fit = mmtriage.fit(result)
    assert fit.loglik >= result.llf - 1e-6
    assert fit.fixef["Days"] == pytest.approx(result.fe_params["Days"], rel=1e-4)
    assert list(fit.fitted.index) == list(range(180))


def test_a_fit_from_a_file_is_taken_to_its_optimum() -> None:
    path = ROOT / "tests" / "given" / "fits" / "sm_pigs_slope.json"
    fit = mmtriage.fit(str(path))
    report = mmtriage.triage(path)
    assert report.reference is not None
    assert report.is_given
    assert dict(fit.fixef) == {effect.name: effect.estimate for effect in report.reference.fixed_effects}
    assert "below where the statsmodels fit ends" in fit.done[-2]
    assert mmtriage.fit_robust(path).loglik == fit.loglik


def test_what_has_no_optimum_is_refused_in_words() -> None:
    frame = pd.DataFrame({"y": [1.0, 2, 3, 4], "g": list("abcd"), "x": [1.0, 2, 1, 2]})
    with pytest.raises(UnjudgedError, match="the model has no optimum"):
        mmtriage.fit(frame, "y ~ x + (1 | g)")


@pytest.mark.parametrize(
    ("data", "formula", "error"),
    [
        (PATH, None, OptionError),
        (PATH, 3, OptionError),
        ("no_such.json", None, DataError),
        (PATH, "Reaction ~ Dayz + (1 | Subject)", FormulaError),
        (PATH, "Reaction ~ Days", ModelError),
        (PATH, "", FormulaError),
        ("no_such.csv", FORMULA, DataError),
        (None, FORMULA, DataError),
        (pd.DataFrame(), FORMULA, DataError),
    ],
)
def test_mistakes_are_input_errors(data: object, formula: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        mmtriage.fit(data, formula)
