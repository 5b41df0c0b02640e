"""What counts as a change since an earlier report: limits from both sides, and what is better, not worse."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from mmtriage.errors import OptionError
from mmtriage.render import jsondoc
from mmtriage.report.baseline_file import compared
from mmtriage.report.decisions import accepted, selected
from mmtriage.report.document import report_document
from mmtriage.report.drift.changes import Change, Drift, verdict_counts
from mmtriage.report.drift.compare import compare
from mmtriage.report.drift.snapshot import SAME, snapshot
from mmtriage.report.exit_code import exit_code_of
from mmtriage.report.facts import FitFacts, ModelFacts, Report
from tests.real_reports.records import (
    BASELINE_FAILED,
    CONVERGED,
    FALSE_ALARM,
    NOT_CONVERGED,
    REFUSED,
    REPORTS,
    SINGULAR,
    UNDETERMINED,
    of_the_model_of,
)

FILE = "base.json"
Edit = Callable[[dict[str, Any]], Any]


def stored(report: Report) -> dict[str, Any]:
    """The report as a file has it."""
    document: dict[str, Any] = json.loads(jsondoc.render(report))
    return document


def changes(before: Report, after: Report) -> tuple[Change, ...]:
    """What has changed from one report to the next."""
    return compare(snapshot(stored(before), FILE), snapshot(report_document(after), "now"), FILE).changes


def with_fit(report: Report, **facts: Any) -> Report:
    """The report with other facts about its optimum."""
    assert report.reference is not None
    return replace(report, reference=replace(report.reference, **facts))


def moved_by(fit: FitFacts | None, *shifts: float) -> Any:
    """Fixed effects some standard errors away."""
    assert fit is not None
    return tuple(
        replace(effect, estimate=effect.estimate + shift * effect.se)
        for effect, shift in zip(fit.fixed_effects, shifts, strict=True)
    )


@pytest.mark.parametrize("name", REPORTS)
def test_a_report_does_not_drift_from_itself(name: str) -> None:
    report = REPORTS[name]
    assert changes(report, report) == ()
    same = compared(report, stored(report), FILE)
    assert {finding.baseline_state for finding in same.findings} <= {"unchanged"}
    assert exit_code_of(same, "info") == (3 if report.verdict.status == "undetermined" else 0)


@pytest.mark.parametrize(("shift", "counts"), [(0.099, False), (0.101, True), (-0.101, True)])
def test_an_estimate_drifts_by_a_tenth_of_its_standard_error(shift: float, counts: bool) -> None:
    after = with_fit(CONVERGED, fixed_effects=moved_by(CONVERGED.reference, 0.0, shift))
    found = changes(CONVERGED, after)
    assert [(change.what, change.where, change.units) for change in found] == (
        [("estimate", "Days", "SE")] if counts else []
    )
    for change in found:
        assert change.size == pytest.approx(abs(shift))
        assert (change.threshold, change.severity) == (0.1, "warning")


def test_the_standard_error_is_the_earlier_one() -> None:
    assert CONVERGED.reference is not None
    wider = tuple(
        replace(effect, estimate=effect.estimate + 0.5 * effect.se, se=100 * effect.se)
        for effect in CONVERGED.reference.fixed_effects
    )
    assert [change.size for change in changes(CONVERGED, with_fit(CONVERGED, fixed_effects=wider))] == [
        pytest.approx(0.5),
        pytest.approx(0.5),
    ]


@pytest.mark.parametrize(
    ("criterion", "shift", "counts"),
    [
        (1743.6, 0.009, False),
        (1743.6, 0.011, True),
        (1743.6, -0.011, True),
        (1e9, 0.9, False),
        (1e9, 1.1, True),
    ],
)
def test_the_criterion_drifts_by_a_hundredth_of_a_deviance_unit(
    criterion: float, shift: float, counts: bool
) -> None:
    """Or by a billionth of itself, below which its last digits are noise."""
    before, after = (with_fit(CONVERGED, criterion=value) for value in (criterion, criterion + shift))
    found = changes(before, after)
    assert [(change.what, change.units) for change in found] == (
        [("criterion", "deviance")] if counts else []
    )


def test_on_another_table_the_criterion_is_not_compared() -> None:
    after = with_fit(CONVERGED, criterion=1.0, fixed_effects=moved_by(CONVERGED.reference, 0.0, 0.2))
    after = replace(after, input=replace(CONVERGED.input, sha256="1" * 64))
    assert [(change.what, change.severity) for change in changes(CONVERGED, after)] == [
        ("table", "ok"),
        ("estimate", "warning"),
    ]


def test_a_coefficient_that_comes_or_goes_is_a_change() -> None:
    assert CONVERGED.reference is not None
    fewer = with_fit(CONVERGED, fixed_effects=CONVERGED.reference.fixed_effects[:1])
    (gone,), (come,) = changes(CONVERGED, fewer), changes(fewer, CONVERGED)
    days = CONVERGED.reference.fixed_effects[1].estimate
    assert (gone.where, gone.before, gone.after, gone.size) == ("Days", days, None, None)
    assert (come.where, come.before, come.after, come.severity) == ("Days", None, days, "warning")


def test_an_estimate_that_cannot_be_given_is_compared_all_the_same() -> None:
    assert CONVERGED.reference is not None
    unknown = tuple(
        replace(effect, estimate=float("nan"), se=float("nan"))
        for effect in CONVERGED.reference.fixed_effects
    )
    lost = with_fit(CONVERGED, fixed_effects=unknown)
    assert changes(lost, lost) == ()
    assert [change.after for change in changes(CONVERGED, lost)] == [None, None]


def test_without_an_optimum_lme4s_fits_are_compared() -> None:
    before, after = replace(CONVERGED, reference=None), replace(CONVERGED, reference=None)
    after = replace(after, baseline=replace(CONVERGED.baseline, criterion=1750.0))  # type: ignore[type-var]
    assert [change.what for change in changes(before, after)] == ["criterion"]
    assert changes(CONVERGED, replace(CONVERGED, baseline=None)) == ()


@pytest.mark.parametrize(
    ("before", "after", "severity"),
    [
        (CONVERGED, of_the_model_of(FALSE_ALARM, CONVERGED), "info"),
        (CONVERGED, UNDETERMINED, "error"),
        (FALSE_ALARM, of_the_model_of(CONVERGED, FALSE_ALARM), "ok"),
        (of_the_model_of(SINGULAR, CONVERGED), CONVERGED, "ok"),
        (CONVERGED, of_the_model_of(REFUSED, CONVERGED), "error"),
    ],
    ids=["alarm", "undetermined", "no alarm", "repaired", "unidentifiable"],
)
def test_another_verdict_is_as_grave_as_it_is(before: Report, after: Report, severity: str) -> None:
    (change,) = [change for change in changes(before, after) if change.what == "verdict"]
    assert (change.before, change.after) == (before.verdict.status, after.verdict.status)
    assert change.severity == severity


def test_a_certificate_that_is_lost_is_an_error() -> None:
    (change,) = [change for change in changes(CONVERGED, UNDETERMINED) if change.what == "certificate"]
    assert (change.severity, change.before, change.after) == ("error", "certified", None)
    assert all(change.what != "certificate" for change in changes(UNDETERMINED, CONVERGED))


def test_findings_are_new_graver_known_milder_or_gone() -> None:
    (one,) = SINGULAR.findings
    bare = replace(SINGULAR, findings=())
    milder = replace(SINGULAR, findings=(replace(one, severity="info"),))
    elsewhere = replace(SINGULAR, findings=(replace(one, terms=("(1 | other)",)),))
    for before, after, expected, states in (
        (bare, SINGULAR, [("finding", None, "warning", "warning")], ["new"]),
        (milder, SINGULAR, [("severity", "info", "warning", "warning")], ["updated"]),
        (SINGULAR, milder, [("severity", "warning", "info", "ok")], ["unchanged"]),
        (SINGULAR, bare, [("finding", "warning", None, "ok")], []),
        (
            SINGULAR,
            elsewhere,
            [("finding", None, "warning", "warning"), ("finding", "warning", None, "ok")],
            ["new"],
        ),
    ):
        found = changes(before, after)
        assert [(c.what, c.before, c.after, c.severity) for c in found] == expected
        assert {change.code for change in found} == {"MM310"}
        states_found = [finding.baseline_state for finding in compared(after, stored(before), FILE).findings]
        assert states_found == states


def test_other_numbers_behind_a_finding_are_no_news() -> None:
    (one,) = SINGULAR.findings
    after = replace(SINGULAR, findings=(replace(one, message="other words", evidence={"multiplier": 1.0}),))
    assert changes(SINGULAR, after) == ()


def test_what_was_accepted_and_no_longer_is_counts() -> None:
    calm = accepted(SINGULAR, {"MM310": "known"})
    found = changes(calm, SINGULAR)
    assert [(change.what, change.where, change.severity) for change in found] == [
        ("severity", "verdict", "warning"),
        ("severity", "(1 | Batch)", "warning"),
    ]
    assert {change.severity for change in changes(SINGULAR, calm)} == {"ok"}


@pytest.mark.parametrize(
    ("before", "codes"),
    [
        (SINGULAR, (0, 0, 0, 0)),
        (replace(SINGULAR, findings=()), (0, 1, 1, 0)),
        (with_fit(SINGULAR, criterion=160.0), (0, 1, 1, 0)),
        (replace(SINGULAR, input=replace(SINGULAR.input, sha256="1" * 64)), (0, 0, 0, 0)),
    ],
    ids=["same", "finding", "criterion", "table"],
)
def test_the_exit_code_looks_at_news_only(before: Report, codes: tuple[int, ...]) -> None:
    report = compared(SINGULAR, stored(before), FILE)
    assert tuple(exit_code_of(report, level) for level in ("error", "warning", "info", "never")) == codes


def test_the_changes_of_findings_that_are_not_selected_are_not_listed() -> None:
    report = compared(SINGULAR, stored(replace(SINGULAR, findings=())), FILE)
    other = selected(report, ("MM311",))
    assert other.drift is not None
    assert (other.findings, other.drift.changes) == ((), ())


def test_a_missing_fit_is_a_change_of_the_verdict_only() -> None:
    before = replace(BASELINE_FAILED, baseline=BASELINE_FAILED.reference, baseline_error=None)
    assert changes(before, BASELINE_FAILED) == ()


@pytest.mark.parametrize(
    ("model", "said"),
    [
        (
            {"formula": "y ~ 1 + (1 | g)"},
            "formula `Reaction ~ Days + (1 + Days | Subject)` there, `y ~ 1 + (1 | g)` here",
        ),
        (
            {"family": "poisson", "link": "log", "method": "AGQ", "nagq": 9},
            "family `gaussian` there, `poisson` here; link `identity` there, `log` here; "
            "method `REML` there, `AGQ` here; nagq none there, `9` here",
        ),
    ],
    ids=["response", "family"],
)
def test_a_report_on_another_model_says_what_differs(model: dict[str, Any], said: str) -> None:
    after = replace(CONVERGED, model=replace(CONVERGED.model, **model))
    with pytest.raises(OptionError) as caught:
        changes(CONVERGED, after)
    assert caught.value.message == f"`base.json` is a report on another model: {said}"
    assert caught.value.where == "option --baseline"


@pytest.mark.parametrize(
    ("key", "value", "before", "after"),
    [
        ("formula", "Reaction ~ Days + (1 | Subject)", CONVERGED.model.formula, None),
        ("method", "ML", "REML", "ML"),
        ("weights", "w", "none", "w"),
        ("contrasts", {"f": "sum"}, "none", "f=sum"),
    ],
    ids=["formula", "method", "weights", "contrasts"],
)
def test_an_edited_model_is_compared(key: str, value: Any, before: str, after: str | None) -> None:
    (change,) = changes(CONVERGED, replace(CONVERGED, model=replace(CONVERGED.model, **{key: value})))
    assert (change.what, change.where, change.severity) == ("model", key, "ok")
    assert (change.before, change.after) == (before, after or value)


def test_the_verdict_of_an_edited_model_is_news_and_its_estimates_are_shown() -> None:
    assert NOT_CONVERGED.reference is not None
    effect = NOT_CONVERGED.reference.fixed_effects[1]
    moved = replace(effect, estimate=effect.estimate + effect.se)
    reference = replace(
        NOT_CONVERGED.reference, fixed_effects=(NOT_CONVERGED.reference.fixed_effects[0], moved)
    )
    model = replace(NOT_CONVERGED.model, formula="Reaction ~ Year + (1 | Subject)")
    found = changes(NOT_CONVERGED, replace(NOT_CONVERGED, model=model, reference=reference))
    assert [(change.what, change.severity) for change in found] == [("model", "error"), ("estimate", "ok")]
    assert verdict_counts(Drift(baseline="", version="", changes=found))


def test_the_model_of_a_report_has_every_key_that_is_compared() -> None:
    assert set(SAME) <= set(ModelFacts.__dataclass_fields__)


def without(*keys: str) -> Edit:
    def edit(document: dict[str, Any]) -> None:
        for key in keys[:-1]:
            document = document[key]
        del document[keys[-1]]

    return edit


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        (lambda d: d.clear(), "`base.json` is JSON, but no report of mmtriage"),
        (
            lambda d: d.update(schema_version="2.0"),
            "`base.json` has version 2.0 of the schema, and this program 1.1",
        ),
        (lambda d: d.update(models=[]), "`base.json` is the summary of several models"),
        (without("verdict"), "`base.json` holds no report but an error"),
        (
            lambda d: (d.pop("verdict"), d.update(error={"message": "`x` is not a column"})),
            "`base.json` holds no report but an error: `x` is not a column",
        ),
        (without("input"), "`base.json` is damaged: there is no `input`"),
        (without("model", "nagq"), "`base.json` is damaged: there is no `nagq`"),
        (
            lambda d: d["verdict"].update(status="fine"),
            "`base.json` is damaged: `verdict.status` must be one of undetermined, unidentifiable, "
            'not_converged, wrong_se, singular, false_alarm, converged, and is "fine"',
        ),
        (
            lambda d: d["reference"].update(criterion="low"),
            '`base.json` is damaged: `reference.criterion` must be a finite number, and is "low"',
        ),
        (lambda d: d.update(findings=3), "`base.json` is damaged: `findings` must be a list, and is 3"),
        (
            lambda d: d.update(reference="x"),
            '`base.json` is damaged: `reference` must be an object, and is "x"',
        ),
    ],
)
def test_what_is_no_report_is_refused_in_words(edit: Edit, said: str) -> None:
    document = stored(SINGULAR)
    edit(document)
    with pytest.raises(OptionError) as caught:
        snapshot(document, FILE)
    assert caught.value.message == said
    assert caught.value.hint


def test_an_older_report_without_the_newest_keys_will_do() -> None:
    document = stored(SINGULAR)
    for key in ("drift", "not_assessed", "incomplete"):
        del document[key]
    for found in document["findings"]:
        del found["baseline_state"]
    assert compared(SINGULAR, document, FILE).drift is not None
