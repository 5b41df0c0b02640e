"""What has changed since an earlier report on the same model: the comparison behind --baseline.

Both reports are compared in their JSON form, the one that a repository keeps:

    {"findings": [...], "verdict": {...}, "reference": {...}, ...} -> Snapshot, twice -> Drift

Estimates are those of the optimum where both reports have one, else of lme4's fit. They drift in standard
errors of the earlier report, the criterion in deviance units. Of another table the criterion says nothing:
likelihoods are comparable between fits to the same rows only, so it is left out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

from mmtriage.diagnose.finding import SEVERITIES, BaselineState, Severity
from mmtriage.diagnose.verdict import Status, VerdictSeverity
from mmtriage.errors import OptionError
from mmtriage.version import SCHEMA_VERSION

SHIFT_SE = 0.1  # how far an estimate may move, in standard errors of the earlier report (SPEC 1)
SHIFT_CRITERION = 0.01  # how far the criterion may, in deviance units (SPEC 1)
SHIFT_RELATIVE = 1e-9  # and as a share of a large criterion, as for the verdict (SPEC 2)

What = Literal["table", "verdict", "certificate", "finding", "severity", "criterion", "estimate"]
FindingKey = tuple[str, tuple[str, ...], tuple[str, ...]]  # code, terms, columns: what makes it the same one
Estimate = tuple[float | None, float | None]  # and its standard error
Reading = dict[str, Any]  # an object of a JSON document

GRAVEST_FIRST: tuple[VerdictSeverity, ...] = get_args(VerdictSeverity)
OF_VERDICT = "verdict"  # where a severity has changed
FITS = ("reference", "baseline")  # whose estimates are compared: the first that both reports have
# What makes two models the same one: the key of the report, and what it is called.
SAME = {
    "formula": "formula",
    "family": "family",
    "link": "link",
    "method": "method",
    "nagq": "nagq",
    "weights": "weights",
    "offset": "offset",
    "subset": "subset",
    "contrasts": "contrasts",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One thing that is not as it was."""

    what: What
    where: str  # of a finding its terms or columns, of an estimate the coefficient; else empty
    code: str | None = None  # of a finding
    severity: VerdictSeverity  # what --fail-on looks at; ok where it is for the better, or no concern
    before: float | str | None  # None: there was none
    after: float | str | None
    size: float | None = None  # how far a number moved, in `units`
    units: Literal["SE", "deviance"] | None = None
    threshold: float | None = None  # how far it may


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """What has changed since an earlier report; nothing, if there are no changes."""

    baseline: str  # the file
    version: str  # of the program that wrote it
    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimates:
    """What is compared of a fit."""

    criterion: float | None
    fixed_effects: Mapping[str, Estimate]  # by name


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """What is compared of a report."""

    version: str  # of the program
    sha256: str  # of the table
    model: Mapping[str, Any]  # the keys of SAME
    status: Status
    severity: VerdictSeverity  # of the verdict
    certified: bool
    findings: Mapping[FindingKey, Severity]
    fits: Mapping[str, Estimates]  # those of FITS that there are


def snapshot(report: object, source: str) -> Snapshot:
    """What is compared of a report in its JSON form.

    Args:
        source: what an error calls the document.

    Raises:
        OptionError: it is no report, or one of another major version of the schema.
    """
    document = _object(report, source)
    _check_kind(document, source)
    try:
        return Snapshot(
            version=document["tool"]["version"],
            sha256=document["input"]["sha256"],
            model={key: document["model"][key] for key in SAME},
            status=_one_of(document["verdict"]["status"], get_args(Status)),
            severity=_one_of(document["verdict"]["severity"], GRAVEST_FIRST),
            certified=bool(document["reference"] and document["reference"]["certificate"]["certified"]),
            findings=_findings(document["findings"]),
            fits={name: _estimates(document[name]) for name in FITS if document[name] is not None},
        )
    except KeyError as error:
        raise _no_report(f"`{source}` is damaged: there is no `{error.args[0]}`") from None
    except ValueError as error:
        raise _no_report(f"`{source}` is damaged: {error}") from None
    except TypeError:  # an object where a list belongs, or the like
        raise _no_report(f"`{source}` is damaged: it has not the shape of a report") from None


def compare(before: Snapshot, after: Snapshot, source: str) -> Drift:
    """What is new in a report, and what has drifted.

    Args:
        source: the file of the earlier report.

    Raises:
        OptionError: they are reports on different models.
    """
    _check_model(before, after, source)
    changes = (*_verdict(before, after), *_findings_changed(before, after), *_numbers(before, after))
    return Drift(baseline=source, version=before.version, changes=changes)


def state_of(key: FindingKey, severity: Severity, before: Snapshot) -> BaselineState:
    """Whether a finding is new since the earlier report, or was less grave then."""
    known = before.findings.get(key)
    if known is None:
        return "new"
    return "updated" if _is_graver(severity, known) else "unchanged"


