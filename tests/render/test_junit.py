"""The report as JUnit XML: read by a JUnit reader, and of the structure that readers agree on."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from junitparser import Error, Failure, JUnitXml, Skipped, TestCase, TestSuite
from lxml import etree

from mmtriage.diagnose.declared import CATALOGUE
from mmtriage.diagnose.finding import not_assessed
from mmtriage.errors import FormulaError, Span
from mmtriage.render import junit
from mmtriage.render.settings import Settings
from mmtriage.report.printable import printable_text
from tests.conftest import Snapshot
from tests.real_reports.records import CONVERGED, FALSE_ALARM, NOT_CONVERGED, REPORTS, SINGULAR, UNDETERMINED
from tests.render.hostile import HOSTILE, NAMES
from tests.render.real import REAL, real_report

GRAMMAR = etree.RelaxNG(etree.parse(Path(__file__).parent / "data" / "junit.rng"))


def read(text: str) -> TestSuite:
    """The only suite of a document that follows the grammar and whose counts are right."""
    GRAMMAR.assertValid(etree.fromstring(text.encode()))
    document = JUnitXml.fromstring(text.encode())
    (suite,) = document
    counts = (suite.tests, suite.failures, suite.errors, suite.skipped)
    document.update_statistics()  # type: ignore[no-untyped-call]
    assert counts == (suite.tests, suite.failures, suite.errors, suite.skipped)
    assert counts == (document.tests, document.failures, document.errors, document.skipped)
    return suite


def outcomes(suite: TestSuite) -> dict[str, str]:
    """What came of each case."""
    return {str(case.name): _outcome(case) for case in suite}


def _outcome(case: TestCase) -> str:
    for kind, word in ((Failure, "failed"), (Error, "error"), (Skipped, "skipped")):
        if any(isinstance(result, kind) for result in case.result):
            return word
    return "passed"


@pytest.mark.parametrize("name", REPORTS)
def test_report_reads_well(name: str, snapshot: Snapshot) -> None:
    text = junit.render(replace(REPORTS[name], timing={"total": 0.05}))
    read(text)
    snapshot(f"{name}.junit.xml", text)


def test_one_case_for_the_model_and_one_for_each_family() -> None:
    assert outcomes(read(junit.render(CONVERGED))) == {
        "verdict": "passed",
        "MM1xx data": "passed",
        "MM2xx fixed effects": "passed",
        "MM3xx random effects": "passed",
        "MM405 optimizers-disagree": "skipped",  # only --all-rungs runs them
        "MM4xx optimum": "passed",
    }
    assert outcomes(read(junit.render(NOT_CONVERGED))) == {
        "verdict": "failed",
        "MM1xx data": "failed",
        "MM2xx fixed effects": "passed",
        "MM3xx random effects": "passed",
        "MM401 gradient": "skipped",  # lme4 does not test what it calls singular
        "MM402 hessian": "skipped",
        "MM4xx optimum": "passed",  # its findings follow from MM106
    }
    assert outcomes(read(junit.render(UNDETERMINED)))["verdict"] == "error"


@pytest.mark.parametrize(
    ("fail_on", "failures"),
    [("never", set()), ("error", set()), ("warning", {"verdict", "MM3xx random effects"})],
)
def test_cases_fail_where_the_exit_code_does(fail_on: str, failures: set[str]) -> None:
    found = outcomes(read(junit.render(SINGULAR, Settings(fail_on=fail_on))))
    assert {name for name, outcome in found.items() if outcome == "failed"} == failures


def test_a_false_alarm_passes_unless_every_finding_fails() -> None:
    assert outcomes(read(junit.render(FALSE_ALARM)))["verdict"] == "passed"
    assert outcomes(read(junit.render(FALSE_ALARM, Settings(fail_on="info"))))["verdict"] == "failed"


def test_a_failure_says_what_is_wrong_and_what_to_do() -> None:
    (case, *_) = read(junit.render(NOT_CONVERGED))
    (failure,) = case.result
    assert failure.type == "not_converged"
    assert failure.message.startswith(
        "Use the fixed effects that R prints (they are right to 0.01 SE). Do not"
    )
    assert "The fit stopped 42.82 deviance units short of the proven optimum" in failure.message
    assert "Why: MM106 far-origin (warning): `Year` lies far from zero" in failure.text
    assert "What to do: Centre and scale Year (the same model, at its optimum)" in failure.text
    assert NOT_CONVERGED.remedies[0].code.lme4 in failure.text


def test_what_was_not_assessed_is_skipped_with_its_reason() -> None:
    all_of_mm4 = tuple(not_assessed(code, "nothing fits") for code in CATALOGUE if code.startswith("MM4"))
    report = replace(CONVERGED, not_assessed=(not_assessed("MM307", "too many pairs"), *all_of_mm4))
    suite = read(junit.render(report))
    found = outcomes(suite)
    assert found["MM307 nesting"] == "skipped"
    assert found["MM3xx random effects"] == "passed"
    assert "MM4xx optimum" not in found
    (skipped,) = next(case for case in suite if case.name == "MM307 nesting").result
    assert skipped.message == "not assessed: too many pairs"


def test_a_named_model_is_called_by_its_name() -> None:
    suite = read(junit.render(CONVERGED, Settings(name="sleep")))
    assert suite.name == "sleep"
    assert {case.classname for case in suite} == {"sleep"}
    name = "tests/golden/csv/sleepstudy.csv: Reaction ~ Days + (1 + Days | Subject)"
    assert read(junit.render(CONVERGED)).name == name


def test_several_models_share_a_document() -> None:
    text = junit.document(
        [junit.suite(SINGULAR, Settings(name="a")), junit.suite(CONVERGED, Settings(name="b"))]
    )
    document = JUnitXml.fromstring(text.encode())
    assert [suite.name for suite in document] == ["a", "b"]
    assert (document.tests, document.failures) == (14, 2)
    GRAMMAR.assertValid(etree.fromstring(text.encode()))


@pytest.mark.parametrize("name", NAMES.values(), ids=list(NAMES))
def test_a_model_without_a_report_is_an_error(name: str) -> None:
    problem = FormulaError(f"`{name}` is not a column", text=f"y ~ {name}", span=Span(4, 5), hint="Write y.")
    suite = read(junit.render_error(problem))
    assert outcomes(suite) == {"verdict": "error"}
    (case,) = suite
    assert case.result[0].type == "formula"
    assert case.result[0].text.endswith("Write y.")


@pytest.mark.parametrize("kind", HOSTILE)
def test_every_name_is_read_back(kind: str) -> None:
    suite = read(junit.render(HOSTILE[kind], Settings(name=NAMES[kind] + "x")))
    properties = {item.name: item.value for item in suite.properties()}  # type: ignore[no-untyped-call]
    assert properties["formula"] == printable_text(HOSTILE[kind].model.formula)
    (case, *_) = suite
    assert printable_text(HOSTILE[kind].verdict.message) in case.result[0].text


@pytest.mark.parametrize("case", REAL)
def test_real_reports_are_read(case: str) -> None:
    report = real_report(case)
    found = outcomes(read(junit.render(report)))
    assert (found["verdict"] == "failed") == (report.verdict.severity in ("error", "warning"))
