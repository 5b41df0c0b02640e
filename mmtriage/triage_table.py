"""The story on one page: parse, design, fit, judge, walk, rank, report."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from mmtriage.arrays import Array
from mmtriage.data.table import Column, Table
from mmtriage.deadline import Deadline, TimeBudgetError, deadline_in
from mmtriage.diagnose.causes import explain_causes
from mmtriage.diagnose.convergence import optimum_findings
from mmtriage.diagnose.exact_fit import exact_fit, saturated
from mmtriage.diagnose.finding import Finding, NotAssessed, not_assessed
from mmtriage.diagnose.fixed import fixed_findings
from mmtriage.diagnose.grouping import random_findings, refusals
from mmtriage.diagnose.judgement import judge, refused
from mmtriage.diagnose.nesting import nesting_findings
from mmtriage.diagnose.pirls_failure import pirls_failure
from mmtriage.diagnose.refits import generalized_findings
from mmtriage.diagnose.scale import data_findings
from mmtriage.diagnose.separation import separation_findings
from mmtriage.diagnose.singularity import singularity_findings
from mmtriage.diagnose.unassessed import unassessed, unassessed_without_fit
from mmtriage.diagnose.verdict import Verdict
from mmtriage.engine.comparison import (
    Comparison,
    Prepared,
    compare_fits,
    prepare,
    prove_optimum,
    run_measured,
)
from mmtriage.engine.estimates import Fit
from mmtriage.engine.lme4.glmer import lme4_error
from mmtriage.errors import OptionError, UnjudgedError
from mmtriage.formula import Formula, parse_formula, resolve_dot
from mmtriage.ladder.allfit import disagreement
from mmtriage.ladder.case import Case, Refit
from mmtriage.ladder.emitted.commands import Commands
from mmtriage.ladder.emitted.r_table import r_reading
from mmtriage.ladder.guilty_columns import proven_causes, with_proven
from mmtriage.ladder.kept_terms import unknown_keeps
from mmtriage.ladder.rank import ranked
from mmtriage.ladder.records import Remedy, RungResult
from mmtriage.ladder.refused import refused_ladder
from mmtriage.ladder.remedies.from_causes import with_cause_remedies
from mmtriage.ladder.walk import walk
from mmtriage.model.design import Design, build_design
from mmtriage.model.families import is_glmm
from mmtriage.optimizers import OPTIMIZERS
from mmtriage.options import TriageOptions
from mmtriage.report.facts import FitFacts, Report
from mmtriage.report.from_fits import input_facts, lme4_facts, model_facts, optimum_facts

ROUNDING = 1e-7  # residual SD as a share of the response's, at which the response may be reproduced exactly


def triage_table(table: Table, formula_text: str, options: TriageOptions) -> Report:
    """Triage one model on one table.

    Raises:
        InputError: the formula, a column or an option is wrong.
        UnjudgedError: the time budget ran out before there was a verdict, or nothing could be evaluated.
    """
    with threadpool_limits(limits=1, user_api="blas"):
        return _Session(table, options).triage(formula_text)


class _Session:
    """One triage: the table, the options, the clock, and the fits that several rungs ask for."""

    def __init__(self, table: Table, options: TriageOptions) -> None:
        self.table = table
        self.options = options
        self.spec = options.spec
        self.commands = Commands(source=table.source, options=options, reading=r_reading(table, options))
        self.deadline: Deadline = deadline_in(options.time_budget)
        self.timing: dict[str, float] = {}
        self._lap = time.perf_counter()
        self.cut_short: tuple[NotAssessed, ...] = ()
        self._ml: dict[int, tuple[Prepared, Fit]] = {}
        self._refits: dict[tuple[str, str], Refit] = {}

    def triage(self, formula_text: str) -> Report:
        """Parse, design, fit, judge, walk, report."""
        formula = resolve_dot(parse_formula(formula_text), self.table.columns)
        _check_keep(self.options, formula)
        design = self.build(formula)
        self._clock("design")
        full = saturated(design)
        early = [*([] if full is None else [full]), *refusals(design)]
        early += [*data_findings(design), *fixed_findings(design)]
        if any(f.severity == "error" for f in early):
            return self._refused(design, early)
        early += separation_findings(design)  # which lme4 fits all the same
        self._say("fitting as lme4 does, then to the proven optimum")
        comparison = self._fit_unless_exact(design, early)
        self._clock("fit")
        if isinstance(comparison, Finding):
            return self._refused(design, [*early, comparison])
        findings = [*early, *random_findings(design, comparison.prepared.null)]
        findings += [*singularity_findings(comparison), *optimum_findings(comparison)]
        findings += self._generalized(comparison, early)
        findings += self._nesting(comparison)
        verdict = judge(comparison, findings)
        facts = lme4_facts(comparison), optimum_facts(comparison)
        self._clock("diagnosis")
        case = self._case(comparison, verdict, findings)
        ladder, incomplete = walk(case)
        if incomplete is None:
            try:
                ladder = with_cause_remedies(case, ladder)
            except TimeBudgetError as stop:
                incomplete = f"{stop.message} before the remedies of named causes were tried"
        self._clock("ladder")
        report = self._report(case, facts, ladder, findings, incomplete)
        return self._with_plot_data(comparison, report) if self.options.plots else report

    def _with_plot_data(self, comparison: Comparison, report: Report) -> Report:
        """The report with what its plots show."""
        from mmtriage.plotted.compute import plot_data_of

        self._say("following the criterion, for the plots")
        plot_data = plot_data_of(
            comparison, [(remedy, self._refits.get((remedy.id, remedy.title))) for remedy in report.remedies]
        )
        self._clock("plots")
        return replace(report, plot_data=plot_data)

    def _fit_unless_exact(self, design: Design, early: Sequence[Finding]) -> Comparison | Finding:
        """The trial, or why there is no maximum; asked for only where the fit gives reason to."""
        try:
            comparison = self.fit(design)
        except TimeBudgetError:
            raise
        except UnjudgedError as failure:
            if is_glmm(design.spec):
                error = lme4_error(design, deadline=self.deadline)
                return pirls_failure(design, error or failure.message, early, None)
            exact = exact_fit(design)
            if exact is None:
                raise
            return exact
        is_rounding = comparison.optimum_fit.sigma <= ROUNDING * float(np.std(design.y))
        if comparison.optimum.certificate.certified and not comparison.optimum.runaway and not is_rounding:
            return comparison
        return comparison if is_glmm(design.spec) else exact_fit(design) or comparison

    def _generalized(self, comparison: Comparison, early: Sequence[Finding]) -> list[Finding]:
        """What is asked of a generalized fit; refits that take too long are said to be missing."""
        found, left = generalized_findings(comparison, early, self._optimum_of, seed=self.options.seed)
        self.cut_short = (*self.cut_short, *left)
        return found

    def _nesting(self, comparison: Comparison) -> list[Finding]:
        """MM307; the fit it follows must not be lost because its refits take too long."""
        try:
            return nesting_findings(comparison.prepared.design, comparison.optimum_fit, self.optimum)
        except TimeBudgetError as stop:
            self.cut_short = (*self.cut_short, not_assessed("MM307", stop.message))
            return []

    def build(self, formula: Formula, columns: Mapping[str, Array] | None = None, **changes: Any) -> Design:
        """The design of a formula; `columns` {name: (n_rows,)} are added to the table.

        `changes` are of the ModelSpec: another family, link or number of quadrature points.
        """
        spec = replace(self.spec, **changes)
        if not columns:
            return build_design(self.table, formula, spec)
        added = {name: Column(name=name, kind="numeric", values=v) for name, v in columns.items()}
        table = replace(self.table, columns={**self.table.columns, **added})
        return build_design(table, formula, spec)

    def fit(self, design: Design) -> Comparison:
        """Baseline and reference of a design."""
        full = saturated(design)
        if full is not None:
            raise _unjudged(full.message)
        try:
            prepared = prepare(design, self.deadline)
            comparison = compare_fits(
                prepared,
                seed=self.options.seed,
                optimizers=[OPTIMIZERS[stage] for stage in self.options.stages],
                maxfun=self.options.maxfun,
            )
            if prepared.model.by_ml() is prepared.model:  # fitted by ML as it is
                self._ml[id(prepared)] = (prepared, comparison.optimum_fit)
            return comparison
        except np.linalg.LinAlgError as failure:
            raise _unjudged(str(failure)) from failure

    def optimum(self, formula: Formula) -> Fit:
        """The reference of a formula, without a baseline."""
        return self._optimum_of(self.build(formula))

    def _optimum_of(self, design: Design) -> Fit:
        _, fit = prove_optimum(prepare(design, self.deadline), {}, seed=self.options.seed)
        return fit

    def fit_ml(self, prepared: Prepared) -> Fit:
        """The reference of a design by ML."""
        known = self._ml.get(id(prepared))
        if known is None:
            _, fit = prove_optimum(prepared.by_ml(), {}, seed=self.options.seed)
            known = self._ml[id(prepared)] = (prepared, fit)  # holding `prepared` keeps its id its own
        return known[1]

    def _case(self, comparison: Comparison, verdict: Verdict, findings: Sequence[Finding]) -> Case:
        return Case(
            comparison=comparison,
            verdict=verdict,
            findings=tuple(findings),
            options=self.options,
            commands=self.commands,
            table=self.table,
            build=self.build,
            fit=self.fit,
            fit_ml=self.fit_ml,
            run=run_measured,
            keep=self._keep,
        )

    def _keep(self, remedy: Remedy, refit: Refit) -> None:
        if self.options.plots:
            self._refits[remedy.id, remedy.title] = refit

    def _report(
        self,
        case: Case,
        facts: tuple[FitFacts | None, FitFacts],
        ladder: tuple[RungResult, ...],
        findings: Sequence[Finding],
        incomplete: str | None,
    ) -> Report:
        proven = proven_causes(case, ladder)
        findings = [*with_proven(case, findings, proven), *disagreement(case, ladder)]
        compared = any(r.id == "allfit" and r.attempts for r in ladder)
        verdict, graded = explain_causes(case.verdict, findings, proven)
        clearing = next((r.id for r in ladder if r.status in ("cleared", "cleared_by_change")), None)
        return Report(
            input=input_facts(self.table, case.design, self.options),
            model=model_facts(case.design, self.options),
            verdict=_cleared(verdict, clearing),
            findings=graded,
            not_assessed=(*unassessed(case.comparison, compared=compared), *self.cut_short),
            baseline=facts[0],
            baseline_error=case.comparison.lme4_error,
            reference=facts[1],
            ladder=ladder,
            remedies=ranked(ladder),
            incomplete=incomplete,
            timing=self.timing,
        )

    def _refused(self, design: Design, findings: Sequence[Finding]) -> Report:
        errors = [f for f in findings if f.severity == "error"]
        ladder = refused_ladder(design, errors, self.commands, self.build, self.fit)
        clearing = next((r.id for r in ladder if r.status == "cleared_by_change"), None)
        self._clock("ladder")
        return Report(
            input=input_facts(self.table, design, self.options),
            model=model_facts(design, self.options),
            verdict=_cleared(refused(errors), clearing),
            findings=tuple(findings),
            not_assessed=unassessed_without_fit(design),
            baseline=None,
            baseline_error=next((str(f.evidence["error"]) for f in errors if f.code == "MM408"), None),
            reference=None,
            ladder=ladder,
            remedies=ranked(ladder),
            timing=self.timing,
        )

    def _clock(self, stage: str) -> None:
        now = time.perf_counter()
        self.timing[stage] = now - self._lap
        self._lap = now

    def _say(self, text: str) -> None:
        if self.options.progress is not None:
            self.options.progress(text)


def _cleared(verdict: Verdict, rung: str | None) -> Verdict:
    return replace(verdict, cleared_by=rung)


def _check_keep(options: TriageOptions, formula: Formula) -> None:
    unknown = unknown_keeps(options.keep, formula.random)
    if unknown:
        bars = ", ".join(f"`{bar.to_text()}`" for bar in formula.random)
        raise OptionError(
            f"--keep {unknown[0]}: no such random term",
            where="option --keep",
            hint=f"The random terms are {bars}; a slope is kept with `x` or `x | g`.",
        )


def _unjudged(reason: str) -> UnjudgedError:
    return UnjudgedError(
        f"the criterion cannot be evaluated: {reason}",
        hint="Look for infinite or extremely large values in the response and the predictors.",
    )
