"""The records every rung shares: what was tried (Attempt), what can be done (Remedy), what a rung found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

RungId = Literal["rescale", "simplify", "allfit", "singular", "maxfun"]
NOTHING_WRONG = "nothing is wrong: the baseline is at the proven optimum"
RUNG_NUMBER: dict[RungId, int] = {"rescale": 1, "simplify": 2, "allfit": 3, "singular": 4, "maxfun": 5}

RungStatus = Literal[
    "cleared",
    "reached",
    "cleared_by_change",
    "improved",
    "no_effect",
    "not_needed",
    "not_applicable",
    "failed",
]
StopKind = Literal["time-budget", "interrupted", "unjudged"]
Scope = Literal["same_model", "changes_model", "advice"]
SameModelId = Literal[
    "rescale",
    "recode",
    "drop-aliased",
    "allfit",
    "maxfun",
    "restart",
    "start",
    "rx-errors",
    "tight-stop",
    "tight-pirls",
    "by-lme4",
    "without-prior",
]
SmallerId = Literal["simplify", "drop-zero", "drop-refused", "as-fixed", "lm", "glm", "glm.nb"]
OtherId = Literal[
    "cwc",
    "cwc-mean",
    "nest",
    "cross-level",
    "add-fixed",
    "wishart-prior",
    "fixed-prior",
    "one-row",
    "keep",
    "check-rows",
    "read-missing",
]
MarginalId = Literal["firth", "without-level", "gee", "gls"]
GeneralizedId = Literal[
    "change-link", "observation-level", "negative-binomial", "poisson", "quadrature", "without-weights"
]
RemedyId = SameModelId | SmallerId | OtherId | MarginalId | GeneralizedId


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """What ended a triage before its end."""

    kind: StopKind
    reason: str  # one sentence, without a full stop
    stages: tuple[str, ...]  # that were not done: of the triage, or rungs of the ladder
    hint: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One refit made on a rung, with what came of it."""

    label: str  # what was tried, in words
    formula: str
    optimizer: str | None
    criterion: float | None  # in the convention of lme4's own
    gap: float | None  # deviance units above the proven optimum of the same model; None if not comparable
    max_abs_gradient: float | None
    lme4_messages: tuple[str, ...] = ()  # what lme4 would say of this fit
    evaluations: int | None = None
    certified: bool | None = None  # None: not assessed
    singular: bool | None = None
    se_ratio: float | None = None  # of what R prints, to the right one, furthest from 1; None: not asked
    note: str | None = None
    seconds: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class LikelihoodRatio:
    """A test of the smaller model; `method` names the distribution it is referred to."""

    statistic: float
    df: float | None
    p_value: float | None
    method: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Code:
    """What to paste."""

    mmtriage: str | None
    lme4: str | None
    python: str | None = None  # statsmodels code, where the fit that is judged was made by it


@dataclass(frozen=True, slots=True, kw_only=True)
class EffectChange:
    """What becomes of one fixed effect: (before, after), at the present optimum and at the remedy's.

    For a remedy of step 1, which leaves the model, before is what R prints now.
    """

    name: str
    shift_se: float | None  # after minus before, in standard errors at the present optimum
    se_ratio: float | None  # after over before
    statistic: tuple[float | None, float | None]  # t or z
    p_value: tuple[float | None, float | None]


NO_CODE = Code(mmtriage=None, lme4=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Remedy:
    """Something the user can do about the verdict, tried and measured."""

    id: RemedyId  # stable
    rung: int
    title: str
    scope: Scope
    clears: bool  # the remedied fit is certified, at its optimum and not singular
    formula: str | None
    criterion: float | None
    delta_aic: float | None  # remedy minus present model; negative is better
    delta_bic: float | None
    lrt: LikelihoodRatio | None
    max_shift_se: float | None  # largest move of a common fixed effect, in SE at the proven optimum
    not_comparable: str | None  # why delta_aic, delta_bic, lrt are None
    code: Code
    loss: float | None = None  # deviance given up, by ML where the fixed effects differ; negative: gained
    changes: str = ""  # what it changes, in words
    caveats: tuple[str, ...] = ()
    cost: int = 0  # criterion evaluations spent, a tie-breaker
    effects: tuple[EffectChange, ...] = ()  # of the fixed effects that both models have on one scale
    messages: tuple[str, ...] | None = None  # what R says of it as the code fits it; None: not known
    order: int | None = None  # its place within a step where it is not its kind's: see ladder.rank
    step: int = 0  # 1: the same model at its optimum, 2: what to do about that; set by ladder.rank
    rank: int = 0  # set by ladder.rank


@dataclass(frozen=True, slots=True, kw_only=True)
class RungResult:
    """What one rung of the ladder found."""

    rung: int
    id: RungId
    status: RungStatus
    reason: str
    attempts: tuple[Attempt, ...] = ()
    remedies: tuple[Remedy, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A remedy, with the attempt that measured it."""

    remedy: Remedy
    attempt: Attempt | None  # None: advice, which nothing measures


def changed_model_result(rung: RungId, proposals: Sequence[Proposal], reason: str) -> RungResult:
    """Make the result of a rung that proposes other models: it clears the verdict where one of them does."""
    clears = any(proposal.remedy.clears for proposal in proposals)
    status: RungStatus = "cleared_by_change" if clears else "no_effect"
    result = RungResult(rung=RUNG_NUMBER[rung], id=rung, status=status, reason=reason)
    return with_proposals(result, proposals)


def with_proposals(result: RungResult, proposals: Sequence[Proposal]) -> RungResult:
    """Add proposals to a result, after its own."""
    attempts = (proposal.attempt for proposal in proposals if proposal.attempt is not None)
    remedies = (proposal.remedy for proposal in proposals)
    return replace(result, attempts=(*result.attempts, *attempts), remedies=(*result.remedies, *remedies))


def not_needed(rung: RungId) -> RungResult:
    """The result of a rung that is not climbed, since nothing is wrong."""
    return RungResult(rung=RUNG_NUMBER[rung], id=rung, status="not_needed", reason=NOTHING_WRONG)
