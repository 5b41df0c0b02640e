"""lme4's fit and its repeats, judged together, and the same model judged without some rows.

Of the repeats: which run a report is about, and what is found of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from mmtriage.arrays import Index
from mmtriage.diagnose.causes import explain_causes
from mmtriage.diagnose.chance import DECIDED, Repeats, judged_together
from mmtriage.diagnose.finding import Finding, Said
from mmtriage.diagnose.fitted import Fitted
from mmtriage.diagnose.judgement import judge, status_of
from mmtriage.diagnose.outliers import OF_REFITS, Judged
from mmtriage.diagnose.repeats import hangs_on_rounding
from mmtriage.diagnose.run_checks import (
    findings_in,
    in_declared_order,
    of_accepted,
    of_design,
    of_fit,
    of_fit_alone,
    of_verdict,
)
from mmtriage.diagnose.verdict import Verdict
from mmtriage.engine.comparison import Comparison
from mmtriage.ladder.workbench import Workbench


def judged_runs(
    bench: Workbench, comparison: Comparison, early: Sequence[Finding]
) -> tuple[Comparison, Repeats | None, Sequence[Said]]:
    """The run of lme4 whose status is the verdict's, among repeats of it, and what is found of that run."""
    said = of_fit(fitted_of(bench, comparison, early))
    findings = [*early, *findings_in(said)]
    if status_of(comparison, findings) in DECIDED:
        return comparison, None, said
    further = bench.repeat(comparison)
    if isinstance(further, str):
        why = hangs_on_rounding(replace(fitted_of(bench, comparison, early), repeats=further))
        return comparison, None, [*said, *why]
    repeats = judged_together((comparison, *further), findings)
    shown = replace(fitted_of(bench, repeats.shown, early), repeats=repeats)
    if repeats.shown is comparison:
        return comparison, repeats, in_declared_order([*said, *hangs_on_rounding(shown)])
    return repeats.shown, repeats, of_fit(shown)


def fitted_of(bench: Workbench, comparison: Comparison, early: Sequence[Finding]) -> Fitted:
    """Hand the fit to its checks, with the means to fit another."""
    return Fitted(
        comparison=comparison,
        early=tuple(early),
        seed=bench.options.seed,
        build=bench.build,
        optimum=bench.optimum,
    )


def with_outliers(
    bench: Workbench, comparison: Comparison, verdict: Verdict, findings: Sequence[Finding]
) -> list[Said]:
    """What is found of a verdict by judging the model on fewer rows."""

    def optimum_without(rows: Index) -> Comparison | None:
        return bench.optimum_without(comparison.prepared.design, rows)

    def without(rows: Index) -> Judged | None:
        other = bench.fit_without(comparison.prepared.design, rows)
        if other is None:
            return None
        made = other.prepared.design
        early = [*of_design(made), *of_accepted(made)]
        found = [*early, *findings_in(of_fit_alone(fitted_of(bench, other, early)))]
        return judged(other, judge(other, found), found)

    def judged(fit: Comparison, said: Verdict, found: Sequence[Finding]) -> Judged:
        explained, linked = explain_causes(said, [f for f in found if f.code not in OF_REFITS], ())
        return Judged(
            comparison=fit,
            verdict=explained,
            findings=linked,
            optimum_without=optimum_without,
            without=without,
        )

    return of_verdict(judged(comparison, verdict, findings))
