"""Causes and consequences: which finding explains which, and what the verdict rests on.

    extreme scale, far origin ->  stopped short  ->  failed gradient and Hessian tests
    exhausted budget          ->  stopped short
    several optima            ->  stopped short, where the fit ended in a lesser one
    constant slope, confounded components -> failed gradient and Hessian tests, zero variances among them
    reused labels (nesting)   ->  zero variance of the factor whose labels they are
    singular covariance       ->  failed gradient and Hessian tests
    separation, scale         ->  failure of PIRLS, as its own search for reasons has it
    failure of PIRLS          ->  stopped short (with an error)
    separation                ->  extreme coefficients, flat directions, several optima, singular covariances
    singular covariance       ->  stopped short, where nothing else is at fault (stuck on an edge of theta)

A finding with a cause stays listed, as info. A cause of a verdict of severity warning or error is at
least a warning. What the scale or the origin is guilty of is not guessed: rung 1 has tried the fit
without it.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

from mmtriage.diagnose.finding import Finding
from mmtriage.diagnose.judgement import allowed_gap
from mmtriage.diagnose.verdict import Verdict, VerdictStatus

STRUCTURAL = ("MM103", "MM203", "MM302", "MM303", "MM304", "MM305", "MM308", "MM309", "MM407")
SINGULAR = ("MM310", "MM311", "MM312")
SYMPTOMS = ("MM401", "MM402")
OF_A_LIMIT = (*SINGULAR, "MM406", "MM407")  # of where a search for an estimate without end stops


def explain_causes(
    verdict: Verdict, findings: Sequence[Finding], proven: Sequence[str]
) -> tuple[Verdict, tuple[Finding, ...]]:
    """Link the findings and name the codes of the verdict, causes first.

    Args:
        proven: codes that an attempt has proven guilty (the fit is good without them).
    """
    present = {f.code for f in findings}
    roots = _roots(verdict, findings, [code for code in proven if code in present])
    linked = [_linked(f, verdict.status, roots, findings) for f in findings]
    codes = _codes(verdict.status, linked, roots)
    misled = any(map(_misleads, findings))
    suspects = {name for f in findings if f.code == "MM408" for name in f.columns}
    graded = tuple(_graded(f, verdict, codes, suspects, misled=misled) for f in linked)
    return replace(verdict, codes=codes), graded


def _roots(verdict: Verdict, findings: Sequence[Finding], proven: list[str]) -> tuple[str, ...]:
    """The codes at the head of the causal chain of a verdict."""
    present = [f.code for f in findings]
    singular = [code for code in present if code in SINGULAR]
    match verdict.status:
        case "not_converged" | "false_alarm" if proven:
            return tuple(dict.fromkeys(proven))
        case "false_alarm":
            return ("MM404",) if "MM404" in present else ()
        case "not_converged":
            # without a proof only a random slope is suspected: of X nothing but an attempt can tell
            columns = [f.code for f in findings if f.code in ("MM101", "MM106") and f.terms]
            budget = [code for code in present if code == "MM404"]
            lesser = [f.code for f in findings if f.code == "MM406" and _ended_in_lesser(verdict, f)]
            suspects = _reasons_of_pirls(findings) or columns or budget or lesser or singular
            return tuple(dict.fromkeys(suspects))
        case "unidentifiable":
            structural = [f.code for f in findings if f.code in STRUCTURAL and f.severity == "error"]
            if "MM203" in structural:  # a ridge along what separates is the same thing, met again
                structural = [code for code in structural if code != "MM407"]
            return tuple(dict.fromkeys(structural))
        case "singular":
            reused = [
                code for f in findings if f.code in SINGULAR for code in _upstream(f, findings, ("MM307",))
            ]
            return tuple(dict.fromkeys([*reused, *singular]))
        case _:
            return ()


def _reasons_of_pirls(findings: Sequence[Finding]) -> list[str]:
    """A failure of PIRLS, after what it was found to come from."""
    return [code for f in findings if f.code == "MM408" for code in (*f.caused_by, f.code)]


def _ended_in_lesser(verdict: Verdict, several: Finding) -> bool:
    """Whether the baseline lies at one of the other optima that MM406 lists."""
    criteria = several.evidence["criteria"]
    if verdict.gap is None or not isinstance(criteria, tuple):
        return False
    best, *others = (float(value) for value in criteria if isinstance(value, float))
    return any(abs(verdict.gap - (other - best)) <= allowed_gap(best) for other in others)


def _upstream(finding: Finding, findings: Sequence[Finding], codes: Sequence[str]) -> list[str]:
    """Which of `codes` are found in a term of the same name."""
    return [f.code for f in findings if f.code in codes and set(f.terms) & set(finding.terms)]


def _linked(
    finding: Finding, status: VerdictStatus, roots: tuple[str, ...], findings: Sequence[Finding]
) -> Finding:
    present = {f.code for f in findings}
    causes: Sequence[str] = finding.caused_by  # what it knows itself: MM205, MM408
    if finding.code in ("MM403", "MM405"):
        causes = roots or [code for code in ("MM408", "MM403") if code in present][:1]
    elif finding.code == "MM406" and status == "unidentifiable":  # a ridge has optima of its own
        causes = roots
    elif finding.code in SYMPTOMS:
        causes = ("MM403",) if "MM403" in present and status == "not_converged" else roots
    elif finding.code in OF_A_LIMIT and "MM203" in present:
        causes = ("MM203",)
    elif finding.code == "MM404" and "MM404" not in roots and status == "not_converged":
        causes = roots
    elif finding.code in SINGULAR and status == "unidentifiable":  # where on a flat ridge it ended is chance
        causes = _upstream(finding, findings, roots)
    elif finding.code in SINGULAR:
        causes = _upstream(finding, findings, ("MM307",))
    return replace(finding, caused_by=tuple(code for code in dict.fromkeys(causes) if code != finding.code))


def _codes(status: VerdictStatus, findings: Sequence[Finding], roots: tuple[str, ...]) -> tuple[str, ...]:
    concerned: dict[VerdictStatus, tuple[str, ...]] = {
        "undetermined": ("MM408",),
        "not_converged": ("MM408", "MM403", "MM404"),
        "false_alarm": (*SYMPTOMS, "MM404"),
        "singular": SINGULAR,
        "unidentifiable": STRUCTURAL,
    }
    relevant = concerned.get(status, ())
    found = [
        f.code for f in findings if f.code in relevant and (f.code not in STRUCTURAL or f.severity == "error")
    ]
    return tuple(dict.fromkeys([*roots, *found]))


def _misleads(finding: Finding) -> bool:
    """Whether lme4's Hessian gives wrong standard errors."""
    return finding.evidence.get("se_ratio") is not None


def _graded(
    finding: Finding, verdict: Verdict, codes: tuple[str, ...], suspects: Collection[str], *, misled: bool
) -> Finding:
    """Severity in the light of the verdict.

    Args:
        suspects: columns that a failure of PIRLS is put down to.
        misled: lme4's standard errors are wrong at the optimum.
    """
    if finding.caused_by:
        return replace(finding, severity="info")
    harmless = verdict.status in ("converged", "false_alarm")
    if harmless and finding.code in (*SYMPTOMS, "MM404") and not _misleads(finding):
        return replace(finding, severity="info")
    is_of_x = finding.code == "MM101" and not finding.terms and not set(finding.columns) & set(suspects)
    grave = verdict.severity in ("error", "warning") or misled
    if grave and finding.code in codes and finding.severity == "info":
        if is_of_x and verdict.status == "not_converged":  # of X nothing but an attempt can tell
            return finding
        return replace(finding, severity="warning")
    return finding
