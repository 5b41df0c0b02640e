"""The record of one finding, and of what was not looked for; what there is to find is in `declared`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from mmtriage.diagnose.declared import CATALOGUE
from mmtriage.diagnose.severity import Severity

BaselineState = Literal["new", "updated", "unchanged"]  # since an earlier report, in SARIF's words
Evidence: TypeAlias = float | int | str | bool | tuple["Evidence", ...] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One named problem, in the user's own columns and terms."""

    code: str  # "MM304"
    name: str  # "slope-constant-in-group"
    severity: Severity
    message: str  # one sentence
    columns: tuple[str, ...] = ()
    terms: tuple[str, ...] = ()  # random terms or fixed-effect columns concerned, as lme4 writes them
    evidence: Mapping[str, Evidence] = field(default_factory=dict)
    caused_by: tuple[str, ...] = ()  # codes of the findings upstream
    ignored: str | None = None  # why the user accepts it
    baseline_state: BaselineState | None = None  # None: there is no earlier report


@dataclass(frozen=True, slots=True, kw_only=True)
class NotAssessed:
    """A finding that was not looked for, which is not the same as not found."""

    code: str
    name: str
    reason: str  # one clause, after "because"


Said: TypeAlias = Finding | NotAssessed  # what a check answers: what it found, and what it could not ask


def finding(
    code: str,
    message: str,
    *,
    severity: Severity | None = None,
    columns: tuple[str, ...] = (),
    terms: tuple[str, ...] = (),
    **evidence: Evidence,
) -> Finding:
    """A finding with its catalogue name and, unless given, its catalogue severity."""
    declared = CATALOGUE[code]
    return Finding(
        code=code,
        name=declared.name,
        severity=severity or declared.severity,
        message=message,
        columns=columns,
        terms=terms,
        evidence=evidence,
    )


def not_assessed(code: str, reason: str) -> NotAssessed:
    """A record of what was not looked for, with its catalogue name."""
    return NotAssessed(code=code, name=CATALOGUE[code].name, reason=reason)
