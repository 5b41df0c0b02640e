"""Records into words and rounded numbers, once for every format.

Calm, exact, lme4's terms. "Not assessed" is not "passed".
"""

from __future__ import annotations

import math

from mmtriage.diagnose.finding import BaselineState, Finding, NotAssessed
from mmtriage.diagnose.verdict import Verdict, VerdictStatus
from mmtriage.ladder.rank import RANKED_BY
from mmtriage.ladder.records import LikelihoodRatio, Remedy, RungResult, RungStatus, Scope
from mmtriage.report.facts import (
    CertificateFacts,
    DroppedColumnFacts,
    FitFacts,
    ModelFacts,
    Report,
)

STATUS_WORDS: dict[VerdictStatus, str] = {
    "undetermined": "Undetermined",
    "unidentifiable": "Unidentifiable",
    "not_converged": "Not converged",
    "singular": "Singular",
    "false_alarm": "False alarm",
    "converged": "Converged",
}
RUNG_STATUS_WORDS: dict[RungStatus, str] = {
    "cleared": "cleared",
    "cleared_by_change": "cleared by change",
    "improved": "improved",
    "no_effect": "no effect",
    "not_needed": "not needed",
    "not_applicable": "not applicable",
    "failed": "failed",
}
SCOPE_WORDS: dict[Scope, str] = {
    "same_model": "same model",
    "changes_model": "changes the model",
    "advice": "advice",
}
BASELINE_WORDS: dict[BaselineState, str] = {
    "new": "new",
    "updated": "graver than before",
    "unchanged": "known",
}
NOT_ASSESSED = "not assessed"
FAMILY_TITLES = {  # how codes begin -> what they are about
    "MM1": "data",
    "MM2": "fixed effects",
    "MM3": "random effects",
    "MM4": "optimum",
    "MM5": "distribution of the response",
}

# Headings
CONSEQUENCES = "What follows from it"
OTHERS = "Also noted"
REMEDIES = "What to do"
PLOTS = "Plots"
COMPARISON = "lme4's fit and the optimum"
LADDER = "The ladder"
FIXED_EFFECTS, RANDOM_EFFECTS = "Fixed effects", "Random effects"
THETA = "theta, in lme4's order"
UNASSESSED = "Not assessed"
SECONDS = "Seconds"


def criterion(value: float | None) -> str:
    """A REML criterion, deviance or log-likelihood: four decimals, fewer for very large values."""
    if value is None or not math.isfinite(value):
        return NOT_ASSESSED
    return f"{value:.4f}" if abs(value) < 1e8 else f"{value:.10g}"


def brief(value: float | None) -> str:
    """A gap, gradient, eigenvalue or threshold: three significant digits."""
    return NOT_ASSESSED if value is None or not math.isfinite(value) else f"{value:.3g}"


def shift(value: float | None) -> str:
    """A move of an estimate in standard errors; what rounds to nothing is 0.00, whatever its sign."""
    if value is None or not math.isfinite(value):
        return NOT_ASSESSED
    return f"{value:.2g}" if abs(value) >= 10 else f"{value + 0.0:.2f}".replace("-0.00", "0.00")


def signed(value: float) -> str:
    """A difference in AIC or BIC."""
    return f"{value:+.1f}"


def to_precision_of(value: float, se: float) -> str:
    """An estimate with the decimals that four significant digits of its standard error justify."""
    if not math.isfinite(value):
        return NOT_ASSESSED
    if not (math.isfinite(se) and se > 0):
        return f"{value:.5g}"
    decimals = 3 - math.floor(math.log10(se))
    if decimals > 8 or abs(value) >= 1e9:
        return f"{value:.{_significant(value, se)}e}"
    return f"{value:.{max(0, decimals)}f}"


def _significant(value: float, se: float) -> int:
    if value == 0:
        return 3
    return min(15, max(3, 3 + math.floor(math.log10(abs(value))) - math.floor(math.log10(se))))


