"""The ranking of remedies: one sort with a key that the report spells out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from mmtriage.ladder.records import Remedy, RemedyId, RungResult, Scope

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

# Remedies whose formula does not say what they are: the same formula in other columns, by another optimizer,
# from another start, under a prior, in another family, or, without random effects, by another function.
NOT_IN_THE_FORMULA = (
    *("rescale", "allfit", "restart", "maxfun", "rx-errors", "tight-pirls", "by-lme4", "lm", "glm", "glm.nb"),
    *("wishart-prior", "change-link", "negative-binomial", "poisson", "quadrature"),
)


def ranked(ladder: Sequence[RungResult]) -> tuple[Remedy, ...]:
    """Rank all remedies of a ladder, best first; the same remedy found on two rungs is one."""
    found: dict[tuple[Scope, str | None, RemedyId | None], Remedy] = {}
    for remedy in (remedy for result in ladder for remedy in result.remedies):
        known = found.get(_identity(remedy))
        if known is None or _replaces(remedy, known):
            found[_identity(remedy)] = remedy
    ordered = sorted(found.values(), key=_key)
    return tuple(replace(remedy, rank=rank) for rank, remedy in enumerate(ordered, start=1))


def _identity(remedy: Remedy) -> tuple[Scope, str | None, RemedyId | None]:
    """What two remedies have in common if they are the same."""
    is_formula = remedy.id not in NOT_IN_THE_FORMULA
    return remedy.scope, remedy.formula, None if is_formula else remedy.id


def _replaces(remedy: Remedy, known: Remedy) -> bool:
    """Whether it takes the place of the same remedy of an earlier rung.

    Where the formula says it all the first that clears is kept, elsewhere what the last rung says.
    """
    return remedy.id in NOT_IN_THE_FORMULA or (remedy.clears and not known.clears)


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
