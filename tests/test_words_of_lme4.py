"""lme4's own errors, which people search for, in the report of a model that it refuses or stops on."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from tests.golden_cases import data_path
from tests.triaged import ran


def report_of(tmp_path: Path, formula: str, *options: str) -> tuple[str, dict[str, object]]:
    """The verdict's message, and the whole report, on sleepstudy with a Unix time and a label of each row."""
    table = pd.read_csv(data_path("sleepstudy.csv"))
    table["time"] = 1_600_000_000 + 86_400 * table["Days"]
    table["row"] = range(len(table))
    path = tmp_path / "d.csv"
    table.to_csv(path, index=False)
    report = ran("fit", str(path), formula, *options, "--format", "json").report
    return report["verdict"]["message"], report


def test_a_unix_time_as_slope_downdates(tmp_path: Path) -> None:
    """R stops in every run; the report said "the criterion could not be evaluated at any point tried"."""
    message, report = report_of(tmp_path, "Reaction ~ time + (time | Subject)")
    assert "Downdated VtV is not positive definite" in message
    assert report["baseline"] is None
    assert report["baseline_error"] == "Downdated VtV is not positive definite"


@pytest.mark.parametrize(
    ("formula", "options", "says"),
    [
        (
            "Reaction ~ Days + (1 | row)",
            (),
            "number of levels of each grouping factor must be < number of observations (problems: row)",
        ),
        (
            "round(Reaction) ~ Days + (Days + exp(Days) + sin(Days) | Subject)",
            ("--family", "poisson", "--subset", "Days < 3"),
            "number of observations (=54) < number of random effects (=72) for term "
            "(Days + exp(Days) + sin(Days) | Subject); "
            "the random-effects parameters are probably unidentifiable",
        ),
    ],
)
def test_a_refusal_is_quoted(tmp_path: Path, formula: str, options: tuple[str, ...], says: str) -> None:
    message, report = report_of(tmp_path, formula, *options)
    assert message.endswith(f'lme4 stops with "{says}".')
    assert report["baseline_error"] == says
