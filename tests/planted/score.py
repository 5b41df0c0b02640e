"""How a report on a planted case is marked, and the table of all marks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields

import numpy as np

from mmtriage.data.in_memory import table_from_frame
from mmtriage.diagnose.finding import Finding
from mmtriage.engine.lme4.outcome import Lme4Failure
from mmtriage.engine.lme4.run import fit_like_lme4
from mmtriage.engine.prepared import prepare
from mmtriage.formula import parse_formula
from mmtriage.model.design import build_design
from mmtriage.model.spec import ModelSpec
from mmtriage.report.facts import Report
from tests.planted.record import Case

# What lme4 says that names the cause, by fault. Its remark that a fit is singular names the three kinds of
# singularity, its rescaling remark a scale, "rank deficient" an aliased column; its gradient and Hessian
# messages name nothing.
NAMED_BY_LME4 = {
    "MM101": "very different scales",
    "MM201": "rank deficient",
    "MM310": "singular",
    "MM311": "singular",
    "MM312": "singular",
}
REFUSED_BY_LMER = ("MM103", "MM302", "MM303", "MM305")  # an error that says why instead of a fit


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """What a report got right."""

    case: Case
    verdict: bool
    cause: bool
    false: Sequence[str]  # codes of `false_findings`
    lme4_warned: bool
    lme4_named: bool


def mark(case: Case, report: Report) -> Mark:
    """Compare a report with what was planted."""
    warned, named = _said_by_lme4(case, report)
    return Mark(
        case=case,
        verdict=report.verdict.status in case.statuses,
        cause=case.fault == "healthy" or names_cause(case, report),
        false=tuple(f.code for f in false_findings(case, report)),
        lme4_warned=warned,
        lme4_named=named,
    )


def loud(report: Report) -> list[Finding]:
    """Findings above info that no other finding explains."""
    return [f for f in report.findings if f.severity != "info" and not f.caused_by]


def false_findings(case: Case, report: Report) -> list[Finding]:
    """Findings above info that nothing planted explains, and that are not about lme4's own standard errors.

    Those of a healthy generalized fit can be wrong by a factor of 100 (seen in R): MM402 says so with reason.
    """
    right = (case.fault, *case.also, *case.heads)
    return [f for f in loud(report) if f.code not in right and not f.evidence.get("se_ratio")]


def head(report: Report) -> str | None:
    """The first code of a verdict that is a warning or an error."""
    grave = report.verdict.severity in ("warning", "error")
    return report.verdict.codes[0] if grave and report.verdict.codes else None


def planted_findings(case: Case, report: Report) -> list[Finding]:
    """The planted fault, found as itself at the severity it has, and not as a consequence."""
    right = (case.severity,) if isinstance(case.severity, str) else case.severity
    return [f for f in report.findings if f.code == case.fault and f.severity in right and not f.caused_by]


def names_cause(case: Case, report: Report) -> bool:
    """Whether the planted fault is found, and the verdict puts it first."""
    first = report.verdict.codes[:1] if case.blamed else (head(report),)
    return bool(planted_findings(case, report)) and first in {(code,) for code in (None, *case.primary)}


def _said_by_lme4(case: Case, report: Report) -> tuple[bool, bool]:
    """Whether lme4 says anything, and whether that names the fault."""
    if report.baseline is None and "family" not in case.options and case.fault in REFUSED_BY_LMER:
        return True, True
    fit = report.baseline
    messages = _messages_without_verdict(case) if fit is None else tuple(fit.lme4_messages or ())
    hint = NAMED_BY_LME4.get(case.fault)
    return bool(messages), hint is not None and any(hint in message for message in messages)


def _messages_without_verdict(case: Case) -> tuple[str, ...]:
    """What lme4 says of a model that we decline to fit and it does not."""
    table = table_from_frame(case.frame())
    known = {field.name for field in fields(ModelSpec)}
    own = {name: value for name, value in case.options.items() if name in known}
    spec = ModelSpec(**own, reml=not case.options.get("ml", False))
    try:
        run = fit_like_lme4(prepare(build_design(table, parse_formula(case.formula), spec)).model)
    except np.linalg.LinAlgError as stop:
        return (str(stop),)
    return (*run.lme4_messages, run.error) if isinstance(run, Lme4Failure) else tuple(run.lme4_messages)


HEADER = (
    "| fault | cases | verdict right | cause right | false findings "
    "| lme4 says anything | lme4 names the cause |\n"
    "|---|---:|---:|---:|---:|---:|---:|"
)


def table(marks: Sequence[Mark]) -> str:
    """The marks per fault and in total, as a Markdown table."""
    planted = [m for m in marks if m.case.fault != "healthy"]
    healthy = [m for m in marks if m.case.fault == "healthy"]
    by_fault: dict[str, list[Mark]] = {}
    for m in planted:
        by_fault.setdefault(m.case.title, []).append(m)
    lines = [HEADER]
    lines += [_line(fault, group) for fault, group in by_fault.items()]
    lines += [_line("all faults", planted), _line("healthy", healthy)]
    return "\n".join(lines)


def _line(title: str, marks: Sequence[Mark]) -> str:
    is_healthy = title == "healthy"
    cause = "" if is_healthy else _share(m.cause for m in marks)
    named = "" if is_healthy else _share(m.lme4_named for m in marks)
    false = sum(len(m.false) for m in marks)
    warned = _share(m.lme4_warned for m in marks)
    verdict = _share(m.verdict for m in marks)
    return f"| {title} | {len(marks)} | {verdict} | {cause} | {false} | {warned} | {named} |"


def _share(right: Iterable[bool]) -> str:
    values = list(right)
    return f"{sum(values) / max(len(values), 1):.0%}"
