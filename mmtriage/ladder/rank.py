"""The ranking of remedies: one sort with a key that the report spells out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from mmtriage.ladder.records import Remedy, RemedyId, RungResult, Scope

# What `_key` sorts by, told to the reader.
RANKED_BY = (
    "step",
    "kind (smaller models, as it is, priors, other questions, what clears nothing, what the data reject)",
    "AIC or, without one, loss of fit",
    "smaller move of the fixed effects",
    "cost",
    "code",
)
# Kinds in the order of the steps; `Remedy.order` overrides. A remedy that leaves the model comes in step 1.
FIRST = -1  # before anything else of its step, whether it clears the verdict or only settles what is true
REPAIR, BY_DESIGN, REWRITTEN = 0, 0, 1
SMALLER, PLAIN, AS_IT_IS, PRIOR, OTHER_QUESTION, CLEARS_NOTHING, REJECTED = 1, 2, 3, 4, 5, 6, 7
# Rise of AIC from which a model has next to no support beside the present one (Burnham & Anderson 2002, 2.6).
NO_SUPPORT = 10.0
KIND: dict[RemedyId, int] = {
    "recode": REWRITTEN,
    "drop-aliased": REWRITTEN,
    "lm": PLAIN,
    "glm": PLAIN,
    "glm.nb": PLAIN,
    "fixed-prior": BY_DESIGN,
    "keep": AS_IT_IS,
    "wishart-prior": PRIOR,
    "cwc": OTHER_QUESTION,
    "cwc-mean": OTHER_QUESTION,
    "as-fixed": OTHER_QUESTION,
    "cross-level": OTHER_QUESTION,
}
ROUNDING = 6  # decimals to which losses are compared: less is rounding of the optimum

# Remedies whose formula does not say what they are: the same formula in other columns, by another optimizer,
# from another start, under a prior, in another family, or, without random effects, by another function.
NOT_IN_THE_FORMULA = (
    *("rescale", "allfit", "restart", "start", "tight-stop", "maxfun", "one-row", "keep", "fixed-prior"),
    *("firth", "gee", "gls", "without-level"),
    *("lm", "glm", "glm.nb", "rx-errors", "tight-pirls", "by-lme4", "without-prior"),
    *(
        "check-rows",
        "read-missing",
        "wishart-prior",
        "change-link",
        "negative-binomial",
        "poisson",
        "quadrature",
        "without-weights",
    ),
)


def ranked(ladder: Sequence[RungResult]) -> tuple[Remedy, ...]:
    """Rank all remedies of a ladder, best first; the same remedy found on two rungs is one."""
    found: dict[tuple[Scope, str | None, RemedyId | None], Remedy] = {}
    for remedy in (remedy for result in ladder for remedy in result.remedies):
        known = found.get(_identity(remedy))
        if known is None or _replaces(remedy, known):
            found[_identity(remedy)] = remedy
    ordered = sorted(found.values(), key=_key)
    return tuple(
        replace(remedy, rank=rank, step=step_of(remedy)) for rank, remedy in enumerate(ordered, start=1)
    )


def _identity(remedy: Remedy) -> tuple[Scope, str | None, RemedyId | None]:
    """What two remedies have in common if they are the same."""
    is_formula = remedy.id not in NOT_IN_THE_FORMULA
    return remedy.scope, remedy.formula, None if is_formula else remedy.id


def _replaces(remedy: Remedy, known: Remedy) -> bool:
    """Whether it takes the place of the same remedy of an earlier rung.

    Where the formula says it all the first that clears is kept, elsewhere what the last rung says.
    """
    return remedy.id in NOT_IN_THE_FORMULA or (remedy.clears and not known.clears)


def step_of(remedy: Remedy) -> int:
    """1 for what leaves the model, 2 for everything else."""
    return 1 if remedy.scope == "same_model" else 2


def is_rejected(delta_aic: float | None) -> bool:
    """Whether the data speak against a model: it may be sound, and is no answer."""
    return delta_aic is not None and delta_aic > NO_SUPPORT


def _kind(remedy: Remedy) -> int:
    """The place of its kind within its step."""
    if remedy.order == FIRST:
        return FIRST
    if is_rejected(remedy.delta_aic):
        return REJECTED
    if remedy.scope == "changes_model" and not remedy.clears:
        return CLEARS_NOTHING
    if remedy.order is not None:
        return remedy.order
    return KIND.get(remedy.id, REPAIR if remedy.scope == "same_model" else SMALLER)


def _key(remedy: Remedy) -> tuple[int, int, bool, float, float, int, str, str]:
    return (
        step_of(remedy),
        _kind(remedy),
        not remedy.clears,
        _price(remedy),
        round(remedy.max_shift_se or 0.0, ROUNDING),
        remedy.cost,
        remedy.id,
        remedy.formula or "",
    )


def _price(remedy: Remedy) -> float:
    """The change of AIC, or what fit is lost where models have none; what cannot be compared comes last."""
    if remedy.delta_aic is not None:
        return round(remedy.delta_aic, ROUNDING)
    return float("inf") if remedy.loss is None else round(max(0.0, remedy.loss), ROUNDING)
