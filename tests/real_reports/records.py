"""Reports for the tests of formats, schema and command line, which need reports and no fits.

Nine are what the command has printed (commands.py has the command lines, the JSON files their output). The
others are composed of these by `dataclasses.replace`: branches of the formats that no small model shows.
"""

from __future__ import annotations

from dataclasses import replace

from mmtriage.ladder.records import Stop
from mmtriage.report.baseline_file import compared
from mmtriage.report.decisions import selected
from mmtriage.report.document import report_document
from mmtriage.report.facts import FitFacts, FixedEffect, RandomEffect, RandomTermFacts, Report
from mmtriage.report.from_document import report_from
from tests.real_reports.commands import COMMANDS, document_of

KEPT = {name: report_from(document_of(name)) for name in COMMANDS}

CONVERGED = KEPT["converged"]
NOT_CONVERGED = KEPT["not_converged"]
SINGULAR = KEPT["singular"]
REFUSED = KEPT["refused"]
FALSE_ALARM = KEPT["false_alarm"]
WRONG_SE = KEPT["wrong_se"]
BASELINE_FAILED = KEPT["baseline_failed"]
PERFECT_CORRELATION = KEPT["perfect_correlation"]


def slope_effects(group: str, x: str, sds: tuple[float, float], rho: float) -> tuple[RandomEffect, ...]:
    """The covariance of `(x | group)`."""
    correlation = ((1.0, rho), (rho, 1.0))
    return (RandomEffect(group=group, terms=("(Intercept)", x), sd=sds, correlation=correlation),)


def effects(*rows: tuple[str, float, float]) -> tuple[FixedEffect, ...]:
    """Fixed effects from names, estimates and standard errors."""
    return tuple(
        FixedEffect(name=name, estimate=estimate, se=se, statistic=estimate / se)
        for name, estimate, se in rows
    )


def of_the_model_of(report: Report, other: Report) -> Report:
    """A report as if it were one on the model of another: to be compared with it."""
    return replace(report, model=other.model)


def _with_its_infinity(report: Report) -> Report:
    """The separated coefficient of `unidentifiable`: minus infinity in the record, null in its JSON."""
    assert report.reference is not None
    fixed = tuple(
        replace(effect, estimate=float("-inf")) if effect.name == "periodp4" else effect
        for effect in report.reference.fixed_effects
    )
    return replace(report, reference=replace(report.reference, fixed_effects=fixed))


def _uncertified(report: Report) -> Report:
    """What becomes of a report whose optimum cannot be proven, and whose time ran out."""
    assert report.reference is not None
    assert report.reference.certificate is not None
    certificate = replace(
        report.reference.certificate,
        certified=False,
        reason="the Newton decrement stays above its limit",
        newton_decrement=0.004,
    )
    verdict = replace(
        report.verdict,
        status="undetermined",
        severity="error",
        message="The reference optimum could not be certified.",
        usable=None,
        headline="Nothing that R prints for this model can be used: the optimum could not be certified.",
        gap=None,
        max_shift_se=None,
    )
    return replace(
        report,
        verdict=verdict,
        reference=replace(report.reference, certificate=certificate),
        incomplete=Stop(
            kind="time-budget",
            reason="the time budget of 1 s ran out on rung 3 (allfit)",
            stages=("allfit", "singular", "maxfun", "remedies"),
        ),
    )


LONG = "a_rather_long_column_name_that_somebody_exported_from_a_questionnaire_tool_2024_final_v2"


def _long_named(report: Report) -> Report:
    """The report with long names everywhere, and estimates far from one."""

    def renamed(fit: FitFacts | None) -> FitFacts | None:
        assert fit is not None
        return replace(
            fit,
            fixed_effects=effects(("(Intercept)", 251.4051, 6.824597), (LONG, 1.046729e-7, 1.54579e-9)),
            random_effects=slope_effects("participant:site", LONG, (24.74066, 5.922138e-7), 0.0655512),
        )

    model = replace(
        report.model,
        formula=f"Reaction ~ {LONG} * condition + I({LONG}^2) + (1 + {LONG} | participant:site)",
        groups={"participant:site": 1234, "a": 2},
        fixed_names=("(Intercept)", LONG),
        random_terms=(
            RandomTermFacts(group="participant:site", terms=("(Intercept)", LONG), correlated=True),
        ),
        notes=(f"`{LONG}` has unused levels",),
    )
    return replace(
        report,
        input=replace(report.input, source=f"{'deeply/nested/' * 6}{LONG}.csv"),
        model=model,
        baseline=renamed(report.baseline),
        reference=renamed(report.reference),
    )


def _negative_binomial(report: Report) -> Report:
    """A short generalized report as `--family negative.binomial --nagq 0` heads it."""

    def with_theta(fit: FitFacts | None) -> FitFacts | None:
        assert fit is not None
        return replace(fit, family_theta=3.30322406, se_method="conditional")

    model = replace(report.model, family="negative.binomial", method="PIRLS", nagq=0)
    return replace(
        report,
        model=model,
        remedies=(),
        baseline=with_theta(report.baseline),
        reference=with_theta(report.reference),
    )


def _drifted(report: Report) -> Report:
    """A singular fit that had converged before, elsewhere; one finding is new, another milder."""
    assert report.reference is not None
    (zero,) = report.findings
    few = replace(zero, code="MM301", name="too-few-levels", message="`Batch` has 6 levels", evidence={})
    earlier = replace(
        report,
        verdict=replace(report.verdict, status="converged", severity="ok"),
        findings=(replace(few, severity="warning"),),
        reference=replace(
            report.reference,
            criterion=161.8,
            fixed_effects=tuple(replace(effect, estimate=5.5) for effect in report.reference.fixed_effects),
        ),
    )
    now = replace(report, findings=(zero, replace(few, severity="info")))
    return compared(now, report_document(earlier), "baselines/yield.json")


def _steady(report: Report) -> Report:
    """A report that says of another table what was said before: nothing to tell."""
    findings = FALSE_ALARM.findings
    earlier = replace(report, input=replace(report.input, sha256="1" * 64), findings=findings)
    return compared(replace(report, findings=findings), report_document(earlier), "baselines/sleep.json")


UNIDENTIFIABLE = _with_its_infinity(KEPT["unidentifiable"])
ALARM_ALONE = selected(FALSE_ALARM, ("MM401", "MM402"))  # --select: what is left fails no build
UNDETERMINED = _uncertified(CONVERGED)
NEGATIVE_BINOMIAL = _negative_binomial(ALARM_ALONE)
LONG_NAMES = _long_named(CONVERGED)
DRIFTED = _drifted(SINGULAR)
STEADY = _steady(CONVERGED)

REPORTS: dict[str, Report] = {
    **KEPT,
    "unidentifiable": UNIDENTIFIABLE,
    "undetermined": UNDETERMINED,
    "negative_binomial": NEGATIVE_BINOMIAL,
    "long_names": LONG_NAMES,
    "drifted": DRIFTED,
    "steady": STEADY,
}
