"""What has changed since an earlier report on the same model: the comparison behind --baseline.

Both reports are compared in their JSON form, the one that a repository keeps:

    {"findings": [...], "verdict": {...}, "reference": {...}, ...} -> Snapshot, twice -> Drift

Estimates are those of the optimum where both reports have one, else of lme4's fit. They drift in standard
errors of the earlier report, the criterion in deviance units, as far as two fits of one verdict may lie
apart. Of another table the criterion says nothing: likelihoods are comparable between fits to the same rows
only, so it is left out. A model that was edited is compared as far as that goes: its verdict is news, and the
coefficients that it still has are shown beside what they were. Where table and model are the same and another
version of the program wrote the earlier report, what differs is the program's doing: it is said, and fails no
check.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Literal

from mmtriage.diagnose.finding import BaselineState
from mmtriage.diagnose.severity import Severity, VerdictSeverity, is_graver
from mmtriage.diagnose.verdict import allowed_gap
from mmtriage.errors import OptionError
from mmtriage.report.drift.changes import OF_VERDICT, Change, Drift, What
from mmtriage.report.drift.snapshot import FITS, SAME, FindingKey, Snapshot

SHIFT_SE = 0.1  # how far an estimate may move, in standard errors of the earlier report


def compare(before: Snapshot, after: Snapshot, source: str) -> Drift:
    """What is new in a report, and what has drifted.

    Args:
        source: the file of the earlier report.

    Raises:
        OptionError: they are reports on different models.
    """
    _refuse_another(before, after, source)
    changes = (
        *_edited(before, after),
        *_verdict(before, after),
        *_findings_changed(before, after),
        *_numbers(before, after),
    )
    if is_by_tool(before, after):
        changes = tuple(replace(change, severity="ok", by_tool=True) for change in changes)
    return Drift(baseline=source, version=before.version, changes=changes)


def is_by_tool(before: Snapshot, after: Snapshot) -> bool:
    """Whether nothing but another version of the program can have changed what a report says.

    The table and the model are the same, and so is the optimizer of the fit, where both reports have one.
    """
    is_other = (before.version, before.schema) != (after.version, after.schema)
    optimizers = {before.optimizer, after.optimizer} - {None}
    is_same = before.sha256 == after.sha256 and before.model == after.model
    return is_other and is_same and len(optimizers) <= 1


def state_of(key: FindingKey, severity: Severity, before: Snapshot) -> BaselineState:
    """Whether a finding is new since the earlier report, or was less grave then."""
    known = before.findings.get(key)
    if known is None:
        return "new"
    return "updated" if is_graver(severity, known) else "unchanged"


def _verdict(before: Snapshot, after: Snapshot) -> Iterator[Change]:
    if before.sha256 != after.sha256:
        yield Change(what="table", where="", severity="ok", before=before.sha256, after=after.sha256)
    if before.status != after.status:
        yield Change(
            what="verdict", where="", severity=after.severity, before=before.status, after=after.status
        )
    elif before.severity != after.severity:  # accepted by --ignore, or no longer
        severity = after.severity if is_graver(after.severity, before.severity) else "ok"
        yield Change(
            what="severity",
            where=OF_VERDICT,
            severity=severity,
            before=before.severity,
            after=after.severity,
        )
    if before.certified and not after.certified:
        yield Change(what="certificate", where="", severity="error", before="certified", after=None)


def _findings_changed(before: Snapshot, after: Snapshot) -> Iterator[Change]:
    """What is new, graver or milder, in the order of the report; then what is gone."""
    for key, severity in after.findings.items():
        known = before.findings.get(key)
        if known is None:
            yield _finding(key, None, severity, severity)
        elif known != severity:
            yield _finding(key, known, severity, severity if is_graver(severity, known) else "ok")
    for key, known in before.findings.items():
        if key not in after.findings:
            yield _finding(key, known, None, "ok")


def _finding(
    key: FindingKey, before: Severity | None, after: Severity | None, severity: VerdictSeverity
) -> Change:
    code, terms, columns = key
    what: What = "finding" if before is None or after is None else "severity"
    where = ", ".join(terms or columns)
    return Change(what=what, where=where, code=code, severity=severity, before=before, after=after)


def _numbers(before: Snapshot, after: Snapshot) -> Iterator[Change]:
    fit = next((name for name in FITS if name in before.fits and name in after.fits), None)
    if fit is None:
        return
    first, second = before.fits[fit], after.fits[fit]
    if before.model != after.model:
        for name in [name for name in first.fixed_effects if name in second.fixed_effects]:
            found = _estimate(name, first.fixed_effects[name], second.fixed_effects[name])
            yield from (replace(change, severity="ok") for change in found)
        return
    if before.sha256 == after.sha256:
        yield from _criterion(first.criterion, second.criterion)
    for name in dict.fromkeys((*first.fixed_effects, *second.fixed_effects)):
        yield from _estimate(name, first.fixed_effects.get(name), second.fixed_effects.get(name))


def _criterion(before: float | None, after: float | None) -> Iterator[Change]:
    limit = allowed_gap(before or 0.0)
    size = None if before is None or after is None else abs(after - before)
    if before != after and (size is None or size > limit):
        yield _moved("criterion", "", before, after, size=size, threshold=limit)


def _estimate(
    name: str,
    first: tuple[float | None, float | None] | None,
    second: tuple[float | None, float | None] | None,
) -> Iterator[Change]:
    (before, se), (after, _) = first or (None, None), second or (None, None)
    if (first is None) == (second is None) and before == after:
        return
    size = abs(after - before) / se if before is not None and after is not None and se else None
    if size is None or size > SHIFT_SE:
        yield _moved("estimate", name, before, after, size=size, threshold=SHIFT_SE)


def _moved(
    what: Literal["criterion", "estimate"],
    where: str,
    before: float | None,
    after: float | None,
    *,
    size: float | None,
    threshold: float,
) -> Change:
    return Change(
        what=what,
        where=where,
        severity="warning",
        before=before,
        after=after,
        size=size,
        units="SE" if what == "estimate" else "deviance",
        threshold=threshold,
    )


def _edited(before: Snapshot, after: Snapshot) -> Iterator[Change]:
    """What is not as it was in the model; its verdict counts, whatever the other model's was."""
    for key in SAME:
        if before.model[key] != after.model[key]:
            yield Change(
                what="model",
                where=key,
                severity=after.severity,
                before=_shown(before.model[key]),
                after=_shown(after.model[key]),
            )


def _refuse_another(before: Snapshot, after: Snapshot, source: str) -> None:
    """A model of another response, or of another family, is no edited one: the file is a wrong one."""
    different = [
        f"{key} {_quoted(before.model[key])} there, {_quoted(after.model[key])} here"
        for key in SAME
        if before.model[key] != after.model[key]
    ]
    responses = {response_of(snapshot.model["formula"]) for snapshot in (before, after)}
    if len(responses) > 1 or before.model["family"] != after.model["family"]:
        raise OptionError(
            f"`{source}` is a report on another model: {'; '.join(different)}",
            where="option --baseline",
            hint="Name the report on this model, or let --update-baseline put this one in its place.",
        )


def response_of(formula: object) -> str:
    """The left-hand side of a formula as reports write it."""
    return str(formula).split(" ~ ", 1)[0]


def _quoted(value: object) -> str:
    return f"`{_shown(value)}`" if value else "none"


def _shown(value: object) -> str:
    if isinstance(value, dict) and value:
        return ", ".join(f"{key}={item}" for key, item in value.items())
    return str(value) if value else "none"
