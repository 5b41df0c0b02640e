"""The records of a report: everything the program has to say about one model.

Renderers read nothing else, and `report.document` spells the records as JSON. Whatever depends on the clock
is in `timing`, so that two runs of one command otherwise give the same bytes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from mmtriage.diagnose.finding import Finding, NotAssessed
from mmtriage.diagnose.verdict import Verdict, VerdictStatus
from mmtriage.formula.structured import StructureTag, Tag
from mmtriage.ladder.records import Remedy, RungResult, Stop
from mmtriage.model.family_names import LAPLACE, DfMethod
from mmtriage.model.spec import Method, ModelSpec
from mmtriage.report.drift.changes import Drift
from mmtriage.version import SCHEMA_VERSION, VERSION

if TYPE_CHECKING:
    from mmtriage.engine.estimates import SeMethod
    from mmtriage.plotted.plot_data import PlotData

IF_ANY = {"if_any": True}  # of a field that a document has only where it is not None
FitStatus = Literal["converged", "maxfun", "stalled", "error"]


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
    request: str | None = None  # checksum of all that was asked (`report/request.py`)
    dated: str | None = field(default=None, metadata=IF_ANY)  # the day that the table's file says of itself


@dataclass(frozen=True, slots=True, kw_only=True)
class StructureFacts:
    """The covariance structure of a random-effects term, as lme4 2.x has them."""

    name: Tag  # "cs", "ar1", "diag"
    homogeneous: bool  # one SD for all columns

    @property
    def tag(self) -> StructureTag:
        """As a formula has it."""
        return StructureTag(self.name, self.homogeneous)


@dataclass(frozen=True, slots=True, kw_only=True)
class RandomTermFacts:
    """One random-effects term, e.g. `(Days | Subject)`."""

    group: str
    terms: tuple[str, ...]  # R's column names: "(Intercept)", "Days"
    correlated: bool
    structure: StructureFacts | None = field(default=None, metadata=IF_ANY)  # other than unstructured


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
    def spec(self) -> ModelSpec:
        """The kind of model, which knows what follows from it."""
        nagq = LAPLACE if self.nagq is None else self.nagq
        return ModelSpec(family=self.family, link=self.link, reml=self.method == "REML", nagq=nagq)


@dataclass(frozen=True, slots=True, kw_only=True)
class FixedEffect:
    """One coefficient and its test, by t in a linear mixed model, else by z."""

    name: str
    estimate: float
    se: float
    statistic: float
    p_value: float | None = None  # two-sided
    df: float | None = None  # of t; None: not asked for, or no method respects the design
    df_method: DfMethod | None = None
    test_se: float | None = None  # of the test where it is not `se`: Kenward and Roger's is adjusted
    between: str | None = None  # grouping of zero variance within whose levels the effect is constant


@dataclass(frozen=True, slots=True, kw_only=True)
class RandomEffect:
    """The covariance of one random-effects term, in the user's units."""

    group: str
    terms: tuple[str, ...]
    sd: tuple[float, ...]  # (k,)
    correlation: tuple[tuple[float, ...], ...]  # (k, k); NaN where an SD is zero
    icc: float | None = None  # share of the variance of the response, for an intercept of a linear model
    # Of a structured term its own parameters by lme4's names: SDs in the user's units, and the correlation.
    parameters: Mapping[str, float] | None = field(default=None, metadata=IF_ANY)


@dataclass(frozen=True, slots=True, kw_only=True)
class StartFacts:
    """One starting point of the reference and where it led."""

    name: str
    criterion: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RefutedFacts:
    """An optimum that only the Laplace approximation has."""

    criterion: float
    theta: tuple[float, ...]
    method: str  # what refutes it


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
    refuted: tuple[
        RefutedFacts, ...
    ] = ()  # optima of the Laplace approximation that are none of the likelihood


@dataclass(frozen=True, slots=True, kw_only=True)
class SoftwareFacts:
    """The program that made a fit."""

    name: str
    version: str | None = None
    prior: str | None = None  # whose prior the fit is under


@dataclass(frozen=True, slots=True, kw_only=True)
class RepeatFacts:
    """One of the runs of lme4's fit that differ in a last bit of the data, or of glmer.nb's last refits."""

    status: VerdictStatus  # that the verdict would have, were it the only run
    noise: bool  # False: the fit that lme4 returns, of the data as they are
    shown: bool  # the baseline is this run
    criterion: float | None  # by our engine; None: the fit stopped with `error`
    gap: float | None
    singular: bool | None
    lme4_messages: tuple[str, ...]
    error: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FitFacts:
    """One fit of the model: lme4's or the one given (the baseline), or the proven optimum (the reference)."""

    source: Literal["imitated", "given"] | None = None  # of the baseline: whose fit it is
    software: SoftwareFacts | None = None  # of a fit that was given
    lme4: str | None = None  # of the baseline: the version that is imitated, "2.x"
    optimizer: str | None
    start: tuple[float, ...] | None  # theta; None: not known
    status: FitStatus | None
    criterion: float  # REML criterion, or -2 log-likelihood; for nagq > 1 lme4's, less a constant of the data
    log_likelihood: float  # with that constant, as aic and bic
    aic: float
    bic: float
    df: int
    evaluations: int | None
    sigma: float | None  # residual SD; None where the scale is fixed
    family_theta: float | None = None  # of the negative binomial, estimated or held
    theta: tuple[float, ...]  # lme4's order
    theta_names: tuple[str, ...]
    fixed_effects: tuple[FixedEffect, ...]
    se_method: SeMethod = "exact"  # how their standard errors were computed
    random_effects: tuple[RandomEffect, ...]
    max_abs_gradient: float | None
    singular: bool | None  # by lme4's test
    lme4_messages: tuple[str, ...] | None  # verbatim; of a fit that was given its own, None: not known
    repeats: tuple[RepeatFacts, ...] | None = None  # of the baseline: None where it was not repeated
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
    incomplete: Stop | None = None  # what ended the triage before its end
    drift: Drift | None = None  # since the report of --baseline
    timing: Mapping[str, float]  # stage -> seconds
    plot_data: PlotData | None = None  # computed only where there are plots; not in the JSON

    @property
    def singular_terms(self) -> tuple[RandomTermFacts, ...]:
        """The random terms whose covariance lies on its boundary at the optimum."""
        certificate = None if self.reference is None else self.reference.certificate
        if certificate is None:
            return ()
        ranks = zip(self.model.random_terms, certificate.rank, strict=True)
        return tuple(term for term, rank in ranks if rank < len(term.terms))

    @property
    def fitted_by(self) -> str:
        """Who made the fit that is judged."""
        software = None if self.baseline is None else self.baseline.software
        return "lme4" if software is None else software.name

    @property
    def is_given(self) -> bool:
        """Whether the fit was made elsewhere, and not imitated here."""
        return self.baseline is not None and self.baseline.source == "given"
