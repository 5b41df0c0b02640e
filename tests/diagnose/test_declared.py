"""The declarations of findings: codes are API, and everything that names a code names one that exists."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import pytest

import mmtriage
from mmtriage.diagnose.causes import ARROWS, ROOTS
from mmtriage.diagnose.declared import CATALOGUE, DECLARED, GROUPS, SINGULAR, STRUCTURAL, reasons_for
from mmtriage.diagnose.run_checks import function, path_of
from mmtriage.diagnose.severity import SEVERITIES
from mmtriage.model.spec import ModelSpec

PACKAGE = Path(mmtriage.__file__).parent


def test_codes_and_names_have_one_form_and_are_unique() -> None:
    assert all(re.fullmatch(r"MM[1-5]\d\d", code) for code in CATALOGUE)
    names = [declared.name for declared in CATALOGUE.values()]
    assert all(re.fullmatch(r"[a-z]+(-[a-z]+)*", name) for name in names)
    assert len(set(names)) == len(names)
    of_models = [(declared.code, declared.model) for declared in DECLARED]
    assert len(set(of_models)) == len(of_models)  # a code has one declaration for each kind of models it has
    assert list(CATALOGUE) == sorted(CATALOGUE)


def test_severities_and_groups_are_known() -> None:
    assert {declared.severity for declared in DECLARED} <= set(SEVERITIES)
    assert {declared.group for declared in DECLARED} == set(GROUPS)


def test_the_package_speaks_of_declared_codes_only() -> None:
    files = [*PACKAGE.rglob("*.py"), *PACKAGE.rglob("*.md")]
    named = {code for path in files for code in re.findall(r"\bMM\d{3}\b", path.read_text(encoding="utf-8"))}
    assert named == set(CATALOGUE)


def test_every_check_exists_and_makes_the_finding_that_names_it() -> None:
    for declared in DECLARED:
        check = function(path_of(declared))
        assert check.__doc__, path_of(declared)
        module = Path(str(inspect.getsourcefile(check))).read_text(encoding="utf-8")
        assert f'"{declared.code}"' in module, f"{path_of(declared)} makes no {declared.code}"


TAKES = {
    "design": {"design": "Design"},
    "accepted": {"design": "Design"},
    "fit": {"fitted": "Fitted"},
    "refits": {"fitted": "Fitted"},
    "verdict": {"judged": "Judged"},
    "ladder": {"case": "Case", "ladder": "Sequence[RungResult]"},
}


def test_a_check_takes_what_it_requires() -> None:
    for declared in DECLARED:
        signature = inspect.signature(function(path_of(declared)))
        taken = {name: parameter.annotation for name, parameter in signature.parameters.items()}
        assert taken == TAKES[declared.requires], path_of(declared)
        assert signature.return_annotation in ("list[Finding]", "list[Said]", "Sequence[Said]")


def test_findings_of_one_check_are_asked_together() -> None:
    for path in {path_of(declared) for declared in DECLARED}:
        together = [declared for declared in DECLARED if path_of(declared) == path]
        assert len({(declared.requires, declared.model) for declared in together}) == 1


@pytest.mark.parametrize(
    ("family", "link", "unasked"),
    [
        ("gaussian", "identity", {"MM203", "MM205", "MM207", "MM408", "MM411", "MM501", "MM502", "MM503"}),
        ("gaussian", "log", {"MM108", "MM207", "MM501", "MM502"}),
        ("Gamma", "log", {"MM108", "MM207", "MM501", "MM502"}),
        ("binomial", "logit", {"MM102", "MM108", "MM502"}),
        ("poisson", "log", {"MM102", "MM108"}),
        ("negative.binomial", "log", {"MM102", "MM108"}),
    ],
)
def test_a_model_is_asked_what_its_kind_can_answer(family: str, link: str, unasked: set[str]) -> None:
    spec = ModelSpec(family=family, link=link)
    assert set(CATALOGUE) - {declared.code for declared in DECLARED if declared.is_asked_of(spec)} == unasked


def test_each_verdict_names_its_reasons() -> None:
    assert STRUCTURAL == ("MM103", "MM203", "MM302", "MM303", "MM304", "MM305", "MM308", "MM309", "MM407")
    assert SINGULAR == ("MM310", "MM311", "MM312")
    assert reasons_for("not_converged") == ("MM403", "MM404", "MM408")
    assert reasons_for("false_alarm") == ("MM401", "MM402", "MM404")
    assert reasons_for("undetermined") == ("MM408",)
    assert reasons_for("converged") == ()


def test_causes_and_effects_are_findings() -> None:
    roots = {code for rows in ROOTS.values() for root in rows for code in root.codes}
    linked = {code for arrow in ARROWS for code in (*(arrow.causes or ()), *arrow.effects)}
    assert roots | linked <= set(CATALOGUE)
