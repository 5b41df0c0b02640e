"""Fits of statsmodels: the criterion is theirs to the last digits, whatever their columns are called."""

from __future__ import annotations

import subprocess
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import mmtriage
from mmtriage.errors import DataError, OptionError
from tests.triaged import ROOT, ran

statsmodels = pytest.importorskip("statsmodels")
smf = pytest.importorskip("statsmodels.formula.api")
lmm = pytest.importorskip("statsmodels.regression.mixed_linear_model")

CSV = ROOT / "tests" / "golden" / "csv"
FITS = ROOT / "tests" / "given" / "fits" / "csv"


def table(name: str, **kinds: Any) -> pd.DataFrame:
    return pd.read_csv(next(d / f"{name}.csv" for d in (CSV, FITS) if (d / f"{name}.csv").exists())).astype(
        kinds
    )


def sleep() -> pd.DataFrame:
    d = table("sleepstudy", Subject=str)
    d["f"] = np.where(d.Days < 3, "a", np.where(d.Days < 6, "b", "c"))
    return d


def free() -> Any:
    return lmm.MixedLMParams.from_components(fe_params=np.ones(2), cov_re=np.eye(2))


def arrays() -> Any:
    d = sleep()
    X = np.column_stack([np.ones(len(d)), d.Days])
    return lmm.MixedLM(d.Reaction.to_numpy(), X, groups=d.Subject.to_numpy(), exog_re=X)


def mixed(formula: str, data: pd.DataFrame, groups: Any = "Subject", **options: Any) -> Any:
    return smf.mixedlm(formula, data, groups=groups, **options)


def crossed() -> pd.DataFrame:
    return table("Penicillin").assign(one=1)


CASK, PLATE, SAMPLE = "0 + C(cask)", "0 + C(plate)", "0 + C(sample)"
MODELS: dict[str, tuple[Callable[[], Any], str]] = {
    "slope": (
        lambda: mixed("Reaction ~ Days", sleep(), re_formula="~Days").fit(),
        "Days + (1 + Days | Subject)",
    ),
    "ml": (lambda: mixed("Reaction ~ Days", sleep()).fit(reml=False), "Days + (1 | Subject)"),
    "array of groups": (
        lambda: mixed("Reaction ~ Days", sleep(), groups=sleep().Subject.to_numpy()).fit(),
        "Days + (1 | Subject)",
    ),
    "free": (
        lambda: mixed("Reaction ~ Days", sleep(), re_formula="~Days").fit(free=free()),
        "Days + (1 | Subject) + (0 + Days | Subject)",
    ),
    "arrays": (lambda: arrays().fit(), "x1 + (1 + x_re2 | group)"),
    "factor": (lambda: mixed("Reaction ~ C(f)", sleep()).fit(), "f + (1 | Subject)"),
    "numbers as factor": (lambda: mixed("Reaction ~ C(Days)", sleep()).fit(), "Days + (1 | Subject)"),
    "reference": (
        lambda: mixed('Reaction ~ C(f, Treatment("b"))', sleep()).fit(),
        "f + (1 | Subject)",
    ),
    "interaction": (
        lambda: mixed("np.log(Reaction) ~ Days * f + I(Days ** 2)", sleep()).fit(),
        "Days + f + I(Days^2) + Days:f + (1 | Subject)",
    ),
    "no intercept": (lambda: mixed("Reaction ~ 0 + f", sleep()).fit(), "0 + f + (1 | Subject)"),
    "not of R": (lambda: mixed("Reaction ~ center(Days)", sleep()).fit(), "`center(Days)` + (1 | Subject)"),
    "sums": (
        lambda: mixed("Reaction ~ C(f, Sum)", sleep()).fit(),
        "`C(f, Sum)[S.a]` + `C(f, Sum)[S.b]` + (1 | Subject)",
    ),
    "slope as component": (
        lambda: mixed("Reaction ~ Days", sleep(), re_formula="1", vc_formula={"d": "0 + Days"}).fit(),
        "Days + (1 | Subject) + (0 + Days | Subject)",
    ),
    "components alone": (
        lambda: mixed("strength ~ 1", table("Pastes"), groups="batch", vc_formula={"cask": CASK}).fit(),
        "1 + (1 | sample)",
    ),
    "nested": (
        lambda: mixed(
            "strength ~ 1",
            table("Pastes").drop(columns="sample"),
            groups="batch",
            re_formula="1",
            vc_formula={"cask": CASK},
        ).fit(),
        "1 + (1 | batch) + (1 | batch:cask)",
    ),
    "crossed": (
        lambda: mixed(
            "diameter ~ 1", crossed(), groups="one", vc_formula={"plate": PLATE, "sample": SAMPLE}
        ).fit(),
        "1 + (1 | plate) + (1 | sample)",
    ),
    "missing": (
        lambda: mixed("Reaction ~ Days", sleep().assign(Days=holed()), missing="drop").fit(),
        "Days + (1 | Subject)",
    ),
    "singular": (lambda: mixed("Yield ~ 1", table("Dyestuff2"), groups="Batch").fit(), "1 + (1 | Batch)"),
    "short": (
        lambda: mixed("Weight ~ Time", table("sm_pigs_slope"), groups="Pig", re_formula="~Time").fit(),
        "Time + (1 + Time | Pig)",
    ),
    "far origin": (
        lambda: mixed("Reaction ~ Year", table("sleepstudy_year"), re_formula="~Year").fit(),
        "Year + (1 + Year | Subject)",
    ),
    "scales": (
        lambda: mixed("y ~ dose_mg", table("dose_latency"), groups="subj", re_formula="~dose_mg").fit(),
        "dose_mg + (1 + dose_mg | subj)",
    ),
}
CRITERIA = {"free": 1743.66929, "components alone": 247.64840, "singular": 161.82828}
STATUS = {
    "slope": "converged",
    "singular": "singular",
    "far origin": "not_converged",
    "short": "not_converged",
}


