"""The pages: complete, in order, of readable length, and quoting the thresholds of the code itself."""

import ast
import importlib
import re
from functools import cache
from pathlib import Path
from typing import get_args

import pytest

from mmtriage.diagnose.declared import CATALOGUE
from mmtriage.diagnose.verdict import SEVERITY_OF
from mmtriage.errors import OptionError
from mmtriage.explain import library, quoted
from mmtriage.explain.library import DIRECTORY, PLAIN, RUNG_SECTIONS, SECTIONS, page, pages, topics
from mmtriage.ladder.records import RUNG_NUMBER, RungStatus

FILES = sorted(DIRECTORY.iterdir())
PLACEHOLDER = re.compile(r"{([\w.]+)[^}]*}")  # doubled braces are braces
NOT_ASSESSED = "in this version"
UNASSESSED = "Not assessed in this version."
NO_THRESHOLD = {  # the rule is an exact count or comparison
    "MM103": "equal values",
    "MM104": "any row",
    "MM105": "values that are not whole",
    "MM302": "fewer than two levels",
    "MM313": "columns that are spanned, or the same variables",
    "MM411": "any other mode",
    "MM303": "as many levels as rows",
    "MM305": "as many random effects as rows",
    "MM404": "the optimizer's own status",
}
THRESHOLDS = {
    "MM101": ("diagnose.scale.SLOPE_SCALE", "engine.lme4.checks.SCALE_RATIO"),
    "MM102": ("diagnose.scale.EXTREME_RESPONSE",),
    "MM106": ("diagnose.scale.FAR_ORIGIN",),
    "MM107": ("data.convert.FEW_CELLS",),
    "MM108": ("diagnose.outliers.LARGE_RESIDUAL", "diagnose.outliers.OUTLYING"),
    "MM201": ("model.aliased.RANK_TOLERANCE",),
    "MM202": ("diagnose.fixed.SEVERE_INFLATION", "diagnose.fixed.NOTED_INFLATION"),
    "MM203": ("diagnose.recession.TOUCHES",),
    "MM204": ("diagnose.grouping.HARDLY_VARIES", "diagnose.fixed.BY_CHANCE"),
    "MM205": tuple(
        f"diagnose.extreme.{name}"
        for name in ("INTERVAL", "LIMIT", "PROBIT_LIMIT", "WALD", "LIKELIHOOD_RATIO")
    ),
    "MM206": ("diagnose.family_chosen.AT_THE_END", "diagnose.family_chosen.SKEWED"),
    "MM207": ("diagnose.family_chosen.EVENTS_PER_COEFFICIENT",),
    "MM301": ("diagnose.grouping.FEW_LEVELS",),
    "MM304": (
        "diagnose.grouping.HARDLY_VARIES",
        "engine.linear.identifiability.NULL_EIGENVALUE",
        "diagnose.structure.FEW_CARRY",
        "diagnose.structure.MOST_CARRIERS",
    ),
    "MM306": ("diagnose.grouping.MOSTLY_SINGLE",),
    "MM307": (
        "diagnose.nesting.GAIN",
        "diagnose.nesting.CROSSED_REST",
        "diagnose.nesting.MOST_COMBINATIONS",
    ),
    "MM308": ("engine.linear.identifiability.NULL_EIGENVALUE", "engine.linear.moments.NO_INFORMATION"),
    "MM309": ("engine.linear.moments.NO_INFORMATION",),
    "MM310": (
        "engine.optimum.settling.SNAP",
        "engine.optimum.settling.SNAP_COST",
        "engine.lme4.checks.SINGULAR_TOLERANCE",
    ),
    "MM311": ("engine.optimum.settling.SNAP", "diagnose.singularity.PERFECT"),
    "MM312": ("engine.optimum.settling.SNAP", "engine.optimum.settling.SNAP_COST"),
    "MM314": ("diagnose.singularity.NEARLY_PERFECT",),
    "MM401": ("engine.lme4.checks.GRADIENT_TOLERANCE", "engine.lme4.differences.DELTA"),
    "MM402": ("engine.lme4.checks.HESSIAN_TOLERANCE", "engine.lme4.differences.DELTA"),
    "MM403": ("diagnose.verdict.GAP", "diagnose.verdict.RELATIVE_GAP"),
    "MM405": ("diagnose.verdict.GAP", "diagnose.verdict.RELATIVE_GAP"),
    "MM406": ("engine.optimum.found.DISTINCT_OPTIMUM",),
    "MM407": (
        "engine.optimum.certificate.FLAT_CURVATURE",
        "engine.optimum.certificate.FLAT_STEP",
        "engine.optimum.search.RUNAWAY",
        "diagnose.exact_fit.REPRODUCED",
    ),
    "MM408": ("diagnose.pirls_failure.FIRST_STEPS", "diagnose.pirls_failure.COMMON"),
    "MM410": (
        "diagnose.verdict.SE_FACTOR",
        "engine.lme4.differences.DELTA",
        "engine.lme4.glmer_pirls.TOLERANCE",
    ),
    "MM501": tuple(
        f"diagnose.dispersion.{name}"
        for name in ("MATERIAL", "BY_CHANCE", "ROW_BY_CHANCE", "MOST_ROWS", "FEWEST_DF")
    ),
    "MM502": ("diagnose.zeros.SIMULATIONS", "diagnose.zeros.MATERIAL", "diagnose.zeros.BY_CHANCE"),
    "MM503": (
        "model.family_names.FINE_POINTS",
        "diagnose.laplace_bias.MATERIAL_SHIFT",
        "diagnose.verdict.SD_CHANGE",
    ),
    "converged": ("diagnose.verdict.GAP", "diagnose.verdict.RELATIVE_GAP", "diagnose.verdict.SHIFT_SE"),
    "false_alarm": (
        "diagnose.verdict.GAP",
        "diagnose.verdict.RELATIVE_GAP",
        "diagnose.verdict.SHIFT_SE",
        "diagnose.verdict.SE_FACTOR",
    ),
    "wrong_se": tuple(
        f"diagnose.verdict.{name}" for name in ("GAP", "RELATIVE_GAP", "SHIFT_SE", "SE_FACTOR")
    ),
    "singular": ("engine.optimum.settling.SNAP", "engine.optimum.settling.SNAP_COST"),
    "not_converged": tuple(
        f"diagnose.verdict.{name}" for name in ("GAP", "RELATIVE_GAP", "SHIFT_SE", "SD_CHANGE", "SD_GAP")
    ),
    "unidentifiable": ("engine.linear.identifiability.NULL_EIGENVALUE",),
    "undetermined": (
        "engine.optimum.certificate.DECREMENT_TOLERANCE",
        "engine.optimum.certificate.CURVATURE_TOLERANCE",
    ),
}


