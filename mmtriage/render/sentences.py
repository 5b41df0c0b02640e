"""Records into sentences, once for every format.

Calm, exact, lme4's terms. "Not assessed" is not "passed".
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial

from mmtriage import figures
from mmtriage.diagnose.finding import Finding, NotAssessed
from mmtriage.diagnose.verdict import SE_FACTOR, VerdictStatus
from mmtriage.ladder.rank import RANKED_BY
from mmtriage.ladder.records import LikelihoodRatio, Remedy, RungResult
from mmtriage.render import labels
from mmtriage.render.effect_words import effect_words
from mmtriage.report import roles
from mmtriage.report.facts import CertificateFacts, DroppedColumnFacts, FitFacts, ModelFacts, Report

NOTHING_TO_DO = "Nothing has to be done."
WARNING_GOES = "What follows makes the warning go away."


def criterion_name(model: ModelFacts) -> str:
    """What the criterion is called; lme4's for AGQ leaves out what depends on the data alone."""
    if model.method == "REML":
        return "REML criterion"
    return "-2 log-likelihood, less a constant" if model.method == "AGQ" else "-2 log-likelihood"


def model_line(model: ModelFacts) -> str:
    """The kind of model and its size, as in the head of lme4's summary."""
    groups = ", ".join(f"{name} {levels:,}" for name, levels in model.groups.items())
    size = f"{figures.count(model.n_obs, 'observation')}; groups: {groups or 'none'}"
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
    rows = figures.count(facts.rows_read, "row")
    if facts.rows_dropped == 0:
        return rows
    return f"{rows} read, {facts.rows_used:,} used, {facts.rows_dropped:,} dropped"


def finding_title(finding: Finding) -> str:
    """Code, name, severity and origin: "MM403 stopped-short (info, follows from MM106)"."""
    origin = f", follows from {', '.join(finding.caused_by)}" if finding.caused_by else ""
    ignored = f", ignored: {finding.ignored}" if finding.ignored else ""
    since = f", {labels.BASELINE_WORDS[finding.baseline_state]}" if finding.baseline_state else ""
    return f"{finding.code} {finding.name} ({finding.severity}{since}{origin}{ignored})"


def gap(report: Report) -> str:
    """How far lme4's fit is above the optimum."""
    return figures.gap(report.verdict.gap, _size_of_criterion(report))


def _size_of_criterion(report: Report) -> float | None:
    return None if report.reference is None else report.reference.criterion


def evidence(finding: Finding, report: Report) -> str:
    """The numbers behind a finding: "mean_over_sd: 698, limit: 8"."""
    gap = partial(figures.gap, of_criterion=_size_of_criterion(report))
    written: dict[str, Callable[[float], str]] = dict.fromkeys(("gap", "gaps"), gap)
    written |= dict.fromkeys(("exact_min", "exact_max"), figures.curvature)
    written |= {"max_shift_se": figures.shift}
    return ", ".join(
        f"{name}: {_fact(value, written.get(name, _rounded))}" for name, value in finding.evidence.items()
    )


def _fact(value: object, write: Callable[[float], str]) -> str:
    if isinstance(value, bool) or value is None:
        return {True: "yes", False: "no", None: figures.NOT_ASSESSED}[value]
    if isinstance(value, float):
        return write(value)
    if isinstance(value, (tuple, list)):
        return f"({', '.join(_fact(item, write) for item in value)})"
    return str(value)


def _rounded(value: float) -> str:
    return f"{value:.4g}"


def effect_of(remedy: Remedy, verdict: VerdictStatus) -> str:
    """What a remedy is and does: "same model, clears the verdict (rung 1)"."""
    sound = "certified and not singular" if verdict == "converged" else "clears the verdict"
    reaches = ", reaches the optimum" if remedy.scope == "same_model" else ""
    clears = f", {sound}" if remedy.clears else reaches
    return f"{labels.SCOPE_WORDS[remedy.scope]}{clears} (rung {remedy.rung})"


def measured(remedy: Remedy, model: ModelFacts) -> str:
    """What was measured: criterion, AIC and BIC, the largest move of a fixed effect."""
    parts = []
    if remedy.criterion is not None:
        parts.append(f"{criterion_name(model)} {figures.criterion(remedy.criterion)}")
    if remedy.delta_aic is not None and remedy.scope != "same_model":
        parts.append(f"AIC {figures.signed(remedy.delta_aic)}")
    if remedy.delta_bic is not None and remedy.scope != "same_model":
        parts.append(f"BIC {figures.signed(remedy.delta_bic)}")
    if words := effect_words(remedy.effects, model.spec.statistic):
        parts.append(words)
    elif remedy.max_shift_se is not None:
        parts.append(f"fixed effects move by at most {figures.shift(remedy.max_shift_se)} SE")
    return "; ".join(parts)


