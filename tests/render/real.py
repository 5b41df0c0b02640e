"""Real reports for the formats: every golden model, and tables of sample_data with all rungs climbed."""

from __future__ import annotations

from functools import cache

from mmtriage.report.facts import Report
from mmtriage.report.from_document import report_from
from tests.golden_cases import golden_cases, parameters
from tests.triaged import SAMPLES, triaged, triaged_golden

CLIMBED = {
    "sleepstudy_year.csv": "Reaction ~ Year + (Year | Subject)",
    "Dyestuff2.csv": "Yield ~ 1 + (1 | Batch)",
    "crossed_maximal.csv": "y ~ cond + (1 + cond | subject) + (1 + cond | item)",
}
REAL = parameters((*golden_cases(), *CLIMBED))


@cache
def real_report(name: str) -> Report:
    """The report on one of `REAL`."""
    if name in CLIMBED:
        return report_from(triaged(str(SAMPLES / name), CLIMBED[name], "--all-rungs").report)
    return report_from(triaged_golden(name).report)
