"""The catalogue of findings: codes are API."""

from __future__ import annotations

import re

import pytest

from mmtriage.diagnose.causes import SINGULAR, STRUCTURAL, SYMPTOMS
from mmtriage.diagnose.finding import CATALOGUE, SEVERITIES, finding
from mmtriage.diagnose.judgement import UNIDENTIFIABLE_CODES
from mmtriage.diagnose.verdict import SEVERITY_OF


def test_codes_and_names_have_one_form_and_are_unique() -> None:
    assert all(re.fullmatch(r"MM[1-5]\d\d", code) for code in CATALOGUE)
    names = [name for name, _ in CATALOGUE.values()]
    assert all(re.fullmatch(r"[a-z]+(-[a-z]+)*", name) for name in names)
    assert len(set(names)) == len(names)
    assert list(CATALOGUE) == sorted(CATALOGUE)


@pytest.mark.parametrize("codes", [STRUCTURAL, SINGULAR, SYMPTOMS, UNIDENTIFIABLE_CODES])
def test_every_code_that_a_rule_names_exists(codes: tuple[str, ...]) -> None:
    assert set(codes) <= set(CATALOGUE)


def test_the_codes_of_the_verdict_unidentifiable_are_those_of_structure() -> None:
    assert set(UNIDENTIFIABLE_CODES) == set(STRUCTURAL)


def test_a_finding_takes_its_name_and_severity_from_the_catalogue() -> None:
    made = finding("MM304", "said", columns=("x",), share=0.5)
    assert (made.name, made.severity, made.caused_by) == ("slope-constant-in-group", "warning", ())
    assert made.evidence == {"share": 0.5}
    assert finding("MM304", "said", severity="error").severity == "error"


def test_severities_are_ordered_from_the_gravest() -> None:
    assert SEVERITIES == ("error", "warning", "info")
    assert {severity for _, severity in CATALOGUE.values()} <= set(SEVERITIES)
    assert set(SEVERITY_OF.values()) == {*SEVERITIES, "ok"}
