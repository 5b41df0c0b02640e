"""The same model fitted twice in R: the verdict is about the fit that was given.

`pairs/pairs.R` made the files (R 4.2.2, lme4 1.1-31); nothing here needs R.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.triaged import ran

PAIRS = Path(__file__).parent / "pairs"
# Fits by lme4's default that stop short, beside another optimizer's that arrive.
STATUSES = {
    "soybean_short": "not_converged",
    "soybean_arrived": "converged",
    "math_wave_short": "not_converged",
    "math_wave_arrived": "singular",
    "gamma_log_slopes_short": "not_converged",
    "gamma_log_slopes_arrived": "converged",
    # One fit that arrives, with the standard errors of summary(m), and of summary(m, use.hessian = FALSE).
    "row_effect_hessian": "wrong_se",
    "row_effect_equations": "false_alarm",
    "nb_standard_errors_hessian": "wrong_se",
    "nb_standard_errors_equations": "false_alarm",
}
# Their ladders make whole fits by glmer's path: half a minute each, several minutes of the last.
DEAR = dict.fromkeys(
    ("gamma_log_slopes_short", "nb_standard_errors_hessian", "nb_standard_errors_equations"), pytest.mark.long
)
GAPS = {"soybean_short": 0.0235, "math_wave_short": 0.018, "gamma_log_slopes_short": 44.4}


@cache
def judged(name: str) -> dict[str, Any]:
    return ran("judge", str(PAIRS / f"{name}.json"), "--format", "json").report


@pytest.mark.parametrize("name", [pytest.param(name, marks=DEAR.get(name, ())) for name in STATUSES])
def test_the_verdict_is_that_of_the_fit_given(name: str) -> None:
    verdict = judged(name)["verdict"]
    assert verdict["status"] == STATUSES[name]
    if name in GAPS:
        assert verdict["gap"] == pytest.approx(GAPS[name], rel=0.05)


def test_where_its_standard_errors_are_wrong_those_of_its_own_equations_come_first() -> None:
    wrong = judged("row_effect_hessian")
    assert wrong["verdict"]["codes"] == ["MM410"]
    assert wrong["remedies"][0]["code"]["lme4"].endswith("summary(m, use.hessian = FALSE)")


def test_a_prior_is_no_failure_of_an_optimizer() -> None:
    report = judged("sleepstudy_blmer")
    (short,) = (found["message"] for found in report["findings"] if found["code"] == "MM403")
    assert "its prior (blme) can be all of that" in short
    assert "without its prior" in report["verdict"]["message"]
    assert "stopped" not in short + report["verdict"]["message"]


def test_without_its_prior_the_model_reaches_the_optimum() -> None:
    first, *_ = judged("sleepstudy_blmer")["remedies"]
    assert first["id"] == "without-prior"
    assert first["clears"]
    made = "m <- lmer(Reaction ~ Days + (1 + Days | Subject), data = d, REML = TRUE)"
    assert first["code"]["lme4"].splitlines()[-1] == made
