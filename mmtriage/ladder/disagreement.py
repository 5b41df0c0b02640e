"""The check whether optimizers agree (MM405), of what rung 3 has tried; and a second optimum that they meet.

It stands apart from the rung, since every model is asked and few have climbed it.
"""

from __future__ import annotations

from collections.abc import Sequence

from mmtriage.diagnose.convergence import several_optima_at
from mmtriage.diagnose.finding import Finding, Said, finding, not_assessed
from mmtriage.diagnose.severity import Severity
from mmtriage.ladder.case import Case
from mmtriage.ladder.records import Attempt, RungResult

ANOTHER_OPTIMUM = "at another local optimum, proven and curved"
OURS = "mmtriage"  # the search that proves the optimum: Newton on exact derivatives


def disagreement(case: Case, ladder: Sequence[RungResult]) -> Sequence[Said]:
    """Find MM405, if optimizers were compared and did not agree, and MM406 if that shows several optima."""
    result = next((r for r in ladder if r.id == "allfit" and r.attempts), None)
    if result is None:
        return [not_assessed("MM405", "the other optimizers were not run (--all-rungs runs them)")]
    if case.options.maxfun is not None:
        return []  # under the user's own budget a failure says nothing about the model
    others = [a for a in result.attempts if a.optimizer != OURS and a.evaluations is not None]
    missing = [a for a in others if not a.certified]
    return [*_disagreeing(case, others, missing), *_second_optimum(case, missing)] if missing else []


def _disagreeing(case: Case, others: Sequence[Attempt], missing: Sequence[Attempt]) -> list[Finding]:
    """MM405: which optimizers are `missing` at the proven optimum."""
    failed = [a.label for a in missing if a.note != ANOTHER_OPTIMUM]
    elsewhere = [a.label for a in missing if a.note == ANOTHER_OPTIMUM]
    parts = []
    if elsewhere:
        parts.append(f"{', '.join(elsewhere)} ended at another local optimum, with a higher criterion")
    if failed and elsewhere:
        parts.append(f"{', '.join(failed)} failed")
    elif failed:
        parts.append(
            f"{', '.join(failed)}; a higher criterion means that the optimizer failed, not that there is a "
            "second answer"
        )
    message = (
        f"{len(missing)} of {len(others)} optimizers do not reach {case.optimum_name}: {'; '.join(parts)}"
    )
    severity: Severity = "warning" if case.verdict.status == "not_converged" else "info"
    gaps = tuple((a.label, a.gap) for a in others)
    return [
        finding(
            "MM405",
            message,
            severity=severity,
            failed=len(failed),
            elsewhere=len(elsewhere),
            optimizers=len(others),
            gaps=gaps,
        )
    ]


def _second_optimum(case: Case, missing: Sequence[Attempt]) -> list[Finding]:
    """MM406, where an optimizer met a second optimum that the search for the best did not."""
    if any(f.code == "MM406" for f in case.findings):
        return []
    met = [a.criterion for a in missing if a.note == ANOTHER_OPTIMUM and a.criterion is not None]
    optimum = case.comparison.optimum
    return [several_optima_at((optimum.criterion, min(met)), optimum)] if met else []
