"""The report of a triage that ended before its verdict: what the design has shown, and what was not done."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from mmtriage.data.table import Table
from mmtriage.diagnose.finding import Finding
from mmtriage.diagnose.unassessed import without_fit
from mmtriage.diagnose.verdict import SEVERITY_OF, Verdict
from mmtriage.ladder.records import RUNG_NUMBER, RungResult, Stop
from mmtriage.model.design import Design
from mmtriage.options import TriageOptions
from mmtriage.report.facts import Report
from mmtriage.report.from_design import input_facts, model_facts


def _none(stop: Stop) -> Verdict:
    """What can be used of the fit was not asked."""
    return Verdict(
        status="undetermined",
        severity=SEVERITY_OF["undetermined"],
        codes=(),
        message=f"No verdict: {stop.reason}." + (f" {stop.hint}" if stop.hint else ""),
        gap=None,
        max_shift_se=None,
        thresholds={},
    )


def unfinished_report(
    table: Table,
    design: Design,
    options: TriageOptions,
    findings: Sequence[Finding],
    stop: Stop,
    timing: Mapping[str, float],
) -> Report:
    """Nothing is said of a fit, not even that lme4 would make one."""
    reason = f"no verdict: {stop.reason}"
    return Report(
        input=input_facts(table, design, options),
        model=model_facts(design, options),
        verdict=_none(stop),
        findings=tuple(findings),
        not_assessed=without_fit(design.spec, reason),
        baseline=None,
        reference=None,
        ladder=tuple(
            RungResult(rung=number, id=name, status="failed", reason=reason)
            for name, number in RUNG_NUMBER.items()
        ),
        remedies=(),
        incomplete=stop,
        timing=timing,
    )
