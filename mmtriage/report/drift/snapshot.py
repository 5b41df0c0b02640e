"""What is compared of a report, read from its JSON form: a baseline may have been written by anything."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeVar, get_args

from mmtriage.diagnose.severity import SEVERITIES, VERDICT_SEVERITIES, Severity, VerdictSeverity, is_graver
from mmtriage.diagnose.verdict import VerdictStatus
from mmtriage.errors import OptionError
from mmtriage.report.schema import schema_text
from mmtriage.report.schema.conformity import first_mistake
from mmtriage.version import SCHEMA_VERSION

T = TypeVar("T", bound=str)
FindingKey = tuple[str, tuple[str, ...], tuple[str, ...]]  # code, terms, columns: what makes it the same one
Estimate = tuple[float | None, float | None]  # and its standard error
JsonObject = dict[str, Any]  # of a document that anything may have written: it is checked key by key

FITS = ("reference", "baseline")  # whose estimates are compared: the first that both reports have
# Keys of the model in a report that make it the same model.
SAME = ("formula", "family", "link", "method", "nagq", "weights", "offset", "subset", "contrasts")


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimates:
    """What is compared of a fit."""

    criterion: float | None
    fixed_effects: Mapping[str, Estimate]  # by name


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """What is compared of a report."""

    version: str  # of the program
    schema: str  # of the document
    optimizer: str | None  # of the fit that is judged; None: there is none
    sha256: str  # of the table
    model: Mapping[str, Any]  # the keys of SAME
    status: VerdictStatus
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
    if (mistake := first_mistake(document, _schema())) is not None:
        raise _no_report(f"`{source}` is damaged: {mistake}")
    try:
        return Snapshot(
            version=document["tool"]["version"],
            schema=str(document["schema_version"]),
            optimizer=document["baseline"] and document["baseline"]["optimizer"],
            sha256=document["input"]["sha256"],
            model={key: document["model"][key] for key in SAME},
            status=_one_of(document["verdict"]["status"], get_args(VerdictStatus)),
            severity=_one_of(document["verdict"]["severity"], VERDICT_SEVERITIES),
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


@cache
def _schema() -> JsonObject:
    schema: JsonObject = json.loads(schema_text())
    return schema


def _object(document: object, source: str) -> JsonObject:
    if not isinstance(document, dict) or "schema_version" not in document:
        raise _no_report(f"`{source}` is JSON, but no report of mmtriage")
    return document


def _check_kind(document: JsonObject, source: str) -> None:
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


def _findings(listed: list[JsonObject]) -> dict[FindingKey, Severity]:
    """The gravest of each kind."""
    found: dict[FindingKey, Severity] = {}
    for item in listed:
        key = (str(item["code"]), tuple(item["terms"]), tuple(item["columns"]))
        severity: Severity = _one_of(item["severity"], SEVERITIES)
        if key not in found or is_graver(severity, found[key]):
            found[key] = severity
    return found


def _estimates(fit: JsonObject) -> Estimates:
    names = [str(effect["name"]) for effect in fit["fixed_effects"]]
    if (twice := next((name for name in names if names.count(name) > 1), None)) is not None:
        raise ValueError(f"the fixed effect `{twice}` is there twice")
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


def _one_of(value: object, known: tuple[T, ...]) -> T:
    for item in known:
        if item == value:
            return item
    raise ValueError(f"`{value}` is none of {', '.join(known)}")
