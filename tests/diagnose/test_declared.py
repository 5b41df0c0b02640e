"""The declarations of findings: codes are API, and everything that names a code names one that exists."""

from __future__ import annotations

import re
from pathlib import Path

import mmtriage
from mmtriage.diagnose.causes import LINKS, ROOTS
from mmtriage.diagnose.declared import CATALOGUE, DECLARED, GROUPS, SINGULAR, STRUCTURAL, reasons_for
from mmtriage.diagnose.severity import SEVERITIES

PACKAGE = Path(mmtriage.__file__).parent


def test_codes_and_names_have_one_form_and_are_unique() -> None:
    assert all(re.fullmatch(r"MM[1-5]\d\d", code) for code in CATALOGUE)
    names = [declared.name for declared in CATALOGUE.values()]
    assert all(re.fullmatch(r"[a-z]+(-[a-z]+)*", name) for name in names)
    assert len(set(names)) == len(names) == len(DECLARED)
    assert list(CATALOGUE) == sorted(CATALOGUE)


def test_severities_and_groups_are_known() -> None:
    assert {declared.severity for declared in DECLARED} <= set(SEVERITIES)
    assert {declared.group for declared in DECLARED} == set(GROUPS)


def test_the_package_speaks_of_declared_codes_only() -> None:
    files = [*PACKAGE.rglob("*.py"), *PACKAGE.rglob("*.md")]
    named = {code for path in files for code in re.findall(r"\bMM\d{3}\b", path.read_text(encoding="utf-8"))}
    assert named == set(CATALOGUE)


def test_each_verdict_names_its_reasons() -> None:
    assert STRUCTURAL == ("MM103", "MM203", "MM302", "MM303", "MM304", "MM305", "MM308", "MM309", "MM407")
    assert SINGULAR == ("MM310", "MM311", "MM312")
    assert reasons_for("not_converged") == ("MM403", "MM404", "MM408")
    assert reasons_for("false_alarm") == ("MM401", "MM402", "MM404")
    assert reasons_for("undetermined") == ("MM408",)
    assert reasons_for("converged") == ()


def test_causes_and_effects_are_findings() -> None:
    roots = {code for rows in ROOTS.values() for root in rows for code in root.codes}
    linked = {code for link in LINKS for code in (*(link.causes or ()), *link.effects)}
    assert roots | linked <= set(CATALOGUE)
