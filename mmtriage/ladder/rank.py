"""The ranking of remedies: one sort with a key that the report spells out (`report.RANKED_BY`)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from mmtriage.ladder.rung import Remedy, RungResult, Scope

SCOPE_ORDER: dict[Scope, int] = {"same_model": 0, "changes_model": 1, "advice": 2}
ROUNDING = 6  # decimals to which losses are compared: less is rounding of the optimum


def ranked(ladder: Sequence[RungResult], reference: float | None) -> tuple[Remedy, ...]:
    """All remedies of a ladder, best first; `reference` is the present model's criterion at its optimum."""
    found: dict[tuple[str, str | None], Remedy] = {}
    for result in ladder:
        for remedy in result.remedies:
            known = found.get((remedy.scope, remedy.formula))
            # The same model found twice, on two rungs, is one remedy: the first that clears.
            if known is None or known.id in _DISTINCT or remedy.id in _DISTINCT or (remedy.clears and not known.clears):
                key = (remedy.scope + remedy.id * (remedy.id in _DISTINCT), remedy.formula)
                found[key] = remedy
    ordered = sorted(found.values(), key=lambda remedy: _key(remedy, reference))
    return tuple(replace(remedy, rank=rank) for rank, remedy in enumerate(ordered, start=1))


_DISTINCT = ("wishart-prior", "rescale", "allfit", "restart", "maxfun", "lm")  # same formula, different remedy


def _key(remedy: Remedy, reference: float | None) -> tuple[bool, int, float, float, int, str, str]:
    return (
        not remedy.clears,
        SCOPE_ORDER[remedy.scope],
        _loss(remedy, reference),
        round(remedy.max_shift_se or 0.0, ROUNDING),
        remedy.cost,
        remedy.id,
        remedy.formula or "",
    )


def _loss(remedy: Remedy, reference: float | None) -> float:
    """Deviance units of fit that the remedy gives up; a fit that cannot be compared comes last."""
    if remedy.lrt is not None:
        return round(max(0.0, remedy.lrt.statistic), ROUNDING)
    if remedy.criterion is None or reference is None:
        return float("inf")
    if remedy.not_comparable is not None and remedy.delta_aic is None and remedy.id != "wishart-prior":
        return float("inf")
    return round(max(0.0, remedy.criterion - reference), ROUNDING)
