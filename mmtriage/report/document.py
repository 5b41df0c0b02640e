"""The report: everything the program has to say about one model, as plain records.

Renderers read nothing else. `to_dict` is the one spelling of every key (schema/report-1.json): keys are field
names in field order, tuples are lists, NaN and infinities are null. Whatever depends on the clock is under
`timing`, so that two runs of one command otherwise give the same bytes.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from mmtriage.diagnose.finding import Finding, NotAssessed
from mmtriage.diagnose.verdict import Verdict
from mmtriage.errors import MmtriageError, UnjudgedError
from mmtriage.ladder.records import Attempt, Remedy, RungResult
from mmtriage.model.family_names import is_linear
from mmtriage.plotted.shown import Curves
from mmtriage.report.drift import Drift
from mmtriage.version import SCHEMA_VERSION, VERSION

if TYPE_CHECKING:
    from mmtriage.engine.estimates import SeMethod

Method = Literal["REML", "ML", "Laplace", "AGQ", "PIRLS"]
FitStatus = Literal["converged", "maxfun", "stalled", "error"]
Json = None | bool | int | float | str | list["Json"] | dict[str, "Json"]

# How `remedies` are ordered, told to the reader.
RANKED_BY = (
    "clears the verdict and is certified",
    "same model before changed model",
    "smaller loss of fit",
    "smaller move of the fixed effects",
    "cost",
    "code",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolFacts:
    """Who made the report."""

    name: str = "mmtriage"
    version: str = VERSION


@dataclass(frozen=True, slots=True, kw_only=True)
class InputFacts:
    """The table, and how much of it was used."""

    source: str
    sha256: str
    rows_read: int
    rows_used: int
    rows_dropped: int  # by --subset and for missing values
    seed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RandomTermFacts:
    """One random-effects term, e.g. `(Days | Subject)`."""

    group: str
    terms: tuple[str, ...]  # R's column names: "(Intercept)", "Days"
    correlated: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Dependence:
    """One summand of the linear combination that a dropped column equals."""

    name: str
    coefficient: float


@dataclass(frozen=True, slots=True, kw_only=True)
class DroppedColumnFacts:
    """A fixed-effects column that lme4 drops, and the columns it equals a combination of."""

    name: str
    depends_on: tuple[Dependence, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelFacts:
    """The model as lme4 would describe it."""

    formula: str
    family: str = "gaussian"
    link: str = "identity"
    method: Method = "REML"
    nagq: int | None = None  # null for a linear mixed model
    n_obs: int
    groups: Mapping[str, int]  # grouping factor -> number of levels
    fixed_names: tuple[str, ...]
    random_terms: tuple[RandomTermFacts, ...]
    dropped_columns: tuple[DroppedColumnFacts, ...] = ()
    weights: str | None = None
    offset: str | None = None
    subset: str | None = None
    contrasts: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()  # what R or lme4 would remark while building the model

    @property
    def is_linear(self) -> bool:
        """Whether this is a linear mixed model, and not a generalized one."""
        return is_linear(self.family, self.link)


@dataclass(frozen=True, slots=True, kw_only=True)
class FixedEffect:
    """One coefficient; `statistic` is t for a linear mixed model, without p-value by lme4's policy, or z."""

    name: str
    estimate: float
    se: float
    statistic: float
    p_value: float | None = None  # of z, two-sided: 2 pnorm(-abs(z))


@dataclass(frozen=True, slots=True, kw_only=True)
class RandomEffect:
    """The covariance of one random-effects term, in the user's units."""

    group: str
    terms: tuple[str, ...]
    sd: tuple[float, ...]  # (k,)
    correlation: tuple[tuple[float, ...], ...]  # (k, k); NaN where an SD is zero
    icc: float | None = None  # share of the variance of the response, for an intercept of a linear model


@dataclass(frozen=True, slots=True, kw_only=True)
class StartFacts:
    """One starting point of the reference and where it led."""

    name: str
    criterion: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateFacts:
    """The proof that the reference is a second-order optimum in Sigma; the evidence that it is the best."""

    certified: bool
    reason: str  # what the proof rests on, or why there is none
    newton_decrement: float | None  # deviance units
    min_eigenvalue_free: float | None  # of the Hessian on the free face, rotations left out
    multipliers: tuple[float | None, ...]  # per random term: smallest on the null space; None if of full rank
    rank: tuple[int, ...]  # of each random term's covariance
    starts: tuple[StartFacts, ...]
    distinct_optima: tuple[float, ...]  # criteria, the best first