def verdict_counts(drift: Drift | None) -> bool:
    """Whether the verdict is news: another one than in the earlier report, or there is none to compare."""
    return drift is None or any(
        change.what == "verdict" or change.where == OF_VERDICT for change in drift.changes
    )


def moved(drift: Drift) -> tuple[Change, ...]:
    """The changes that neither verdict nor findings show."""
    return tuple(
        change for change in drift.changes if change.what in ("certificate", "criterion", "estimate")
    )


def is_known(drift: Drift | None) -> bool:
    """Whether a report has nothing to say that the earlier one has not said."""
    return drift is not None and all(change.severity == "ok" for change in drift.changes)


def _verdict(before: Snapshot, after: Snapshot) -> Iterator[Change]:
    if before.sha256 != after.sha256:
        yield Change(what="table", where="", severity="ok", before=before.sha256, after=after.sha256)
    if before.status != after.status:
        yield Change(
            what="verdict", where="", severity=after.severity, before=before.status, after=after.status
        )
    elif before.severity != after.severity:  # accepted by --ignore, or no longer
        severity = after.severity if _is_graver(after.severity, before.severity) else "ok"
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
            yield _finding(key, known, severity, severity if _is_graver(severity, known) else "ok")
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
    if before.sha256 == after.sha256:
        yield from _criterion(first.criterion, second.criterion)
    for name in dict.fromkeys((*first.fixed_effects, *second.fixed_effects)):
        yield from _estimate(name, first.fixed_effects.get(name), second.fixed_effects.get(name))


def _criterion(before: float | None, after: float | None) -> Iterator[Change]:
    limit = max(SHIFT_CRITERION, SHIFT_RELATIVE * abs(before or 0.0))
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


def _check_model(before: Snapshot, after: Snapshot, source: str) -> None:
    different = [
        f"{name} {_shown(before.model[key])} there, {_shown(after.model[key])} here"
        for key, name in SAME.items()
        if before.model[key] != after.model[key]
    ]
    if different:
        raise OptionError(
            f"`{source}` is a report on another model: {'; '.join(different)}",
            where="option --baseline",
            hint="Name the report on this model, or let --update-baseline put this one in its place.",
        )


def _shown(value: object) -> str:
    if isinstance(value, dict):
        return f"`{', '.join(f'{key}={item}' for key, item in value.items())}`" if value else "none"
    return "none" if value is None else f"`{value}`"


def _is_graver(now: VerdictSeverity, then: VerdictSeverity) -> bool:
    return GRAVEST_FIRST.index(now) < GRAVEST_FIRST.index(then)


def _object(document: object, source: str) -> Reading:
    if not isinstance(document, dict) or "schema_version" not in document:
        raise _no_report(f"`{source}` is JSON, but no report of mmtriage")
    return document


def _check_kind(document: Reading, source: str) -> None:
    version = str(document["schema_version"])
    if version.partition(".")[0] != SCHEMA_VERSION.partition(".")[0]:
        raise _no_report(f"`{source}` has version {version} of the schema, and this program {SCHEMA_VERSION}")
    if "models" in document:
        problem = f"`{source}` is the summary of several models"
        raise _no_report(problem, "Give it to mmtriage check, which compares each model with its own report.")
    if "verdict" not in document:
        error = document.get("error")
        said = f": {error['message']}" if isinstance(error, dict) and "message" in error else ""
        raise _no_report(f"`{source}` holds no report but an error{said}")


def _no_report(problem: str, hint: str | None = None) -> OptionError:
    return OptionError(
        problem,
        where="option --baseline",
        hint=hint or "A baseline is what --format json prints; --update-baseline writes one.",
    )


def _findings(listed: list[Reading]) -> dict[FindingKey, Severity]:
    """The gravest of each kind."""
    found: dict[FindingKey, Severity] = {}
    for item in listed:
        key = (str(item["code"]), tuple(item["terms"]), tuple(item["columns"]))
        severity: Severity = _one_of(item["severity"], SEVERITIES)
        if key not in found or _is_graver(severity, found[key]):
            found[key] = severity
    return found


def _estimates(fit: Reading) -> Estimates:
    return Estimates(
        criterion=_number(fit["criterion"]),
        fixed_effects={
            str(effect["name"]): (_number(effect["estimate"]), _number(effect["se"]))
            for effect in fit["fixed_effects"]
        },
    )


def _number(value: object) -> float | None:
    if value is None or (isinstance(value, (int, float)) and not isinstance(value, bool)):
        return value
    raise ValueError(f"`{value}` is not a number")


def _one_of(value: object, known: tuple[Any, ...]) -> Any:
    if value not in known:
        raise ValueError(f"`{value}` is none of {', '.join(known)}")
    return value
