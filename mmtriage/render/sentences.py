"""Records into sentences, once for every format.

Calm, exact, lme4's terms. "Not assessed" is not "passed".
"""

from __future__ import annotations

from collections.abc import Iterator

from mmtriage import figures
from mmtriage.diagnose.finding import Finding, NotAssessed
from mmtriage.diagnose.severity import DEFAULT_FAIL_ON
from mmtriage.diagnose.verdict import SE_FACTOR
from mmtriage.ladder.rank import RANKED_BY
from mmtriage.ladder.records import RungResult
from mmtriage.render import labels, remedy_words
from mmtriage.report import roles
from mmtriage.report.exit_code import fails
from mmtriage.report.facts import CertificateFacts, DroppedColumnFacts, FitFacts, ModelFacts, Report

NOTHING_TO_DO = "Nothing has to be done."
NAMES_OF_R = ("lme4", "glmer", "lmer", "allFit")
WARNING_GOES = "What follows makes the warning go away."


def criterion_name(model: ModelFacts) -> str:
    """What the criterion is called; lme4's for AGQ leaves out what depends on the data alone."""
    if model.method == "REML":
        return "REML criterion"
    return "-2 log-likelihood, less a constant" if model.method == "AGQ" else "-2 log-likelihood"


def model_line(model: ModelFacts) -> str:
    """The kind of model, how it is fitted, and its size: "Poisson, log link, Laplace; 25 levels of g"."""
    sizes = [
        f"{levels:,} {'level' if levels == 1 else 'levels'} of {name}"
        for name, levels in model.groups.items()
    ]
    used = [
        f"{what} {value}"
        for what, value in (
            ("weights", model.weights),
            ("offset", model.offset),
            ("rows where", model.subset),
        )
        if value is not None
    ]
    return "; ".join([_kind(model), ", ".join(sizes) or "no groups", *used])


def _kind(model: ModelFacts) -> str:
    if not model.spec.is_approximated:
        return f"Linear mixed model, {model.method}"
    family = f"{model.family[0].upper()}{model.family[1:]}".replace(".", " ")
    return f"{family}, {model.link} link, {_approximation(model)}"


def _approximation(model: ModelFacts) -> str:
    """How the integral over the random effects is computed."""
    if model.method == "Laplace":
        return "Laplace"
    return "quadrature with " + figures.count(model.nagq or 0, "point") if model.nagq else "nAGQ = 0"


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


def code_of(finding: Finding) -> str:
    """The code, which is for `explain`; beside an earlier report also its name, and that it is new."""
    return finding.code if finding.baseline_state is None else f"{finding.code} {name_of(finding)}"


def name_of(finding: Finding) -> str:
    """The name, and since when it is there: "far-origin, new"."""
    since = f", {labels.BASELINE_WORDS[finding.baseline_state]}" if finding.baseline_state else ""
    return f"{finding.name}{since}"


def gap(report: Report) -> str:
    """How far lme4's fit is above the optimum."""
    return figures.gap(report.verdict.gap, _size_of_criterion(report))


def _size_of_criterion(report: Report) -> float | None:
    return None if report.reference is None else report.reference.criterion


def nothing_to_do(report: Report) -> str | None:
    """The first line of advice on a false alarm, where no standard error is wrong either."""
    lme4, optimum = report.baseline, report.reference
    if report.verdict.status != "false_alarm" or lme4 is None or optimum is None:
        return None
    pairs = zip(lme4.fixed_effects, optimum.fixed_effects, strict=True)
    if any(not 1 / SE_FACTOR <= a.se / b.se <= SE_FACTOR for a, b in pairs if b.se > 0):
        return None
    return NOTHING_TO_DO if not report.remedies else f"{NOTHING_TO_DO} {WARNING_GOES}"


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


def ends_with(report: Report) -> tuple[str, tuple[str, ...]]:
    """Where the fit that is judged ended, and what was said of it: the first line of each message."""
    head, messages = lme4_says(report)
    fit = report.baseline
    if fit is None:
        return head, messages
    after = "" if fit.evaluations is None else f" after {figures.count(fit.evaluations, 'evaluation')}"
    who = report.fitted_by if fit.lme4 is None else f"lme4 {fit.lme4}"
    ends = (
        f"{who} ends at {remedy_words.criterion_word(report.model)} {figures.criterion(fit.criterion)}{after}"
    )
    if messages:
        messages = tuple(message.splitlines()[0] for message in messages)
        return f"{ends}, and {'said' if report.is_given else 'says'}:", messages
    return f"{ends}{'. ' + head if fit.lme4_messages is None else ', without a message.'}", ()