def detection(topic: str) -> str:
    """What a page says on how a finding or a verdict is detected, on one line."""
    return " ".join(next(s for s in page(topic).sections if s.head == "How it is detected").text.split())


def source(topic: str) -> str:
    name = topic if topic.startswith("MM") else f"verdict_{topic}"
    return (DIRECTORY / f"{name}.md").read_text(encoding="utf-8")


@cache
def reported_codes() -> set[str]:
    """The codes that some module of the package makes findings of."""
    found = set()
    for path in quoted.PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "finding":
                found |= {arg.value for arg in node.args[:1] if isinstance(arg, ast.Constant)}
    return {str(code) for code in found}


@pytest.mark.parametrize("code", CATALOGUE)
def test_every_code_has_a_page_with_all_sections_in_order(code: str) -> None:
    found = page(code)
    assert found.title == f"{code} {CATALOGUE[code].name}"
    assert tuple(section.head for section in found.sections) == SECTIONS
    assert all(section.text.strip() for section in found.sections)


@pytest.mark.parametrize("status", SEVERITY_OF)
def test_every_verdict_has_a_page_with_all_sections_in_order(status: str) -> None:
    found = page(status)
    assert (found.kind, found.title) == ("verdict", f"Verdict: {status}")
    assert tuple(section.head for section in found.sections) == SECTIONS
    severity = SEVERITY_OF[status]  # type: ignore[index]
    assert f"Severity {severity}, exit code" in detection(status)