def likelihood_ratio(test: LikelihoodRatio, of_criterion: float | None) -> str:
    """A likelihood-ratio test in one line, its reference distribution named."""
    df = "" if test.df is None else f" on {test.df:g} df"
    ratio, p = figures.gap(test.statistic, of_criterion), figures.p_value(test.p_value)
    return f"likelihood ratio {ratio}{df}, {p} ({test.method})"


def nothing_to_do(report: Report) -> str | None:
    """The first line of advice on a false alarm, where no standard error is wrong either."""
    lme4, optimum = report.baseline, report.reference
    if report.verdict.status != "false_alarm" or lme4 is None or optimum is None:
        return None
    pairs = zip(lme4.fixed_effects, optimum.fixed_effects, strict=True)
    if any(not 1 / SE_FACTOR <= a.se / b.se <= SE_FACTOR for a, b in pairs if b.se > 0):
        return None
    return NOTHING_TO_DO if not report.remedies else f"{NOTHING_TO_DO} {WARNING_GOES}"


def step_heading(remedies: Sequence[Remedy], position: int) -> str | None:
    """What stands above the first remedy of each step, where there are two of them."""
    steps = [remedy.step for remedy in remedies]
    if len(set(steps)) < 2 or steps[position] in steps[:position]:
        return None
    return labels.STEPS[steps[position]]


def remedy_title(remedy: Remedy) -> str:
    """Rank and title: "1. Center and scale Year"."""
    return f"{remedy.rank}. {remedy.title}"


def remedy_code(remedy: Remedy) -> list[tuple[str, str]]:
    """What to paste, each with the name of the program that takes it."""
    code = remedy.code
    every = (("statsmodels", code.python), ("mmtriage", code.mmtriage), ("lme4", code.lme4))
    return [(program, text) for program, text in every if text]


def remedy_lines(remedy: Remedy, model: ModelFacts) -> list[str]:
    """What a remedy changes, what was measured, and what to beware of."""
    return [f"{label}: {text}" for label, text in remedy_facts(remedy, model)]


def remedy_facts(remedy: Remedy, model: ModelFacts) -> list[tuple[str, str]]:
    """The same, labels apart."""
    lines = [("Changes", remedy.changes), ("Measured", measured(remedy, model))]
    if remedy.lrt is not None:
        lines.append(("Test", likelihood_ratio(remedy.lrt, remedy.criterion)))
    if remedy.not_comparable:
        lines.append(("AIC, BIC and test", f"{figures.NOT_ASSESSED}, {remedy.not_comparable}"))
    lines += [("Note", caveat) for caveat in remedy.caveats]
    return [(label, text) for label, text in lines if text]


def lme4_says(report: Report) -> tuple[str, tuple[str, ...]]:
    """A headline, and the messages of lme4, or of whoever made the fit, verbatim."""
    if report.baseline is None:
        return ("lme4 stops with an error:", (report.baseline_error,)) if report.baseline_error else ("", ())
    if report.baseline.lme4_messages is None:
        return f"What {report.fitted_by} said of its fit is not known.", ()
    verb, messages = ("gave", "said") if report.is_given else ("gives", "says"), report.baseline.lme4_messages
    who = report.fitted_by if report.baseline.lme4 is None else f"lme4 {report.baseline.lme4}"
    if not messages:
        return f"{who} {verb[0]} no warning.", ()
    return f"{who} {verb[1]}:", messages


def comparison_title(report: Report) -> str:
    """The heading above the fit that is judged and the optimum."""
    if not report.is_given:
        return labels.COMPARISON
    return f"The {report.fitted_by} fit and the optimum"


def certificate_lines(report: Report) -> list[str]:
    """The proof of the optimum, fact by fact."""
    if report.reference is None or (certificate := report.reference.certificate) is None:
        return ["There is no reference optimum: not assessed."]
    head = "is certified" if certificate.certified else "could NOT be certified"
    return [f"The optimum {head}: {certificate.reason}", _proof(certificate, report)]


