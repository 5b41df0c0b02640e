"""The ranking of remedies: one sort with a key that the report spells out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from mmtriage.ladder.records import Remedy, RungResult, Scope

# What `_key` sorts by, told to the reader.
RANKED_BY = (
    "clears the verdict and is certified",
    "same model before changed model",
    "smaller loss of fit",
    "smaller move of the fixed effects",
    "cost",
    "code",
)
SCOPE_ORDER: dict[Scope, int] = {"same_model": 0, "changes_model": 1, "advice": 2}
ROUNDING = 6  # decimals to which losses are compared: less is rounding of the optimum


def ranked(ladder: Sequence[RungResult]) -> tuple[Remedy, ...]:
    """All remedies of a ladder, best first."""
    found: dict[tuple[str, str | None], Remedy] = {}
    for result in ladder:
        for remedy in result.remedies:
            known = found.get((remedy.scope, remedy.formula))
            # The same model found twice, on two rungs, is one remedy: the first that clears.
            if (
                known is None
                or known.id in _DISTINCT
                or remedy.id in _DISTINCT
                or (remedy.clears and not known.clears)
            ):
                key = (remedy.scope + remedy.id * (remedy.id in _DISTINCT), remedy.formula)
                found[key] = remedy
    ordered = sorted(found.values(), key=lambda remedy: _key(remedy))
    return tuple(replace(remedy, rank=rank) for rank, remedy in enumerate(ordered, start=1))


# Same formula, different remedy.
_DISTINCT = (
    *("wishart-prior", "rescale", "allfit", "restart", "maxfun", "lm", "glm", "glm.nb"),
    *("change-link", "negative-binomial", "poisson", "quadrature"),
)


def _key(remedy: Remedy) -> tuple[bool, int, float, float, int, str, str]:
    return (
        not remedy.clears,
        SCOPE_ORDER[remedy.scope],
        _loss(remedy),
        round(remedy.max_shift_se or 0.0, ROUNDING),
        remedy.cost,
        remedy.id,
        remedy.formula or "",
    )


def _loss(remedy: Remedy) -> float:
    """Deviance units of fit that the remedy gives up; a fit that cannot be compared comes last."""
    return float("inf") if remedy.loss is None else round(max(0.0, remedy.loss), ROUNDING)
