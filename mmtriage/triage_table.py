"""The story on one page: how a table and a formula become a report.

    parse -> design -> findings of the design -> lme4's fit beside the proven optimum -> findings of the fit
          -> verdict -> ladder of remedies -> causes -> report

A model that lme4 would refuse, or that has no fit, leaves the story early and ends in `_without_fit`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from threadpoolctl import threadpool_limits

from mmtriage.data.table import Table
from mmtriage.deadline import TimeBudgetError, alarm_at, undisturbed
from mmtriage.diagnose.causes import explain_causes, explain_refusal
from mmtriage.diagnose.exact_fit import bottomless, exact_fit, saturated
from mmtriage.diagnose.finding import Finding, NotAssessed
from mmtriage.diagnose.judgement import judge, refused
from mmtriage.diagnose.run_checks import findings_in, of_accepted, of_design, of_ladder, unasked_in
from mmtriage.diagnose.unassessed import in_order, without_fit
from mmtriage.diagnose.usable import with_chance, with_use, without_use
from mmtriage.diagnose.verdict import Verdict
from mmtriage.engine.comparison import BetterPointError, Comparison
from mmtriage.errors import InterruptedTriage, UnjudgedError
from mmtriage.formula import parse_formula, resolve_dot
from mmtriage.ladder.case import SEPARATION, Case, Refit
from mmtriage.ladder.if_suspect import climb_if_suspect, with_proven_causes
from mmtriage.ladder.judged_runs import judged_runs, with_outliers
from mmtriage.ladder.kept_terms import check_kept
from mmtriage.ladder.rank import ranked
from mmtriage.ladder.records import Remedy, RungResult
from mmtriage.ladder.workbench import Workbench
from mmtriage.model.design import Design
from mmtriage.model.family_names import DDF_METHODS
from mmtriage.options import TriageOptions
from mmtriage.report.facts import Report
from mmtriage.report.from_design import input_facts, model_facts
from mmtriage.report.from_fits import lme4_facts, optimum_facts
from mmtriage.report.request import request_of
from mmtriage.report.seen import Seen, Stopwatch

# Laplace's approximation may have an optimum all the same, where a variance has grown until it is worthless.
NO_MAXIMUM = {  # what is found of a design of which that is so
    SEPARATION: "the responses are separated (MM203), so that the likelihood has no maximum to be proven",
    "MM407": "the criterion falls without end (MM407), so that there is no optimum to be proven",
}
MOST_PROOFS = 5  # of one model, each from a better point than the one before
if TYPE_CHECKING:
    from mmtriage.given.agreement import AgreedFit
    from mmtriage.given.record import GivenFit

ROUNDING = 1e-7  # residual SD as a share of the response's, at which the response may be reproduced exactly

# Why there is nothing to use of a model that has no fit, if lme4 has no error of its own.
NO_FIT = {"unidentifiable": "the data cannot determine it", "undetermined": "no optimum was found"}

Refits = dict[tuple[str, str], Refit]  # (id, title) of a remedy -> the fit behind it


def triage_table(
    table: Table, formula_text: str, options: TriageOptions, given: GivenFit | None = None
) -> Report:
    """Triage one model on one table; `given` is a fit of it made elsewhere, judged instead of lme4's.

    Raises:
        InputError: the formula, a column or an option is wrong, or the fit is of another model.
        UnjudgedError: the time budget ran out before there was a verdict, or nothing could be evaluated; it
            has the report so far, if there is a design to report.
        InterruptedTriage: a KeyboardInterrupt that has the report so far.
    """
    return triage_on(Workbench(table, options, given), formula_text, given)


def triage_on(bench: Workbench, formula_text: str, given: GivenFit | None = None) -> Report:
    """`triage_table` on a bench, where something may have been fitted before."""
    table, options = bench.table, bench.options
    seen = Seen(table, options)
    try:
        with threadpool_limits(limits=1, user_api="blas"), alarm_at(bench.deadline):
            report = _triage(bench, formula_text, given, seen)
    except KeyboardInterrupt:
        if (so_far := seen.interrupted()) is None:
            raise
        raise InterruptedTriage(so_far) from None
    except UnjudgedError as error:
        error.so_far = seen.unjudged(error)
        raise
    request = request_of(table.sha256, table.reading, formula_text, options, given)
    report = replace(report, input=replace(report.input, request=request))
    if given is not None:
        report = _with_notes_on(report, given)
    if report.incomplete is not None and report.incomplete.kind == "interrupted":
        raise InterruptedTriage(report)
    return report


def _with_notes_on(report: Report, given: GivenFit) -> Report:
    """The report of a fit that was given, with what is to be said of how it was given."""
    from mmtriage.given.heard import notes_on

    notes = (*report.model.notes, *notes_on(given))
    return replace(report, model=replace(report.model, notes=notes))


def _triage(bench: Workbench, formula_text: str, given: GivenFit | None, seen: Seen) -> Report:
    """The story up to the fit."""
    watch = seen.watch
    formula = resolve_dot(parse_formula(formula_text), bench.table.columns)
    check_kept(bench.options.keep, formula.random)
    design = seen.design = bench.build(formula)
    agreed = None if given is None else _agreed(bench, given, design)
    watch.lap("design")
    full = saturated(design)
    seen.findings = early = [] if full is None else [full]
    early += of_design(design)
    if any(f.severity == "error" for f in early):
        return _without_fit(bench, design, early, watch)
    early += of_accepted(design)  # errors too, but of a model that lme4 fits all the same
    early += filter(None, [bottomless(design)])
    first = "fitting as lme4 does" if agreed is None else "evaluating the fit given"
    _say(bench.options, f"{first}, then to the proven optimum")
    comparison = _compared(bench, design, early, agreed)
    watch.lap("fit")
    if isinstance(comparison, Finding):
        return _without_fit(bench, design, [*early, comparison], watch)
    return _with_proofs(bench, comparison, early, watch)


def _agreed(bench: Workbench, given: GivenFit, design: Design) -> AgreedFit:
    from mmtriage.given.agreement import agreed_fit  # here, and below: of most models no fit is given

    return agreed_fit(given, design, bench.deadline)


def _with_proofs(
    bench: Workbench, comparison: Comparison, early: Sequence[Finding], watch: Stopwatch
) -> Report:
    """The story from the fit on, told again where something in it meets a better point than the reference."""
    for _ in range(MOST_PROOFS):
        try:
            return _with_fit(bench, comparison, early, watch)
        except BetterPointError as met:
            _say(bench.options, f"{met}: proving the optimum again")
            comparison = bench.prove_again(comparison, met)
            watch.lap("fit")
    raise UnjudgedError(
        f"the optimum could not be proven: {MOST_PROOFS} times a fit of the ladder ended below it",
        hint="Look for conditional modes or optima without end: a canonical link has one mode only.",
    )


def _with_fit(bench: Workbench, comparison: Comparison, early: Sequence[Finding], watch: Stopwatch) -> Report:
    """The story from the fit on; `early` are the findings of its design."""
    design = comparison.prepared.design
    endless = next((NO_MAXIMUM[f.code] for f in early if f.code in NO_MAXIMUM), None)
    if endless is not None:
        comparison = comparison.without_maximum(endless)
    comparison, repeats, of_the_fit = judged_runs(bench, comparison, early)
    findings = [*early, *findings_in(of_the_fit)]
    verdict = judge(comparison, findings)
    if comparison.given is not None and not comparison.given.is_shown:
        from mmtriage.given.agreement import with_doubt

        verdict = with_doubt(verdict)
    verdict = with_chance(with_use(verdict, comparison, findings), repeats)
    of_rows = with_outliers(bench, comparison, verdict, findings)
    findings += findings_in(of_rows)
    ddf = DDF_METHODS[bench.options.ddf]
    # Now, since what is left of the time budget goes into the ladder.
    lme4_fit, optimum = lme4_facts(comparison, ddf, repeats), optimum_facts(comparison, ddf)
    watch.lap("diagnosis")
    case, refits = _case(bench, comparison, verdict, findings)
    ladder, incomplete = climb_if_suspect(case)
    watch.lap("ladder")
    with undisturbed():
        of_the_rungs = [answer for check in of_ladder(design.spec) for answer in check(case, ladder)]
        verdict, explained = _explained(case, ladder, findings_in(of_the_rungs))
        missing = in_order(unasked_in([*of_the_fit, *of_rows, *of_the_rungs]))
        report = replace(
            _report(bench, design, verdict, explained, missing, ladder),
            baseline=lme4_fit,
            baseline_error=comparison.lme4_error,
            reference=optimum,
            incomplete=incomplete,
            timing=watch.timing,
        )
    if not bench.options.plots or (incomplete is not None and incomplete.kind == "interrupted"):
        return report
    return _with_plot_data(report, comparison, refits, bench, watch)


def _without_fit(bench: Workbench, design: Design, findings: Sequence[Finding], watch: Stopwatch) -> Report:
    """The story of a model that lme4 refuses, or whose criterion has no value, or no maximum."""
    from mmtriage.engine.lme4.refusal import lme4_refusal  # here, since most models have a fit
    from mmtriage.ladder.unfitted import unfitted_ladder

    errors = [f for f in findings if f.severity == "error"]
    ladder = unfitted_ladder(design, errors, bench, findings)
    watch.lap("ladder")
    with undisturbed():
        error = next((str(f.evidence["error"]) for f in errors if f.code == "MM408"), None)
        verdict, findings = explain_refusal(refused(errors), findings)
        if error is None and (error := lme4_refusal(design)) is not None:
            verdict = replace(verdict, message=f'{verdict.message} lme4 stops with "{error}".')
        reason = NO_FIT[verdict.status] if error is None else f'lme4 stops with "{error}"'
        verdict = without_use(verdict, reason)
        asked = {f.code for f in findings}
        missing = tuple(item for item in without_fit(design.spec) if item.code not in asked)
        report = _report(bench, design, verdict, findings, missing, ladder)
        return replace(report, baseline_error=error, timing=watch.timing)


def _compared(
    bench: Workbench, design: Design, early: Sequence[Finding], agreed: AgreedFit | None
) -> Comparison | Finding:
    """Fit as lme4 does, or take the fit given, and to the optimum, or find out why there is none.

    Whether the columns reproduce the response exactly takes long to find out: only suspicious fits are asked.
    """
    try:
        comparison = bench.compare(design) if agreed is None else bench.judge(agreed)
    except TimeBudgetError:
        raise
    except UnjudgedError as failure:
        if design.spec.is_approximated:
            return _failed_pirls(bench, design, early, failure)
        exact = exact_fit(design)
        if exact is None:
            raise
        return exact
    is_rounding = comparison.optimum_fit.sigma <= ROUNDING * float(np.std(design.y))
    is_proven = comparison.optimum.certificate.certified and not comparison.optimum.runaway
    if design.spec.is_approximated or (is_proven and not is_rounding):
        return comparison
    return exact_fit(design) or comparison


def _failed_pirls(
    bench: Workbench, design: Design, early: Sequence[Finding], failure: UnjudgedError
) -> Finding:
    """Why a generalized model has no value where fits start."""
    from mmtriage.diagnose.pirls_failure import pirls_failure  # here: linear models start sooner without
    from mmtriage.engine.lme4.glmer import lme4_error

    error = lme4_error(design, deadline=bench.deadline)
    return pirls_failure(design, error or failure.message, early, None)


def _case(
    bench: Workbench, comparison: Comparison, verdict: Verdict, findings: Sequence[Finding]
) -> tuple[Case, Refits]:
    """Make the patient, and the place where the fits behind its remedies are kept if plots will show them."""
    refits: Refits = {}

    def keep(remedy: Remedy, refit: Refit) -> None:
        if bench.options.plots:
            refits[remedy.id, remedy.title] = refit

    case = Case(comparison=comparison, verdict=verdict, findings=tuple(findings), bench=bench, keep=keep)
    return case, refits


def _explained(
    case: Case, ladder: Sequence[RungResult], of_the_rungs: Sequence[Finding]
) -> tuple[Verdict, Sequence[Finding]]:
    """Verdict and findings in the light of what the ladder has proven: causes, consequences, severities."""
    proven, findings = with_proven_causes(case, ladder)
    return explain_causes(case.verdict, [*findings, *of_the_rungs], proven)


def _report(
    bench: Workbench,
    design: Design,
    verdict: Verdict,
    findings: Sequence[Finding],
    missing: tuple[NotAssessed, ...],
    ladder: tuple[RungResult, ...],
) -> Report:
    """What every report says, whether there is a fit or not."""
    clearing = next((r.id for r in ladder if r.status in ("cleared", "cleared_by_change")), None)
    return Report(
        input=input_facts(bench.table, design, bench.options),
        model=model_facts(design, bench.options),
        verdict=replace(verdict, cleared_by=clearing),
        findings=tuple(findings),
        not_assessed=missing,
        baseline=None,
        baseline_error=None,
        reference=None,
        ladder=ladder,
        remedies=ranked(ladder),
        timing={},
    )


def _with_plot_data(
    report: Report, comparison: Comparison, refits: Refits, bench: Workbench, watch: Stopwatch
) -> Report:
    """Add what the report's plots show."""
    from mmtriage.plotted.compute import plot_data_of  # here, since most reports show no plots

    _say(bench.options, "following the criterion, for the plots")
    remedies = [(remedy, refits.get((remedy.id, remedy.title))) for remedy in report.remedies]
    plot_data = plot_data_of(comparison, remedies)
    watch.lap("plots")
    return replace(report, plot_data=plot_data, timing=watch.timing)


def _say(options: TriageOptions, text: str) -> None:
    if options.progress is not None:
        options.progress(text)
