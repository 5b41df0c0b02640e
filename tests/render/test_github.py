"""The report as annotations: read back as the runner of GitHub Actions reads them."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from mmtriage.errors import DataError
from mmtriage.render import github
from mmtriage.render.settings import Location, Settings
from mmtriage.report.printable import printable_text
from tests.conftest import Snapshot
from tests.real_reports.records import CONVERGED, FALSE_ALARM, NOT_CONVERGED, REPORTS, SINGULAR, UNDETERMINED
from tests.render.hostile import HOSTILE, NAMES
from tests.render.real import REAL, real_report

COMMAND = re.compile(r"::(?P<name>\w+) (?P<properties>.*?)::(?P<message>.*)")


def commands(text: str) -> list[tuple[str, dict[str, str], str]]:
    """Command, properties and message of every line that is a command, unescaped."""
    found = []
    for line in re.split(r"\r\n|\r|\n", text):
        if match := COMMAND.fullmatch(line):
            pairs = (pair.partition("=") for pair in match["properties"].split(","))
            properties = {key: _plain(value) for key, _, value in pairs}
            found.append((match["name"], properties, _plain(match["message"])))
    return found


def _plain(text: str) -> str:
    for escape, character in (("%3A", ":"), ("%2C", ","), ("%0D", "\r"), ("%0A", "\n"), ("%25", "%")):
        text = text.replace(escape, character)
    return text


@pytest.mark.parametrize("name", REPORTS)
def test_report_reads_well(name: str, snapshot: Snapshot) -> None:
    snapshot(f"{name}.github.txt", github.render(REPORTS[name]))


@pytest.mark.parametrize(
    ("name", "kinds"),
    [
        ("converged", []),
        ("false_alarm", ["notice", "notice"]),
        ("wrong_se", ["error", "notice", "error", "warning"]),
        ("singular", ["warning", "warning"]),
        ("not_converged", ["error", "warning"]),  # what follows from MM106 is left out
        ("unidentifiable", ["error", "error"]),
        ("refused", ["error", "error", "warning"]),
        ("undetermined", ["error"]),
    ],
)
def test_the_verdict_and_the_findings_at_the_root_are_annotated(name: str, kinds: list[str]) -> None:
    assert [kind for kind, _, _ in commands(github.render(REPORTS[name]))] == kinds


def test_an_annotation_has_a_place_a_title_and_what_to_do() -> None:
    kind, properties, message = commands(github.render(NOT_CONVERGED))[0]
    assert kind == "error"
    assert properties == {
        "file": "sample_data/sleepstudy_year.csv",
        "line": "1",
        "title": "mmtriage: Not converged",
    }
    assert "What to do: Centre and scale Year" in message
    assert str(NOT_CONVERGED.remedies[0].code.lme4) in message


def test_the_place_can_be_a_line_of_the_configuration() -> None:
    settings = Settings(name="sleep", location=Location(path="pyproject.toml", line=12))
    _, properties, _ = commands(github.render(SINGULAR, settings))[0]
    assert properties == {"file": "pyproject.toml", "line": "12", "title": "sleep: Singular"}


def test_a_converged_fit_is_a_line_of_the_log() -> None:
    assert github.render(CONVERGED) == "mmtriage: Converged: Reaction ~ Days + (1 + Days | Subject)\n"


@pytest.mark.parametrize("source", ["-", "<data frame>"])
def test_what_is_no_file_is_no_place(source: str) -> None:
    report = replace(SINGULAR, input=replace(SINGULAR.input, source=source))
    assert {tuple(properties) for _, properties, _ in commands(github.render(report))} == {("title",)}


@pytest.mark.parametrize("name", NAMES.values(), ids=list(NAMES))
def test_a_model_without_a_report_is_one_annotation(name: str) -> None:
    text = github.render_error(DataError(f"`{name}` is missing", where=f"column {name}", hint="Add it."))
    ((kind, properties, message),) = commands(text)
    assert text.count("\n") == 1
    assert (kind, set(properties)) == ("error", {"title"})
    assert message.endswith("Add it.")


def test_an_error_has_the_place_of_its_model() -> None:
    settings = Settings(name="sleep", location=Location(path="a,b.toml", line=3))
    ((_, properties, message),) = commands(github.error_command(DataError("no file"), settings))
    assert properties == {"file": "a,b.toml", "line": "3", "title": "sleep: Error"}
    assert message == "no file"


@pytest.mark.parametrize("kind", HOSTILE)
def test_no_name_begins_a_command_or_ends_one(kind: str) -> None:
    text = github.render(HOSTILE[kind], Settings(name=NAMES[kind]))
    found = commands(text)
    assert [command for command, _, _ in found] == ["error", "warning", "warning"]
    assert len(found) == text.count("\n")
    shown = printable_text(NAMES[kind]).replace("##[", "## [")
    for _, properties, message in found:
        assert set(properties) == {"file", "line", "title"}
        assert properties["title"].startswith(shown + ": ")
        assert properties["file"] == f"data/{shown}.csv"
        assert shown in message


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_line_of_the_log_is_no_command(kind: str) -> None:
    report = replace(HOSTILE[kind], verdict=CONVERGED.verdict, findings=())
    text = github.render(report, Settings(name=NAMES[kind] + "::error::no"))
    assert commands(text) == []
    assert text.count("\n") == 1
    assert "##[" not in text


@pytest.mark.parametrize("name", ["::stop-commands::x", "::error::x", " \t::add-mask::x", "\u2003::debug::x"])
def test_a_models_name_is_no_command(name: str) -> None:
    """The runner obeys `::NAME` at the beginning of a line, whatever space is before it."""
    text = github.render(replace(CONVERGED, findings=()), Settings(name=name))
    assert text.startswith(f"mmtriage: {name}")
    assert not any(line.lstrip().startswith("::") for line in text.splitlines())


@pytest.mark.parametrize("case", REAL)
def test_real_reports_have_an_annotation_for_what_fails(case: str) -> None:
    report = real_report(case)
    found = commands(github.render(report))
    kinds = {"error": "error", "warning": "warning", "info": "notice"}
    first = [] if report.verdict.severity == "ok" else [kinds[report.verdict.severity]]
    assert [kind for kind, _, _ in found] == first + [
        kinds[finding.severity] for finding in report.findings if not finding.caused_by
    ]


def test_each_severity_has_its_command() -> None:
    assert commands(github.render(FALSE_ALARM))[0][0] == "notice"
    assert commands(github.render(UNDETERMINED))[0][0] == "error"