def spread(value: float) -> str:
    """A standard deviation: five significant digits, as lme4 prints them."""
    return NOT_ASSESSED if not math.isfinite(value) else f"{value:.5g}"


def correlation(value: float) -> str:
    """Two decimals; a correlation that is not exactly one is never shown as one."""
    if not math.isfinite(value):
        return ""
    return f"{value:.2f}" if abs(value) < 0.995 or abs(value) >= 1 - 1e-9 else f"{value:.6g}"


def statistic(value: float) -> str:
    """A t or z value."""
    return NOT_ASSESSED if not math.isfinite(value) else f"{value:.3f}"


def p_cell(value: float | None) -> str:
    """A p-value for a table column headed "p"."""
    return p_value(value).removeprefix("p = ").removeprefix("p ")


def p_value(value: float | None) -> str:
    """R's format: "p < 0.001" or "p = 0.034"."""
    if value is None or not math.isfinite(value):
        return f"p {NOT_ASSESSED}"
    return "p < 0.001" if value < 0.001 else f"p = {value:.2g}"


def count(number: int, noun: str, plural: str | None = None) -> str:
    """A number and its noun: "1 row", "180 rows"."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def criterion_name(model: ModelFacts) -> str:
    """What the criterion is called; lme4's for AGQ leaves out what depends on the data alone."""
    if model.method == "REML":
        return "REML criterion"
    return "-2 log-likelihood, less a constant" if model.method == "AGQ" else "-2 log-likelihood"


def model_line(model: ModelFacts) -> str:
    """The kind of model and its size, as in the head of lme4's summary."""
    groups = ", ".join(f"{name} {levels:,}" for name, levels in model.groups.items())
    size = f"{count(model.n_obs, 'observation')}; groups: {groups or 'none'}"
    if not model.spec.is_approximated:
        return f"Linear mixed model fit by {model.method}; {size}"
    return (
        f"Generalized linear mixed model fit by maximum likelihood ({_approximation(model)}). "
        f"Family: {model.family} ({model.link}); {size}"
    )


def _approximation(model: ModelFacts) -> str:
    """How the integral over the random effects is computed, in the words of lme4's summary."""
    if model.method == "Laplace":
        return "Laplace Approximation"
    return f"Adaptive Gauss-Hermite Quadrature, nAGQ = {model.nagq}"


def se_note(fit: FitFacts | None) -> str | None:
    """What must be known of the standard errors; None where nothing must."""
    if fit is None or fit.se_method != "conditional":
        return None
    return (
        "Standard errors are conditional: they take the covariances of the random effects as known, and may "
        "be too small."
    )


def rows_line(report: Report) -> str:
    """How much of the table was used."""
    facts = report.input
    if facts.rows_dropped == 0:
        return count(facts.rows_read, "row")
    return f"{count(facts.rows_read, 'row')} read, {facts.rows_used:,} used, {facts.rows_dropped:,} dropped"


def finding_title(finding: Finding) -> str:
    """Code, name, severity and origin: "MM403 stopped-short (info, follows from MM106)"."""
    origin = f", follows from {', '.join(finding.caused_by)}" if finding.caused_by else ""
    ignored = f", ignored: {finding.ignored}" if finding.ignored else ""
    since = f", {BASELINE_WORDS[finding.baseline_state]}" if finding.baseline_state else ""
    return f"{finding.code} {finding.name} ({finding.severity}{since}{origin}{ignored})"


def evidence(finding: Finding) -> str:
    """The numbers behind a finding: "mean_over_sd: 698, limit: 8"."""
    return ", ".join(f"{name}: {_fact(value)}" for name, value in finding.evidence.items())


def _fact(value: object) -> str:
    if isinstance(value, bool) or value is None:
        return {True: "yes", False: "no", None: NOT_ASSESSED}[value]
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, (tuple, list)):
        return f"({', '.join(_fact(item) for item in value)})"
    return str(value)


