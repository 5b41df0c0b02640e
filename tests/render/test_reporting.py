"""The text for the paper, and how long a report is."""

from dataclasses import replace

import pytest

from mmtriage.render import remedy_words, terminal
from mmtriage.render.reporting import for_the_paper
from mmtriage.render.settings import Settings
from tests.real_reports.records import (
    CONVERGED,
    FALSE_ALARM,
    NOT_CONVERGED,
    REPORTS,
    SINGULAR,
    WRONG_SE,
)

HEALTHY, SICK = 24, 62  # lines of a usual screen of 80 columns, code apart


def test_the_text_says_model_method_and_what_was_changed() -> None:
    assert for_the_paper(CONVERGED) == (
        "We fitted Reaction ~ Days + (1 + Days | Subject) (REML; 180 observations, 18 levels of Subject; "
        "t tests with Satterthwaite's df). The fit is at its optimum, as exact derivatives confirmed "
        "(mmtriage)."
    )
    assert str(for_the_paper(NOT_CONVERGED)).endswith(
        "lme4's default fit stopped 42.8 units of deviance short of the optimum; after rescaling its "
        "predictors the same model reached it."
    )
    assert "use.hessian = FALSE" in str(for_the_paper(WRONG_SE))
    assert "was kept [or: we therefore report Yield ~ 1]" in str(for_the_paper(SINGULAR))


@pytest.mark.parametrize("name", ["undetermined", "refused"])
def test_nothing_is_said_for_a_paper_where_nothing_was_settled(name: str) -> None:
    assert for_the_paper(REPORTS[name]) is None


def test_a_healthy_fit_fits_on_a_screen() -> None:
    assert len(terminal.render(CONVERGED, width=80).splitlines()) <= HEALTHY


@pytest.mark.parametrize("name", ["not_converged", "singular", "unidentifiable", "false_alarm", "refused"])
def test_a_sick_one_fits_on_two_and_a_half(name: str) -> None:
    report = REPORTS[name]
    code = sum(len(text.splitlines()) for r in report.remedies for _, text in remedy_words.code(r))
    assert len(terminal.render(report, width=80).splitlines()) - code <= SICK


def test_the_answer_stands_beside_the_verdict() -> None:
    for report in (CONVERGED, FALSE_ALARM, SINGULAR):
        first = terminal.render(report, width=120).splitlines()[0]
        assert str(report.verdict.headline)[:20] in first


def test_no_converged_stands_bare_above_a_failed_check() -> None:
    note = replace(SINGULAR.findings[0], severity="info")
    report = replace(CONVERGED, findings=(note,))
    assert terminal.render(report).startswith("CONVERGED   ")
    assert terminal.render(report, Settings(fail_on="info")).startswith("CONVERGED, with 1 note   ")


def test_in_brief_is_what_a_log_needs() -> None:
    lines = terminal.render(NOT_CONVERGED, width=120, detail="brief").splitlines()
    assert "  MM106  far-origin" in lines
    assert "  1. Centre and scale Year" in lines
    assert lines[-1].strip() == str(NOT_CONVERGED.remedies[0].code.lme4)


def test_step_two_keeps_its_place_where_step_one_leaves_work_to_it() -> None:
    same = replace(NOT_CONVERGED.remedies[0], clears=False, step=1)
    other = replace(SINGULAR.remedies[0], step=2)
    assert remedy_words.in_view([same, same, same, other, other], 3) == [0, 3, 4]
    cured = replace(same, clears=True)
    assert remedy_words.in_view([cured, cured, cured, other], 3) == [0, 1, 2]
    better = replace(other, clears=True, delta_aic=-9.0)
    assert remedy_words.in_view([cured, cured, other, better], 3) == [0, 1, 3]
    assert remedy_words.in_view([cured, other, other, other], 3) == [0]