@pytest.mark.parametrize("rung", RUNG_NUMBER)
def test_the_page_on_a_rung_is_the_docstring_of_its_module(rung: str) -> None:
    found = pages(rung)[-1]
    assert (found.kind, found.title) == ("rung", f"Rung {RUNG_NUMBER[rung]}: {rung}")  # type: ignore[index]
    assert tuple(section.head for section in found.sections) == RUNG_SECTIONS
    module = importlib.import_module(f"mmtriage.ladder.rungs.{rung}")
    assert module.__doc__ is not None
    told = " ".join([found.summary, *(f"{s.head}: {s.text}" for s in found.sections)])
    assert letters(told) == letters(module.__doc__.partition(": ")[2])


def letters(text: str) -> str:
    return re.sub(r"[^a-z0-9]", "", text.casefold())


def test_the_ladder_has_a_page_on_the_walk_the_statuses_and_the_ranking() -> None:
    found = page("ladder")
    text = " ".join(section.text for section in found.sections)
    assert all(f"- {status}: " in text for status in get_args(RungStatus))
    assert all(f"{number} {rung}: " in text for rung, number in RUNG_NUMBER.items())
    ranking = next(s.text for s in found.sections if s.head == "How remedies are ranked")
    rank = importlib.import_module("mmtriage.ladder.rank")
    assert ", ".join(rank.RANKED_BY) in " ".join(ranking.split())


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_files_keep_to_their_margins(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    lines = text.splitlines()
    # one shows a format and code that writes it, one lists what others have published, one has words to use
    longest = {"judge": 150, "ladder": 120, "reporting": 60, "lme4": 60, "structures": 70}.get(path.stem, 45)
    assert 15 <= sum(bool(line) for line in lines) <= longest
    short = [re.sub(r"\{[\w.]+\.(\w+)", r"{\1", line) for line in lines]  # readers see no path of a constant
    assert max(len(line) for line in short) <= 78
    assert text.isascii()
    assert text.endswith("\n")
    assert not any(line != line.rstrip() for line in lines)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_spelling_is_british_but_for_two_words(path: Path) -> None:
    words = set(re.findall(r"[a-z]+", path.read_text(encoding="utf-8").casefold()))
    american = {"center", "centered", "centering", "standardized", "penalized", "minimize", "behavior"}
    assert not words & {"optimiser", "optimisers", "colour", *american}


def test_there_is_no_page_without_a_topic() -> None:
    expected = {*CATALOGUE, *(f"verdict_{status}" for status in SEVERITY_OF), *PLAIN}
    assert {path.stem for path in FILES} == expected


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_placeholder_is_the_constant_that_the_code_uses(path: Path) -> None:
    for name in PLACEHOLDER.findall(path.read_text(encoding="utf-8")):
        module, _, variable = name.rpartition(".")
        value = getattr(importlib.import_module(f"mmtriage.{module}"), variable)
        assert quoted.constant(name) == value


def thresholds(topic: str) -> set[str]:
    """The constants that a page quotes where it says how a finding or a verdict is detected."""
    return set(PLACEHOLDER.findall(source(topic).partition("## How it is detected")[2].partition("\n## ")[0]))


@pytest.mark.parametrize("topic", THRESHOLDS)
def test_each_page_mentions_its_thresholds(topic: str) -> None:
    assert set(THRESHOLDS[topic]) <= thresholds(topic)
    assert "{" not in detection(topic)


def test_every_assessed_finding_has_a_threshold_or_needs_none() -> None:
    assessed = {code for code in CATALOGUE if NOT_ASSESSED not in detection(code)}
    assert assessed == {code for code in CATALOGUE if thresholds(code)} | set(NO_THRESHOLD)
    assert not any(thresholds(code) for code in NO_THRESHOLD)


def test_a_threshold_that_moves_moves_in_the_page(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "abs(mean) / SD above 8." in detection("far-origin")
    literals = quoted._literals
    monkeypatch.setattr(quoted, "_literals", lambda module: {**literals(module), "FAR_ORIGIN": 12.5})
    assert "abs(mean) / SD above 12.5." in detection("far-origin")


@pytest.mark.parametrize("code", CATALOGUE)
def test_a_page_says_so_where_a_finding_is_not_assessed(code: str) -> None:
    is_reported = code in reported_codes()
    assert is_reported == (NOT_ASSESSED not in detection(code)), (
        f"{code} is now reported: put its rule and its thresholds on its page, and into THRESHOLDS here"
        if is_reported
        else f"{code} is reported nowhere: its page has to say that it is not assessed"
    )
    if not is_reported:
        assert detection(code).startswith(UNASSESSED)


@pytest.mark.parametrize("name", ["diagnose.scale.NO_SUCH", "diagnose.nowhere.GAP"])
def test_a_placeholder_without_a_constant_is_a_bug(name: str) -> None:
    with pytest.raises(LookupError):
        quoted.filled(f"above {{{name}}}")


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("{diagnose.scale.FAR_ORIGIN}", "8"),
        ("{diagnose.grouping.HARDLY_VARIES:.0%}", "2%"),
        ("{diagnose.nesting.MOST_COMBINATIONS:,}", "3,000"),
        ("{engine.optimum.certificate.DECREMENT_TOLERANCE}", "1e-06"),
        ("{diagnose.causes.TESTS}", "MM401, MM402"),
    ],
)
def test_constants_are_written_as_people_write_them(written: str, read: str) -> None:
    assert quoted.filled(written) == read