def causes(report: Report) -> tuple[Finding, ...]:
    """The findings at the root of the verdict, in its order."""
    return tuple(finding for finding in _explaining(report) if not finding.caused_by)


def consequences(report: Report) -> tuple[Finding, ...]:
    """The findings of the verdict that follow from its causes."""
    return tuple(finding for finding in _explaining(report) if finding.caused_by)


def others(report: Report) -> tuple[Finding, ...]:
    """The findings that have no part in the verdict."""
    return tuple(finding for finding in report.findings if finding.code not in report.verdict.codes)


def news(report: Report) -> tuple[Finding, ...]:
    """The findings that an earlier report does not have, or has as less grave; all, if there is none."""
    return tuple(finding for finding in report.findings if finding.baseline_state != "unchanged")


def _explaining(report: Report) -> list[Finding]:
    order = report.verdict.codes
    mine = [finding for finding in report.findings if finding.code in order]
    return sorted(mine, key=lambda finding: order.index(finding.code))


def effect_of(remedy: Remedy, verdict: VerdictStatus) -> str:
    """What a remedy is and does: "same model, clears the verdict (rung 1)"."""
    sound = "certified and not singular" if verdict == "converged" else "clears the verdict"
    clears = f", {sound}" if remedy.clears else ""
    return f"{SCOPE_WORDS[remedy.scope]}{clears} (rung {remedy.rung})"


def measured(remedy: Remedy, model: ModelFacts) -> str:
    """What was measured: criterion, AIC and BIC, the largest move of a fixed effect."""
    parts = []
    if remedy.criterion is not None:
        parts.append(f"{criterion_name(model)} {criterion(remedy.criterion)}")
    if remedy.delta_aic is not None:
        parts.append(f"AIC {signed(remedy.delta_aic)}")
    if remedy.delta_bic is not None:
        parts.append(f"BIC {signed(remedy.delta_bic)}")
    if remedy.max_shift_se is not None:
        parts.append(f"fixed effects move by at most {shift(remedy.max_shift_se)} SE")
    return "; ".join(parts)


def likelihood_ratio(test: LikelihoodRatio) -> str:
    """A likelihood-ratio test in one line, its reference distribution named."""
    df = "" if test.df is None else f" on {test.df:g} df"
    return f"likelihood ratio {brief(test.statistic)}{df}, {p_value(test.p_value)} ({test.method})"


def remedy_title(remedy: Remedy) -> str:
    """Rank and title: "1. Center and scale Year"."""
    return f"{remedy.rank}. {remedy.title}"


def remedy_code(remedy: Remedy) -> list[tuple[str, str]]:
    """What to paste, each with the name of the program that takes it."""
    both = (("mmtriage", remedy.code.mmtriage), ("lme4", remedy.code.lme4))
    return [(program, code) for program, code in both if code]


def remedy_lines(remedy: Remedy, model: ModelFacts) -> list[str]:
    """What a remedy changes, what was measured, and what to beware of."""
    return [f"{label}: {text}" for label, text in remedy_facts(remedy, model)]


def remedy_facts(remedy: Remedy, model: ModelFacts) -> list[tuple[str, str]]:
    """The same, labels apart."""
    lines = [("Changes", remedy.changes), ("Measured", measured(remedy, model))]
    if remedy.lrt is not None:
        lines.append(("Test", likelihood_ratio(remedy.lrt)))
    if remedy.not_comparable:
        lines.append(("AIC, BIC and test", f"{NOT_ASSESSED}, {remedy.not_comparable}"))
    lines += [("Note", caveat) for caveat in remedy.caveats]
    return [(label, text) for label, text in lines if text]


def lme4_says(report: Report) -> tuple[str, tuple[str, ...]]:
    """A headline, and lme4's messages verbatim."""
    if report.baseline is None:
        return ("lme4 stops with an error:", (report.baseline_error,)) if report.baseline_error else ("", ())
    if not report.baseline.lme4_messages:
        return "lme4 gives no warning.", ()
    return "lme4 says:", report.baseline.lme4_messages


