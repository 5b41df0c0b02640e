"""The report as GitLab's code quality."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import jsonschema
import pytest

from mmtriage.errors import DataError
from mmtriage.render import gitlab
from mmtriage.render.settings import Location, Settings
from tests.real_reports.records import CONVERGED, REPORTS, SINGULAR

# What GitLab documents of the format (docs.gitlab.com/ci/testing/code_quality, "Code Quality report format").
ISSUE = {
    "type": "object",
    "required": ["description", "check_name", "fingerprint", "severity", "location"],
    "properties": {
        "description": {"type": "string", "minLength": 1},
        "check_name": {"type": "string", "minLength": 1},
        "fingerprint": {"type": "string", "minLength": 1},
        "severity": {"enum": ["info", "minor", "major", "critical", "blocker"]},
        "location": {
            "type": "object",
            "required": ["path", "lines"],
            "properties": {
                "path": {"type": "string", "pattern": "^(?!\\./)"},
                "lines": {"type": "object", "required": ["begin"]},
            },
        },
    },
}
PLACE = Settings(name="dye", location=Location(path="pyproject.toml", line=12))


def issues(text: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(text)
    jsonschema.validate(found, {"type": "array", "items": ISSUE})
    return found


@pytest.mark.parametrize("name", REPORTS)
def test_every_report_is_valid_and_its_issues_differ(name: str) -> None:
    found = issues(gitlab.render(REPORTS[name]))
    assert len({issue["fingerprint"] for issue in found}) == len(found)


def test_a_good_model_has_no_issue() -> None:
    assert issues(gitlab.render(CONVERGED)) == []


def test_an_issue_stands_where_the_model_does() -> None:
    verdict, zero = issues(gitlab.render(SINGULAR, PLACE))
    assert verdict["location"] == {"path": "pyproject.toml", "lines": {"begin": 12}}
    assert (verdict["check_name"], verdict["severity"]) == ("verdict", "major")
    assert zero["check_name"] == "MM310"
    assert zero["description"].startswith("dye: MM310 zero-variance\n")


def test_an_issue_is_known_again_by_its_model_and_code() -> None:
    before = issues(gitlab.render(SINGULAR, PLACE))
    worded = replace(SINGULAR.findings[0], message="other words, another number")
    after = issues(gitlab.render(replace(SINGULAR, findings=(worded,)), PLACE))
    assert [issue["fingerprint"] for issue in before] == [issue["fingerprint"] for issue in after]
    (elsewhere, *_) = issues(gitlab.render(SINGULAR, replace(PLACE, name="other")))
    assert elsewhere["fingerprint"] != before[0]["fingerprint"]


def test_an_error_is_an_issue() -> None:
    (issue,) = issues(gitlab.render_error(DataError("there is no file `d.csv`")))
    assert issue["description"] == "mmtriage: Error\nthere is no file `d.csv`"
    assert issue["severity"] == "critical"
