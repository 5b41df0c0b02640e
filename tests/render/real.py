"""Real reports for the formats: every golden model, and tables of sample_data with all rungs climbed."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest

from mmtriage.report.facts import Report
from tests.golden_cases import golden_cases
from tests.rebuilt import report_from
from tests.triaged import SAMPLES, triaged, triaged_golden

SLOW = ("insteval", "dose_latency_maximal")  # on the worker that has them anyway (tests/test_golden.py)
CLIMBED = {
    "sleepstudy_year.csv": "Reaction ~ Year + (Year | Subject)",
    "Dyestuff2.csv": "Yield ~ 1 + (1 | Batch)",
    "crossed_maximal.csv": "y ~ cond + (1 + cond | subject) + (1 + cond | item)",
}
REAL: list[Any] = [
    pytest.param(name, marks=pytest.mark.xdist_group(name)) if name in SLOW else name
    for name in (*golden_cases(), *CLIMBED)
]


@cache
def real_report(name: str) -> Report:
    """The report on one of `REAL`."""
    if name in CLIMBED:
        return report_from(triaged(str(SAMPLES / name), CLIMBED[name], "--all-rungs").report)
    return report_from(triaged_golden(name).report)
