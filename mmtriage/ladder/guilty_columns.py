"""What the attempts of rung 1 prove: whether scale (MM101) or origin (MM106) is the cause, and whose.

A cause is never guessed from a size. It is proven where the fit is good on columns that differ in nothing but
scale, or nothing but origin. The size only says which columns it can have been: an attempt moves all of them
at once, and a column that was well scaled before has nothing to answer for.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from mmtriage.diagnose.causes import PROVABLE
from mmtriage.diagnose.continuous import FixedColumn
from mmtriage.diagnose.finding import Finding, finding
from mmtriage.diagnose.naming import listed
from mmtriage.diagnose.severity import Severity
from mmtriage.engine.lme4.checks import SINGULAR_MESSAGE
from mmtriage.ladder.attempts import is_alarm, reaches_optimum
from mmtriage.ladder.case import Case
from mmtriage.ladder.records import Attempt, RungResult
from mmtriage.ladder.standardized_columns import CENTER_AND_SCALE, CENTER_ONLY, SCALE_ONLY, movable_columns

SCALE, ORIGIN = "MM101", "MM106"
CAN_BE_SCALE = 5.0  # SD, or its inverse, from which a column of X can be what scaling has cured
CAN_BE_ORIGIN = 3.0  # |mean| / SD from which it can be what centering has cured


def proven_causes(case: Case, ladder: Sequence[RungResult]) -> tuple[str, ...]:
    """Which of scale (MM101) and origin (MM106) the attempts of rung 1 prove guilty."""
    if case.verdict.status not in PROVABLE:
        return ()
    attempts = next((r.attempts for r in ladder if r.id == "rescale"), ())
    reached = {a.label for a in attempts if _is_good(case, a)}
    by_scale, by_center = SCALE_ONLY.label in reached, CENTER_ONLY.label in reached
    if by_scale and by_center and movable_columns(case.design).fixed:
        return (ORIGIN, SCALE)  # without either the fit is good: it takes both to spoil it
    if by_scale and not by_center:
        return (SCALE,)
    if by_center and not by_scale:
        return (ORIGIN,)
    return (SCALE, ORIGIN) if CENTER_AND_SCALE.label in reached and not by_scale else ()


def _is_good(case: Case, attempt: Attempt) -> bool:
    """Whether nothing of what was wrong is left; that the optimum is singular is no matter of columns."""
    if case.has_wrong_errors:
        return reaches_optimum(case, replace(attempt, singular=False))
    return bool(attempt.certified) and not any(map(is_alarm, _own_alarms(attempt)))


def with_proven(case: Case, findings: Sequence[Finding], proven: Sequence[str]) -> tuple[Finding, ...]:
    """Grade the findings that are proven, and add what is proven of columns of X that break no rule."""
    columns = movable_columns(case.design).fixed
    if not columns:
        return tuple(findings)
    severity: Severity = "warning" if case.verdict.status == "not_converged" else "info"
    present = {f.code for f in findings}
    known = [replace(f, severity=severity) if f.code in proven else f for f in findings]
    made = {SCALE: _scale, ORIGIN: _origin}
    good = "lme4's standard errors are right" if case.has_wrong_errors else "lme4 has nothing to object"
    new = [made[code](columns, good) for code in proven if code not in present]
    return (*known, *(replace(f, severity=severity) for f in new if f is not None))


def _scale(columns: Sequence[FixedColumn], good: str) -> Finding | None:
    """MM101 of the columns that can be what scaling has cured; `good` is what it has led to."""
    size = {c.column: abs(np.log(c.sd)) for c in columns}
    # Far less off scale than the worst of them is no part of the trouble.
    limit = max(float(np.log(CAN_BE_SCALE)), 0.5 * max(size.values()))
    guilty = [c for c in columns if size[c.column] >= limit]
    if not guilty:
        return None
    described = ", ".join(f"`{c.column}` has SD {c.sd:.3g}" for c in guilty)
    return finding(
        SCALE,
        f"fixed-effect columns far from unit scale: {described}; {good} once they are scaled",
        columns=tuple(c.column for c in guilty),
        smallest_sd=min(c.sd for c in guilty),
        largest_sd=max(c.sd for c in guilty),
        threshold=CAN_BE_SCALE,
    )


def _origin(columns: Sequence[FixedColumn], good: str) -> Finding | None:
    """MM106 of the columns that can be what centering has cured; `good` is what it has led to."""
    guilty = [c for c in columns if abs(c.mean) >= CAN_BE_ORIGIN * c.sd]
    if not guilty:
        return None
    worst = max(guilty, key=lambda c: abs(c.mean) / c.sd)
    names = listed([c.column for c in guilty])
    return finding(
        ORIGIN,
        f"{names} lies far from zero (mean {worst.mean:.5g}, SD {worst.sd:.3g}); {good} once it is centred",
        columns=tuple(c.column for c in guilty),
        mean=worst.mean,
        sd=worst.sd,
        ratio=abs(worst.mean) / worst.sd,
        threshold=CAN_BE_ORIGIN,
    )


def _own_alarms(attempt: Attempt) -> tuple[str, ...]:
    """lme4's messages on an attempt, but for the one that says that the optimum is singular."""
    return tuple(m for m in attempt.lme4_messages if m != SINGULAR_MESSAGE)
