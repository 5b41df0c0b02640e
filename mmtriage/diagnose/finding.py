"""The catalogue of findings and the record of one finding.

Index are API: never reused, never renamed. The wording of messages may change.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Severity = Literal["error", "warning", "info"]
SEVERITIES: tuple[Severity, ...] = ("error", "warning", "info")  # gravest first

BaselineState = Literal["new", "updated", "unchanged"]  # since an earlier report, in SARIF's words
Evidence = float | int | str | bool | None | tuple["Evidence", ...]


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


# code -> (name, severity when the finding stands alone)
CATALOGUE: dict[str, tuple[str, Severity]] = {
    "MM101": ("predictor-scale", "info"),
    "MM102": ("response-scale", "info"),
    "MM103": ("constant-response", "error"),
    "MM104": ("missing-rows", "info"),
    "MM105": ("numeric-grouping", "warning"),
    "MM106": ("far-origin", "info"),
    "MM201": ("rank-deficient", "warning"),
    "MM202": ("collinear", "warning"),
    "MM203": ("separation", "error"),
    "MM204": ("uncentred-slope", "info"),
    "MM205": ("extreme-coefficient", "warning"),
    "MM301": ("too-few-levels", "info"),
    "MM302": ("one-level-grouping", "error"),
    "MM303": ("observation-level", "error"),
    "MM304": ("slope-constant-in-group", "warning"),
    "MM305": ("too-many-random-effects", "error"),
    "MM306": ("singleton-groups", "info"),
    "MM307": ("nesting", "warning"),
    "MM308": ("confounded-components", "error"),
    "MM309": ("grouping-also-fixed", "error"),
    "MM310": ("zero-variance", "warning"),
    "MM311": ("perfect-correlation", "warning"),
    "MM312": ("covariance-rank", "warning"),
    "MM401": ("gradient", "warning"),
    "MM402": ("hessian", "warning"),
    "MM403": ("stopped-short", "error"),
    "MM404": ("budget-exhausted", "warning"),
    "MM405": ("optimizers-disagree", "warning"),
    "MM406": ("several-optima", "warning"),
    "MM407": ("flat-direction", "error"),
    "MM408": ("pirls-failure", "error"),
    "MM501": ("overdispersion", "warning"),
    "MM502": ("zero-inflation", "warning"),
    "MM503": ("laplace-bias", "warning"),
}


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
    name, default = CATALOGUE[code]
    return Finding(
        code=code,
        name=name,
        severity=severity or default,
        message=message,
        columns=columns,
        terms=terms,
        evidence=evidence,
    )


def not_assessed(code: str, reason: str) -> NotAssessed:
    """A record of what was not looked for, with its catalogue name."""
    return NotAssessed(code=code, name=CATALOGUE[code][0], reason=reason)
