"""The findings as SARIF 2.1.0 (OASIS, errata 01), the format of code scanning.

A result is a finding, a rule is its page in `mmtriage explain`. What a person reads of the verdict is in the
properties of the run; a verdict that could not be reached is a notification that the run did not succeed.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import PurePath
from urllib.parse import quote

from mmtriage.diagnose.declared import CATALOGUE, GROUPS
from mmtriage.diagnose.finding import Finding
from mmtriage.diagnose.severity import Severity
from mmtriage.errors import MmtriageError
from mmtriage.explain import Page, page
from mmtriage.render import sentences, since
from mmtriage.render.problem import in_full
from mmtriage.render.settings import NO_FILES, PLAIN, Location, Settings, location_of, settings_of
from mmtriage.report.document import Json, finding_document, json_text, verdict_document
from mmtriage.report.drift.changes import moved
from mmtriage.report.facts import Report
from mmtriage.report.printable import printable
from mmtriage.report.summary import Summary
from mmtriage.version import VERSION

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
SARIF_VERSION = "2.1.0"
TOOL = "mmtriage"
LEVEL: dict[Severity, str] = {"error": "error", "warning": "warning", "info": "note"}
OF_RESULTS = ("columns", "terms", "evidence", "caused_by")  # keys of a finding that SARIF has no place for
FINGERPRINT = "mmtriage/v1"  # what makes two results the same one: model, code, columns and terms


def render(report: Report, settings: Settings = PLAIN) -> str:
    """A log of one run."""
    return document([run(report, settings)])


def render_all(summary: Summary) -> str:
    """A log of one run for all models: GitHub refuses files of more than twenty runs."""
    checked = [(model.outcome, printable(settings_of(model))) for model in summary.models]
    reports = [(printable(o), settings) for o, settings in checked if not isinstance(o, MmtriageError)]
    rules = list(dict.fromkeys(finding.code for report, _ in reports for finding in report.findings))
    said = [
        note
        for outcome, settings in checked
        for note in (
            [_failure(outcome, settings)]
            if isinstance(outcome, MmtriageError)
            else _notifications(printable(outcome), settings)
        )
    ]
    tables = {report.input.source: _table(report) for report, _ in reports}
    found: dict[str, Json] = {
        "tool": _tool([_rule(code) for code in rules]),
        "invocations": [_invocation(said, exit_code=summary.exit_code)],
        "artifacts": list(tables.values()),
        "results": [result for report, settings in reports for result in _results(report, rules, settings)],
        "properties": {"models": [{"name": s.name, **_about(report)} for report, s in reports]},
    }
    return document([found])


def render_error(error: MmtriageError) -> str:
    """A log of one run that came to nothing."""
    return document([error_run(error)])


def document(runs: list[Json]) -> str:
    """Runs in one log."""
    return json_text({"$schema": SCHEMA, "version": SARIF_VERSION, "runs": runs})


def run(report: Report, settings: Settings = PLAIN) -> Json:
    """The findings on one model."""
    report, settings = printable(report), printable(settings)
    rules = list(dict.fromkeys(finding.code for finding in report.findings))
    found: dict[str, Json] = {
        "tool": _tool([_rule(code) for code in rules]),
        "invocations": [_invocation(_notifications(report, settings))],
        "results": _results(report, rules, settings),
        "properties": _about(report),
        **_details(settings),
    }
    if report.input.source not in NO_FILES:
        found["artifacts"] = [_table(report)]
    return found


def error_run(error: MmtriageError, settings: Settings = PLAIN) -> Json:
    """A model that has no report: a run without results, and why."""
    settings = printable(settings)
    return {
        "tool": _tool([]),
        "invocations": [_invocation([_failure(error, settings)], exit_code=error.exit_code)],
        "results": [],
        **_details(settings),
    }


def _tool(rules: list[Json]) -> Json:
    return {"driver": {"name": TOOL, "version": VERSION, "rules": rules}}


def _details(settings: Settings) -> dict[str, Json]:
    return {"automationDetails": {"id": f"{TOOL}/{quote(settings.name)}/"}} if settings.name else {}


def _rule(code: str) -> Json:
    declared = CATALOGUE[code]
    about = page(code)
    return {
        "id": code,
        "name": "".join(word.capitalize() for word in declared.name.split("-")),
        "shortDescription": {"text": about.summary},
        "fullDescription": {"text": about.sections[0].text},
        "help": {"text": _help(about, "{}"), "markdown": _help(about, "## {}")},
        "defaultConfiguration": {"level": LEVEL[declared.severity]},
        "properties": {"tags": ["mixed model", GROUPS[declared.group]]},
    }


def _help(about: Page, heading: str) -> str:
    sections = [f"{heading.format(section.head)}\n\n{section.text}" for section in about.sections]
    return "\n\n".join([about.summary, *sections])


def _invocation(said: list[Json], *, exit_code: int | None = None) -> Json:
    """Whether every verdict was reached, and what else must be known."""
    levels = {note["level"] for note in said if isinstance(note, dict)}
    found: dict[str, Json] = {"executionSuccessful": "error" not in levels}
    if exit_code is not None:
        found["exitCode"] = exit_code
    if said:
        found["toolExecutionNotifications"] = said
    return found


def _notifications(report: Report, settings: Settings) -> list[Json]:
    """Why there is no verdict, or not all of the report."""
    said: list[Json] = []
    if report.verdict.status == "undetermined":
        said.append(_notification("error", report.verdict.message, settings))
    if incomplete := sentences.incomplete(report):
        said.append(_notification("warning", incomplete, settings))
    for change in () if report.drift is None else moved(report.drift):
        text = f"{since.TITLE}: {since.line(change, report.model)}"
        said.append(_notification("warning", text, settings))
    return said


def _failure(error: MmtriageError, settings: Settings) -> Json:
    """Why there is no report."""
    return _notification("error", in_full(error), settings)


def _notification(level: str, text: str, settings: Settings) -> Json:
    name = f"{settings.name}: " if settings.name else ""
    found: dict[str, Json] = {"level": level, "message": {"text": _message(name + text)}}
    if settings.location:
        found["locations"] = [{"physicalLocation": _physical(settings.location)}]
    return found


def _table(report: Report) -> Json:
    return {
        "location": {"uri": _uri(report.input.source)},
        "roles": ["analysisTarget"],
        "hashes": {"sha-256": report.input.sha256},
    }


def _about(report: Report) -> dict[str, Json]:
    verdict = verdict_document(report.verdict)
    return {
        "formula": report.model.formula,
        "verdict": verdict["status"],
        **_picked(verdict, "headline", "message", "gap", "usable"),
    }


def _picked(record: dict[str, Json], *keys: str) -> dict[str, Json]:
    return {key: record[key] for key in keys}


def _results(report: Report, rules: list[str], settings: Settings) -> list[Json]:
    results: list[Json] = []
    name = f"{settings.name}: " if settings.name else ""
    for finding in report.findings:
        result: dict[str, Json] = {
            "ruleId": finding.code,
            "ruleIndex": rules.index(finding.code),
            "level": LEVEL[finding.severity],
            "message": {"text": _message(f"{finding.message}\n{name}{report.model.formula}")},
            "locations": [_location(finding, report, settings)],
            "partialFingerprints": {FINGERPRINT: _fingerprint(finding, report, settings)},
            "properties": _picked(finding_document(finding), *OF_RESULTS),
        }
        if finding.baseline_state is not None:
            result["baselineState"] = finding.baseline_state
        if finding.ignored is not None:
            result["suppressions"] = [{"kind": "external", "justification": finding.ignored}]
        results.append(result)
    return results


def _location(finding: Finding, report: Report, settings: Settings) -> Json:
    """A line of a file, if there is one, and the columns concerned."""
    found: dict[str, Json] = {}
    if place := location_of(report, settings):
        found["physicalLocation"] = _physical(place)
    if finding.columns:
        found["logicalLocations"] = [{"name": name, "kind": "variable"} for name in finding.columns]
    return found


def _physical(place: Location) -> Json:
    return {"artifactLocation": {"uri": _uri(place.path)}, "region": {"startLine": place.line}}


def _fingerprint(finding: Finding, report: Report, settings: Settings) -> str:
    model = settings.name or f"{report.input.source}\n{report.model.formula}"
    parts = (model, finding.code, *finding.columns, *finding.terms)
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _uri(path: str) -> str:
    """A path as a URI reference: percent-encoded, with a scheme if it is absolute."""
    pure = PurePath(path)
    if pure.is_absolute():
        return pure.as_uri()
    return quote(path.replace(os.sep, "/"), safe="/")


def _message(text: str) -> str:
    """Text of which nothing is a placeholder, "{0}", or a link, "[text](target)"."""
    return text.replace("{", "{{").replace("}", "}}").replace("](", "\\](")