def holed() -> pd.Series:
    days = sleep().Days.astype(float)
    days[3] = np.nan
    return days


def fitted(name: str) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return MODELS[name][0]()


@pytest.mark.parametrize("name", MODELS)
def test_the_criterion_at_its_parameters_is_that_of_statsmodels(name: str) -> None:
    result = fitted(name)
    report = mmtriage.triage(result)
    assert report.baseline is not None
    assert report.reference is not None
    assert report.model.formula.partition(" ~ ")[2] == MODELS[name][1]
    assert report.baseline.criterion == pytest.approx(-2.0 * result.llf, rel=1e-11)
    assert report.verdict.gap == pytest.approx(-2.0 * result.llf - report.reference.criterion, abs=1e-6)
    assert report.verdict.status == STATUS.get(name, report.verdict.status)
    assert report.baseline.criterion == pytest.approx(CRITERIA.get(name, report.baseline.criterion), abs=1e-4)


def test_standard_errors_are_those_of_statsmodels() -> None:
    result = fitted("interaction")
    report = mmtriage.triage(result)
    assert report.baseline is not None
    assert sorted(e.se for e in report.baseline.fixed_effects) == pytest.approx(
        sorted(result.bse_fe), rel=1e-12
    )


def test_both_spellings_of_a_name_are_shown() -> None:
    (note,) = mmtriage.triage(fitted("factor")).model.notes
    assert note == "fb is statsmodels' C(f)[T.b]; fc is statsmodels' C(f)[T.c]"


def test_what_was_written_is_judged_alike(tmp_path: Path) -> None:
    result = fitted("short")
    mmtriage.write_fit(result, tmp_path / "fit.json", messages=[UserWarning("it failed to converge")])
    written = ran("judge", str(tmp_path / "fit.json"), "--format", "json").report
    report = mmtriage.triage(result)
    assert written["verdict"]["status"] == report.verdict.status
    assert written["verdict"]["gap"] == pytest.approx(report.verdict.gap, abs=1e-9)
    assert written["baseline"]["lme4_messages"] == ["it failed to converge"]


def test_what_is_no_mixed_model_is_refused() -> None:
    with pytest.raises(DataError, match="OLS is not a mixed"):
        mmtriage.triage(smf.ols("Reaction ~ Days", sleep()).fit())
    with pytest.raises(DataError, match="this MixedLM has not been fitted"):
        mmtriage.triage(smf.mixedlm("Reaction ~ Days", sleep(), groups="Subject"))
    with pytest.raises(OptionError, match="has its formula"):
        mmtriage.triage(fitted("slope"), "Reaction ~ Days + (1 | Subject)")
    with pytest.raises(OptionError, match="says otherwise"):
        mmtriage.triage(fitted("slope"), ml=True)


def test_statsmodels_is_imported_by_nobody_but_its_user() -> None:
    code = "import mmtriage.given.from_statsmodels, sys; sys.exit('statsmodels' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_what_is_advised_to_a_user_of_statsmodels_was_tried_in_statsmodels() -> None:
    result = fitted("short")
    report = mmtriage.triage(result)
    again, rescaled, *_ = report.remedies
    assert again.code.python is not None
    assert rescaled.code.python is not None
    assert "start_params=start" in again.code.python
    assert "re_formula='~ I((Time - 6)/3)'" in rescaled.code.python
    assert rescaled.caveats[-1] == "tried in statsmodels: it arrives"
    names: dict[str, Any] = {"result": result}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        exec(again.code.python, names)
    assert report.reference is not None
    assert -2.0 * names["result"].llf == pytest.approx(report.reference.criterion, abs=0.01)