def _proof(certificate: CertificateFacts, report: Report) -> str:
    facts = []
    if certificate.newton_decrement is not None:
        limit = report.verdict.thresholds.get("newton_decrement", figures.NOISE)
        decrement = figures.decrement(certificate.newton_decrement, limit)
        facts.append(f"Newton decrement {decrement} (limit {figures.tidy(limit)})")
    if certificate.min_eigenvalue_free is not None:
        facts.append(f"smallest free eigenvalue {figures.curvature(certificate.min_eigenvalue_free)}")
    ranks = zip(certificate.rank, report.model.random_terms, strict=True)
    facts += [f"{term.group} covariance of rank {rank} of {len(term.terms)}" for rank, term in ranks]
    starts = figures.count(len(certificate.starts), "start")
    optima = figures.count(len(certificate.distinct_optima), "optimum", "optima")
    facts.append(f"{starts} led to {optima}")
    return "; ".join(facts) + "."


def attempts_title(result: RungResult) -> str:
    """The heading of a rung's refits."""
    return (
        "allFit: every optimizer" if result.id == "allfit" else f"Refits on rung {result.rung}, {result.id}"
    )


def more_rows(number: int) -> str:
    """What a format leaves out of a long table."""
    return f"... and {figures.count(number, 'more row')}: the JSON report has all."


def dropped_column(dropped: DroppedColumnFacts) -> str:
    """An aliased column and the combination it equals."""
    summands = " + ".join(f"{part.coefficient:.4g} {part.name}" for part in dropped.depends_on)
    return f"Dropped, as lme4 drops it: {dropped.name} = {summands or '0'}"


def verdict_title(report: Report) -> str:
    """The verdict in capitals: "CONVERGED, with 1 warning"."""
    return f"{labels.STATUS_WORDS[report.verdict.status].upper()}{_with_warnings(report)}"


def verdict_words(report: Report) -> str:
    """The verdict as a heading: "Converged, with 1 warning"."""
    return f"{labels.STATUS_WORDS[report.verdict.status]}{_with_warnings(report)}"


def _with_warnings(report: Report) -> str:
    """Warnings beside a verdict that is no error: they fail a check that the verdict alone would pass."""
    if report.verdict.severity == "error":
        return ""
    grave = [found for found in roles.others(report) if found.severity in ("error", "warning")]
    return f", with {figures.count(len(grave), 'warning')}" if grave else ""


def lead(report: Report) -> list[str]:
    """What can be used of the fit; then how far it is from the optimum."""
    return [text for text in (report.verdict.headline, report.verdict.message) if text]


def incomplete(report: Report) -> str | None:
    """What a time budget left undone."""
    return f"This report is incomplete: {report.incomplete.reason}" if report.incomplete else None


def table_line(report: Report) -> str:
    """The table, and how much of it was used."""
    return f"{report.input.source}: {rows_line(report)}"


def story(report: Report) -> list[str]:
    """The verdict, its causes and the best remedy in a few lines, for logs and annotations."""
    lines = [*lead(report), *([unfinished] if (unfinished := incomplete(report)) else [])]
    lines += [f"{causes_heading((cause,))}: {finding_line(cause)}" for cause in roles.causes(report)]
    for best in report.remedies[:1]:
        lines.append(f"{labels.REMEDIES}: {best.title} ({effect_of(best, report.verdict.status)})")
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


def meaningless(report: Report) -> Iterator[str]:
    """Which of the random effects' SDs and correlations are one choice of many."""
    if report.verdict.status == "unidentifiable":
        blamed = [
            f for f in report.findings if f.code in ("MM304", "MM308", "MM309") and f.severity == "error"
        ]
        for term in dict.fromkeys(term for finding in blamed for term in finding.terms):
            yield f"SDs and correlations of {term} mean nothing: the data cannot tell them apart."


def estimates_of(report: Report) -> str:
    """Whose estimates are shown, to follow "Fixed effects"."""
    return "at the optimum" if report.reference else "of lme4's fit"


def unassessed(item: NotAssessed) -> str:
    """A check that was not made, and why."""
    return f"{item.code} {item.name}: {item.reason}"


def read_on(report: Report) -> str | None:
    """Where a finding is explained: the first cause, else the first finding."""
    codes = [finding.code for finding in (*roles.causes(report), *report.findings)]
    return f"Explain a finding: mmtriage explain {codes[0]}" if codes else None
