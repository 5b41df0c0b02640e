"""The ladder of a model, climbed where something is wrong with it or found of it.

Most models are sound. They are answered here, without the import of rungs and remedies: nobody should wait
for code that has nothing to do.
"""

from __future__ import annotations

from collections.abc import Sequence

from mmtriage.diagnose.causes import PROVABLE
from mmtriage.diagnose.finding import Finding
from mmtriage.ladder.case import Case
from mmtriage.ladder.records import RUNG_NUMBER, RungResult, Stop, not_needed


def climb_if_suspect(case: Case) -> tuple[tuple[RungResult, ...], Stop | None]:
    """The result of each rung, and what ended the climb too soon."""
    if has_nothing_to_try(case):
        return tuple(not_needed(rung) for rung in RUNG_NUMBER), None
    from mmtriage.ladder.walk import walk

    return walk(case)


def has_nothing_to_try(case: Case) -> bool:
    """Whether no rung is to be climbed, and no finding calls for a remedy.

    A generalized model is asked all the same: some of its remedies look at the fit, not at findings.
    """
    is_left_alone = not case.is_suspect and not case.options.all_rungs
    return is_left_alone and not case.findings and case.design.spec.is_linear


def with_proven_causes(
    case: Case, ladder: Sequence[RungResult]
) -> tuple[tuple[str, ...], tuple[Finding, ...]]:
    """Which of scale and origin the ladder proves guilty, and the findings in the light of that."""
    if case.verdict.status not in PROVABLE:
        return (), case.findings
    from mmtriage.ladder.guilty_columns import proven_causes, with_proven

    proven = proven_causes(case, ladder)
    return proven, with_proven(case, case.findings, proven)