def test_topics_are_all_there_and_all_have_pages() -> None:
    names = [topic.name for topic in topics()]
    assert names == [*CATALOGUE, *reversed(SEVERITY_OF), *RUNG_NUMBER, *PLAIN]
    for topic in topics():
        assert topic.summary
        assert "{" not in topic.summary
        assert topic.kind in {found.kind for found in pages(topic.name)}


@pytest.mark.parametrize(
    ("written", "title"),
    [
        ("mm304", "MM304 slope-constant-in-group"),
        ("far-origin", "MM106 far-origin"),
        ("Far_Origin", "MM106 far-origin"),
        (" not converged ", "Verdict: not_converged"),
        ("NOT_CONVERGED", "Verdict: not_converged"),
        ("false-alarm", "Verdict: false_alarm"),
        ("AllFit", "Rung 3: allfit"),
        ("rung 5", "Rung 5: maxfun"),
        ("1", "Rung 1: rescale"),
        ("LADDER", "The ladder"),
        ("cleared_by_change", "The ladder"),
    ],
)
def test_a_topic_is_found_however_it_is_written(written: str, title: str) -> None:
    assert page(written).title == title
    assert library.is_topic(written)


def test_singular_is_a_verdict_and_a_rung_and_both_are_told() -> None:
    assert [found.title for found in pages("singular")] == ["Verdict: singular", "Rung 4: singular"]
    assert page("singular").kind == "verdict"


def test_every_name_but_singular_has_one_page() -> None:
    assert [name for name, found in library._known().items() if len(found) > 1] == ["singular"]


@pytest.mark.parametrize(
    ("written", "nearest"),
    [
        ("M304", "MM304"),
        ("farorigin", "far-origin"),
        ("rescal", "rescale"),
        ("not_convergd", "not_converged"),
    ],
)
def test_an_unknown_topic_gets_the_nearest(written: str, nearest: str) -> None:
    with pytest.raises(OptionError) as caught:
        page(written)
    assert caught.value.message == f"there is no page on `{written}`"
    assert caught.value.hint == f"Did you mean `{nearest}`? `mmtriage explain` lists all topics."


def test_a_topic_near_nothing_gets_the_list() -> None:
    with pytest.raises(OptionError) as caught:
        page("banana")
    assert caught.value.hint == "`mmtriage explain` lists all topics."
    assert not library.is_topic("banana")
