"""The report as JSON: valid against the shipped schema, strict, and the same bytes every time."""

import json
import math
from dataclasses import replace
from typing import Any

import jsonschema
import numpy as np
import pytest

from mmtriage.errors import FormulaError, OptionError, Span, UnjudgedError
from mmtriage.render import jsondoc
from mmtriage.report.document import error_document, json_text, report_document
from mmtriage.report.facts import Report
from mmtriage.report.schema import schema_text
from tests.real_reports.records import (
    CONVERGED,
    NOT_CONVERGED,
    REPORTS,
    SINGULAR,
    UNDETERMINED,
    UNIDENTIFIABLE,
)


def validator(name: str) -> jsonschema.Draft202012Validator:
    schema = json.loads(schema_text(name))
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def strict(text: str) -> Any:
    """Parse JSON, refusing the NaN that Python's parser would let pass."""
    return json.loads(text, parse_constant=lambda constant: pytest.fail(f"{constant} is not JSON"))


@pytest.mark.parametrize("name", REPORTS)
def test_every_report_is_valid_against_the_schema(name: str) -> None:
    validator("report").validate(strict(jsondoc.render(REPORTS[name])))


@pytest.mark.parametrize(
    "error",
    [
        OptionError("`x` is unknown", where="option --x", hint="Did you mean `y`?"),
        FormulaError("unbalanced", text="y ~ (x", span=Span(4, 5)),
        UnjudgedError("the time budget ran out"),
    ],
    ids=["option", "formula", "unjudged"],
)
def test_every_error_is_valid_against_its_schema(error: OptionError) -> None:
    validator("error").validate(error_document(error))


def test_the_keys_come_in_the_order_of_the_specification() -> None:
    document = report_document(NOT_CONVERGED)
    assert list(document) == [
        "schema_version",
        "tool",
        "input",
        "model",
        "verdict",
        "findings",
        "not_assessed",
        "baseline",
        "baseline_error",
        "reference",
        "ladder",
        "ranked_by",
        "remedies",
        "incomplete",
        "incomplete_reason",
        "error",
        "drift",
        "timing",
    ]
    assert list(document["reference"])[-1] == "certificate"  # type: ignore[arg-type]
    assert "certificate" not in document["baseline"]  # type: ignore[operator]
    assert list(document["remedies"][0])[:3] == ["rank", "id", "rung"]  # type: ignore[arg-type, index]


def test_required_keys_are_all_keys() -> None:
    """A key that is emitted but not required could be lost without a test noticing."""
    assert set(json.loads(schema_text())["required"]) == set(report_document(CONVERGED))


def test_nan_and_infinity_are_null() -> None:
    assert strict(jsondoc.render(SINGULAR))["baseline"]["random_effects"][0]["correlation"] == [[None]]


def test_floats_keep_their_last_bit() -> None:
    assert NOT_CONVERGED.baseline is not None
    criterion = math.nextafter(NOT_CONVERGED.baseline.criterion, math.inf)
    report = replace(NOT_CONVERGED, baseline=replace(NOT_CONVERGED.baseline, criterion=criterion))
    assert strict(jsondoc.render(report))["baseline"]["criterion"] == criterion


def test_numpy_values_are_plain_numbers() -> None:
    assert CONVERGED.reference is not None
    numbers: dict[str, Any] = {"evaluations": np.int64(9), "singular": np.bool_(False)}
    reference = replace(CONVERGED.reference, **numbers)
    report = replace(CONVERGED, reference=reference, timing={"total": np.float64(0.5)})
    document = report_document(report)
    assert strict(json_text(document))["reference"]["evaluations"] == 9
    validator("report").validate(document)


def test_nothing_outside_timing_depends_on_the_clock() -> None:
    def slower(report: Report) -> Report:
        ladder = tuple(
            replace(rung, attempts=tuple(replace(attempt, seconds=9.0) for attempt in rung.attempts))
            for rung in report.ladder
        )
        return replace(report, timing={"total": 9.0}, ladder=ladder)

    first, second = report_document(NOT_CONVERGED), report_document(slower(NOT_CONVERGED))
    assert first.pop("timing") != second.pop("timing")
    assert json_text(first) == json_text(second)


def test_a_report_has_no_error_object_whatever_its_exit_code() -> None:
    """An undetermined one had: then a reader took the report for a refusal."""
    assert report_document(UNDETERMINED)["error"] is None
    assert report_document(CONVERGED)["error"] is None


@pytest.mark.parametrize(
    "mistake",
    [
        lambda document: document.pop("verdict"),
        lambda document: document["verdict"].update(status="fine"),
        lambda document: document["baseline"].update(criterion="1743"),
        lambda document: document["reference"].pop("certificate"),
        lambda document: document["findings"][0].update(code="E1"),
        lambda document: document["ladder"].pop(),
        lambda document: document["remedies"][0].update(rank=0),
    ],
    ids=["missing", "vocabulary", "type", "certificate", "code", "five-rungs", "rank"],
)
def test_the_schema_is_strict(mistake: Any) -> None:
    document = strict(jsondoc.render(NOT_CONVERGED))
    mistake(document)
    with pytest.raises(jsonschema.ValidationError):
        validator("report").validate(document)


def test_the_schema_lets_keys_be_added() -> None:
    document = strict(jsondoc.render(UNIDENTIFIABLE))
    document["verdict"]["news"] = 1
    validator("report").validate(document)
