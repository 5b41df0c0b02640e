"""The golden models, fitted by R's defaults and handed over by the R script: judged as R has them.

`golden_fits.R` made the files; nothing here needs R.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from mmtriage.ladder.emitted.r_call import r_call
from mmtriage.options import TriageOptions
from mmtriage.report.schema import schema_text
from tests.golden_cases import GLMM_NOISE, HEAVY, NOISE, golden_case, parameters
from tests.triaged import ran, triaged_golden

GOLDEN_FITS = Path(__file__).parent / "golden"
NAMES = sorted(path.stem for path in GOLDEN_FITS.glob("*.json"))
LIGHT = [name for name in NAMES if name not in HEAVY and name not in {**NOISE, **GLMM_NOISE}]


@cache
def judged(name: str) -> dict[str, Any]:
    return ran("judge", str(GOLDEN_FITS / f"{name}.json"), "--format", "json").report


def test_every_golden_model_that_lme4_fits_has_a_file() -> None:
    assert len(NAMES) > 70


@pytest.mark.parametrize("name", parameters(NAMES, pytest.mark.long))
def test_the_parameters_are_those_of_r(name: str) -> None:
    given = json.loads((GOLDEN_FITS / f"{name}.json").read_text(encoding="utf-8"))
    report = judged(name)
    baseline = report["baseline"]
    theirs = {effect["name"]: effect for effect in given["fixed_effects"]}
    assert [e["estimate"] for e in baseline["fixed_effects"]] == [
        theirs[e["name"]]["estimate"] for e in baseline["fixed_effects"]
    ]
    assert baseline["theta"] == [element["value"] for element in given["theta"]]
    assert baseline["lme4_messages"] == given["messages"]
    criterion = golden_case(name).expected["default"]["criterion"]
    assert baseline["criterion"] == pytest.approx(criterion, abs=0.05)


@pytest.mark.slow
@pytest.mark.parametrize("name", LIGHT)
def test_the_verdict_is_that_of_the_imitation(name: str) -> None:
    """lme4 1.1's own fit, imitated to the last evaluation and handed over, is the same fit."""
    assert judged(name)["verdict"]["status"] == triaged_golden(name).report["verdict"]["status"]


@pytest.mark.parametrize("name", NAMES)
def test_what_r_writes_is_what_the_schema_says(name: str) -> None:
    document = json.loads((GOLDEN_FITS / f"{name}.json").read_text(encoding="utf-8"))
    jsonschema.validate(document, json.loads(schema_text("fit")))


def test_a_theta_that_was_held_is_held(tmp_path: Path) -> None:
    """As in `glmer(family = MASS::negative.binomial(2))`: optimum and AIC are of that theta."""
    document = json.loads((GOLDEN_FITS / "nb.json").read_text(encoding="utf-8"))
    document["nb_theta_estimated"] = False
    table = (GOLDEN_FITS / document["data"]).resolve()
    path = tmp_path / "held.json"
    path.write_text(json.dumps(document), encoding="utf-8")
    report = ran("judge", str(path), str(table), "--format", "json").report
    estimated = judged("nb")
    assert report["verdict"]["status"] == "converged"
    assert report["reference"]["family_theta"] == document["nb_theta"]
    assert report["reference"]["criterion"] == pytest.approx(document["criterion_tight"], abs=1e-4)
    assert report["reference"]["aic"] == pytest.approx(estimated["reference"]["aic"] - 2, abs=1e-4)
    assert any("held where it is" in note for note in report["model"]["notes"])


def test_code_for_a_theta_that_was_held_says_it() -> None:
    options = TriageOptions(family="negative.binomial", held_nb_theta=2.5)
    assert r_call(options, "y ~ x + (1 | g)") == [
        "m <- glmer(y ~ x + (1 | g), data = d, family = MASS::negative.binomial(theta = 2.5))"
    ]
