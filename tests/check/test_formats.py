"""Several models in every format: valid, readable, and safe with any name."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import html5lib
import jsonschema
import junitparser
import pytest

from mmtriage.diagnose.finding import finding
from mmtriage.errors import DataError, FormulaError, MmtriageError, Span, UnjudgedError
from mmtriage.render import (
    RENDERERS,
    github,
    htmldoc,
    jsondoc,
    junit,
    markdown,
    overview,
    render_all,
    sarif,
    terminal,
)
from mmtriage.render.prose import one_line
from mmtriage.render.settings import NOT_FITTED
from mmtriage.report.decisions import accepted
from mmtriage.report.document import report_document
from mmtriage.report.facts import Report
from mmtriage.report.printable import printable_text
from mmtriage.report.schema import schema_text
from mmtriage.report.summary import Checked, Summary
from tests.conftest import Snapshot
from tests.real_reports.records import ALARM_ALONE, REPORTS, SINGULAR
from tests.render import test_browser, test_html, test_markdown, test_sarif
from tests.render.hostile import HOSTILE, NAMES
from tests.render.plotted import PLOTTED

ERRORS: dict[str, MmtriageError] = {
    "no_file": DataError("there is no file `d.csv`", hint="Did you mean `e.csv`?"),
    "typo": FormulaError("`Dayz` is not a column", text="y ~ Dayz + (1 | g)", span=Span(4, 8)),
    "crash": UnjudgedError("the process that worked on this model was ended by SIGKILL"),
}
DISCLOSURE = {"details", "summary"}


def summary_of(outcomes: Mapping[str, Report | MmtriageError], path: str = "pyproject.toml") -> Summary:
    return Summary(
        models=tuple(
            Checked(name=name, path=path, line=3 + 5 * position, outcome=outcome)
            for position, (name, outcome) in enumerate(outcomes.items())
        )
    )


ACCEPTED = accepted(SINGULAR, dict.fromkeys(("MM310", "MM311", "MM312"), "known; see the supplement"))
SUMMARY = summary_of(
    {
        "sleep": REPORTS["converged"],
        "years": REPORTS["not_converged"],
        "accepted": ACCEPTED,
        "singular": SINGULAR,
        "ticks": ALARM_ALONE,
        "unsure": REPORTS["undetermined"],
        **ERRORS,
    }
)
EVERY: dict[str, Report | MmtriageError] = {**REPORTS, "alarm_alone": ALARM_ALONE, **ERRORS}
ALONE = {name: summary_of({name: outcome}) for name, outcome in EVERY.items()}


@pytest.mark.parametrize(
    ("format_name", "file"),
    [("text", "check.txt"), ("markdown", "check.md"), ("github", "check.github.txt")],
)
def test_a_summary_reads_well(format_name: str, file: str, snapshot: Snapshot) -> None:
    snapshot(file, render_all(SUMMARY, format_name))


@pytest.mark.parametrize(("detail", "width"), [("brief", 80), ("normal", 40), ("full", 120)])
def test_the_text_keeps_its_margin(detail: terminal.Detail, width: int, snapshot: Snapshot) -> None:
    text = terminal.render_all(SUMMARY, width=width, detail=detail)
    table = text.split("\n\n")[0]
    assert all(len(line) <= width for line in table.splitlines())
    if detail == "brief":
        snapshot("check_brief.txt", text)


def test_how_much_is_said_is_the_users_choice() -> None:
    brief, normal, full = (
        terminal.render_all(SUMMARY, detail=detail) for detail in ("brief", "normal", "full")
    )
    failing = [model.name for model in SUMMARY.failing]
    assert failing == ["no_file", "typo", "unsure", "crash", "years", "singular"]
    assert "sleep" not in brief
    assert [name for name in failing if f"\n{name} (pyproject.toml, line" in normal] == failing[:3]
    assert "3 more models in detail: -v" in normal
    assert [name for name in failing if f"\n{name} (pyproject.toml, line" in full] == failing


def test_color_is_only_emphasis() -> None:
    colored = terminal.render_all(SUMMARY, color=True)
    assert "\x1b[" in colored
    plain = "\n".join(line.rstrip() for line in re.sub(r"\x1b\[[0-9;]*m", "", colored).splitlines())
    assert plain + "\n" == terminal.render_all(SUMMARY)


@pytest.mark.parametrize(
    ("names", "headline", "tally"),
    [
        (["converged"], "The model passes", "1 converged"),
        (["typo"], "The model fails", "1 error"),
        (["converged", "alarm_alone"], "All 2 models pass", "1 false alarm, 1 converged"),
        (["converged", "singular"], "1 of 2 models fails", "1 singular, 1 converged"),
        (["no_file", "typo", "crash"], "3 of 3 models fail", "2 errors, 1 not judged"),
    ],
)
def test_the_headline_counts(names: list[str], headline: str, tally: str) -> None:
    summary = summary_of({name: EVERY[name] for name in names})
    assert (overview.headline(summary), overview.tally(summary)) == (headline, tally)


def test_a_finding_that_fails_beside_the_verdict_is_named() -> None:
    report = replace(REPORTS["converged"], findings=(finding("MM105", "`g` looks continuous"),), remedies=())
    (row,) = overview.grid(summary_of({"a": report}).models).rows
    assert row == ("a", "Converged", "MM105", "mmtriage explain MM105", "1")


@pytest.mark.parametrize("name", ["::error::x", " \t::stop-commands::x"])
@pytest.mark.parametrize("format_name", ["text", "markdown", "github"])
def test_a_models_name_is_no_command_to_a_runner(format_name: str, name: str) -> None:
    """GitHub's runner reads every line that a step prints, in whatever format."""
    text = render_all(summary_of({name: SINGULAR}), format_name)
    begun = [line for line in text.splitlines() if line.lstrip().startswith(("::error::", "::stop"))]
    assert begun == []


