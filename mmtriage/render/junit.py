"""The report as JUnit XML: a suite for the model, a case for its verdict and one for each group of checks.

A case fails where the exit code would: at `--fail-on`, with a baseline for news only. A verdict that was not
reached is an error. A check that was not made is skipped, with the reason: it has not passed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

from mmtriage import figures
from mmtriage.diagnose.declared import CATALOGUE, GROUPS
from mmtriage.diagnose.finding import Finding
from mmtriage.diagnose.severity import SEVERITIES
from mmtriage.errors import MmtriageError
from mmtriage.render import sentences, since
from mmtriage.render.problem import in_full
from mmtriage.render.prose import one_line
from mmtriage.render.settings import PLAIN, Settings, settings_of
from mmtriage.report.drift.changes import moved, verdict_counts
from mmtriage.report.facts import Report
from mmtriage.report.printable import printable, printable_text
from mmtriage.report.summary import Summary
from mmtriage.version import VERSION

OUTCOME = {"failure": "failures", "error": "errors", "skipped": "skipped"}  # element -> its count


def render(report: Report, settings: Settings = PLAIN) -> str:
    """One suite in a document of its own."""
    return document([suite(report, settings)])


def render_all(summary: Summary) -> str:
    """A suite for each model."""
    return document(
        [
            error_suite(model.outcome, settings_of(model))
            if isinstance(model.outcome, MmtriageError)
            else suite(model.outcome, settings_of(model))
            for model in summary.models
        ]
    )


def render_error(error: MmtriageError) -> str:
    """A document with one error, for a model that has no report."""
    return document([error_suite(error)])


def document(suites: list[Element]) -> str:
    """Suites below one root, with their sums; ASCII, so that no reader has to guess the encoding."""
    root = Element("testsuites", name="mmtriage")
    for count in ("tests", *OUTCOME.values()):
        root.set(count, str(sum(int(suite.get(count, "0")) for suite in suites)))
    root.extend(suites)
    ElementTree.indent(root)
    text: bytes = ElementTree.tostring(root, encoding="us-ascii", xml_declaration=True)
    return text.decode("ascii") + "\n"


def suite(report: Report, settings: Settings = PLAIN) -> Element:
    """The cases of one model."""
    report, settings = printable(report), printable(settings)
    name = one_line(settings.name or f"{report.input.source}: {report.model.formula}")
    facts = {
        "formula": report.model.formula,
        "data": report.input.source,
        "sha256": report.input.sha256,
        "verdict": report.verdict.status,
    }
    cases = [_verdict(report, settings), *_drift(report, settings), *_groups(report, settings)]
    cases += _unassessed(report)
    return _suite(name, facts, cases, seconds=sum(report.timing.values()))


def error_suite(error: MmtriageError, settings: Settings = PLAIN) -> Element:
    """The only case of a model that has no report."""
    case = Element("testcase", name="verdict")
    message = one_line(printable_text(error.message))
    SubElement(case, "error", type=error.kind, message=message).text = in_full(error)
    name = one_line(printable_text(settings.name or "mmtriage"))
    return _suite(name, {"error": error.kind}, [case], seconds=0.0)


def _suite(name: str, facts: dict[str, str], cases: list[Element], *, seconds: float) -> Element:
    found = Element("testsuite", name=name, tests=str(len(cases)))
    counted = Counter(child.tag for case in cases for child in case)
    for element, count in OUTCOME.items():
        found.set(count, str(counted[element]))
    found.set("time", f"{seconds:.3f}")
    properties = SubElement(found, "properties")
    for key, value in {**facts, "mmtriage": VERSION}.items():
        SubElement(properties, "property", name=key, value=value)
    for case in cases:
        case.set("classname", name)
    found.extend(cases)
    return found


def _verdict(report: Report, settings: Settings) -> Element:
    verdict = report.verdict
    case = Element("testcase", name="verdict")
    text = "\n".join([sentences.verdict_title(report), *sentences.story(report)])
    first = one_line(" ".join(sentences.lead(report)))
    if verdict.status == "undetermined":
        SubElement(case, "error", type=verdict.status, message=first).text = text
    elif settings.fails(verdict.severity) and verdict_counts(report.drift):
        SubElement(case, "failure", type=verdict.status, message=first).text = text
    else:
        SubElement(case, "system-out").text = text
    return case


def _drift(report: Report, settings: Settings) -> Iterator[Element]:
    """What has moved since the report of --baseline; verdict and findings have cases of their own."""
    if report.drift is None:
        return
    case = Element("testcase", name=since.TITLE)
    text = "\n".join([since.headline(report.drift), since.lines(report, report.drift.changes)])
    far = [change for change in moved(report.drift) if settings.fails(change.severity)]
    if far:
        message = one_line("; ".join(since.line(change, report.model) for change in far))
        SubElement(case, "failure", type="drift", message=message).text = text
    else:
        SubElement(case, "system-out").text = text
    yield case


def _groups(report: Report, settings: Settings) -> Iterator[Element]:
    """A case for each group of checks of which something was assessed."""
    skipped = {item.code for item in report.not_assessed}
    for group, title in GROUPS.items():
        declared = [each for each in CATALOGUE.values() if each.group == group]
        codes = {each.code for each in declared}
        found = [finding for finding in report.findings if finding.code in codes]
        is_made = any(each.is_asked_of(report.model.spec) for each in declared)
        if found or (is_made and not skipped.issuperset(codes)):
            yield _group(f"{group}xx {title}", found, settings)


def _group(name: str, found: list[Finding], settings: Settings) -> Element:
    case = Element("testcase", name=name)
    grave = sorted(
        (f for f in found if settings.fails(f.severity) and f.baseline_state != "unchanged"),
        key=lambda finding: SEVERITIES.index(finding.severity),
    )
    if grave:
        message = "; ".join(f"{finding.code} {finding.name}" for finding in grave)
        SubElement(case, "failure", type=grave[0].severity, message=message).text = _listed(grave)
    if harmless := [finding for finding in found if finding not in grave]:
        SubElement(case, "system-out").text = _listed(harmless)
    return case


def _listed(findings: list[Finding]) -> str:
    return "\n".join(map(sentences.finding_line, findings))


def _unassessed(report: Report) -> Iterator[Element]:
    for item in report.not_assessed:
        case = Element("testcase", name=f"{item.code} {item.name}")
        SubElement(case, "skipped", message=one_line(f"{figures.NOT_ASSESSED}: {item.reason}"))
        yield case