@dataclass(frozen=True, slots=True, kw_only=True)
class FitFacts:
    """One fit of the model: lme4's (the baseline) or the proven optimum (the reference)."""

    optimizer: str
    start: tuple[float, ...]  # theta
    status: FitStatus
    criterion: float  # REML criterion, or -2 log-likelihood; for nagq > 1 lme4's, less a constant of the data
    log_likelihood: float  # with that constant, as aic and bic
    aic: float
    bic: float
    df: int
    evaluations: int
    sigma: float | None  # residual SD; None where the scale is fixed
    family_theta: float | None = None  # of the negative binomial, estimated
    theta: tuple[float, ...]  # lme4's order
    theta_names: tuple[str, ...]
    fixed_effects: tuple[FixedEffect, ...]
    se_method: SeMethod = "exact"  # how their standard errors were computed
    random_effects: tuple[RandomEffect, ...]
    max_abs_gradient: float | None
    singular: bool  # by lme4's test
    lme4_messages: tuple[str, ...]  # verbatim
    certificate: CertificateFacts | None = None  # of the reference only


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """All there is to say about one model."""

    schema_version: str = SCHEMA_VERSION
    tool: ToolFacts = ToolFacts()
    input: InputFacts
    model: ModelFacts
    verdict: Verdict
    findings: tuple[Finding, ...]
    not_assessed: tuple[NotAssessed, ...] = ()
    baseline: FitFacts | None  # None: the fit stopped with `baseline_error`, or lme4 would refuse the model
    baseline_error: str | None = None  # lme4's words
    reference: FitFacts | None
    ladder: tuple[RungResult, ...]
    remedies: tuple[Remedy, ...]  # ranked
    incomplete: str | None = None  # what a time budget left undone
    drift: Drift | None = None  # since the report of --baseline
    timing: Mapping[str, float]  # stage -> seconds
    curves: Curves | None = None  # for plots; not in the JSON

    def to_dict(self) -> dict[str, Json]:
        """The report as JSON values, key by key as in the schema."""
        return {
            "schema_version": self.schema_version,
            "tool": _plain(self.tool),
            "input": _plain(self.input),
            "model": _plain(self.model),
            "verdict": _plain(self.verdict),
            "findings": _plain(self.findings),
            "not_assessed": _plain(self.not_assessed),
            "baseline": _fit(self.baseline, certificate=False),
            "baseline_error": self.baseline_error,
            "reference": _fit(self.reference, certificate=True),
            "ladder": [_rung(result) for result in self.ladder],
            "ranked_by": list(RANKED_BY),
            "remedies": [_remedy(remedy) for remedy in self.remedies],
            "incomplete": self.incomplete,
            "error": _error(self.verdict),
            "drift": None if self.drift is None else _plain(self.drift),
            "timing": {**_mapping(self.timing), "attempts": _attempt_seconds(self.ladder)},
        }

    def _repr_html_(self) -> str:
        """What a notebook shows of the report."""
        from mmtriage.render.htmldoc import fragment  # a notebook asks the record itself

        return fragment(self)


def _error(verdict: Verdict) -> Json:
    """An undetermined verdict as the error object that every exit with code 3 has."""
    if verdict.status != "undetermined":
        return None
    return error_dict(UnjudgedError(verdict.message))


def error_dict(error: MmtriageError) -> dict[str, Json]:
    """The error object of schema/error-1.json."""
    return {
        "kind": error.kind,
        "message": error.message,
        "where": error.where,
        "hint": error.hint,
        "text": error.text,
        "span": None if error.span is None else [error.span.start, error.span.end],
    }


def _fit(fit: FitFacts | None, *, certificate: bool) -> Json:
    if fit is None:
        return None
    record = _record(fit)
    if not certificate:
        del record["certificate"]
    return record


def _rung(result: RungResult) -> Json:
    record = _record(result)
    del record["remedies"]  # listed once, ranked, beside the ladder
    record["attempts"] = [_attempt(attempt) for attempt in result.attempts]
    return record


def _attempt(attempt: Attempt) -> Json:
    record = _record(attempt)
    del record["seconds"]
    return record


def _remedy(remedy: Remedy) -> Json:
    record = _record(remedy)
    return {"rank": record.pop("rank"), **record}


def _attempt_seconds(ladder: tuple[RungResult, ...]) -> Json:
    return {result.id: [_plain(attempt.seconds) for attempt in result.attempts] for result in ladder}


def _record(value: object) -> dict[str, Json]:
    assert is_dataclass(value)
    return {item.name: _plain(getattr(value, item.name)) for item in fields(value)}


def _mapping(value: Mapping[str, object]) -> dict[str, Json]:
    return {str(key): _plain(item) for key, item in value.items()}


def _plain(value: object) -> Json:
    """Any value of a record as JSON."""
    if isinstance(value, (np.generic, np.ndarray)):
        return _plain(value.tolist())
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, Mapping):
        return _mapping(value)
    if isinstance(value, (tuple, list)):
        return [_plain(item) for item in value]
    return _record(value)