def test_json_is_valid_against_the_shipped_schema() -> None:
    schema = json.loads(schema_text("check"))
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    for summary in (SUMMARY, *ALONE.values()):
        document = json.loads(jsondoc.render_all(summary), parse_constant=pytest.fail)
        validator.validate(document)
        assert [model["name"] for model in document["models"]] == [model.name for model in summary.models]
    document["models"][0]["report"] = {"no": "report"}
    assert not validator.is_valid(document)


def test_json_says_what_there_is_to_say() -> None:
    document = json.loads(jsondoc.render_all(SUMMARY))
    assert document["summary"] == {
        "models": 9,
        "failing": 6,
        "errors": 3,
        "verdicts": {
            "undetermined": 1,
            "unidentifiable": 0,
            "not_converged": 1,
            "wrong_se": 0,
            "singular": 2,
            "false_alarm": 1,
            "converged": 1,
        },
        "exit_code": 2,
    }
    years = document["models"][1]
    assert (years["name"], years["exit_code"]) == ("years", 1)
    assert years["config"] == {"path": "pyproject.toml", "line": 8}
    assert years["report"] == report_document(REPORTS["not_converged"])
    assert document["models"][7]["error"]["span"] == [4, 8]


def test_junit_has_a_suite_for_each_model() -> None:
    document = junitparser.JUnitXml.fromstring(junit.render_all(SUMMARY).encode())
    suites = list(document)
    assert [suite.name for suite in suites] == [model.name for model in SUMMARY.models]
    assert [suite.failures > 0 for suite in suites] == [m.exit_code == 1 for m in SUMMARY.models]
    assert [suite.errors > 0 for suite in suites] == [m.exit_code in (2, 3) for m in SUMMARY.models]
    assert document.tests == sum(suite.tests for suite in suites)


def log_of(summary: Summary) -> dict[str, Any]:
    log = json.loads(sarif.render_all(summary))
    test_sarif.schema().validate(log)
    (run,) = log["runs"]
    for result in run["results"]:
        assert run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == result["ruleId"]
    return dict(run)


@pytest.mark.parametrize("name", ALONE)
def test_sarif_is_valid(name: str) -> None:
    log_of(ALONE[name])


def test_sarif_points_at_the_line_of_the_configuration() -> None:
    run = log_of(SUMMARY)
    prints = [result["partialFingerprints"]["mmtriage/v1"] for result in run["results"]]
    assert len(set(prints)) == len(prints)
    by_line: dict[int, list[dict[str, Any]]] = {}
    for result in run["results"]:
        place = result["locations"][0]["physicalLocation"]
        assert place["artifactLocation"]["uri"] == "pyproject.toml"
        by_line.setdefault(place["region"]["startLine"], []).append(result)
    assert set(by_line) <= {model.line for model in SUMMARY.models}
    assert "years: " in by_line[8][0]["message"]["text"]
    (ignored,) = [result for result in by_line[13] if "suppressions" in result]
    assert ignored["suppressions"] == [{"kind": "external", "justification": "known; see the supplement"}]
    (invocation,) = run["invocations"]
    assert (invocation["executionSuccessful"], invocation["exitCode"]) == (False, 2)
    said = [note["message"]["text"].partition(":")[0] for note in invocation["toolExecutionNotifications"]]
    assert list(dict.fromkeys(said)) == ["unsure", "no_file", "typo", "crash"]
    assert [model["name"] for model in run["properties"]["models"]] == [
        model.name for model in SUMMARY.models if isinstance(model.outcome, Report)
    ]


def test_annotations_point_at_the_line_of_the_configuration() -> None:
    lines = github.render_all(SUMMARY).splitlines()
    assert lines[0] == f"sleep: Converged: {REPORTS['converged'].model.formula}"
    assert all(line.startswith(("::", "sleep: ")) for line in lines)
    places = {match[1] for line in lines if (match := re.search(r"file=pyproject\.toml,line=(\d+),", line))}
    assert places == {str(model.line) for model in SUMMARY.models if model.name != "sleep"}
    assert not [line for line in lines if "accepted: MM310" in line]


