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
from mmtriage.diagnose.continuous import FixedColumn, Slope
from mmtriage.diagnose.finding import Finding, finding
from mmtriage.diagnose.naming import listed, term_text
from mmtriage.diagnose.severity import Severity
from mmtriage.engine.lme4.checks import SINGULAR_MESSAGE
from mmtriage.ladder.attempts import is_alarm, reaches_optimum
from mmtriage.ladder.case import Case
from mmtriage.ladder.records import Attempt, RungResult
from mmtriage.ladder.standardized_columns import (
    CENTER_AND_SCALE,
    CENTER_ONLY,
    OFF_ORIGIN,
    OFF_SCALE,
    SCALE_ONLY,
    Movable,
    movable_columns,
)

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
    movable = movable_columns(case.design)
    severity: Severity = "warning" if case.verdict.status == "not_converged" else "info"
    present = {f.code for f in findings}
    known = [replace(f, severity=severity) if f.code in proven and movable.fixed else f for f in findings]
    good = "lme4's standard errors are right" if case.has_wrong_errors else "lme4 has nothing to object"
    new = [_proven(code, movable, good) for code in proven if code not in present]
    return (*known, *(replace(f, severity=severity) for f in new if f is not None))


def _proven(code: str, movable: Movable, good: str) -> Finding | None:
    """What is proven of columns that break no rule: of random slopes first, which are the harder to find."""
    if code == SCALE:
        return _slope_scale(movable.slopes, good) or (_scale(movable.fixed, good) if movable.fixed else None)
    of_slopes = _slope_origin([s for s in movable.slopes if s.has_intercept], good)
    return of_slopes or (_origin(movable.fixed, good) if movable.fixed else None)


def _slope_scale(slopes: Sequence[Slope], good: str) -> Finding | None:
    """MM101 of the random slopes that can be what scaling has cured."""
    off = [s for s in slopes if not 1.0 / OFF_SCALE <= s.sd <= OFF_SCALE]
    described = ", ".join(f"`{s.column}` in `{term_text(s.term)}` has SD {s.sd:.3g}" for s in off)
    message = f"random slope off unit scale: {described}; {good} once it is scaled"
    return _of_scale(off, message, OFF_SCALE, _terms_of(off))


def _slope_origin(slopes: Sequence[Slope], good: str) -> Finding | None:
    """MM106 of the random slopes that can be what centering has cured."""
    off = [s for s in slopes if abs(s.mean) >= OFF_ORIGIN * s.sd]
    terms = _terms_of(off)
    return _of_origin(off, f"of {listed(terms)} lies away from zero", good, OFF_ORIGIN, terms)


def _scale(columns: Sequence[FixedColumn], good: str) -> Finding | None:
    """MM101 of the columns that can be what scaling has cured; `good` is what it has led to."""
    size = {c.column: abs(np.log(c.sd)) for c in columns}
    # Far less off scale than the worst of them is no part of the trouble.
    limit = max(float(np.log(CAN_BE_SCALE)), 0.5 * max(size.values()))
    guilty = [c for c in columns if size[c.column] >= limit]
    described = ", ".join(f"`{c.column}` has SD {c.sd:.3g}" for c in guilty)
    message = f"fixed-effect columns far from unit scale: {described}; {good} once they are scaled"
    return _of_scale(guilty, message, CAN_BE_SCALE)


def _origin(columns: Sequence[FixedColumn], good: str) -> Finding | None:
    """MM106 of the columns that can be what centering has cured; `good` is what it has led to."""
    guilty = [c for c in columns if abs(c.mean) >= CAN_BE_ORIGIN * c.sd]
    return _of_origin(guilty, "lies far from zero", good, CAN_BE_ORIGIN)


def _terms_of(slopes: Sequence[Slope]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(term_text(s.term) for s in slopes))


def _of_scale(
    guilty: Sequence[FixedColumn | Slope], message: str, threshold: float, terms: tuple[str, ...] = ()
) -> Finding | None:
    """MM101 of these columns, if there are any."""
    if not guilty:
        return None
    return finding(
        SCALE,
        message,
        columns=tuple(dict.fromkeys(c.column for c in guilty)),
        terms=terms,
        smallest_sd=min(c.sd for c in guilty),
        largest_sd=max(c.sd for c in guilty),
        threshold=threshold,
    )


def _of_origin(
    guilty: Sequence[FixedColumn | Slope],
    where: str,
    good: str,
    threshold: float,
    terms: tuple[str, ...] = (),
) -> Finding | None:
    """MM106 of these columns, if there are any; the farthest of them is described."""
    if not guilty:
        return None
    worst = max(guilty, key=lambda c: abs(c.mean) / c.sd)
    names = tuple(dict.fromkeys(c.column for c in guilty))
    return finding(
        ORIGIN,
        f"{listed(names)} {where} (mean {worst.mean:.5g}, SD {worst.sd:.3g}); {good} once it is centred",
        columns=names,
        terms=terms,
        mean=worst.mean,
        sd=worst.sd,
        ratio=abs(worst.mean) / worst.sd,
        threshold=threshold,
    )


def _own_alarms(attempt: Attempt) -> tuple[str, ...]:
    """lme4's messages on an attempt, but for the one that says that the optimum is singular."""
    return tuple(m for m in attempt.lme4_messages if m != SINGULAR_MESSAGE)