def proof(report: Report) -> Iterator[str]:
    """The optimum, on how many starts it rests, and how far the fit is from it."""
    optimum = report.reference
    if optimum is None or (certificate := optimum.certificate) is None:
        return
    where = figures.criterion(optimum.criterion)
    if not certificate.certified:
        yield f"The best point found, {where}, could not be proven an optimum: {certificate.reason}."
        return
    starts = figures.count(len(certificate.starts), "start")
    optima = figures.count(len(certificate.distinct_optima), "optimum", "optima")
    distance = "" if report.verdict.gap is None else f": gap {gap(report)}"
    yield f"The proven optimum is {where} ({starts}, {optima}){distance}."


def climbed(report: Report) -> Iterator[str]:
    """The rungs that were climbed, in a line."""
    tried = [r for r in report.ladder if r.status not in ("not_needed", "not_applicable")]
    if tried:
        words = (f"{r.rung} {r.id} {labels.RUNG_STATUS_WORDS[r.status]}" for r in tried)
        yield f"Rungs climbed: {', '.join(words)}."


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


def verdict_title(report: Report, fail_on: str = DEFAULT_FAIL_ON) -> str:
    """The verdict in capitals: "CONVERGED, with 1 warning"."""
    return f"{labels.STATUS_WORDS[report.verdict.status].upper()}{_with_findings(report, fail_on)}"


def verdict_words(report: Report, fail_on: str = DEFAULT_FAIL_ON) -> str:
    """The verdict as a heading: "Converged, with 1 warning"."""
    return f"{labels.STATUS_WORDS[report.verdict.status]}{_with_findings(report, fail_on)}"


def _with_findings(report: Report, fail_on: str) -> str:
    """What stands beside a verdict that is no error, and fails a check that the verdict alone would pass."""
    if report.verdict.severity == "error":
        return ""
    others = roles.others(report)
    grave = [found for found in others if found.severity in ("error", "warning")]
    if grave:
        return f", with {figures.count(len(grave), 'warning')}"
    failing = [found for found in others if fails(found.severity, fail_on)]
    return (
        f", with {figures.count(len(failing), 'note')}" if failing and report.verdict.severity == "ok" else ""
    )


def lead(report: Report) -> list[str]:
    """What can be used of the fit; then how far it is from the optimum."""
    return [text for text in (report.verdict.headline, report.verdict.message) if text]


def incomplete(report: Report) -> str | None:
    """What a time budget left undone."""
    return f"This report is incomplete: {report.incomplete.reason}" if report.incomplete else None


def table_line(report: Report) -> str:
    """The table, and how much of it was used."""
    return f"{report.input.source}, {rows_line(report)}"


def story(report: Report) -> list[str]:
    """The verdict, its causes and the best remedy in a few lines, for logs and annotations."""
    lines = [*lead(report), *([unfinished] if (unfinished := incomplete(report)) else [])]
    lines += [f"{labels.CAUSES}: {finding_line(cause)}" for cause in roles.causes(report)]
    for best in report.remedies[:1]:
        effect = remedy_words.effect_of(best, report.verdict.status)
        lines.append(f"{labels.REMEDIES}: {best.title} ({effect})")
        lines += [f"{program}:\n{code}" for program, code in remedy_words.code(best)]
    return lines


def as_sentence(text: str) -> str:
    """A message with a capital and a full stop; what begins with code, or a name of R's, stays as it is."""
    whole = text if text.endswith((".", "?", "!")) else f"{text}."
    return whole if whole.startswith(NAMES_OF_R) else f"{whole[:1].upper()}{whole[1:]}"


def in_short(finding: Finding) -> str:
    """A message without the numbers of a null direction, which are for those who ask for everything."""
    direction = finding.evidence.get("null_direction")
    if not isinstance(direction, str):
        return as_sentence(finding.message)
    return as_sentence(finding.message.replace(f"the combination {direction}", "one combination"))


def finding_line(finding: Finding) -> str:
    """A finding in one line."""
    return f"{finding_title(finding)}: {finding.message}"


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


def unassessed(item: NotAssessed) -> str:
    """A check that was not made, and why."""
    return f"{item.code} {item.name}: {item.reason}"


def read_on(report: Report) -> str | None:
    """Where a finding is explained: the first cause, else the first finding."""
    codes = [finding.code for finding in (*roles.causes(report), *report.findings)]
    return f"More: mmtriage explain {codes[0]}, and -v for all that was tried." if codes else None