def certificate_lines(report: Report) -> list[str]:
    """The proof of the reference, fact by fact."""
    if report.reference is None or (certificate := report.reference.certificate) is None:
        return ["There is no reference optimum: not assessed."]
    head = "is certified" if certificate.certified else "could NOT be certified"
    return [f"The optimum {head}: {certificate.reason}", _proof(certificate, report)]


def _proof(certificate: CertificateFacts, report: Report) -> str:
    facts = []
    if certificate.newton_decrement is not None:
        limit = report.verdict.thresholds.get("newton_decrement")
        beside = "" if limit is None else f" (limit {brief(limit)})"
        facts.append(f"Newton decrement {brief(certificate.newton_decrement)}{beside}")
    if certificate.min_eigenvalue_free is not None:
        facts.append(f"smallest free eigenvalue {brief(certificate.min_eigenvalue_free)}")
    ranks = zip(certificate.rank, report.model.random_terms, strict=True)
    facts += [f"{term.group} covariance of rank {rank} of {len(term.terms)}" for rank, term in ranks]
    optima = len(certificate.distinct_optima)
    facts.append(f"{count(len(certificate.starts), 'start')} led to {count(optima, 'optimum', 'optima')}")
    return "; ".join(facts) + "."


def attempts_title(result: RungResult) -> str:
    """The heading of a rung's refits."""
    return (
        "allFit: every optimizer" if result.id == "allfit" else f"Refits on rung {result.rung}, {result.id}"
    )


def more_rows(number: int) -> str:
    """What a format leaves out of a long table."""
    return f"... and {count(number, 'more row')}: the JSON report has all."


def dropped_column(dropped: DroppedColumnFacts) -> str:
    """An aliased column and the combination it equals."""
    summands = " + ".join(f"{part.coefficient:.4g} {part.name}" for part in dropped.depends_on)
    return f"Dropped, as lme4 drops it: {dropped.name} = {summands or '0'}"


def verdict_title(verdict: Verdict) -> str:
    """The verdict in one or two words."""
    return STATUS_WORDS[verdict.status].upper()


def incomplete(report: Report) -> str | None:
    """What a time budget left undone."""
    return f"This report is incomplete: {report.incomplete}" if report.incomplete else None


def table_line(report: Report) -> str:
    """The table, and how much of it was used."""
    return f"{report.input.source}: {rows_line(report)}"


def story(report: Report) -> list[str]:
    """The verdict, its causes and the best remedy in a few lines, for logs and annotations."""
    lines = [report.verdict.message, *([unfinished] if (unfinished := incomplete(report)) else [])]
    lines += [f"{causes_heading((cause,))}: {finding_line(cause)}" for cause in causes(report)]
    for best in report.remedies[:1]:
        lines.append(f"{REMEDIES}: {best.title} ({effect_of(best, report.verdict.status)})")
        lines += [f"{program}:\n{code}" for program, code in remedy_code(best)]
    return lines


def finding_line(finding: Finding) -> str:
    """A finding in one line."""
    return f"{finding_title(finding)}: {finding.message}"


def causes_heading(findings: tuple[Finding, ...]) -> str:
    """The heading above what is at the root of the verdict."""
    return "Cause" if len(findings) == 1 else "Causes"


def ranked_by() -> str:
    """What the order of the remedies means."""
    return f"Ranked by: {', '.join(RANKED_BY)}."


def estimates_of(report: Report) -> str:
    """Whose estimates are shown, to follow "Fixed effects"."""
    return "at the optimum" if report.reference else "of lme4's fit"


def unassessed(item: NotAssessed) -> str:
    """A check that was not made, and why."""
    return f"{item.code} {item.name}: {item.reason}"


def read_on(report: Report) -> str | None:
    """Where a finding is explained: the first cause, else the first finding."""
    codes = [finding.code for finding in (*causes(report), *report.findings)]
    return f"Explain a finding: mmtriage explain {codes[0]}" if codes else None