def test_markdown_folds_out_what_fails() -> None:
    found = test_markdown.tags(markdown.render_all(SUMMARY))
    assert set(found) - {"DOCUMENT_FRAGMENT"} <= test_markdown.OURS
    text = test_markdown.shown(markdown.render_all(SUMMARY))
    for model in SUMMARY.models:
        assert (f"{overview.title(model)}\n" in text) == (model.exit_code != 0)


def test_a_comment_is_never_too_long() -> None:
    many = summary_of({f"m{number}": REPORTS["not_converged"] for number in range(300)})
    text = markdown.render_all(many)
    assert len(text) <= test_markdown.COMMENT_LIMIT
    assert re.search(r"\n\d+ more models in detail: the JSON report has all\.\n", text)
    assert "... and 260 more rows: the JSON report has all." in text


@pytest.mark.parametrize("name", ALONE)
def test_a_page_is_valid(name: str) -> None:
    check_page(htmldoc.render_all(ALONE[name]))


def check_page(text: str) -> Any:
    page = html5lib.HTMLParser(namespaceHTMLElements=False, strict=True).parse(text)
    for element in test_html.elements(page):
        assert element.tag in test_html.OURS | DISCLOSURE, element.tag
        assert set(element.attrib) <= test_html.ATTRIBUTES
    assert len(list(page.iter("main"))) == 1
    return page


def test_the_page_has_a_line_and_a_report_for_each_model() -> None:
    page = check_page(htmldoc.render_all(SUMMARY))
    assert page.findtext("head/title") == "6 of 9 models fail"
    reports = [details for details in page.iter("details") if details.get("class") != "page"]
    summaries = ["".join(details.find("summary").itertext()) for details in reports]
    assert summaries == [overview.title(model) for model in SUMMARY.models]
    table = next(page.iter("table"))
    rows = [["".join(cell.itertext()) for cell in row] for row in table.iter("tr")]
    assert rows[0] == [name for name in overview.HEADER if name != "since"]
    assert [row[0] for row in rows[1:]] == [model.name for model in SUMMARY.models]


def test_a_model_that_was_not_fitted_again_says_why_it_has_no_plots() -> None:
    (model,) = summary_of({"one": REPORTS["converged"]}).models
    for is_fitted in (True, False):
        page = htmldoc.render_all(Summary(models=(replace(model, is_fitted=is_fitted),)))
        assert (NOT_FITTED in page) is not is_fitted


def test_models_of_one_picture_have_ids_of_their_own() -> None:
    page = htmldoc.render_all(
        summary_of({"one": PLOTTED["plots of a factor"], "two": PLOTTED["plots of a factor"]})
    )
    ids = [element.get("id") for element in html5lib.parse(page, namespaceHTMLElements=False).iter()]
    known = [name for name in ids if name]
    assert len(known) == len(set(known)) > 10
    assert set(re.findall('href="#([^"]+)"', page)) <= set(known)


@test_browser.needs_browser
def test_the_page_is_sound_in_a_browser(tmp_path: Path) -> None:
    names = {name: HOSTILE[kind] for kind, name in NAMES.items()}
    summaries = {"several": SUMMARY, "hostile": summary_of(names)}
    pages = {title: htmldoc.render_all(summary) for title, summary in summaries.items()}
    test_browser.assert_sound(pages, tmp_path)


@pytest.mark.parametrize("kind", HOSTILE)
def test_no_name_becomes_markup(kind: str) -> None:
    name = NAMES[kind]
    summary, harmless = (
        summary_of({NAMES[k]: HOSTILE[k], f"{NAMES[k]}!": DataError(f"no `{NAMES[k]}`")})
        for k in (kind, "letters")
    )
    page, plain = (test_html.tags(check_page(htmldoc.render_all(s))) for s in (summary, harmless))
    for element in set(page) - {"code"}:
        assert page[element] == plain[element], element
    found, usual = (test_markdown.tags(markdown.render_all(s)) for s in (summary, harmless))
    for element in set(found) - {"code"}:
        assert found[element] == usual[element], element
    assert len(github.render_all(summary).splitlines()) == len(github.render_all(harmless).splitlines())
    assert all(line.startswith("::") for line in github.render_all(summary).splitlines())
    log_of(summary)
    junitparser.JUnitXml.fromstring(junit.render_all(summary).encode())
    text = terminal.render_all(summary)
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e\ud800]", text)
    assert one_line(printable_text(f"{name}!")) + " (" in text


@pytest.mark.parametrize("format_name", RENDERERS)
def test_nothing_depends_on_the_clock(format_name: str) -> None:
    def timed(seconds: float) -> Summary:
        return summary_of({"a": replace(SINGULAR, timing={"total": seconds})})

    texts = {render_all(timed(seconds), format_name) for seconds in (1.0, 2.0)}
    assert len(texts) == (2 if format_name in ("json", "junit") else 1)
