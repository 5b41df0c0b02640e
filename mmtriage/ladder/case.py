"""What a rung is given: the patient, and a bench on which other models are fitted.

A rung never fits by itself: whatever it fits goes over the bench, so that rungs can be tested with canned
answers, and one place (`workbench`) decides what a refit is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypedDict, Unpack

import numpy as np

from mmtriage.arrays import Array, Index
from mmtriage.data.table import Table
from mmtriage.diagnose.finding import Finding
from mmtriage.diagnose.verdict import Verdict
from mmtriage.engine.comparison import Comparison
from mmtriage.engine.estimates import Fit
from mmtriage.engine.lme4.outcome import Lme4Failure, Lme4Run
from mmtriage.engine.lme4.transform import Transform
from mmtriage.engine.optimum.faces import Place
from mmtriage.engine.prepared import Prepared
from mmtriage.formula import Formula
from mmtriage.ladder.records import Remedy
from mmtriage.model.design import Design
from mmtriage.optimizers import Optimizer
from mmtriage.options import TriageOptions

if TYPE_CHECKING:
    from mmtriage.ladder.emitted.commands import Commands

SEPARATION = "MM203"
OF_ENDLESS = {"random_effects", "largest_weight"}  # what MM407 tells of a criterion that falls for ever


class OtherModel(TypedDict, total=False):
    """What a refit may change beside the formula: fields of the `ModelSpec`."""

    family: str
    link: str
    nagq: int
    subset: str
    weights: str | None


class Bench(Protocol):
    """Where other models are fitted: the present table, under the present options."""

    @property
    def table(self) -> Table: ...
    @property
    def options(self) -> TriageOptions: ...
    @property
    def commands(self) -> Commands: ...
    @property
    def optimizers(self) -> Sequence[Optimizer]:
        """Those of lme4's stages, as they were asked for."""

    def build(
        self,
        formula: Formula,
        columns: Mapping[str, Array] | None = None,
        **changes: Unpack[OtherModel],
    ) -> Design:
        """Build the design of a formula; `columns` {name: (n_rows,)} are added to the table."""

    def compare(self, design: Design) -> Comparison:
        """Fit a design as lme4 does, and to its proven optimum."""

    def fit(self, design: Design) -> Comparison:
        """Fit another model to its proven optimum and, if it can be recommended, as lme4 does; once."""

    def fit_without(self, design: Design, rows: Index) -> Comparison | None:
        """Fit a design without the rows at these places (k,) of it; None where it needs them."""

    def fit_ml(self, prepared: Prepared) -> Fit:
        """Find the proven optimum by ML, for tests and for models whose fixed effects differ."""

    def run(
        self,
        prepared: Prepared,
        *,
        optimizers: Sequence[Optimizer],
        maxfun: int | None,
        start: Lme4Run | None = None,
        transform: Transform | None = None,
        tolerance: float | None = None,
    ) -> Lme4Run | Lme4Failure:
        """Fit as lme4 does, by other optimizers, from another start, on other columns, or tighter."""

    def run_from(self, prepared: Prepared, fit: Fit) -> Lme4Run | Lme4Failure:
        """Fit as glmer does from the parameters of a fit, without its first stage."""


def refit(
    bench: Bench,
    formula: Formula,
    columns: Mapping[str, Array] | None = None,
    **changes: Unpack[OtherModel],
) -> Comparison:
    """Build another model and fit it."""
    return bench.fit(bench.build(formula, columns, **changes))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Refit:
    """The fit behind a remedy that is another model."""

    prepared: Prepared  # the present model's where the remedy has no random effects
    fit: Fit
    place: Place | None  # of the fit; None: it has no random effects


def _forget(remedy: Remedy, refit: Refit) -> None:
    """Fits behind remedies are kept only for outputs that show them."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Case:
    """The patient: a fitted model, its verdict, and the bench to try something else on."""

    comparison: Comparison
    verdict: Verdict
    findings: tuple[Finding, ...]  # so far
    bench: Bench
    keep: Callable[[Remedy, Refit], None] = _forget

    @property
    def options(self) -> TriageOptions:
        return self.bench.options

    @property
    def commands(self) -> Commands:
        return self.bench.commands

    @property
    def design(self) -> Design:
        return self.comparison.prepared.design

    @property
    def formula(self) -> Formula:
        return self.design.formula

    @property
    def before(self) -> float:
        """The criterion where lme4's fit ended; infinite if lme4 made no fit."""
        return np.inf if self.comparison.lme4_fit is None else self.comparison.lme4_fit.criterion

    @property
    def is_separated(self) -> bool:
        """Whether fixed effects have no finite estimate, with random effects or without."""
        return any(not any("|" in term for term in found.terms) for found in self.found(SEPARATION))

    @property
    def is_endless(self) -> bool:
        """Whether the criterion falls for ever: what was found is no estimate to compare with."""
        is_known = any(OF_ENDLESS & found.evidence.keys() for found in self.found("MM407"))
        return is_known or self.comparison.optimum.runaway

    @property
    def is_misweighted(self) -> bool:
        """Whether the weights make of lme4's criterion no likelihood (`exact_fit.misweighted`)."""
        return any("largest_weight" in found.evidence for found in self.found("MM407"))

    @property
    def optimum_name(self) -> str:
        """What the reference is called in a sentence: it is proven only where it is certified."""
        certified = self.comparison.optimum.certificate.certified
        return "the proven optimum" if certified else "the best point found, which is not proven"

    @property
    def is_suspect(self) -> bool:
        """Whether anything is wrong at all."""
        return self.verdict.status != "converged"

    @property
    def has_wrong_errors(self) -> bool:
        """Whether standard errors that lme4 prints at the optimum are what is wrong."""
        return self.verdict.status == "wrong_se"

    def found(self, code: str) -> tuple[Finding, ...]:
        """The findings of one code."""
        return tuple(finding for finding in self.findings if finding.code == code)

    def refit(
        self,
        formula: Formula,
        columns: Mapping[str, Array] | None = None,
        **changes: Unpack[OtherModel],
    ) -> Comparison:
        """Fit another model to the same table."""
        return refit(self.bench, formula, columns, **changes)
